"""One journal from many files: what verifies is kept once, what does not is set aside with its reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tta_bench.listening import sources
from tta_bench.listening.design import Design
from tta_bench.listening.events import Event, canonical, fault
from tta_bench.listening.sources import JOURNAL, Item, Quarantined, Reading
from tta_bench.types import UserError

CONFLICT: Final = "conflicts with another source: the same {}, other content"


@dataclass(frozen=True)
class Collection:
    """What was found in all sources."""

    events: tuple[Event, ...]
    """By session and seq, each once."""
    quarantined: tuple[Quarantined, ...]
    duplicates: int
    """Events that came more than once, equal each time."""

    @property
    def sessions(self) -> dict[str, list[Event]]:
        """Session -> its events, by seq."""
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            found[event["session"]].append(event)
        return dict(found)


def collect(design: Design, paths: Sequence[Path]) -> Collection:
    """All events of a test from downloads, databases of its server, rating sheets, and folders of these.

    The same for the same files in any order. Raises UserError for a path that does not exist.
    """
    readings = [sources.read(file, design) for file in sources.files(paths)]
    aside = [one for reading in readings for one in reading.quarantined]
    items = [item for reading in readings for item in reading.items]
    kept: list[Item] = []
    for item in items:
        reason = fault(item.event, design.rules)
        if reason is None:
            kept.append(item)
        else:
            aside.append(_aside(item, reason))
    single, n_duplicates = _once(kept)
    for same in (_place, _name):
        single = _without_conflicts(single, same, aside)
    single = _of_this_test(single, design, aside)
    ordered = sorted((item.event for item in single), key=_place)
    return Collection(tuple(ordered), tuple(sorted(set(aside))), n_duplicates)


def check_covers(folder: Path, design: Design, found: Collection) -> None:
    """Raises UserError if `folder` holds sessions that would be lost by writing `found` there."""
    if not (folder / JOURNAL).exists():
        return
    before = {item.event["session"] for item in _events_of(sources.read(folder / JOURNAL, design))}
    lost = before - found.sessions.keys()
    if lost:
        raise UserError(
            f"{folder} holds {len(lost)} sessions that these sources lack ({', '.join(sorted(lost)[:3])} ...). Add "
            f"{folder} itself to the sources to keep them, or choose another --out."
        )


def _events_of(reading: Reading) -> Iterable[Item]:
    return (item for item in reading.items if isinstance(item.event, dict) and "session" in item.event)


def _once(items: Sequence[Item]) -> tuple[list[Item], int]:
    """Each content once, and how many copies that left out; the server's copy stands for its equals."""
    found: dict[str, Item] = {}
    for item in items:
        text = canonical(item.event)
        if text not in found or (item.trusted and not found[text].trusted):
            found[text] = item
    return list(found.values()), len(items) - len(found)


def _place(event: Event) -> tuple[str, ...]:
    """Session and seq, sortable."""
    return event["session"], f"{event['seq']:020}"


def _name(event: Event) -> tuple[str, ...]:
    return (event["event"],)


def _without_conflicts(
    items: Sequence[Item], same: Callable[[Event], tuple[str, ...]], aside: list[Quarantined]
) -> list[Item]:
    """Items without those that claim one place with different content; what the server acknowledged holds its place."""
    rivals = Counter(same(item.event) for item in items)
    served = Counter(same(item.event) for item in items if item.trusted)
    kept = []
    for item in items:
        place = same(item.event)
        if rivals[place] == 1 or (item.trusted and served[place] == 1):
            kept.append(item)
        else:
            aside.append(_aside(item, CONFLICT.format("place" if same is _place else "event id")))
    return kept


def _of_this_test(items: Sequence[Item], design: Design, aside: list[Quarantined]) -> list[Item]:
    """Items of sessions that began with this very kit, on trials of their own list."""
    starts = {item.event["session"]: item.event["payload"] for item in items if item.event["type"] == "start"}
    kept = []
    for item in items:
        reason = _foreign(item.event, starts, design)
        if reason is None:
            kept.append(item)
        else:
            aside.append(_aside(item, reason))
    return kept


def _foreign(event: Event, starts: dict[str, Event], design: Design) -> str | None:
    start = starts.get(event["session"])
    if start is None:
        return "its session has no start"
    if start["test"] != design.test:
        return f"of test {start['test']}, not {design.test}"
    if start["digest"] != design.digest:
        return f"made with another version of the kit (digest {start['digest'][:12]}, not {design.digest[:12]})"
    if start["list"] >= len(design.lists):
        return f"list {start['list']} of {len(design.lists)}"
    if event["trial"] is not None and event["trial"] not in design.lists[start["list"]]:
        return f"trial {event['trial']} is not in its list {start['list']}"
    return None


def _aside(item: Item, reason: str) -> Quarantined:
    return Quarantined(item.file, item.where, reason)
