"""Supabase Realtime for the embedded stack: Phoenix channels over one WebSocket."""
