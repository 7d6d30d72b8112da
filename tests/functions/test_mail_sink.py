"""The stack catches mail: as files, on the command line, in a browser."""

from __future__ import annotations

import json
from pathlib import Path

import aiosmtplib
import httpx
from starlette.applications import Starlette

from functions.mime import Letter
from local.mail_pages import mail_routes
from local.mail_sink import caught, mail_sink
from local.ports import free_port
from tests.support.stack import run_local


def letter(number: int, html: str = "<p>Hello</p>") -> bytes:
    return Letter(
        id=str(number),
        sender=("mentorkit", "no-reply@example.test"),
        reader=("Ada", "ada@example.test"),
        subject=f"Mail {number}",
        text="Hello in text",
        html=html,
        headers={"Message-ID": f"<{number}@example.test>", "X-Mentorkit-Kind": "request_approved"},
    ).as_bytes()


async def test_a_mail_is_kept_once_and_shown(tmp_path: Path) -> None:
    port = free_port(without=set())
    folder = tmp_path / "mail"
    async with (
        mail_sink(folder, port),
        aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as smtp,
    ):
        for number in (1, 2, 1):
            await smtp.sendmail("no-reply@example.test", "ada@example.test", letter(number))
    assert sorted(str(mail.message["Subject"]) for mail in caught(folder)) == ["Mail 1", "Mail 2"]
    listed = await run_local("mail", "--data", str(tmp_path), "--to", "ada@example.test")
    assert listed.code == 0
    assert "Mail 1" in listed.out
    told = await run_local("mail", "--data", str(tmp_path), "--kind", "request_approved", "--json")
    assert {mail["text"].strip() for mail in json.loads(told.out)} == {"Hello in text"}
    name = listed.out.split()[0]
    assert "Hello in text" in (await run_local("mail", name, "--data", str(tmp_path))).out
    assert (await run_local("mail", "--data", str(tmp_path), "--kind", "other")).code == 1


async def test_a_mail_in_the_browser_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "abc.eml").write_bytes(letter(1, "<script>alert(1)</script>"))
    transport = httpx.ASGITransport(Starlette(routes=mail_routes(tmp_path)))
    async with httpx.AsyncClient(transport=transport, base_url="http://mail") as http:
        listing = await http.get("/_mail")
        assert "Mail 1" in listing.text
        shown = await http.get("/_mail/abc", params={"part": "html"})
        assert shown.headers["content-security-policy"].startswith("sandbox")
        assert (await http.get("/_mail/none")).status_code == 404
        assert (await http.get("/_mail/..%2fkeys")).status_code == 404
