"""What `/metrics` shows, in Prometheus' text format.

`relayed` is a plain number because it is counted on the path of every signal; a collector reads it.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics(Collector):
    """One node's numbers."""

    def __init__(self, gauges: Callable[[], dict[str, tuple[str, float]]]) -> None:
        self.relayed = 0
        self._gauges = gauges
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._refused = Counter(
            "signaling_refused", "Requests refused, by code", ["code"], registry=self._registry
        )
        self._left = Counter(
            "signaling_left",
            "Peers that left a room, by reason",
            ["reason"],
            registry=self._registry,
        )
        self.joins = Histogram(
            "signaling_join_seconds",
            "Time to decide a join, the database included",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.admissions = Histogram(
            "signaling_admission_seconds",
            "Time to verify the token of a connection",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.crossings = Histogram(
            "signaling_crossing_seconds",
            "Time until another node confirmed signals",
            buckets=_SECONDS,
            registry=self._registry,
        )

    def refused(self, code: str) -> None:
        self._refused.labels(code).inc()

    def left(self, reason: str) -> None:
        self._left.labels(reason).inc()

    def collect(self) -> Iterator[Metric]:
        """Called by the registry at each scrape."""
        yield CounterMetricFamily("signaling_relayed", "Signals relayed", value=self.relayed)
        for name, (text, value) in self._gauges().items():
            yield GaugeMetricFamily(f"signaling_{name}", text, value=value)

    def render(self) -> bytes:
        return generate_latest(self._registry)
