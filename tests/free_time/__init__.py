"""Availability, slots, series, reschedule, bulk, ratings, notes, templates: in the database."""
