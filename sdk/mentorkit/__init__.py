"""Mentor and student session scheduling on Supabase.

`AsyncMentorkit` and `Mentorkit` are the same client, with and without `async`.
"""

from mentorkit._async.client import AsyncMentorkit
from mentorkit._live.feed import Overflow
from mentorkit._live.hub import ConnectionStatus, LiveOptions
from mentorkit._live.watch import AsyncWatch
from mentorkit._retry import Retries
from mentorkit._sync.client import Mentorkit
from mentorkit._sync.live import Watch
from mentorkit.errors import BY_CODE, MentorkitError
from mentorkit.models import (
    Mentor,
    NoShow,
    Notice,
    NoticeKind,
    Profile,
    Request,
    RequestStatus,
    Role,
    Session,
    SessionStatus,
    Subject,
    User,
)

__all__ = [
    "BY_CODE",
    "AsyncMentorkit",
    "AsyncWatch",
    "ConnectionStatus",
    "LiveOptions",
    "Mentor",
    "Mentorkit",
    "MentorkitError",
    "NoShow",
    "Notice",
    "NoticeKind",
    "Overflow",
    "Profile",
    "Request",
    "RequestStatus",
    "Retries",
    "Role",
    "Session",
    "SessionStatus",
    "Subject",
    "User",
    "Watch",
]
