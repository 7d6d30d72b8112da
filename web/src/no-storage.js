// Stands in for the file storage client of supabase-js, of which these pages use nothing (see build.mjs).
export class StorageClient {}
export class StorageApiError extends Error {}
