"""The channel `webhook`: tells other programs, signed as Standard Webhooks has it."""

import json
from collections.abc import Callable
from datetime import datetime

import httpx

from functions import webhook_signing
from functions.addresses import Outbound
from functions.errors import DeliveryFailed, Refused
from functions.notices import Delivery

ANSWER_LIMIT = 64 * 1024


class WebhookSender:
    """POSTs each notice to its endpoint. A redirect is a failure, a private address is refused."""

    def __init__(
        self, outbound: Outbound, clock: Callable[[], datetime], *, timeout: float = 15.0
    ) -> None:
        self._http = outbound.client(timeout)
        self._clock = clock

    async def send(self, delivery: Delivery) -> int | None:
        body = content(delivery)
        try:
            signed = webhook_signing.headers(
                delivery.target["secret"], str(delivery.id), self._clock(), body
            )
        except ValueError as exc:
            raise DeliveryFailed(str(exc), permanent=True) from exc
        return await post(self._http, delivery.target["url"], body, signed)

    async def aclose(self) -> None:
        await self._http.aclose()


def content(delivery: Delivery) -> bytes:
    """The body of a webhook: the same bytes in every attempt, so that ids and bodies agree."""
    data: dict[str, object] = {
        **delivery.payload,
        "notification_id": str(delivery.notice_id),
        "recipient_id": str(delivery.recipient.id),
    }
    booking = delivery.booking
    if booking is not None:
        data["session_id"] = str(booking.session_id) if booking.session_id else None
        data["request_id"] = str(booking.id) if booking.id != booking.session_id else None
    body = {"type": delivery.kind, "timestamp": delivery.created_at.isoformat(), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


async def post(
    http: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]
) -> int | None:
    """One call to an address somebody else chose; its status when it was taken."""
    try:
        async with http.stream(
            "POST", url, content=body, headers={"content-type": "application/json", **headers}
        ) as answer:
            read = 0
            async for part in answer.aiter_raw():
                read += len(part)
                if read > ANSWER_LIMIT:
                    break
    except Refused as exc:
        # The name may point somewhere else tomorrow, a URL of a wrong form will not.
        permanent = exc.code == "bad_url"
        raise DeliveryFailed(exc.message, permanent=permanent) from exc
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as exc:
        raise DeliveryFailed(f"{type(exc).__name__}: {exc}"[:400]) from exc
    if answer.is_success:
        return answer.status_code
    raise DeliveryFailed(
        f"answered {answer.status_code}",
        permanent=answer.status_code == 410,
        gone=answer.status_code in (404, 410),
        status=answer.status_code,
        retry_after=_seconds(answer.headers.get("retry-after")),
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdigit() else None
