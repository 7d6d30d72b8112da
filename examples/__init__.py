"""Programs to copy from. Each one runs in a test."""
