"""What the functions answer when they refuse.

Refused            a caller gets status, code and message
DeliveryFailed     one delivery did not work; `permanent` says whether to try again
BadSettings        a deployment cannot start
"""


class BadSettings(ValueError):
    """The settings are incomplete or contradict each other."""


class Refused(Exception):
    """A request that is answered with an error: `code` is stable, `message` is for people."""

    def __init__(self, code: str, message: str = "", status: int = 0) -> None:
        known_status, sentence = REFUSALS.get(code, (400, "The request was refused."))
        self.code = code
        self.status = status or known_status
        self.message = message or sentence
        super().__init__(self.message)


class DeliveryFailed(Exception):
    """A delivery did not reach its target."""

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        bounced: bool = False,
        gone: bool = False,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.bounced = bounced
        """The mailbox does not exist: the address is not written to again."""
        self.gone = gone
        """The push subscription or endpoint no longer exists."""
        self.status = status
        self.retry_after = retry_after


REFUSALS: dict[str, tuple[int, str]] = {
    "bad_body": (400, "The body is not what this function takes."),
    "bad_path": (400, "The address holds a value of the wrong form."),
    "body_too_large": (413, "The body is too large."),
    "wrong_secret": (401, "This function needs its secret as bearer token."),
    "not_signed_in": (401, "Sign in first: send your access token as bearer token."),
    "not_found": (404, "There is nothing here."),
    "method_not_allowed": (405, "This address does not take that method."),
    "feed_not_found": (404, "There is no such calendar."),
    "link_invalid": (400, "This link is not valid."),
    "link_expired": (410, "This link has expired."),
    "link_used": (409, "This link has been used."),
    "reason_required": (400, "Please give a reason."),
    "bad_answer": (400, "Answer with approve or reject."),
    "bad_url": (400, "That is not a usable https URL."),
    "address_refused": (400, "That host may not be called from here."),
    "host_unknown": (400, "That host has no address."),
    "push_off": (404, "Web push is not set up here."),
    "database_unavailable": (503, "The database cannot be reached right now."),
    "unexpected": (500, "Something went wrong here."),
}
"""Codes of the functions themselves; codes of the database pass through unchanged."""
