"""How many sound events captions tell of: a count that anyone can follow, with the spans that it counted, and others.

A sound event is one source that does one audible thing: "people talk and laugh" tells of two, "a man and a woman talk"
of one, "a dog barks twice" of one. A caption is cut where one event may end and the next begin, at commas and at words
such as `followed by`, `then`, `as`, `while`, `with`, `and`. A piece that names no sound, by the stems in `sounds.txt`,
belongs to the next one: "a man" in "a man and a woman talk". What is left are the events.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from tta_bench.types import Prompt, PromptSet, UserError

SOUNDS = Path(__file__).parent / "sounds.txt"
"""Stems of words that name a sound or what makes one wherever it is named, a line for each letter."""
CUT = re.compile(
    r"\b(?:(?:closely |shortly )?follow(?:ed|ing) by|(?:and|before|after) then|after which|at which|along with|"
    r"together with|in addition to|as well as|accompanied by|mixed with|interrupted by|amid(?:st)?|among(?:st)?|"
    r"alongside|then|while|whilst|as|with|before|after|and|but|over|by|during|when|near|plus|against|also|where|beside|until|"
    r"around|under|finally|later)\b|[,;:.]",
    re.IGNORECASE,
)
"""Where a new event may begin. Longer phrases come first, since they hold shorter ones."""
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
ENDINGS = ("", "e", "s", "es", "ed", "d", "ing", "er", "ers", "y", "ly", "ings")
SHORT = 3
"""Letters of the shortest stem to which an ending may be added."""
Span = tuple[int, int]


def count_events(caption: str) -> int:
    """How many sound events a caption tells of: at least one."""
    return len(event_spans(caption))


def event_spans(caption: str) -> list[Span]:
    """First character, and the one behind the last, of the words that tell of each event; of all if none is found."""
    spans: list[Span] = []
    waiting: int | None = None
    for start, stop in _pieces(caption):
        begin = start if waiting is None else waiting
        if names_a_sound(caption[start:stop]):
            spans.append((begin, stop))
            waiting = None
        elif waiting is None:
            waiting = start
    if not spans:
        return [(0, len(caption))]
    return spans


def _pieces(caption: str) -> Iterator[Span]:
    """The pieces between cuts that have a word in them."""
    start = 0
    for cut in [*CUT.finditer(caption), None]:
        stop = cut.start() if cut else len(caption)
        piece = caption[start:stop]
        if piece.strip():
            yield start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
        start = cut.end() if cut else stop


def names_a_sound(words: str) -> bool:
    """Whether any of these words names a sound, or what makes one wherever it is named."""
    return any(_stem(word) is not None for word in WORD.findall(words.lower()))


@cache
def _stem(word: str) -> str | None:
    """The stem in the list that a word is a form of: `barking` and `barks` of `bark`, `clapping` of `clap`."""
    known = _stems()
    for ending in ENDINGS:
        if not word.endswith(ending) or len(word) - len(ending) < SHORT:
            continue
        stem = word.removesuffix(ending) if ending else word
        doubled = stem[:-1] if len(stem) > SHORT and stem[-1] == stem[-2] else stem
        for form in (stem, f"{stem}e", doubled, f"{stem[:-1]}y" if stem.endswith("i") else stem):
            if form in known:
                return form
    return None


@cache
def _stems() -> frozenset[str]:
    lines = SOUNDS.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def count_labels(prompt: Prompt) -> int | None:
    """How many AudioSet labels the prompt's recording has, by the first of the columns `LABELS` that there is.

    A JSON list of texts, an object by label, ids between commas, or names between semicolons. UserError for others.
    """
    found = next((prompt.fields[name] for name in LABELS if prompt.fields.get(name)), None)
    if found is None:
        return None
    if not found.startswith(("[", "{")):
        parts = [part.strip() for part in found.split(",") if part.strip()]
        # Names of classes may hold commas, their ids do not.
        return len(parts) if all(part.startswith("/") for part in parts) else len(found.split(";"))
    try:
        labels = json.loads(found)
    except ValueError as error:
        raise UserError(
            f"The labels of prompt {prompt.id!r} are no JSON: {found[:60]!r}. Write a list of texts."
        ) from error
    if not all(isinstance(label, str) and label.strip() for label in labels):
        raise UserError(f"The labels of prompt {prompt.id!r} are no list of texts: {found[:60]!r}.")
    return len(labels)


LABELS = ("audioset_labels", "labels", "seg_label", "audioset_positive_labels", "event")
COUNTS: Mapping[str, Callable[[Prompt], int | None]] = {
    "annotated": lambda prompt: prompt.n_events,
    "clauses": lambda prompt: count_events(prompt.text),
    "labels": count_labels,
}
"""By name: what the prompt file says, what the caption says, how many labels of AudioSet the recording has."""
REMARKS = {
    "clauses": "events are counted in the captions, by their clauses",
    "labels": "events are counted by the AudioSet labels of the recordings",
}
"""What a reader of the numbers should know of a count that no person made."""


def counted(prompts: PromptSet, how: str) -> PromptSet:
    """The prompts with their events counted in that way of `COUNTS`. UserError if it says nothing of any of them."""
    found = tuple(replace(prompt, n_events=COUNTS[how](prompt)) for prompt in prompts.prompts)
    if all(prompt.n_events is None for prompt in found):
        columns = {"annotated": "n_events, event_count or num_events", "labels": ", ".join(LABELS)}[how]
        raise UserError(
            f"The prompts of {prompts.name!r} cannot be counted by what is {how!r}: they have no column {columns}. "
            "Count them in the captions, with --count clauses."
        )
    return PromptSet(prompts.name, found)


def told_apart(prompts: PromptSet, how: str, by: Sequence[str]) -> PromptSet:
    """The prompts counted in that way, with the field `temporal` if it is among `by`.

    Raises UserError for a field of `by` that there is not.
    """
    found = counted(prompts, how)
    if "temporal" in by:
        found = with_temporal(found)
    known = {field for prompt in found.prompts for field in prompt.fields} | {"temporal"}
    if unknown := [field for field in by if field not in known]:
        raise UserError(
            f"The prompts of {prompts.name!r} have no column {unknown[0]!r} to tell scores apart by. There are: "
            f"{', '.join(sorted(known))}."
        )
    return found


def way_of(prompts: PromptSet) -> str:
    """`annotated` where the prompts say how many events they have, else `clauses`."""
    return "annotated" if any(prompt.n_events for prompt in prompts.prompts) else "clauses"


def with_temporal(prompts: PromptSet) -> PromptSet:
    """The prompts with a field `temporal`, `multi` or `single` by Tango's rule."""
    told = {True: "multi", False: "single"}
    return PromptSet(
        prompts.name,
        tuple(
            replace(prompt, fields={**prompt.fields, "temporal": told[is_temporal(prompt.text)]})
            for prompt in prompts.prompts
        ),
    )


def is_temporal(caption: str) -> bool:
    """Tango's rule for captions of several events (Table 3 of https://arxiv.org/abs/2304.13731): five words."""
    return bool(TEMPORAL & set(WORD.findall(caption.lower())))


TEMPORAL = frozenset({"while", "before", "after", "then", "followed"})
