"""The figures of the service for the county's monitoring, as Prometheus reads them: counts and times by route.

With several workers each writes its figures into a folder they share, and whichever is asked adds them up.
"""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["CONTENT_TYPE", "Figures"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Figures:
    """What is counted: requests by method, route and status, how long they took, and which publication is served."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "jiexiang_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "jiexiang_request_seconds", "Time to answer", ("route",), buckets=SECONDS, registry=self.registry
        )
        self._grids = Gauge("jiexiang_grids", "Grids in force", registry=self.registry, multiprocess_mode="mostrecent")
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (method if method in METHODS else "other", route, status)
        if key not in self._children:
            self._children[key] = self._requests.labels(*map(str, key)), self._seconds.labels(route)
        requests, times = self._children[key]
        requests.inc()
        times.observe(seconds)

    def serve(self, grids: int) -> None:
        """Note how many grids are in force."""
        self._grids.set(grids)

    def write(self) -> bytes:
        """Write all figures."""
        if SHARED_FOLDER not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # it publishes no types
        return generate_latest(together)
