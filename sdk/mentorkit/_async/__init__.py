"""The async face, written by hand; scripts/generate_sync.py makes the sync face from it."""
