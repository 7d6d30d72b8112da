"""Statements on auth.users and auth.identities. Each takes the connection of its transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from local.gateway.auth.users import COLUMNS, Json, User

Connection = AsyncConnection[Any]

EMAIL_TAKEN = "users_email_partial_key"
ID_TAKEN = "users_pkey"


def connection_lost(error: psycopg.Error) -> bool:
    """Whether the database went away, in contrast to its refusing a statement."""
    if isinstance(error, psycopg.InterfaceError):
        return True
    state = error.sqlstate
    gone = state is None or state.startswith(("08", "57P"))
    return isinstance(error, psycopg.OperationalError) and gone


async def _one(conn: Connection, where: LiteralString, values: tuple[Any, ...]) -> User | None:
    query: LiteralString = f"select {COLUMNS} from auth.users u where {where}"
    async with conn.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchone()


async def user_by_id(conn: Connection, user_id: UUID) -> User | None:
    return await _one(conn, "u.id = %s", (user_id,))


async def user_by_email(conn: Connection, email: str) -> User | None:
    """The account of an address in lower case; those of single sign-on are not meant."""
    return await _one(conn, "u.email = %s and not u.is_sso_user", (email,))


async def insert_user(
    conn: Connection,
    *,
    user_id: UUID,
    email: str,
    hashed: str,
    role: str,
    app_metadata: Json,
    user_metadata: Json,
    confirmed_at: datetime | None,
    banned_until: datetime | None = None,
    at: datetime,
) -> None:
    """A new account with its e-mail identity. Token columns are empty, not null, as GoTrue's."""
    await conn.execute(
        """
        insert into auth.users (
            instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
            confirmation_token, recovery_token, email_change_token_new, email_change,
            raw_app_meta_data, raw_user_meta_data, banned_until, created_at, updated_at
        ) values (
            '00000000-0000-0000-0000-000000000000', %s, 'authenticated', %s, %s, %s, %s,
            '', '', '', '', %s, %s, %s, %s, %s
        )
        """,
        (
            user_id,
            role,
            email,
            hashed,
            confirmed_at,
            Jsonb(app_metadata),
            Jsonb(user_metadata),
            banned_until,
            at,
            at,
        ),
    )
    await conn.execute(
        """
        insert into auth.identities (
            id, provider_id, user_id, identity_data, provider,
            last_sign_in_at, created_at, updated_at
        ) values (%s, %s, %s, %s, 'email', %s, %s, %s)
        """,
        (
            uuid4(),
            str(user_id),
            user_id,
            Jsonb(identity_data(user_id, email, verified=confirmed_at is not None)),
            at,
            at,
            at,
        ),
    )


def identity_data(user_id: UUID, email: str, *, verified: bool) -> Json:
    return {
        "sub": str(user_id),
        "email": email,
        "email_verified": verified,
        "phone_verified": False,
    }


async def update_user(
    conn: Connection, user_id: UUID, changes: Mapping[str, Any], *, at: datetime
) -> None:
    """Set columns of an account; JSON values are given as plain objects."""
    values = {
        name: Jsonb(value) if isinstance(value, dict) else value for name, value in changes.items()
    }
    values["updated_at"] = at
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values
    )
    query = sql.SQL("update auth.users set {} where id = %(user_id)s").format(assignments)
    await conn.execute(query, {**values, "user_id": user_id})


async def update_email_identity(
    conn: Connection, user_id: UUID, email: str, *, verified: bool, at: datetime
) -> None:
    """Let the e-mail identity follow a new address."""
    await conn.execute(
        """
        update auth.identities
            set identity_data = identity_data || %s, updated_at = %s
            where user_id = %s and provider = 'email'
        """,
        (Jsonb({"email": email, "email_verified": verified}), at, user_id),
    )


async def list_users(conn: Connection, *, limit: int, offset: int) -> tuple[list[User], int]:
    """One page of all accounts, newest first, and how many there are."""
    query: LiteralString = f"""
        select {COLUMNS} from auth.users u
        order by u.created_at desc, u.id limit %s offset %s
    """
    async with conn.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(query, (limit, offset))
        page = await cursor.fetchall()
    counted = await (await conn.execute("select count(*) from auth.users")).fetchone()
    return page, counted[0] if counted else 0


async def delete_user(conn: Connection, user_id: UUID) -> bool:
    """Remove an account and what hangs on it; whether there was one."""
    # refresh_tokens names users by text, so no foreign key clears them; their sessions' key does.
    gone = await conn.execute("delete from auth.users where id = %s", (user_id,))
    return gone.rowcount > 0


async def blank_user(conn: Connection, user_id: UUID, *, alias: str, at: datetime) -> None:
    """Keep the row for what refers to it, and take everything personal out of it.

    The alias, a hash, frees the address for a new account.
    """
    blank: dict[str, Any] = {
        "email": alias,
        "email_change": "",
        "encrypted_password": "",
        "raw_app_meta_data": {},
        "raw_user_meta_data": {},
        "deleted_at": at,
    }
    await update_user(conn, user_id, blank, at=at)
    await conn.execute(
        """
        update auth.identities
            set provider_id = %s, identity_data = '{}', updated_at = %s where user_id = %s
        """,
        (alias, at, user_id),
    )
