"""Random schedules: hours, single dates, sessions, zones, limits, near clock changes more often."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.free_time.oracle import DAY, SPAN, Booked, Caps, Hours, Override, Schedule

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
)
# Days around which some of these zones change their clocks, next to ordinary ones.
SPECIAL_DAYS = tuple(
    datetime(*day, tzinfo=UTC)
    for day in (
        (2027, 3, 13), (2027, 3, 27), (2027, 4, 2), (2027, 4, 3), (2027, 4, 29), (2027, 9, 4),
        (2027, 9, 25), (2027, 10, 2), (2027, 10, 28), (2027, 10, 30), (2027, 11, 6),
    )
)  # fmt: skip

quarter_hours = st.integers(0, DAY // 15).map(lambda n: n * 15)


@st.composite
def local_hours(draw: DrawFn) -> tuple[int, int]:
    opens = draw(quarter_hours.filter(lambda m: m < DAY))
    return opens, draw(st.integers(opens // 15 + 1, DAY // 15)) * 15


def weekly(weekday: int, times: tuple[int, int], first: date | None, last: date | None) -> Hours:
    return Hours(weekday, *times, valid_from=first, valid_until=last)


def sessions(buffers: int) -> SearchStrategy[tuple[Booked, ...]]:
    """Sessions of one person that are far enough apart, within a month of the origin."""
    near = st.integers(-DAY // 5, (SPAN + DAY) // 5)
    far = st.integers(-20 * DAY // 5, 20 * DAY // 5)
    start = st.one_of(near, near, far).map(lambda n: n * 5)
    one = st.builds(Booked, start=start, minutes=st.sampled_from((30, 60, 90, 120)))

    def apart(wished: list[Booked]) -> tuple[Booked, ...]:
        kept: list[Booked] = []
        for new in sorted(wished, key=lambda session: session.start):
            if not kept or kept[-1].start + kept[-1].minutes + buffers <= new.start:
                kept.append(new)
        return tuple(kept)

    return st.lists(one, max_size=8).map(apart)


@st.composite
def schedules(draw: DrawFn, now: datetime) -> Schedule:
    """A schedule that lies ahead of `now`."""
    origin = draw(
        st.one_of(
            st.sampled_from(SPECIAL_DAYS),
            st.integers(3, 300).map(
                lambda n: now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=n)
            ),
        )
    )
    day = origin.date()
    dates = st.integers(-1, 3).map(lambda n: day + timedelta(days=n))
    hours = draw(
        st.lists(
            st.builds(
                weekly,
                st.integers(1, 7),
                local_hours(),
                st.none() | st.just(day),
                st.none() | st.just(day + timedelta(days=1)),
            ),
            max_size=14,
        )
    )
    overrides = draw(
        st.lists(
            st.one_of(
                st.builds(Override, dates),
                st.builds(lambda on, times: Override(on, *times), dates, local_hours()),
            ),
            max_size=3,
        )
    )
    before, after = draw(st.sampled_from((0, 5, 15, 60))), draw(st.sampled_from((0, 5, 10, 45)))
    ahead = int((origin - now).total_seconds()) // 60
    cap = st.none() | st.integers(1, 4)
    minutes = st.none() | st.sampled_from((30, 60, 120, 240))
    return Schedule(
        zone=draw(st.sampled_from(ZONES)),
        origin=origin,
        clock=now,
        duration=draw(st.sampled_from((30, 60, 90, 120))),
        hours=tuple(hours),
        overrides=tuple(overrides),
        booked=draw(sessions(before + after)),
        yours=draw(sessions(0)),
        before=before,
        after=after,
        notice=draw(st.just(0) | st.integers(ahead, ahead + SPAN).filter(lambda m: m <= 525_600)),
        window_days=draw(st.none() | st.integers(max(1, ahead // DAY), ahead // DAY + 2)),
        caps=Caps(draw(st.tuples(cap, cap, cap)), draw(st.tuples(minutes, minutes, minutes))),
    )
