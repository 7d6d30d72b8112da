"""What can go wrong with a stack in a way its user can mend."""

from __future__ import annotations


class StackError(Exception):
    """Shown to the user as it is, without a traceback: says what is wrong and what to do."""
