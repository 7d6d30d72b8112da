"""The few pages people see: behind the links in mails."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from functions.errors import Refused
from functions.letters import template
from functions.wording import Wording, languages, wording

# The address of the page is a secret: it must not travel on, be kept or be framed.
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}


def page(
    words: Wording,
    title: str,
    lead: str = "",
    *,
    status: int = 200,
    alert: str = "",
    facts: Sequence[tuple[str, str]] = (),
    forms: Sequence[Mapping[str, Any]] = (),
) -> HTMLResponse:
    """A page of one heading, a few lines and at most two forms."""
    content = template("page.html").render(
        language=words.language,
        title=title,
        lead=lead,
        alert=alert,
        facts=facts,
        forms=[{"answer": "", "reason_label": "", "focus": False, **form} for form in forms],
    )
    return HTMLResponse(content, status, headers=HEADERS)


def refusal_page(words: Wording, refused: Refused) -> HTMLResponse:
    """The page that says why it did not work."""
    known = words.has(f"refusals.{refused.code}")
    text = words.say(f"refusals.{refused.code if known else 'other'}")
    return page(words, words.say("pages.refused_title"), status=refused.status, alert=text)


def language_of(request: Request) -> Wording:
    """The first language of the browser's list that we speak."""
    spoken = languages()
    for part in request.headers.get("accept-language", "").split(","):
        language = part.split(";")[0].strip().split("-")[0].lower()
        if language in spoken:
            return wording(language)
    return wording("")
