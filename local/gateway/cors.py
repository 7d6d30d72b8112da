"""Cross-origin answers as hosted Supabase gives them: every origin, no cookies."""

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.gateway.apikeys import header

METHODS = b"GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"
EXPOSED = (
    b"Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Link, Location, "
    b"Preference-Applied, Proxy-Status, Range-Unit, Server, Transfer-Encoding, "
    b"X-Sb-Error-Code, X-Supabase-Api-Version, X-Total-Count"
)
ANSWER = [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED)]


class Cors:
    """Answers preflights and marks responses, except for functions, which speak for themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/functions/v1"):
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        if scope["method"] == "OPTIONS" and header(headers, b"access-control-request-method"):
            await _preflight(header(headers, b"access-control-request-headers"))(
                scope, receive, send
            )
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *ANSWER]
            await send(message)

        await self._app(scope, receive, marked)


def _preflight(asked: bytes | None) -> Response:
    response = Response(status_code=200)
    response.raw_headers.extend(
        [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", asked or b"*"),
            (b"access-control-max-age", b"3600"),
            (b"vary", b"Access-Control-Request-Headers"),
        ]
    )
    return response
