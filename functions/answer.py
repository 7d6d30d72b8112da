"""`answer`: the approve and reject links in a mail.

Opening a link changes nothing (mail programs open links by themselves): it shows a page whose
buttons POST. The database spends the link and answers as the mentor it was sent to, under that
mentor's policies.
"""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from functions.context import Context
from functions.endpoint import Answer, Endpoint
from functions.errors import Refused
from functions.letters import booking_facts
from functions.links import ANSWER
from functions.notices import Booking, Recipient
from functions.pages import language_of, page, refusal_page
from functions.web import read_form
from functions.wording import Wording, wording

REASON_LIMIT = 1000


def endpoints(context: Context) -> list[Endpoint]:
    async def load(request: Request) -> tuple[UUID, Recipient, Booking, bool]:
        token = request.path_params["token"]
        link_id, _ = context.signer.read(ANSWER, token, context.clock())
        found = await context.supabase.as_service("answer_link", link_id=str(link_id))
        if not found or not found["booking"]:
            raise Refused("link_invalid")
        reader = Recipient.from_row(found["reader"])
        return link_id, reader, Booking.from_row(found["booking"]), bool(found["used"])

    async def show(request: Request) -> Response:
        words = language_of(request)
        try:
            _, reader, booking, used = await load(request)
            words = wording(reader.locale)
            if used:
                raise Refused("link_used")
            if booking.status != "pending":
                raise Refused("request_not_pending", status=409)
        except Refused as refused:
            return refusal_page(words, refused)
        chosen = request.query_params.get("answer", "")
        return _question(words, reader, booking, chosen)

    async def act(request: Request) -> Response:
        words = language_of(request)
        try:
            form = await read_form(request, context.settings.body_limit)
            link_id, reader, booking, _ = await load(request)
            words = wording(reader.locale)
            reason = form.get("reason", "").replace("\x00", "")
            if form.get("answer") == "reject" and not reason.strip():
                return _question(words, reader, booking, "reject", missing=True)
            done = await context.supabase.as_service(
                "answer_request",
                link_id=str(link_id),
                answer=form.get("answer", "")[:20],
                reason=reason[: REASON_LIMIT + 1],
            )
        except Refused as refused:
            return refusal_page(words, refused)
        other = booking.other_name(reader.id) or words.say("someone")
        if form["answer"] == "approve":
            room = done["video_room_id"]
            lead = words.say("pages.approved_lead", room=room)
            return page(words, words.say("pages.approved_title"), lead)
        lead = words.say("pages.rejected_lead", other=other)
        return page(words, words.say("pages.rejected_title"), lead)

    refusals = ("link_invalid", "link_expired", "link_used", "request_not_pending")
    html = {200: Answer("A page", "text/html", {"type": "string"})}
    return [
        Endpoint(
            "GET", "/answer/{token}", "answer_page", "Show a request with its answers",
            show, html, refusals, refusal_type="text/html",
            queries={"answer": {"type": "string", "enum": ["approve", "reject"]}},
        ),
        Endpoint(
            "POST", "/answer/{token}", "answer", "Approve or reject a request, once",
            act, html,
            (*refusals, "bad_answer", "reason_required", "bad_body", "body_too_large", "not_found"),
            refusal_type="text/html", body_type="application/x-www-form-urlencoded",
            body={
                "type": "object",
                "properties": {
                    "answer": {"type": "string", "enum": ["approve", "reject"]},
                    "reason": {"type": "string", "maxLength": REASON_LIMIT},
                },
                "required": ["answer"],
            },
            body_required=True,
        ),
    ]  # fmt: skip


def _question(
    words: Wording, reader: Recipient, booking: Booking, chosen: str, *, missing: bool = False
) -> Response:
    other = booking.other_name(reader.id) or words.say("someone")
    approve = {
        "answer": "approve",
        "lead": words.say("pages.approve_lead"),
        "button": words.say("approve"),
    }
    reject = {
        "answer": "reject",
        "lead": words.say("pages.reject_lead", other=other),
        "reason_label": words.say("pages.reason_label"),
        "button": words.say("reject"),
        "focus": chosen == "reject",
    }
    return page(
        words,
        words.say("pages.answer_title"),
        words.say("pages.answer_lead", other=other),
        status=400 if missing else 200,
        alert=words.say("pages.reason_missing", other=other) if missing else "",
        facts=booking_facts(booking, words, reader=reader.id, zone=reader.time_zone),
        forms=[reject, approve] if chosen == "reject" else [approve, reject],
    )
