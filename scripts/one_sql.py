"""All migrations as one file for the SQL editor of a project: build/mentorkit.sql."""

from __future__ import annotations

import argparse
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
MIGRATIONS = REPO / "supabase" / "migrations"

HEAD = """\
-- mentorkit, all of it: paste this into the SQL editor of a Supabase project and run it.
-- It works on an empty project and on one that already has data, and may be run again at any time.
-- The files come from supabase/migrations, in order; nothing is left behind when one of them fails.

begin;
set local lock_timeout = '4s';
"""
TAIL = """\

commit;
notify pgrst, 'reload schema';
"""


def one_sql(migrations: Path) -> str:
    """The text of every migration, in the order of their stamps, in one transaction."""
    parts = [
        f"\n-- {'-' * 100}\n-- {file.name}\n\n{file.read_text().rstrip()}\n"
        for file in sorted(migrations.glob("*.sql"))
    ]
    return HEAD + "".join(parts) + TAIL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=REPO / "build" / "mentorkit.sql")
    output: Path = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(one_sql(MIGRATIONS))
    print(f"{output}: {output.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
