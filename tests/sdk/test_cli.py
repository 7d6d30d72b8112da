"""The command line, as somebody types it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mentorkit.cli.app import EXIT_CODES, cli, run
from tests.support.people import PASSWORD, Person, sign_up
from tests.support.stack import REPO, StackEnv

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_as(
    stack: StackEnv, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Type]:
    """`type_as("sam")("pending", "--json")`: each name has a session file of its own."""

    def somebody(name: str) -> Type:
        common = ["--url", stack.supabase_url, "--key", stack.publishable_key]
        common += ["--session", str(tmp_path / f"{name}.json")]
        if stack.signaling_url:
            common += ["--signaling-url", stack.signaling_url]

        def command(*words: str) -> tuple[int, str, str]:
            code = run([*common, *words])
            said = capsys.readouterr()
            return code, said.out, said.err

        return command

    return somebody


async def two(stack: StackEnv, type_as: Callable[[str], Type]) -> tuple[Person, Type, Type]:
    mentor = await sign_up(stack, "Maya", mentor=True)
    student = await sign_up(stack, "Sam")
    commands = {}
    for person, name in ((student, "sam"), (mentor, "maya")):
        commands[name] = type_as(name)
        code, out, _ = commands[name]("login", "--email", person.email, "--password", PASSWORD)
        assert (code, out) == (0, f"Signed in as {person.name}.\n")
    return mentor, commands["sam"], commands["maya"]


def test_the_story_in_commands(
    stack: StackEnv, type_as: Callable[[str], Type], story: dict[str, Any]
) -> None:
    mentor, sam, maya = story["people"]
    subject = json.loads(sam("subjects", "--json")[1])[0]["id"]
    tomorrow = (datetime.now() + timedelta(days=1)).strftime("%Y-%m-%dT09:00")
    asked = ("request", "--mentor", mentor.id, "--subject", subject, "--at", tomorrow)
    code, out, _ = sam(*asked, "--title", "Recursion", "--json")
    assert code == 0
    made = json.loads(out)
    assert (made["title"], made["status"], made["duration"]) == ("Recursion", "pending", 60)

    assert [row["id"] for row in json.loads(maya("--json", "pending")[1])] == [made["id"]]
    table = maya("pending")[1]
    assert "Recursion" in table
    assert "Sam" in table
    seen = maya("watch", "requests", "--timeout", "2", "--json")[1].splitlines()
    assert [json.loads(line)["id"] for line in seen] == [made["id"]]

    code, out, _ = maya("approve", made["id"])
    assert code == 0
    room = re.search(r"room-[a-z0-9]{8}", out)
    assert room is not None
    (session,) = json.loads(sam("upcoming", "--json")[1])
    assert session["video_room_id"] == room.group()

    code, out, error = maya("approve", made["id"])
    assert (code, out) == (1, "")
    assert "[request_not_pending]" in error
    code, _, error = sam(*asked, "--title", "Again")
    assert code == 1
    assert "[slot_taken]" in error

    later = (datetime.now() + timedelta(days=2)).strftime("%Y-%m-%dT09:00")
    second = json.loads(sam(*asked[:-1], later, "--title", "Second", "--json")[1])
    assert maya("reject", second["id"])[0] == 2, "a reason is required"
    assert maya("reject", second["id"], "--reason", "I travel.")[0] == 0
    third = json.loads(sam(*asked[:-1], later, "--title", "Third", "--json")[1])
    assert "Withdrew 'Third'" in sam("withdraw", third["id"])[1]
    assert sam("watch", "notifications", "--timeout", "2")[1].count("request_") == 2
    assert sam("upcoming", "--history")[1] == "No sessions.\n"


def test_a_mentors_hours(story: dict[str, Any]) -> None:
    mentor, sam, maya = story["people"]
    assert maya("availability")[1] == "You can be booked at any time.\n"
    code, out, _ = maya("availability", "--set", "mon=09:00-12:00", "--set", "fri=22:00-24:00")
    assert code == 0
    assert "mon" in out
    closed = (datetime.now() + timedelta(days=3)).strftime("%Y-%m-%d")
    assert "closed" in maya("availability", "--close", closed)[1]
    assert maya("availability", "--set", "someday")[0] == 2
    found = json.loads(sam("slots", mentor.id, "--days", "8", "--duration", "60", "--json")[1])
    assert {datetime.fromisoformat(slot["starts_at"]).weekday() for slot in found} <= {0, 4}
    assert "from" in sam("slots", mentor.id, "--days", "8")[1]


def test_the_doctor_finds_everything_well(story: dict[str, Any]) -> None:
    _, sam, _ = story["people"]
    code, out, _ = sam("doctor", "--json")
    findings = {row["check"]: row for row in json.loads(out)}
    assert code == 0, out
    assert all(row["ok"] is not False for row in findings.values())
    assert findings["realtime"]["says"].startswith("live after")
    assert findings["schema"]["ok"]
    assert "ok   realtime" in sam("doctor")[1]


def test_the_doctor_says_what_to_do(
    stack: StackEnv, tmp_path: Path, unused_tcp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    session = ["--session", str(tmp_path / "nobody.json")]

    def diagnose(*words: str) -> str:
        assert run([*session, *words, "doctor"]) == 1
        return capsys.readouterr().out

    nowhere = f"http://127.0.0.1:{unused_tcp_port}"
    assert "FAIL url        127.0.0.1 cannot be reached" in diagnose("--url", nowhere, "--key", "k")
    wrong = diagnose("--url", stack.supabase_url, "--key", "sb_publishable_wrong")
    assert "copy the publishable key" in wrong
    assert "FAIL project" in diagnose("--url", "", "--key", "")
    right = ["--url", stack.supabase_url, "--key", stack.publishable_key]
    assert "FAIL signaling" in diagnose(*right, "--signaling-url", nowhere)


def test_exit_codes(
    stack: StackEnv, tmp_path: Path, unused_tcp_port: int, type_as: Callable[[str], Type]
) -> None:
    nobody = type_as("nobody")
    assert nobody("pending")[0] == 3
    assert nobody("no-such-command")[0] == 2
    assert nobody("approve", "not-an-id")[0] == 2
    assert nobody("login", "--email", "a@b.test", "--password", "wrong one")[0] == 3
    assert nobody("mentors", "--limit", "5")[0] == 0
    assert nobody("logout")[0] == 0
    where = ["--session", str(tmp_path / "x.json"), "--key", "k"]
    assert run([*where, "--url", f"http://127.0.0.1:{unused_tcp_port}", "subjects"]) == 4
    assert run([*where, "--url", "nonsense", "subjects"]) == 5


def test_every_command_and_code_is_documented() -> None:
    page = (REPO / "docs/sdk/cli.md").read_text("utf-8")
    for name in cli.commands:
        assert f"| `{name}` |" in page, name
    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in page
    shown = CliRunner().invoke(cli, ["--help"]).output
    assert all(name in shown for name in cli.commands)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mentorkit.cli"],
        env={"_MENTORKIT_COMPLETE": f"{shell}_source", "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "mentorkit" in done.stdout + done.stderr


@pytest.fixture
def story(stack: StackEnv, type_as: Callable[[str], Type]) -> dict[str, Any]:
    """Two people who have signed in."""
    import asyncio

    return {"people": asyncio.run(two(stack, type_as))}
