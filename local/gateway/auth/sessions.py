"""Sessions and the chain of refresh tokens of each, at times that the caller gives."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from psycopg.rows import class_row

from local.gateway.auth.faults import Fault
from local.gateway.auth.store import Connection


@dataclass(frozen=True)
class Client:
    """Where a session was opened from."""

    user_agent: str | None
    ip: str | None


@dataclass(frozen=True, repr=False)
class Grant:
    """A session and the refresh token that continues it."""

    session_id: UUID
    user_id: UUID
    started_at: datetime
    refresh_token: str


@dataclass(frozen=True, repr=False)
class _Token:
    token: str
    parent: str | None
    revoked: bool
    updated_at: datetime
    session_id: UUID
    user_id: UUID
    started_at: datetime
    not_after: datetime | None


async def open_session(conn: Connection, user_id: UUID, client: Client, *, at: datetime) -> Grant:
    session_id = uuid4()
    await conn.execute(
        """
        insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
            values (%s, %s, %s, %s, 'aal1', %s, %s)
        """,
        (session_id, user_id, at, at, client.user_agent, client.ip),
    )
    token = await _issue(conn, session_id, user_id, parent=None, at=at)
    return Grant(session_id, user_id, at, token)


async def session_exists(conn: Connection, session_id: UUID) -> bool:
    found = await conn.execute("select from auth.sessions where id = %s", (session_id,))
    return found.rowcount > 0


async def renew(conn: Connection, given: str, *, reuse: timedelta, at: datetime) -> Grant | Fault:
    """Exchange a refresh token for the next one of its session.

    A token may be given again while the reuse interval lasts, or as long as its successor was never
    used (its answer may have been lost): the same successor is returned. Any older token is taken
    for stolen, and the whole session ends; that is written, so the fault is returned, not raised.
    """
    token = await _locked(conn, given)
    if token is None:
        message = "Invalid Refresh Token: Refresh Token Not Found"
        return Fault(400, "refresh_token_not_found", message)
    if token.not_after is not None and token.not_after <= at:
        return Fault(400, "session_expired", "Invalid Refresh Token: Session Expired")
    if not token.revoked:
        await conn.execute(
            "update auth.refresh_tokens set revoked = true, updated_at = %s where token = %s",
            (at, given),
        )
        issued = await _issue(conn, token.session_id, token.user_id, parent=given, at=at)
        await conn.execute(
            "update auth.sessions set refreshed_at = %s, updated_at = %s where id = %s",
            (at.replace(tzinfo=None), at, token.session_id),
        )
    else:
        active = await _active(conn, token.session_id)
        if active is None or not (active[1] == given or at < token.updated_at + reuse):
            await _revoke_family(conn, token.session_id, at)
            return Fault(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
        issued = active[0]
    return Grant(token.session_id, token.user_id, token.started_at, issued)


async def end_sessions(
    conn: Connection, user_id: UUID, *, only: UUID | None = None, all_but: UUID | None = None
) -> None:
    """End all sessions of a user, only one of them, or all but one; their tokens go with them."""
    await conn.execute(
        """
        delete from auth.sessions
            where user_id = %(user_id)s
            and (%(only)s::uuid is null or id = %(only)s)
            and (%(all_but)s::uuid is null or id <> %(all_but)s)
        """,
        {"user_id": user_id, "only": only, "all_but": all_but},
    )


async def _locked(conn: Connection, given: str) -> _Token | None:
    # The session's row is the lock: two refreshes of one session wait for each other.
    await conn.execute(
        """
        select from auth.sessions s
            where s.id = (select r.session_id from auth.refresh_tokens r where r.token = %s)
            for update
        """,
        (given,),
    )
    async with conn.cursor(row_factory=class_row(_Token)) as cursor:
        await cursor.execute(
            """
            select r.token, r.parent, coalesce(r.revoked, false) as revoked, r.updated_at,
                s.id as session_id, s.user_id, s.created_at as started_at, s.not_after
                from auth.refresh_tokens r join auth.sessions s on s.id = r.session_id
                where r.token = %s
            """,
            (given,),
        )
        return await cursor.fetchone()


async def _active(conn: Connection, session_id: UUID) -> tuple[str, str | None] | None:
    found = await conn.execute(
        """
        select token, parent from auth.refresh_tokens
            where session_id = %s and not revoked
            order by id desc limit 1
        """,
        (session_id,),
    )
    return await found.fetchone()


async def _issue(
    conn: Connection, session_id: UUID, user_id: UUID, *, parent: str | None, at: datetime
) -> str:
    token = secrets.token_urlsafe(18)
    await conn.execute(
        """
        insert into auth.refresh_tokens (
            instance_id, token, user_id, revoked, parent, session_id, created_at, updated_at
        ) values ('00000000-0000-0000-0000-000000000000', %s, %s, false, %s, %s, %s, %s)
        """,
        (token, str(user_id), parent, session_id, at, at),
    )
    return token


async def _revoke_family(conn: Connection, session_id: UUID, at: datetime) -> None:
    await conn.execute(
        """
        update auth.refresh_tokens set revoked = true, updated_at = %s
            where session_id = %s and not revoked
        """,
        (at, session_id),
    )
