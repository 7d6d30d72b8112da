"""`unsubscribe`: the List-Unsubscribe link of a mail, also by one click (RFC 8058)."""

from starlette.requests import Request
from starlette.responses import Response

from functions.context import Context
from functions.endpoint import Answer, Endpoint
from functions.errors import Refused
from functions.links import UNSUBSCRIBE
from functions.pages import language_of, page, refusal_page
from functions.web import read_body


def endpoints(context: Context) -> list[Endpoint]:
    async def show(request: Request) -> Response:
        words = language_of(request)
        try:
            context.signer.read(UNSUBSCRIBE, request.path_params["token"], context.clock())
        except Refused as refused:
            return refusal_page(words, refused)
        form = {
            "lead": words.say("pages.unsubscribe_lead"),
            "button": words.say("pages.unsubscribe_button"),
        }
        return page(words, words.say("pages.unsubscribe_title"), forms=[form])

    async def act(request: Request) -> Response:
        words = language_of(request)
        try:
            # Whatever the mail program sends: the link says it all.
            await read_body(request, context.settings.body_limit)
            token = request.path_params["token"]
            person, kind = context.signer.read(UNSUBSCRIBE, token, context.clock())
            await context.supabase.as_service("unsubscribe", user_id=str(person), kind=kind)
        except Refused as refused:
            return refusal_page(words, refused)
        return page(
            words, words.say("pages.unsubscribed_title"), words.say("pages.unsubscribed_lead")
        )

    html = {200: Answer("A page", "text/html", {"type": "string"})}
    refusals = ("link_invalid", "link_expired")
    return [
        Endpoint(
            "GET", "/unsubscribe/{token}", "unsubscribe_page", "Ask before stopping mails",
            show, html, refusals, refusal_type="text/html",
        ),
        Endpoint(
            "POST", "/unsubscribe/{token}", "unsubscribe", "Stop mails of a kind",
            act, html, (*refusals, "body_too_large", "bad_body"), refusal_type="text/html",
        ),
    ]  # fmt: skip
