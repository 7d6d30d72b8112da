"""The three tables that can be watched."""

from __future__ import annotations

from mentorkit import _columns
from mentorkit._live.feed import Feed
from mentorkit.models import Notice, Request, RequestStatus, Role, Session, SessionStatus

REQUESTS: Feed[Request] = Feed(
    table="session_requests",
    channel="session_requests_changes",
    columns=_columns.REQUEST,
    read=Request.from_row,
    mine={Role.MENTOR: "mentor_id", Role.STUDENT: "student_id"},
    open_filter=lambda query: query.eq("status", "pending"),
    is_open=lambda row: row.status is RequestStatus.PENDING,
    first_order="created_at",
    first_key=lambda row: row.created_at,
    has_people=True,
)

SESSIONS: Feed[Session] = Feed(
    table="sessions",
    channel="sessions_changes",
    columns=_columns.SESSION,
    read=Session.from_row,
    mine={Role.MENTOR: "mentor_id", Role.STUDENT: "student_id"},
    open_filter=lambda query: query.in_("status", ["scheduled", "ongoing"]),
    is_open=lambda row: row.status in (SessionStatus.SCHEDULED, SessionStatus.ONGOING),
    first_order="scheduled_time",
    first_key=lambda row: row.scheduled_time,
    has_people=True,
)

NOTICES: Feed[Notice] = Feed(
    table="notifications",
    channel="notifications_changes",
    columns=_columns.NOTICE,
    read=Notice.from_row,
    mine={Role.STUDENT: "recipient_id"},
    open_filter=lambda query: query.is_("read_at", "null"),
    is_open=lambda row: row.read_at is None,
    first_order="created_at",
    first_key=lambda row: row.created_at,
)
