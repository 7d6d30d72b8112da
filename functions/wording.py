"""The languages the functions speak. Each is one file in `locales/` with the same keys."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LOCALES = Path(__file__).with_name("locales")
FALLBACK = "en"


@dataclass(frozen=True)
class Wording:
    """Sentences of one language, found by dotted keys."""

    language: str
    texts: dict[str, Any]

    def say(self, key: str, **values: object) -> str:
        """The sentence for a key with its places filled."""
        found = self._find(key)
        if not isinstance(found, str):
            raise KeyError(key)
        return found.format_map(values) if values else found

    def has(self, key: str) -> bool:
        """Whether there is a sentence for this key."""
        return isinstance(self._find(key), str | dict)

    def date(self, moment: datetime, zone: str) -> str:
        """A day as people write it, in the given zone."""
        local = moment.astimezone(ZoneInfo(zone))
        return self.say(
            "date",
            weekday=self.texts["weekdays"][local.weekday()],
            day=local.day,
            month=self.texts["months"][local.month - 1],
            year=local.year,
        )

    def when(self, start: datetime, end: datetime, zone: str) -> str:
        """Day, start, end and zone of a session."""
        info = ZoneInfo(zone)
        return self.say(
            "when",
            date=self.date(start, zone),
            start=f"{start.astimezone(info):%H:%M}",
            end=f"{end.astimezone(info):%H:%M}",
            zone=zone,
        )

    def ahead(self, wait: timedelta) -> str:
        """How far away something is: "in 10 minutes", "in one hour", "in one day"."""
        minutes = round(wait.total_seconds() / 60)
        if minutes < 1:
            return self.say("ahead_now")
        for key, size in (("ahead_days", 1440), ("ahead_hours", 60), ("ahead_minutes", 1)):
            count = round(minutes / size)
            # Half an hour off a day does not matter; five minutes off an hour do.
            if count >= 1 and abs(count * size - minutes) <= size // 24:
                return self._counted(key, count)
        return self._counted("ahead_minutes", minutes)

    def _counted(self, key: str, count: int) -> str:
        forms = self.texts[key]
        return str(forms["one" if count == 1 else "other"]).format(count=count)

    def _find(self, key: str) -> Any:
        found: Any = self.texts
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found


@cache
def languages() -> tuple[str, ...]:
    """The languages there are, by their two letters."""
    return tuple(sorted(path.stem for path in LOCALES.glob("*.json")))


def wording(locale: str) -> Wording:
    """The language of a locale such as de-AT; English when there is none."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return _load(language if language in languages() else FALLBACK)


@cache
def _load(language: str) -> Wording:
    path = LOCALES / f"{language}.json"
    return Wording(language, json.loads(path.read_text(encoding="utf-8")))
