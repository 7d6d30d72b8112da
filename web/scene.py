"""People for the pictures: with something waiting, planned, answered and past."""

from __future__ import annotations

import datetime
from typing import Any

import httpx
import psycopg

PASSWORD = "correct horse battery"
UTC = datetime.UTC
HOUR = datetime.timedelta(hours=1)
OPEN_DAYS = (1, 2, 3, 4, 6)

# Name, rating, how often rated, sessions taught, zone, and what they say of themselves.
MENTORS = (
    ("Grace Lindqvist", 4.9, 31, 48, "Asia/Kolkata",
     "Statistics for people who were told they cannot count. Bring your own data."),
    ("Tomás Ferreira", 4.7, 18, 26, "America/Sao_Paulo",
     "Fifteen years of code reviews. I ask questions until the design answers them."),
    ("Noor Haddad", None, 0, 3, "Europe/Berlin", "Interview practice, honest and kind."),
)  # fmt: skip

Someone = dict[str, str]


class Backend:
    """The stack, spoken to as each person."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.http = httpx.Client(base_url=env["SUPABASE_URL"], timeout=20)

    def call(self, method: str, path: str, person: Someone | None, body: object = None) -> Any:
        key = self.env["SUPABASE_PUBLISHABLE_KEY"]
        headers = {"apikey": key, "Prefer": "return=representation"}
        if person is not None:
            headers["Authorization"] = f"Bearer {person['token']}"
        answer = self.http.request(method, path, headers=headers, json=body)
        answer.raise_for_status()
        return answer.json()

    def rpc(self, name: str, person: Someone, **arguments: object) -> Any:
        return self.call("POST", f"/rest/v1/rpc/{name}", person, arguments)

    def sign_up(self, name: str, zone: str) -> Someone:
        email = f"{name.split()[0].lower().replace('á', 'a')}@example.org"
        data = {"name": name, "time_zone": zone}
        body = {"email": email, "password": PASSWORD, "data": data}
        answer = self.call("POST", "/auth/v1/signup", None, body)
        return {"id": answer["user"]["id"], "email": email, "token": answer["access_token"]}

    def as_owner(self, statement: str, *values: object) -> None:
        """What no person may do: ratings, and a past. As the superuser, with triggers asleep."""
        url = self.env["DATABASE_URL"].replace("//postgres:", "//supabase_admin:")
        with psycopg.connect(url) as owner:
            owner.execute("set session_replication_role = replica")
            owner.execute(statement.encode(), values)


def tell(backend: Backend) -> tuple[Someone, Someone]:
    """Makes everybody; answers the student and the mentor whose pages are pictured."""
    rows = backend.call("GET", "/rest/v1/subjects?select=id,name&order=name", None)
    subjects = [str(row["id"]) for row in rows]
    backend.as_owner("update public.profiles set is_mentor = false")  # The seed's own people.
    grace, tomas, noor = (_mentor(backend, subjects, *each) for each in MENTORS)
    ada = backend.sign_up("Ada Okafor", "Europe/Berlin")
    leo = backend.sign_up("Leo Brandt", "Europe/Berlin")
    backend.as_owner(
        "update public.profiles set rating = 4.6, rating_count = 5 where id = %s", ada["id"]
    )
    now = datetime.datetime.now(UTC).replace(second=0, microsecond=0)
    day = now.replace(hour=15, minute=0) + 24 * HOUR

    def ask(
        student: Someone, mentor: Someone, title: str, start: datetime.datetime,
        duration: int = 60, text: str = "", subject: int = 0,
    ) -> str:  # fmt: skip
        made = backend.rpc(
            "request_session", student, mentor_id=mentor["id"], subject_id=subjects[subject],
            title=title, requested_time=start.isoformat(), duration=duration,
            description=text or None,
        )  # fmt: skip
        return str(made["id"])

    soon = now + datetime.timedelta(minutes=9)
    planned = [
        (grace, ask(ada, grace, "Bayes by hand", soon, 60, "Priors, and why mine are wrong.")),
        (tomas, ask(ada, tomas, "Review of my first service", day, 90, subject=1)),
        (grace, ask(leo, grace, "Reading a regression table", day + 2 * HOUR, 30)),
        (grace, ask(ada, grace, "A/B tests without tears", day + 72 * HOUR)),
        (grace, past := ask(ada, grace, "What a p-value is not", day + 30 * HOUR)),
    ]
    for mentor, request in planned:
        backend.rpc("approve_request", mentor, request_id=request)
    backend.as_owner(
        "update public.sessions set scheduled_time = scheduled_time - interval '9 days',"
        " end_time = end_time - interval '9 days', status = 'completed' where request_id = %s",
        past,
    )
    refused = ask(ada, noor, "Mock interview", day + 6 * HOUR)
    reason = "I am travelling that day. Thursday works."
    backend.rpc("reject_request", noor, request_id=refused, reason=reason)
    ask(leo, grace, "Sample size for a thesis", day + 24 * HOUR, 60, "I have 41 answers. Enough?")
    ask(ada, tomas, "Second look at my service", day + 48 * HOUR, 30, subject=1)
    ask(ada, grace, "Reading my survey", day + 51 * HOUR, 30, "Ten questions, one of them good.")
    _hours(backend, grace, day)  # Last, because requests outside of hours are refused.
    _other_time(backend, ada, day)
    return ada, grace


def ask_of(env: dict[str, str], student: Someone, mentor: str) -> None:
    """A request that somebody watches arrive, at a time nothing else is at."""
    backend = Backend(env)
    subject = backend.call("GET", "/rest/v1/subjects?select=id&order=name&limit=1", None)[0]
    planned = backend.call("GET", "/rest/v1/session_requests?select=id", student)
    start = datetime.datetime.now(UTC).replace(second=0, microsecond=0)
    backend.rpc(
        "request_session", student, mentor_id=mentor, subject_id=subject["id"],
        title="Where do I begin?", duration=60, description="I know some Python. That is all.",
        requested_time=(start + 24 * HOUR * (20 + len(planned))).isoformat(),
    )  # fmt: skip


def _mentor(
    backend: Backend, subjects: list[str], name: str, rating: float | None, count: int,
    taught: int, zone: str, bio: str,
) -> Someone:  # fmt: skip
    person = backend.sign_up(name, zone)
    backend.as_owner(
        "update public.profiles set is_mentor = true, rating = %s, rating_count = %s,"
        " total_sessions_taught = %s, bio = %s where id = %s",
        rating, count, taught, bio, person["id"],
    )  # fmt: skip
    for subject in subjects[: 2 + count % 2]:
        backend.as_owner(
            "insert into public.mentor_subjects values (%s, %s)", person["id"], subject
        )
    return person


def _hours(backend: Backend, mentor: Someone, day: datetime.datetime) -> None:
    backend.as_owner(
        "insert into public.booking_terms (mentor_id, time_zone, minimum_notice_minutes,"
        " buffer_after_minutes) values (%s, 'Asia/Kolkata', 240, 15)",
        mentor["id"],
    )
    for weekday in OPEN_DAYS:
        backend.as_owner(
            "insert into public.availability_rules (mentor_id, weekday, start_time, end_time)"
            " values (%s, %s, '18:30', '22:00')",
            mentor["id"], weekday,
        )  # fmt: skip
    backend.as_owner(
        "insert into public.availability_overrides (mentor_id, on_date) values (%s, %s)",
        mentor["id"], day.date() + datetime.timedelta(days=9),
    )  # fmt: skip


def _other_time(backend: Backend, student: Someone, day: datetime.datetime) -> None:
    query = "/rest/v1/sessions?select=id&title=eq.A/B tests without tears"
    session = backend.call("GET", query, student)[0]
    moved = (day + 96 * HOUR).replace(hour=14)
    while moved.isoweekday() not in OPEN_DAYS:
        moved += 24 * HOUR
    backend.rpc(
        "propose_reschedule", student, session_id=session["id"], scheduled_time=moved.isoformat(),
        message="A workshop got in the way.",
    )  # fmt: skip
