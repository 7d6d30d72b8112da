"""Mentor and student session scheduling on Supabase."""
