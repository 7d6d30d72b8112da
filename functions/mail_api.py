"""Mail by a provider's HTTP interface, in the form that Resend and its likes take."""

import base64

import httpx

from functions.errors import DeliveryFailed
from functions.mime import Letter, address

# Told by fields of their own, or the provider's to write.
_FIELDS = {"Reply-To", "Date"}


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
                self._url, json=_body(letter), headers={"idempotency-key": letter.id}
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


def _body(letter: Letter) -> dict[str, object]:
    headers = {name: value for name, value in letter.headers.items() if name not in _FIELDS}
    body: dict[str, object] = {
        "from": address(*letter.sender),
        "to": [address(*letter.reader)],
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "headers": headers,
    }
    if letter.calendar:
        body["attachments"] = [
            {
                "filename": "session.ics",
                "content_type": letter.calendar_type,
                "content": base64.b64encode(letter.calendar).decode(),
            }
        ]
    if "Reply-To" in letter.headers:
        body["reply_to"] = letter.headers["Reply-To"]
    return body


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdigit() else None
