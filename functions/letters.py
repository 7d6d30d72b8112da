"""What a notice says to its reader: subject, text, HTML and the calendar file."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parseaddr
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from functions.calendar_file import Entry, invitation
from functions.links import ANSWER, UNSUBSCRIBE, Signer
from functions.mime import Letter, one_line
from functions.notices import Booking, Delivery
from functions.settings import Settings
from functions.wording import Wording, wording

TEMPLATES = Path(__file__).with_name("templates")
UNSUBSCRIBE_FOR = timedelta(days=365)


SHOWS_REASON = {"request_rejected", "session_cancelled", "reschedule_declined"}
CHANGES_CALENDAR = {
    "request_created",
    "request_approved",
    "session_booked",
    "request_rejected",
    "request_closed",
    "request_expired",
    "request_withdrawn",
    "session_cancelled",
    "session_rescheduled",
}
"""Notices that come with a calendar file. A reminder has none: it changes nothing."""


def write(delivery: Delivery, settings: Settings, now: datetime) -> Letter:
    """The mail for a delivery, the same for the same delivery but for its date."""
    words = wording(delivery.recipient.locale)
    signer = Signer(settings.signing_key)
    values = sentences(delivery, words, now)
    unsubscribe = settings.public_url + "/unsubscribe/"
    unsubscribe += signer.sign(
        UNSUBSCRIBE, delivery.recipient.id, delivery.created_at + UNSUBSCRIBE_FOR, delivery.kind
    )
    context: dict[str, Any] = {
        **values,
        "language": words.language,
        "greeting": words.say("greeting", name=delivery.recipient.name),
        "answer": _answer_links(delivery, settings, signer, words),
        "action_url": settings.app_url,
        "footer": words.say("footer"),
        "unsubscribe": words.say("unsubscribe"),
        "unsubscribe_url": unsubscribe,
    }
    name, sender = _name_and_address(settings.mail_from)
    headers = {
        "Message-ID": f"<{delivery.id}@{sender.rpartition('@')[2]}>",
        "Date": format_datetime(now.astimezone(UTC)),
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "X-Mentorkit-Kind": delivery.kind,
    }
    if settings.reply_to:
        headers["Reply-To"] = settings.reply_to
    reader = delivery.recipient
    entry = _calendar_change(delivery, words)
    calendar = b""
    if entry is not None:
        calendar = invitation(
            entry, attendee=reader.email, attendee_name=reader.name, sender=sender
        )
    return Letter(
        id=str(delivery.id),
        sender=(name, sender),
        reader=(one_line(reader.name), reader.email),
        subject=values["subject"],
        text=template("mail.txt").render(context),
        html=template("mail.html").render(context),
        headers=headers,
        calendar=calendar,
        method="CANCEL" if entry is not None and entry.status == "CANCELLED" else "REQUEST",
    )


def sentences(delivery: Delivery, words: Wording, now: datetime) -> dict[str, Any]:
    """Subject, lead, call to action and facts of a notice, for mail and push alike."""
    booking = delivery.booking
    kind = delivery.kind if words.has(f"kinds.{delivery.kind}") else "notice"
    other = one_line(booking.other_name(delivery.recipient.id)) if booking else ""
    places = {
        "title": one_line(booking.title) if booking else "mentorkit",
        "other": other or words.say("someone"),
        "ahead": words.ahead(booking.start - now) if booking else "",
    }
    subject = words.say(f"kinds.{kind}.subject", **places)
    return {
        "subject": subject[:1].upper() + subject[1:],
        "lead": words.say(f"kinds.{kind}.lead", **places),
        "action": words.say(f"kinds.{kind}.action"),
        "facts": facts(delivery, booking, words) if booking else [],
    }


def facts(delivery: Delivery, booking: Booking, words: Wording) -> list[tuple[str, str]]:
    """The lines of a letter that say what, when, with whom."""
    reader = delivery.recipient
    payload = delivery.payload
    before, proposed, reason = "", "", ""
    if delivery.kind == "session_rescheduled" and payload.get("previous_time"):
        before = _day_and_time(words, str(payload["previous_time"]), reader.time_zone)
    if payload.get("proposed_time"):
        proposed = _day_and_time(words, str(payload["proposed_time"]), reader.time_zone)
    if delivery.kind in SHOWS_REASON:
        reason = str(payload.get("reason") or payload.get("cancel_reason") or booking.reason)
    return booking_facts(
        booking,
        words,
        reader=reader.id,
        zone=reader.time_zone,
        before=before,
        proposed=proposed,
        message=str(payload.get("message") or payload.get("comment") or ""),
        reason=reason,
    )


def booking_facts(
    booking: Booking,
    words: Wording,
    *,
    reader: UUID,
    zone: str,
    before: str = "",
    proposed: str = "",
    message: str = "",
    reason: str = "",
) -> list[tuple[str, str]]:
    """What there is to say about a booking, as label and value."""
    lines = [
        ("title", booking.title),
        ("subject", booking.subject),
        ("when", words.when(booking.start, booking.end, zone)),
        ("before", before),
        ("proposed", proposed),
        ("duration", words.say("duration", minutes=booking.duration)),
        ("with", booking.other_name(reader)),
        ("description", booking.description),
        ("room", booking.room if booking.calendar_status == "CONFIRMED" else ""),
        ("message", message),
        ("reason", reason),
    ]
    return [(words.say(f"labels.{label}"), value) for label, value in lines if value]


def calendar_entry(
    booking: Booking, *, reader: UUID, zone: str, words: Wording, app_url: str = ""
) -> Entry:
    """A booking as an entry of its reader's calendar."""
    other = booking.other_name(reader) or words.say("someone")
    key = "pending" if booking.status == "pending" else "agreed"
    return Entry(
        uid=booking.uid,
        sequence=booking.sequence,
        status=booking.calendar_status,
        start=booking.start,
        end=booking.end,
        zone=zone,
        summary=words.say(f"calendar.{key}", title=booking.title, other=other),
        description=booking.description,
        changed_at=booking.changed_at or booking.start,
        url=app_url,
        location=booking.room,
        organizer=booking.mentor_name,
        occurrence=booking.planned if booking.series_uid else None,
    )


