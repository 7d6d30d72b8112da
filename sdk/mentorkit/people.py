"""The values that tell who somebody is, and what is taught."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from mentorkit._rows import Row, maybe


@dataclass(frozen=True, slots=True)
class User:
    """Who is signed in."""

    id: UUID
    email: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is taught."""

    id: UUID
    name: str
    description: str | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `subjects`."""
        return cls(UUID(row["id"]), row["name"], row.get("description"))


@dataclass(frozen=True, slots=True)
class Mentor:
    """Someone who teaches. `rating` is 1 to 5, or None until somebody rated them."""

    id: UUID
    name: str
    bio: str | None
    rating: float | None
    rating_count: int
    total_sessions_taught: int
    time_zone: str
    subjects: tuple[Subject, ...] = ()

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of the view `mentors`."""
        return cls(
            id=UUID(row["id"]),
            name=row["name"],
            bio=row.get("bio"),
            rating=maybe(float, row["rating"]),
            rating_count=row["rating_count"],
            total_sessions_taught=row["total_sessions_taught"],
            time_zone=row["time_zone"],
            subjects=tuple(Subject.from_row(subject) for subject in row.get("subjects") or ()),
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What others may know about a user."""

    id: UUID
    name: str
    bio: str | None
    is_mentor: bool
    rating: float | None
    rating_count: int
    total_sessions_taught: int
    time_zone: str

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `profiles`."""
        return cls(
            id=UUID(row["id"]),
            name=row["name"],
            bio=row["bio"],
            is_mentor=row["is_mentor"],
            rating=maybe(float, row["rating"]),
            rating_count=row["rating_count"],
            total_sessions_taught=row["total_sessions_taught"],
            time_zone=row["time_zone"],
        )


@dataclass(frozen=True, slots=True)
class Person:
    """One of the two people of a request, as the other one may see them.

    `rating` is 1 to 5, or None until somebody rated them.
    """

    id: UUID
    name: str
    rating: float | None
    rating_count: int

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `profiles`."""
        return cls(UUID(row["id"]), row["name"], maybe(float, row["rating"]), row["rating_count"])
