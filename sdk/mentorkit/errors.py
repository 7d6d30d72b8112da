"""Everything mentorkit raises on purpose.

```
MentorkitError
├── Refused                      the database or auth said no; nothing was changed
│   ├── NotSignedIn              sign in (again) first
│   ├── NotAllowed               you may not do this
│   ├── NotFound                 it does not exist, or not for you
│   ├── Invalid                  what was sent cannot be right, whoever sends it
│   │   └── ReasonRequired, TimeInPast, ...
│   ├── Conflict                 it was right once; somebody or some time came before you
│   │   └── SlotTaken, OutsideHours, RequestNotPending, RequestLapsed, BadTransition
│   └── TooMany                  a limit; try later
├── Unavailable                  the network or the server; trying again may help (`retry_after`)
│   └── RateLimited
├── Misconfigured                a person has to change something: URL, key, migrations
│   └── WrongKey, NotSupabase, SchemaTooOld
├── BadAnswer                    the server answered what no version of it should
├── RoomRefused                  the signaling server did not let you in, or not do that
├── TooSlow                      a watcher with overflow "raise" fell behind
└── Closed                       the client was used after it was closed
```

Branch on the class or on `.code`; never on the text, which is for people and may change.
`BY_CODE` names the class of every code the database raises.
"""

from __future__ import annotations


class MentorkitError(Exception):
    """Something did not work."""

    code: str = "error"
    """What to branch on: stable, snake_case."""

    def __init__(self, message: str | None = None, *, code: str | None = None) -> None:
        self.message = message or (self.__doc__ or "").strip()
        if code is not None:
            self.code = code
        super().__init__(self.message)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments would be lost: tasks of a pool hand errors over pickled.
        return (_restored, (type(self), self.args, dict(self.__dict__)))


def _restored(
    kind: type[MentorkitError], args: tuple[object, ...], state: dict[str, object]
) -> MentorkitError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class Refused(MentorkitError):
    """The request was refused."""

    code = "refused"


class NotSignedIn(Refused):
    """Sign in first."""

    code = "not_signed_in"


class WrongCredentials(NotSignedIn):
    """The e-mail address or the password is wrong."""

    code = "invalid_credentials"


class NotAllowed(Refused):
    """You may not do this."""

    code = "not_allowed"


class NotFound(Refused):
    """There is no such thing, or you may not see it."""

    code = "not_found"


class Invalid(Refused):
    """What was sent cannot be accepted."""

    code = "invalid"


class ReasonRequired(Invalid):
    """Rejecting needs a reason that the student can read."""

    code = "reason_required"


class TimeInPast(Invalid):
    """The time has already passed."""

    code = "time_in_past"


class NotAMentor(Invalid):
    """This person does not teach."""

    code = "not_a_mentor"


class Conflict(Refused):
    """Something changed before you."""

    code = "conflict"


class SlotTaken(Conflict):
    """One of the two is already busy at that time."""

    code = "slot_taken"


class RequestNotPending(Conflict):
    """The request has already been answered or withdrawn."""

    code = "request_not_pending"


class RequestLapsed(Conflict):
    """The request's time passed before it was answered."""

    code = "request_lapsed"


class BadTransition(Conflict):
    """A session or request cannot go from its present status to that one."""

    code = "bad_transition"


class OutsideHours(Conflict):
    """The mentor is not available at that time."""

    code = "outside_hours"


class TooMany(Refused):
    """A limit is reached; try again later."""

    code = "too_many"


class Unavailable(MentorkitError):
    """The server could not be reached.

    `retry_after` is the server's own wish in seconds, or None. `maybe_done` says that a write
    may have happened although its answer was lost: look before doing it again.
    """

    code = "unavailable"

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        retry_after: float | None = None,
        maybe_done: bool = False,
    ) -> None:
        super().__init__(message or "The server could not be reached; try again.", code=code)
        self.retry_after = retry_after
        self.maybe_done = maybe_done


class RateLimited(Unavailable):
    """The server asks to slow down; `retry_after` says for how long."""

    code = "rate_limited"


class Misconfigured(MentorkitError):
    """The URL, the key or the database is not what this client needs."""

    code = "misconfigured"


class WrongKey(Misconfigured):
    """The API key was not accepted: copy the publishable key of this project again."""

    code = "wrong_key"


class NotSupabase(Misconfigured):
    """What answered at the URL is not Supabase: check SUPABASE_URL, proxies, log-in pages."""

    code = "not_supabase"


class SchemaTooOld(Misconfigured):
    """The database lacks what this version needs: deploy the migrations (`supabase db push`)."""

    code = "schema_too_old"


class BadAnswer(MentorkitError):
    """The server answered in a way this version cannot read: upgrade mentorkit, or report it."""

    code = "bad_answer"


class RoomRefused(MentorkitError):
    """The signaling server refused."""

    code = "room_refused"


class TooSlow(MentorkitError):
    """More changes came than the buffer holds and the watcher was told to raise."""

    code = "too_slow"


class Closed(MentorkitError):
    """The client is closed."""

    code = "closed"


BY_CODE: dict[str, type[MentorkitError]] = {
    "already_rated": Conflict,
    "bad_answer": Invalid,
    "bad_bulk": Invalid,
    "bad_duration": Invalid,
    "bad_rating": Invalid,
    "bad_scope": Invalid,
    "bad_search": Invalid,
    "bad_series": Invalid,
    "bad_side": Invalid,
    "bad_subscription": Invalid,
    "bad_transition": BadTransition,
    "bad_url": Invalid,
    "bad_window": Invalid,
    "cap_reached": Conflict,
    "delivery_under_way": Conflict,
    "fixed_field": NotAllowed,
    "history_is_final": NotAllowed,
    "key_reused": Conflict,
    "link_expired": Conflict,
    "link_unknown": NotFound,
    "link_used": Conflict,
    "name_required": Invalid,
    "no_free_room": Unavailable,
    "not_a_mentor": NotAMentor,
    "not_allowed": NotAllowed,
    "not_found": NotFound,
    "not_rateable": Conflict,
    "not_signed_in": NotSignedIn,
    "notes_closed": Conflict,
    "outside_hours": OutsideHours,
    "proposal_lapsed": Conflict,
    "proposal_not_pending": Conflict,
    "rating_closed": Conflict,
    "reason_required": ReasonRequired,
    "request_lapsed": RequestLapsed,
    "request_not_pending": RequestNotPending,
    "self_request": Invalid,
    "series_clash": Conflict,
    "slot_taken": SlotTaken,
    "text_too_long": Invalid,
    "time_in_past": TimeInPast,
    "time_not_on_minute": Invalid,
    "title_required": Invalid,
    "too_early": Conflict,
    "too_far_ahead": Conflict,
    "too_late_to_cancel": Conflict,
    "too_many_endpoints": TooMany,
    "too_many_feeds": TooMany,
    "too_many_open_requests": TooMany,
    "too_many_subscriptions": TooMany,
    "too_soon": Conflict,
    "unknown_subject": Invalid,
    "unknown_time_zone": Invalid,
}
"""The class of each code that the database raises; docs/errors.md says when it does."""
