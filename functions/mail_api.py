"""Mail by a provider's HTTP interface, in the form that Resend and its likes take."""

import base64
from email.message import EmailMessage, Message

import httpx

from functions.errors import DeliveryFailed
from functions.letters import Letter

# Told by fields of their own, or the provider's to write.
_NOT_COPIED = {"from", "to", "subject", "reply-to", "date", "mime-version", "content-type"}


class ApiPostbox:
    """POSTs each mail as JSON. The delivery's id is the idempotency key, so a retry sends nothing
    twice."""

    def __init__(self, url: str, key: str, *, timeout: float = 15.0) -> None:
        self._url = url
        self._http = httpx.AsyncClient(
            timeout=timeout, headers={"authorization": f"Bearer {key}"}, trust_env=False
        )

    async def post(self, letter: Letter) -> None:
        try:
            answer = await self._http.post(
                self._url, json=_body(letter.message), headers={"idempotency-key": letter.id}
            )
        except httpx.TransportError as exc:
            raise DeliveryFailed(f"{type(exc).__name__}: {exc}") from exc
        if answer.is_success:
            return
        raise DeliveryFailed(
            f"the mail provider answered {answer.status_code}: {answer.text[:200]}",
            permanent=answer.status_code in (400, 413, 422),
            status=answer.status_code,
            retry_after=_seconds(answer.headers.get("retry-after")),
        )

    async def aclose(self) -> None:
        await self._http.aclose()


def _body(message: EmailMessage) -> dict[str, object]:
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    body: dict[str, object] = {
        "from": str(message["From"]),
        "to": [str(message["To"])],
        "subject": str(message["Subject"]),
        "text": text.get_content() if text is not None else "",
        "html": html.get_content() if html is not None else "",
        "headers": {k: str(v) for k, v in message.items() if k.lower() not in _NOT_COPIED},
        "attachments": [
            {
                "filename": part.get_filename(),
                "content_type": str(part["Content-Type"]),
                "content": base64.b64encode(_bytes(part)).decode(),
            }
            for part in message.iter_attachments()
        ],
    }
    if message["Reply-To"]:
        body["reply_to"] = str(message["Reply-To"])
    return body


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdigit() else None
