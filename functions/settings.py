"""What the functions have to be told. Nothing here reads the environment: `from_mapping` is given
one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from urllib.parse import urlsplit

from functions.errors import BadSettings


@dataclass(frozen=True)
class Settings:
    """Everything one deployment needs; `docs/functions.md` tells what each value is for."""

    supabase_url: str
    """The project's URL, without a path: https://<ref>.supabase.co."""
    secret_key: str
    """Secret (or legacy service_role) key; used for timed work and signed links only."""
    publishable_key: str
    """Publishable (or legacy anon) key; sent beside the token of a signed-in caller."""
    public_url: str
    """Where people reach these functions; links in mail begin with it."""
    signing_key: str
    """Signs the links in mail. At least 32 characters; a new key makes sent links void."""
    timed_work_secret: str
    """What a scheduler sends as bearer token. At least 16 characters."""
    app_url: str = ""
    """The dashboard that mails link to; no link when empty."""
    mail_from: str = "mentorkit <no-reply@mentorkit.invalid>"
    reply_to: str = ""
    smtp_url: str = ""
    """smtp://[user:password@]host[:port] (STARTTLS when offered) or smtps://; no mail when
    empty."""
    mail_api_url: str = ""
    """Instead of SMTP: a mail provider's HTTP endpoint, see `functions/mail_api.py`."""
    mail_api_key: str = ""
    vapid_private_key: str = ""
    """base64url of the 32 private bytes (P-256); no push when empty."""
    vapid_subject: str = ""
    """mailto: or https: contact that push services may use."""
    allow_private_targets: bool = False
    """Let webhooks and push reach loopback and private addresses by http: development only."""
    body_limit: int = 64 * 1024
    batch: int = 100
    parallel: int = 8
    """Deliveries under way at once in one worker."""
    lease: timedelta = timedelta(seconds=60)
    """How long a claim holds; a killed worker's items are taken over after it."""
    send_timeout: timedelta = timedelta(seconds=15)
    work_time: timedelta = timedelta(seconds=45)
    """One call of `deliver` stops claiming after this long."""

    def __post_init__(self) -> None:
        for name in ("supabase_url", "public_url"):
            if urlsplit(getattr(self, name)).scheme not in ("http", "https"):
                raise BadSettings(f"{name} must be an http or https URL")
            object.__setattr__(self, name, getattr(self, name).rstrip("/"))
        if len(self.signing_key) < 32:
            raise BadSettings("signing_key must have at least 32 characters")
        if len(self.timed_work_secret) < 16:
            raise BadSettings("timed_work_secret must have at least 16 characters")
        if self.lease <= self.send_timeout:
            raise BadSettings("lease must be longer than send_timeout, or an item is sent twice")
        if self.smtp_url and urlsplit(self.smtp_url).scheme not in ("smtp", "smtps"):
            raise BadSettings("smtp_url must begin with smtp:// or smtps://")

    @classmethod
    def from_mapping(cls, env: Mapping[str, str]) -> Self:
        """Settings from environment variables; the error names every missing one."""
        missing = [name for name in REQUIRED if not env.get(name)]
        if missing:
            raise BadSettings(f"not set: {', '.join(missing)}")
        return cls(
            supabase_url=env["SUPABASE_URL"],
            secret_key=env["SUPABASE_SECRET_KEY"],
            publishable_key=env["SUPABASE_PUBLISHABLE_KEY"],
            public_url=env["FUNCTIONS_URL"],
            signing_key=env["MENTORKIT_SIGNING_KEY"],
            timed_work_secret=env["MENTORKIT_TIMED_WORK_SECRET"],
            app_url=env.get("WEB_URL", ""),
            mail_from=env.get("MENTORKIT_MAIL_FROM") or cls.mail_from,
            reply_to=env.get("MENTORKIT_REPLY_TO", ""),
            smtp_url=env.get("MENTORKIT_SMTP_URL", ""),
            mail_api_url=env.get("MENTORKIT_MAIL_API_URL", ""),
            mail_api_key=env.get("MENTORKIT_MAIL_API_KEY", ""),
            vapid_private_key=env.get("MENTORKIT_VAPID_PRIVATE_KEY", ""),
            vapid_subject=env.get("MENTORKIT_VAPID_SUBJECT", ""),
            allow_private_targets=env.get("MENTORKIT_ALLOW_PRIVATE_TARGETS", "") == "1",
        )


REQUIRED = (
    "SUPABASE_URL",
    "SUPABASE_SECRET_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "FUNCTIONS_URL",
    "MENTORKIT_SIGNING_KEY",
    "MENTORKIT_TIMED_WORK_SECRET",
)
