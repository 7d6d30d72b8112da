"""Which hosts a subscriber may make us call: public ones only.

A URL that somebody else chose is resolved, every answer is checked, and the connection goes to a
checked address: a name that answers differently the second time (DNS rebinding) gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from functions.errors import Refused

Resolve = Callable[[str, int], Awaitable[list[str]]]

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_V4_COMPATIBLE = ipaddress.ip_network("::/96")
_NOT_FOR_US = (
    ipaddress.ip_network(
        "100.64.0.0/10"
    ),  # shared address space, also cloud metadata of some hosts
    ipaddress.ip_network("192.0.0.0/24"),
    ipaddress.ip_network("192.88.99.0/24"),
    ipaddress.ip_network("198.18.0.0/15"),
    ipaddress.ip_network("fec0::/10"),
    ipaddress.ip_network("2001::/23"),  # Teredo and other special uses
    ipaddress.ip_network("5f00::/16"),
)
URL_LIMIT = 2000


async def resolve(host: str, port: int) -> list[str]:
    """The addresses the system's resolver gives for a name."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise Refused("host_unknown") from exc
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Whether an address lies in the public internet, also behind its IPv6 disguises."""
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(str(inner))
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not any(address in net for net in _NOT_FOR_US if net.version == address.version)
    )


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in net for net in _NAT64) or address in _V4_COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


@dataclass(frozen=True)
class Outbound:
    """The rule for calls to addresses that users chose."""

    allow_private: bool = False
    resolve: Resolve = resolve

    async def check(self, url: str) -> str:
        """A usable address for the URL's host; refused when any of its addresses is not public."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as exc:
            raise Refused("bad_url") from exc
        schemes = ("https", "http") if self.allow_private else ("https",)
        if parts.scheme not in schemes or not host or len(url) > URL_LIMIT or port == 0:
            raise Refused("bad_url")
        if parts.username is not None or parts.password is not None or not url.isascii():
            raise Refused("bad_url")
        if any(char <= " " or char in '\\"<>^`{|}' or char == "\x7f" for char in url):
            raise Refused("bad_url")
        found = await self.resolve(host, port or (443 if parts.scheme == "https" else 80))
        if not found:
            raise Refused("host_unknown")
        if not self.allow_private and not all(is_public(address) for address in found):
            raise Refused("address_refused")
        return found[0]

    def client(self, timeout: float) -> httpx.AsyncClient:
        """A client that calls checked addresses only and follows no redirect."""
        return httpx.AsyncClient(
            transport=_CheckedTransport(self),
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "mentorkit-functions/1"},
        )


class _CheckedTransport(httpx.AsyncBaseTransport):
    def __init__(self, rule: Outbound) -> None:
        self._rule = rule
        # No connection is kept: one made for a name must not carry another name's request.
        self._inner = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_keepalive_connections=0), trust_env=False
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        address = await self._rule.check(str(request.url))
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.url = request.url.copy_with(host=address.split("%", 1)[0])
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
