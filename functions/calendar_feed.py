"""`calendar-feed`: a person's sessions as a calendar to subscribe to, by a secret address."""

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from functions.calendar_file import feed
from functions.context import Context
from functions.endpoint import Answer, Endpoint
from functions.errors import Refused
from functions.letters import calendar_entry
from functions.notices import Booking, Recipient
from functions.wording import wording

_ID_BYTES = 16
_SECRET_BYTES = 24
_NOBODYS_HASH = hashlib.sha256(b"no such calendar").hexdigest()


def endpoints(context: Context) -> list[Endpoint]:
    async def calendar_feed(request: Request) -> Response:
        feed_id, secret = _read_token(request.path_params["token"])
        found = await context.supabase.as_service("calendar_feed", feed_id=str(feed_id))
        # An unknown calendar is compared like a known one: the time taken tells nothing.
        known = found["secret_hash"] if found else _NOBODYS_HASH
        same = hmac.compare_digest(hashlib.sha256(secret).hexdigest(), known)
        if not found or not same:
            raise Refused("feed_not_found")
        content = _content(Recipient.from_row(found["owner"]), found["bookings"])
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {"etag": etag, "cache-control": "private, max-age=300", "vary": "accept-encoding"}
        if _matches(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        headers["content-disposition"] = 'inline; filename="sessions.ics"'
        return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)

    return [
        Endpoint(
            "GET", "/calendar-feed/{token}", "calendar_feed",
            "A person's sessions and open requests as iCalendar",
            calendar_feed,
            {
                200: Answer("The calendar", "text/calendar", {"type": "string"}),
                304: Answer("Nothing changed since the given ETag", ""),
            },
            ("feed_not_found",),
            headers={"If-None-Match": {"type": "string"}},
        )
    ]  # fmt: skip


def _read_token(token: str) -> tuple[UUID, bytes]:
    token = token.removesuffix(".ics")
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise Refused("feed_not_found") from exc
    if len(raw) != _ID_BYTES + _SECRET_BYTES:
        raise Refused("feed_not_found")
    return UUID(bytes=raw[:_ID_BYTES]), raw[_ID_BYTES:]


def _content(owner: Recipient, rows: list[dict[str, object]]) -> bytes:
    words = wording(owner.locale)
    bookings = [Booking.from_row(row) for row in rows]
    entries = (
        calendar_entry(booking, reader=owner.id, zone=owner.time_zone, words=words)
        for booking in bookings
    )
    return feed(entries, name=words.say("calendar.feed"))


def _matches(given: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return etag in tags or "*" in tags
