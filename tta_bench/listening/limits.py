"""How much a server takes in from one side, and which list it hands out next. No wall clock is read: it may jump."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from tta_bench.listening.database import Place

Clock = Callable[[], float]
"""Seconds that only grow."""
REMEMBERED: Final = 10_000
"""Buckets kept. Who makes the server forget the oldest only fills a bucket that is full again by then, or nearly."""


@dataclass(frozen=True)
class Rate:
    """How often something may be done."""

    per_second: float
    burst: int
    """So many at once, after a pause."""


@final
class Buckets:
    """A token bucket for each name; names live in memory only."""

    def __init__(self, rate: Rate, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> float:
        """Seconds until a token will be there; 0.0 if one was taken."""
        now = self._clock()
        level, then = self._levels.pop(name, (float(self._rate.burst), now))
        level = min(self._rate.burst, level + (now - then) * self._rate.per_second)
        taken = level >= 1
        self._levels[name] = (level - taken, now)
        if len(self._levels) > REMEMBERED:
            self._levels.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._rate.per_second


@final
class Leases:
    """Which lists are being filled. A list is lent to a session as long as that is heard of now and then."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._started = clock()
        self._heard: dict[str, float] = {}

    def renew(self, session: str) -> None:
        """Starts the lease of a session anew."""
        self._heard[session] = self._clock()

    def least_filled(self, n_lists: int, places: Sequence[Place]) -> int:
        """The list with the fewest sessions that are finished or may yet finish; the first of several. Sessions from
        before the server's start are taken as heard of then."""
        now = self._clock()
        filled = Counter(
            place.list
            for place in places
            if place.finished or now - self._heard.get(place.session, self._started) < self._seconds
        )
        return min(range(n_lists), key=lambda number: filled[number])


def side(host: str) -> str:
    """Whose requests are counted together: an IPv4 address, or the /64 network in which one IPv6 host may hop."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False).network_address)
