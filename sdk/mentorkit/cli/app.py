"""The group of commands, their common options, and what failures become."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mentorkit.cli.commands import COMMANDS
from mentorkit.cli.doctor import doctor
from mentorkit.cli.session import Place
from mentorkit.errors import (
    MentorkitError,
    Misconfigured,
    NotSignedIn,
    Refused,
    Unavailable,
)

EXIT_CODES = {
    0: "done",
    1: "refused, or the doctor found something",
    2: "the command line was wrong",
    3: "not signed in: mentorkit login",
    4: "the server cannot be reached; trying again may help",
    5: "the URL, the key or the database is not what is needed: mentorkit doctor",
    130: "interrupted",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", envvar="SUPABASE_URL", help="The project. [env: SUPABASE_URL]")
@click.option(
    "--key",
    envvar="SUPABASE_PUBLISHABLE_KEY",
    help="Its publishable key. [env: SUPABASE_PUBLISHABLE_KEY]",
)
@click.option(
    "--signaling-url",
    envvar="SIGNALING_URL",
    help="The signaling server, for the doctor. [env: SIGNALING_URL]",
)
@click.option(
    "--session",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="MENTORKIT_SESSION",
    default=lambda: Path(click.get_app_dir("mentorkit")) / "session.json",
    show_default="in your configuration folder",
    help="The file that keeps the session. [env: MENTORKIT_SESSION]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.version_option(package_name="mentorkit")
@click.pass_context
def cli(
    context: click.Context,
    url: str | None,
    key: str | None,
    signaling_url: str | None,
    session: Path,
    as_json: bool,
) -> None:
    """Request, approve and watch mentoring sessions.

    Shell completion: eval "$(_MENTORKIT_COMPLETE=bash_source mentorkit)", or zsh_source,
    fish_source.
    """
    context.obj = Place(url, key, signaling_url, session, as_json)


def _wants_json(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        context.obj = dataclasses.replace(context.obj, as_json=True)


for _command in (*COMMANDS, doctor):
    # `mentorkit pending --json` reads more naturally than `mentorkit --json pending`: both work.
    _command.params.append(
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_wants_json,
            help="Print JSON instead of a table.",
        )
    )
    cli.add_command(_command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; gives the exit code."""
    try:
        code = cli.main(arguments, prog_name="mentorkit", standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except MentorkitError as fault:
        print(f"mentorkit: {fault} [{fault.code}]", file=sys.stderr)
        return exit_code(fault)
    except (ValueError, PermissionError) as fault:
        print(f"mentorkit: {fault}", file=sys.stderr)
        return 2
    return code if isinstance(code, int) else 0


def exit_code(fault: MentorkitError) -> int:
    """The exit code of an error: `EXIT_CODES` says what each means."""
    if isinstance(fault, NotSignedIn):
        return 3
    if isinstance(fault, Refused):
        return 1
    if isinstance(fault, Unavailable):
        return 4
    return 5 if isinstance(fault, Misconfigured) else 1
