"""The commands; each is one call of the SDK and one way to show what came of it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import click

from mentorkit import Overflow, WeeklyHours
from mentorkit.cli import show
from mentorkit.cli.session import Place

LOCAL_TIME = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M%z"])
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REQUEST: show.Columns = {
    "id": lambda row: row.id,
    "student": lambda row: row.student and row.student.name,
    "rating": lambda row: row.student and row.student.rating,
    "title": lambda row: row.title,
    "when": lambda row: row.requested_time,
    "min": lambda row: row.duration,
}
SESSION: show.Columns = {
    "id": lambda row: row.id,
    "title": lambda row: row.title,
    "when": lambda row: row.scheduled_time,
    "min": lambda row: row.duration,
    "status": lambda row: row.status,
    "room": lambda row: row.video_room_id,
}


@click.command()
@click.option("--email", prompt="E-mail", help="The address you signed up with.")
@click.option("--password", prompt=True, hide_input=True, help="Asked for when not given.")
@click.pass_obj
def login(place: Place, email: str, password: str) -> None:
    """Sign in, and stay so for later commands."""
    with place.client() as client:
        user = client.auth.sign_in(email=email, password=password)
    place.remember()
    show.one(user, f"Signed in as {user.name or user.email}.", json_wanted=place.as_json)


@click.command()
@click.option("--everywhere", is_flag=True, help="End the sessions on other devices too.")
@click.pass_obj
def logout(place: Place, everywhere: bool) -> None:
    """Sign out."""
    with place.client() as client:
        client.auth.sign_out(everywhere=everywhere)
    show.one({"signed_in": False}, "Signed out.", json_wanted=place.as_json)


@click.command()
@click.option("--subject", help="Only those who teach the subject with this id.")
@click.option("--limit", default=20, show_default=True)
@click.pass_obj
def mentors(place: Place, subject: str | None, limit: int) -> None:
    """Who teaches, the best rated first."""
    with place.client() as client:
        found = client.mentors.list(subject_id=subject, limit=limit)
    columns: show.Columns = {
        "id": lambda row: row.id,
        "name": lambda row: row.name,
        "rating": lambda row: row.rating,
        "taught": lambda row: row.total_sessions_taught,
        "subjects": lambda row: ", ".join(subject.name for subject in row.subjects),
    }
    show.rows(found, columns, json_wanted=place.as_json, nothing="Nobody teaches yet.")


@click.command()
@click.pass_obj
def subjects(place: Place) -> None:
    """What is taught."""
    with place.client() as client:
        found = client.subjects.list()
    columns: show.Columns = {"id": lambda row: row.id, "name": lambda row: row.name}
    show.rows(found, columns, json_wanted=place.as_json, nothing="There are no subjects yet.")


@click.command()
@click.option("--mentor", required=True, help="The mentor's id.")
@click.option("--subject", required=True, help="The subject's id.")
@click.option("--title", required=True)
@click.option("--at", required=True, type=LOCAL_TIME, help="Local time, or with an offset.")
@click.option("--duration", default=60, show_default=True, help="30, 60, 90 or 120 minutes.")
@click.option("--description")
@click.pass_obj
def request(
    place: Place,
    mentor: str,
    subject: str,
    title: str,
    at: datetime,
    duration: int,
    description: str | None,
) -> None:
    """Ask a mentor for a session."""
    with place.client() as client:
        made = client.requests.create(
            mentor_id=mentor,
            subject_id=subject,
            title=title,
            requested_time=at.astimezone(),
            duration=duration,
            description=description,
        )
    sentence = f"Asked for {made.title!r} on {show.local(made.requested_time)}: {made.id}"
    show.one(made, sentence, json_wanted=place.as_json)


@click.command()
@click.pass_obj
def pending(place: Place) -> None:
    """What waits for your answer."""
    with place.client() as client:
        found = client.requests.pending()
    show.rows(found, REQUEST, json_wanted=place.as_json, nothing="Nothing waits for you.")


@click.command()
@click.argument("request_id")
@click.pass_obj
def approve(place: Place, request_id: str) -> None:
    """Accept a request."""
    with place.client() as client:
        made = client.requests.approve(request_id)
    sentence = f"Approved: {show.local(made.scheduled_time)}, room {made.video_room_id}"
    show.one(made, sentence, json_wanted=place.as_json)


@click.command()
@click.argument("request_id")
@click.option("--reason", required=True, help="The student reads it.")
@click.pass_obj
def reject(place: Place, request_id: str, reason: str) -> None:
    """Decline a request, with a reason."""
    with place.client() as client:
        answered = client.requests.reject(request_id, reason=reason)
    show.one(answered, f"Rejected {answered.title!r}.", json_wanted=place.as_json)


@click.command()
@click.argument("request_id")
@click.pass_obj
def withdraw(place: Place, request_id: str) -> None:
    """Take back your own request."""
    with place.client() as client:
        answered = client.requests.withdraw(request_id)
    show.one(answered, f"Withdrew {answered.title!r}.", json_wanted=place.as_json)


@click.command()
@click.option("--history", is_flag=True, help="Those that are over, instead.")
@click.pass_obj
def upcoming(place: Place, history: bool) -> None:
    """Your sessions to come."""
    with place.client() as client:
        found = client.sessions.history() if history else client.sessions.upcoming()
    show.rows(found, SESSION, json_wanted=place.as_json, nothing="No sessions.")


@click.command()
@click.argument("what", type=click.Choice(["requests", "sessions", "notifications"]))
@click.option("--timeout", type=float, help="End after so many quiet seconds.")
@click.pass_obj
def watch(place: Place, what: str, timeout: float | None) -> None:
    """Print what is open, then every change as it happens, until ctrl-C."""
    with place.client() as client:
        source: Any = getattr(client, what)
        for row in source.watch(timeout=timeout, overflow=Overflow.REREAD):
            if place.as_json:
                show.as_json(row)
            elif what == "notifications":
                click.echo(f"{show.local(row.created_at)}  {row.kind}")
            else:
                when = row.requested_time if what == "requests" else row.scheduled_time
                who = row.student.name if row.student else "?"
                click.echo(f"{row.status:<10} {show.local(when)}  {who}: {row.title}  {row.id}")


@click.command()
@click.argument("mentor_id")
@click.option("--from", "start", type=LOCAL_TIME, help="Local time; now by default.")
@click.option("--days", default=14, show_default=True)
@click.option("--duration", default=60, show_default=True, help="Minutes.")
@click.pass_obj
def slots(place: Place, mentor_id: str, start: datetime | None, days: int, duration: int) -> None:
    """When a mentor is free."""
    begin = (start or datetime.now()).astimezone()
    with place.client() as client:
        found = client.slots.search(
            mentor_id, from_time=begin, to_time=begin + timedelta(days=days), duration=duration
        )
    columns: show.Columns = {
        "from": lambda row: row.starts_at,
        "to": lambda row: row.ends_at,
    }
    show.rows(found, columns, json_wanted=place.as_json, nothing="No free slot in that time.")


@click.command()
@click.option(
    "--set",
    "hours",
    multiple=True,
    metavar="DAY=FROM-TO",
    help="Your hours in place of those before, for example --set mon=09:00-12:00; repeatable.",
)
@click.option("--close", type=click.DateTime(["%Y-%m-%d"]), help="Be away on that date.")
@click.pass_obj
def availability(place: Place, hours: tuple[str, ...], close: datetime | None) -> None:
    """Your hours of the week as a mentor; without options, shows them."""
    wanted = [_hours(text) for text in hours]
    with place.client() as client:
        if close is not None:
            client.availability.set_day(close.date())
        week = client.availability.set_week(wanted) if wanted else client.availability.week()
        days = client.availability.days(since=date.today())
    columns: show.Columns = {
        "day": lambda row: DAYS[row.weekday - 1] if hasattr(row, "weekday") else row.on_date,
        "from": lambda row: row.start_time or "closed",
        "to": lambda row: row.end_time,
    }
    show.rows(
        [*week, *days], columns, json_wanted=place.as_json, nothing="You can be booked at any time."
    )


def _hours(text: str) -> WeeklyHours:
    try:
        day, span = text.split("=")
        start, end = span.split("-")
        last = time.max if end == "24:00" else time.fromisoformat(end)
        return WeeklyHours(DAYS.index(day.lower()[:3]) + 1, time.fromisoformat(start), last)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not like mon=09:00-12:00") from None


COMMANDS: tuple[click.Command, ...] = (
    login,
    logout,
    mentors,
    subjects,
    request,
    pending,
    approve,
    reject,
    withdraw,
    upcoming,
    watch,
    slots,
    availability,
)
