"""The product's story, shown: from two sign-ups to an open room, on a Supabase started for it."""
