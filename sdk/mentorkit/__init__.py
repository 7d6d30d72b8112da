"""Mentor and student session scheduling on Supabase.

`AsyncMentorkit` and `Mentorkit` are the same client, with and without `async`.
"""

from mentorkit._async.client import AsyncMentorkit
from mentorkit._async.service import AsyncService
from mentorkit._live.feed import Overflow, Via
from mentorkit._live.options import ConnectionStatus, LiveOptions
from mentorkit._live.watch import AsyncWatch
from mentorkit._retry import Retries
from mentorkit._sync.client import Mentorkit
from mentorkit._sync.live import Watch
from mentorkit._sync.rooms import Room
from mentorkit._sync.service import Service
from mentorkit.access import RoomAccess
from mentorkit.answers import (
    Answered,
    Proposal,
    ProposalStatus,
    Rating,
)
from mentorkit.channels import (
    Browser,
    Calendar,
    Channel,
    Delivery,
    DeliveryStatus,
    NoticePreference,
    NoticeSettings,
    Webhook,
    WebhookAttempt,
)
from mentorkit.errors import BY_CODE, MentorkitError
from mentorkit.models import (
    Event,
    NoShow,
    Notice,
    NoticeKind,
    Reminder,
    Request,
    RequestStatus,
    Role,
    Session,
    SessionStatus,
)
from mentorkit.offers import (
    Frequency,
    Occurrence,
    Scope,
    Series,
    Template,
)
from mentorkit.people import (
    Mentor,
    Person,
    Profile,
    Subject,
    User,
)
from mentorkit.planning import (
    Blocked,
    BookingTerms,
    DayHours,
    PendingPolicy,
    Slot,
    Suggestion,
    WeeklyHours,
)
from mentorkit.room_events import Peer, PeerJoined, PeerLeft, RoomClosed, Signal
from mentorkit.rooms import AsyncRoom
from mentorkit.storage import FileStorage, KeyringStorage, MemoryStorage, Storage

__all__ = [
    "BY_CODE",
    "Answered",
    "AsyncMentorkit",
    "AsyncRoom",
    "AsyncService",
    "AsyncWatch",
    "Blocked",
    "BookingTerms",
    "Browser",
    "Calendar",
    "Channel",
    "ConnectionStatus",
    "DayHours",
    "Delivery",
    "DeliveryStatus",
    "Event",
    "FileStorage",
    "Frequency",
    "KeyringStorage",
    "LiveOptions",
    "MemoryStorage",
    "Mentor",
    "Mentorkit",
    "MentorkitError",
    "NoShow",
    "Notice",
    "NoticeKind",
    "NoticePreference",
    "NoticeSettings",
    "Occurrence",
    "Overflow",
    "Peer",
    "PeerJoined",
    "PeerLeft",
    "PendingPolicy",
    "Person",
    "Profile",
    "Proposal",
    "ProposalStatus",
    "Rating",
    "Reminder",
    "Request",
    "RequestStatus",
    "Retries",
    "Role",
    "Room",
    "RoomAccess",
    "RoomClosed",
    "Scope",
    "Series",
    "Service",
    "Session",
    "SessionStatus",
    "Signal",
    "Slot",
    "Storage",
    "Subject",
    "Suggestion",
    "Template",
    "User",
    "Via",
    "Watch",
    "Webhook",
    "WebhookAttempt",
    "WeeklyHours",
]
