"""What the user is shown."""

from __future__ import annotations

from local.layout import Layout
from local.services import Services
from local.state import State

PEOPLE = (("student", "student@mentorkit.test"), ("mentor", "mentor@mentorkit.test"))
PASSWORD = "mentorkit"

SHOWN = {
    "SUPABASE_URL": "Supabase",
    "SUPABASE_PUBLISHABLE_KEY": "publishable key",
    "SUPABASE_SECRET_KEY": "secret key",
    "DATABASE_URL": "database",
    "FUNCTIONS_URL": "functions",
    "SIGNALING_URL": "signaling",
    "WEB_URL": "pages",
    "MAIL_URL": "mail",
}


def welcome(services: Services) -> str:
    """URLs, keys and who can sign in."""
    urls = services.urls
    lines = [f"{word:>16}  {urls[name]}" for name, word in SHOWN.items()]
    lines += [f"{role:>16}  {address}, password {PASSWORD}" for role, address in PEOPLE]
    lines += [f"{'logs':>16}  {services.layout.logs}"]
    return "\n".join(lines)


def table(layout: Layout, state: State) -> str:
    """One line a service: name, process, port, log."""
    port = {"gateway": state.ports.gateway, "postgres": state.ports.db}
    port |= {"signaling": state.ports.signaling, "web": state.ports.web}
    lines = [f"running (pid {state.pid}, {layout.data})"]
    for name, pid in sorted(state.children.items()):
        where = f"port {port[name]}" if name in port else "unix socket"
        lines.append(f"{name:>16}  pid {pid:<8} {where:<12} {layout.log(name)}")
    return "\n".join(lines)


def last_words(layout: Layout) -> str:
    """Why a stack in the background ended, when it did not end on request."""
    try:
        text = layout.log("stack").read_text(errors="replace")
    except OSError:
        return ""
    _, found, reason = text.rpartition(" ended: ")
    return f"it ended: {reason}" if found else ""
