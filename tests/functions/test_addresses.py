"""A URL somebody else chose is called in the public internet or not at all."""

from __future__ import annotations

import pytest

from functions.addresses import Outbound, is_public
from functions.errors import Refused
from tests.functions.receivers import CallServer

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1",
    "192.0.2.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
    "fec0::1", "ff02::1", "2001:db8::1", "5f00::1", "not an address", "",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]

REFUSED_URLS = {
    "http://example.test/": "bad_url",
    "https://user:password@example.test/": "bad_url",
    "https://user@example.test/": "bad_url",
    "ftp://example.test/": "bad_url",
    "file:///etc/passwd": "bad_url",
    "gopher://127.0.0.1:25/": "bad_url",
    "https:///path": "bad_url",
    "https://": "bad_url",
    "": "bad_url",
    "https://example.test:0/": "bad_url",
    "https://example.test:99999/": "bad_url",
    "https://[::1": "bad_url",
    "https://exa mple.test/": "bad_url",
    "https://example.test/\r\nHost: evil": "bad_url",
    "https://example.test\\@127.0.0.1/": "bad_url",
    "https://ex\u0430mple.test/": "bad_url",
    "https://" + "a" * 2100: "bad_url",
    "https://127.0.0.1/": "address_refused",
    "https://127.1/": "address_refused",
    "https://0x7f000001/": "address_refused",
    "https://2130706433/": "address_refused",
    "https://017700000001/": "address_refused",
    "https://0/": "address_refused",
    "https://[::1]/": "address_refused",
    "https://[::ffff:7f00:1]/": "address_refused",
    "https://169.254.169.254/latest/meta-data/": "address_refused",
    "https://[fd00:ec2::254]/latest": "address_refused",
    "https://localhost/": "address_refused",
}


async def code_of(outbound: Outbound, url: str) -> str:
    with pytest.raises(Refused) as refused:
        await outbound.check(url)
    return refused.value.code


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", REFUSED_URLS)
async def test_a_url_that_is_refused(url: str) -> None:
    assert await code_of(Outbound(), url) == REFUSED_URLS[url]


async def test_one_private_address_among_public_ones_is_enough() -> None:
    async def both(host: str, port: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    assert await code_of(Outbound(resolve=both), "https://both.example/") == "address_refused"


async def test_a_name_without_address() -> None:
    async def nothing(host: str, port: int) -> list[str]:
        return []

    assert await code_of(Outbound(resolve=nothing), "https://no.example/") == "host_unknown"
    assert await code_of(Outbound(), "https://no-such-host.invalid/") == "host_unknown"


async def test_a_name_that_changes_between_calls_is_checked_with_each(calls: CallServer) -> None:
    """First public, then private: what was let in at registration is refused at the call."""
    answers = [["8.8.8.8"], ["127.0.0.1"]]

    async def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    outbound = Outbound(resolve=rebinding)
    url = f"https://rebinding.example:{calls.port}/"
    await outbound.check(url)
    async with outbound.client(5) as http:
        with pytest.raises(Refused):
            await http.post(url, content=b"{}")
    assert calls.calls == []


async def test_the_call_goes_to_the_checked_address_under_its_own_name(calls: CallServer) -> None:
    """The name resolves nowhere: only the address that was checked can have been called."""

    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    outbound = Outbound(allow_private=True, resolve=here)
    async with outbound.client(5) as http:
        answer = await http.post(f"http://hook.invalid:{calls.port}/in", content=b"{}")
    assert answer.status_code == 204
    assert calls.calls[0].headers["host"] == f"hook.invalid:{calls.port}"


async def test_a_redirect_is_not_followed(calls: CallServer) -> None:
    calls.answers = [(302, {"location": f"{calls.url}/secret"})]
    async with Outbound(allow_private=True).client(5) as http:
        answer = await http.post(f"{calls.url}/in", content=b"{}")
    assert answer.status_code == 302
    assert [call.path for call in calls.calls] == ["/in"]
