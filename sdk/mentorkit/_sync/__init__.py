# Generated from mentorkit/_async/__init__.py by scripts/generate_sync.py: change that file.
"""The async face."""
