"""/rest/v1: PostgREST behind the project's API keys."""

from collections.abc import AsyncIterator

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from local.gateway.apikeys import ApiKeys, bearer, without_key
from local.gateway.tokens import Tokens
from local.gateway.upstream import Headers, Upstream, UpstreamDown, request_head

# Said between two neighbours only; each side of the gateway says its own.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
NOT_FORWARDED = HOP_BY_HOP | {b"apikey", b"authorization", b"expect"}
# The gateway answers for CORS, and its server says date and name.
NOT_RETURNED = HOP_BY_HOP | {b"date", b"server"}

UNREACHABLE = {
    "code": "PGRST000",
    "message": "The data API is not reachable. Try again.",
    "details": None,
    "hint": None,
}


class ClientGone(Exception):
    """The client left before the end of its request; there is nobody to answer."""


class RestProxy:
    """ASGI application that hands requests to PostgREST with the role of their key or user."""

    def __init__(self, keys: ApiKeys, tokens: Tokens, upstream: Upstream) -> None:
        self._keys = keys
        self._tokens = tokens
        self._upstream = upstream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admitted = self._keys.admit(scope)
        if isinstance(admitted, Response):
            await admitted(scope, receive, send)
            return
        key, role = admitted
        token = bearer(scope["headers"])
        if token is None or token == key:
            token = key if _is_jwt(key) else self._tokens.minted(role)
        headers: Headers = [pair for pair in scope["headers"] if pair[0] not in NOT_FORWARDED]
        headers.append((b"authorization", b"Bearer " + token))
        try:
            await self._forward(scope, headers, receive, send)
        except UpstreamDown:
            await JSONResponse(UNREACHABLE, 503)(scope, receive, send)
        except ClientGone:
            return

    async def reachable(self) -> bool:
        """Whether PostgREST answers and has read the schema."""
        headers = [
            (b"host", b"gateway"),
            (b"authorization", b"Bearer " + self._tokens.minted("anon")),
        ]
        try:
            exchange = await self._upstream.acquire()
            try:
                # A table that cannot be: 503 while the schema is being read, 404 after.
                await exchange.send(request_head(b"HEAD", b"/-", headers), None, is_head=True)
                await exchange.response()
                return exchange.status != 503
            finally:
                self._upstream.release(exchange)
        except UpstreamDown:
            return False

    async def _forward(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """Raises UpstreamDown only as long as nothing was answered."""
        method = scope["method"]
        body = _Body(scope, receive)
        if body.chunked:
            headers.append((b"transfer-encoding", b"chunked"))
        head = request_head(method.encode(), _target(scope), headers)
        exchange = await self._upstream.acquire()
        try:
            await exchange.send(
                head, body.pieces() if body.expected else None, is_head=method == "HEAD"
            )
            await exchange.response()
            await send(
                {
                    "type": "http.response.start",
                    "status": exchange.status,
                    "headers": [
                        pair
                        for pair in exchange.headers
                        if pair[0] not in NOT_RETURNED
                        and not pair[0].startswith(b"access-control-")
                    ],
                }
            )
            try:
                async for piece, more in exchange.body():
                    await send({"type": "http.response.body", "body": piece, "more_body": more})
            except UpstreamDown as error:
                # Too late for a status: cutting the connection is how the client learns of it.
                raise ConnectionResetError("PostgREST went away amid its answer") from error
        finally:
            self._upstream.release(exchange)


class _Body:
    """The body of a request, in the framing in which PostgREST shall get it."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        names = {name for name, _ in scope["headers"]}
        self.chunked = b"transfer-encoding" in names
        self.expected = self.chunked or b"content-length" in names
        self._receive = receive

    async def pieces(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            if piece:
                yield b"%x\r\n%b\r\n" % (len(piece), piece) if self.chunked else piece
        if self.chunked:
            yield b"0\r\n\r\n"


def _target(scope: Scope) -> bytes:
    path: bytes = scope["raw_path"].partition(b"?")[0]
    path = path.removeprefix(b"/rest/v1") or b"/"
    query = without_key(scope["query_string"])
    return path + b"?" + query if query else path


def _is_jwt(key: bytes) -> bool:
    return key.count(b".") == 2
