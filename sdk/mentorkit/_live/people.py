"""Who the people of a row are: realtime sends their ids only."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from mentorkit import _columns
from mentorkit._calls import Call
from mentorkit._rows import many
from mentorkit.people import Person

REMEMBERED = 1000
"""People that a watch keeps in mind; beyond that it asks again."""


class Runs(Protocol):
    """Sends calls as the user who watches."""

    async def run(self, call: Call[Any]) -> Any: ...


class People:
    """Fills in `student` and `mentor`, asking for each person once."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known: dict[UUID, Person | None] = {}

    def learn(self, rows: Iterable[Any]) -> None:
        """Remember whom rows that were read tell of."""
        for row in rows:
            for person in (row.student, row.mentor):
                if person is not None:
                    self._known[person.id] = person

    async def fill(self, row: Any) -> Any:
        """The row with its people; None stands for an account that is gone."""
        if len(self._known) > REMEMBERED:
            self._known.clear()
        both = (row.student_id, row.mentor_id)
        missing = [str(person) for person in both if person not in self._known]
        if missing:
            call = Call(
                lambda db: db.from_("profiles").select(_columns.PERSON).in_("id", missing),
                many(Person.from_row),
            )
            found = {person.id: person for person in await self._runs.run(call)}
            self._known |= {person: found.get(person) for person in both if str(person) in missing}
        student, mentor = (self._known[person] for person in both)
        return dataclasses.replace(row, student=student, mentor=mentor)
