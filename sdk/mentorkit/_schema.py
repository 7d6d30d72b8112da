"""Which migrations this version needs."""

from __future__ import annotations

NEEDS = "20261124101000"
"""The stamp of the newest migration whose tables or functions are used here."""
