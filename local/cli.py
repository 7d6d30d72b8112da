"""The embedded Supabase, without Docker: PostgreSQL, PostgREST, auth, realtime, functions,
signaling and the reference pages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from local.faults import StackError
from local.ports import Ports

EPILOG = """\
examples:
  python -m local up              everything, until ctrl-C; prints URLs, keys, two test users
  python -m local up --detach     the same in the background
  eval "$(python -m local env)"   SUPABASE_URL and the others as variables of this shell
  python -m local up --data /tmp/other --port 0 --db-port 0 --signaling-port 0 --web-port 0
                                  a second stack beside the first, on free ports
  npx supabase db push --yes      the Supabase CLI sees this database as its "local" one

The data stays in the data directory over `down` and `up`. More: docs/local.md
"""


UP = """Start PostgreSQL, PostgREST, the gateway, signaling and the pages; make the database when
there is none, apply new migrations, print URLs, keys and two test users. On a stack that runs
already it only prints them."""
LISTENS = {
    "gateway": "the gateway: rest, auth, realtime, functions",
    "db": "PostgreSQL",
    "signaling": "the signaling server",
    "web": "the reference pages",
    "mail": "the mail catcher",
}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--data", default=".mentorkit", metavar="DIR", help="which stack (default: %(default)s)"
    )

    up = commands.add_parser(
        "up",
        parents=[shared],
        description=UP,
        help="start everything and keep it up until ctrl-C",
    )
    up.add_argument(
        "--detach",
        action="store_true",
        help="return when all is ready; it goes on in the background",
    )
    up.add_argument("--fresh", action="store_true", help="remove the data first")
    default = Ports()
    for name, flag in Ports.FLAGS.items():
        port = getattr(default, name)
        up.add_argument(
            flag, dest=name, type=port_number, metavar="N",
            help=f"{LISTENS[name]} (default: {port}; 0: any free port)",
        )  # fmt: skip

    env = commands.add_parser("env", parents=[shared], help="URLs and keys of a running stack")
    env.add_argument("--json", action="store_true", help="as JSON instead of shell assignments")
    mail = commands.add_parser("mail", parents=[shared], help="the mails the stack has caught")
    mail.add_argument("name", nargs="?", help="print this one")
    mail.add_argument("--to", metavar="ADDRESS", help="only mails to this address")
    mail.add_argument("--kind", help="only this kind, such as request_approved")
    mail.add_argument(
        "--wait", type=float, default=0.0, metavar="SECONDS", help="until there is one"
    )
    mail.add_argument("--json", action="store_true", help="as JSON, with what they say")
    commands.add_parser("status", parents=[shared], help="what runs, and where")
    logs = commands.add_parser("logs", parents=[shared], help="what the services wrote")
    logs.add_argument("service", nargs="?", help="only this one")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until ctrl-C")
    logs.add_argument(
        "-n",
        type=int,
        default=50,
        metavar="LINES",
        help="this many last lines of each (default: 50)",
    )
    commands.add_parser(
        "reset", parents=[shared], help="the database anew: migrations and seed; keys stay"
    )
    down = commands.add_parser("down", parents=[shared], help="stop it; data stays")
    down.add_argument("--remove", action="store_true", help="remove its data and keys too")
    return parser


def port_number(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not a port")
    return port


def main(arguments: Sequence[str] | None = None) -> int:
    asked = build_parser().parse_args(arguments)
    from local import commands

    try:
        code: int = getattr(commands, asked.command)(asked)
    except StackError as exc:
        print(f"local: {exc}", file=sys.stderr)
        return 1
    except PermissionError as exc:
        print(
            f"local: {exc.filename}: {exc.strerror}. It is another user's: run this as they, or "
            "choose another directory with --data.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # what we print is read by `head` or the like, and it has had enough
        sys.stderr.close()
        return 141
    return code