def _answer_links(
    delivery: Delivery, settings: Settings, signer: Signer, words: Wording
) -> dict[str, str] | None:
    if delivery.answer_id is None or delivery.answer_until is None:
        return None
    token = signer.sign(ANSWER, delivery.answer_id, delivery.answer_until)
    page = f"{settings.public_url}/answer/{token}"
    zone = delivery.recipient.time_zone
    return {
        "approve": f"{page}?answer=approve",
        "reject": f"{page}?answer=reject",
        "approve_label": words.say("approve"),
        "reject_label": words.say("reject"),
        "hint": words.say(
            "answer_hint", until=_day_and_time(words, delivery.answer_until.isoformat(), zone)
        ),
    }


def _calendar_change(delivery: Delivery, words: Wording) -> Entry | None:
    """What the reader's calendar has to learn. A request that came to nothing was only ever in its
    mentor's calendar.
    """
    booking, reader = delivery.booking, delivery.recipient
    if booking is None or delivery.kind not in CHANGES_CALENDAR:
        return None
    if booking.session_id is None and reader.id != booking.mentor_id:
        return None
    return calendar_entry(booking, reader=reader.id, zone=reader.time_zone, words=words)


def _day_and_time(words: Wording, text: str, zone: str) -> str:
    moment = datetime.fromisoformat(text)
    return f"{words.date(moment, zone)}, {moment.astimezone(ZoneInfo(zone)):%H:%M}"


@cache
def _name_and_address(text: str) -> tuple[str, str]:
    return parseaddr(text)


@cache
def template(name: str) -> Template:
    """A file of `templates/`; in HTML everything is escaped, and a missing value is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda template: bool(template and template.endswith(".html")),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    return environment.get_template(name)
