"""The caught mails in a browser: a list, and each mail as its reader would see it."""

from __future__ import annotations

from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from local.mail_sink import Mail, caught, read

HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem
auto; padding:0 1rem}td,th{text-align:left;padding:.3rem 1rem .3rem 0;vertical-align:top}
iframe{width:100%;height:70vh;border:1px solid #8888;background:#fff}</style>"""
# A mail may hold anything: nothing in it runs, and its links open elsewhere.
BOX = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; style-src 'unsafe-inline'"
)


def mail_routes(folder: Path) -> list[Route]:
    """Pages under `/_mail`."""

    async def listing(request: Request) -> Response:
        rows = "".join(_row(mail) for mail in reversed(caught(folder)))
        body = f"<table><tr><th>To</th><th>Subject</th><th>When</th></tr>{rows}</table>"
        return HTMLResponse(f"{HEAD}<h1>Mail</h1>{body if rows else '<p>None yet.</p>'}")

    async def one(request: Request) -> Response:
        file = folder / f"{request.path_params['name']}.eml"
        if not file.is_file():
            return Response("no such mail", 404)
        part = request.query_params.get("part")
        if part == "html":
            content = '<base target="_blank">' + read(file).html
            return HTMLResponse(content, headers={"content-security-policy": BOX})
        if part == "raw":
            return Response(file.read_bytes(), media_type="text/plain; charset=utf-8")
        subject = escape(str(read(file).message["Subject"]))
        return HTMLResponse(
            f'{HEAD}<p><a href="../_mail">All mail</a> · <a href="?part=raw">as sent</a></p>'
            f'<h1>{subject}</h1><iframe src="?part=html" title="The mail"></iframe>'
        )

    return [Route("/_mail", listing), Route("/_mail/{name}", one)]


def _row(mail: Mail) -> str:
    to, subject = (escape(str(mail.message[name])) for name in ("To", "Subject"))
    return (
        f'<tr><td>{to}</td><td><a href="_mail/{mail.name}">{subject}</a></td>'
        f"<td>{mail.received:%H:%M:%S}</td></tr>"
    )
