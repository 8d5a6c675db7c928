"""One event in words: a wording of its class, with some of its traits and how often it is heard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import numpy as np

from tta_bench.scenes.scene import Part
from tta_bench.scenes.sounds import SOUNDS
from tta_bench.scenes.wordings import DISTANCE, WORDINGS
from tta_bench.scenes.wordings.names import NAMES

Form = Literal["clause", "plain", "going", "noun"]
"""`a dog barks` or, where that is as true, `is barking`; `a dog barks`; `a dog is barking`; `the barking of a dog`."""

Wording = Literal["seen", "held out", "rich"]
"""Words that any caption may use; those of test scenes alone; and in half of the cases many more than the former, for
generators that are to understand free prompts."""

_NUMBERS = ("", "one", "two", "three", "four", "five")
_OFTEN = ("repeatedly", "again and again", "over and over", "several times")


def say(rng: np.random.Generator, part: Part, form: Form, *, wordings: Wording, talkative: float) -> str:
    """An event in this form; each of its traits is spoken of with a probability of `talkative`, where words allow."""
    more = wordings == "rich" and rng.random() < 0.5
    texts = _fitting(part, _texts(part.sound, "more" if more else wordings))
    clauses, nouns = [text for text in texts if "[" in text], [text for text in texts if "[" not in text]
    wanted, others = (nouns, clauses) if form == "noun" else (clauses, nouns)
    chosen = wanted if wanted and (not others or rng.random() < (0.7 if form == "noun" else 0.9)) else others
    text = chosen[rng.integers(len(chosen))]
    phrases = _phrases(rng, part, text, talkative)
    text = text.rpartition(": ")[2]
    return _clause(rng, part, text, form, phrases) if "[" in text else _noun(part, text, form, phrases)


def _texts(name: str, wordings: Wording | Literal["more"]) -> Sequence[str]:
    if wordings == "more":
        return _more(name)
    return WORDINGS[name].held_out if wordings == "held out" else WORDINGS[name].seen


@cache
def _more(name: str) -> Sequence[str]:
    return NAMES[name].wordings(countable=SOUNDS[name].countable)


def _fitting(part: Part, texts: Sequence[str]) -> list[str]:
    """The wordings that are true of an event: one bark is no `barking`, and three are not either."""
    several_or_long = not SOUNDS[part.sound].countable or (part.times > 1 and not part.counted)
    return [text for text in texts if _holds(text, part.traits) and ("[" in text or "<" in text or several_or_long)]


def _holds(text: str, traits: Mapping[str, str]) -> bool:
    """Whether a wording's condition, if it has one, is that of the event."""
    condition = re.match(r"if (.+)=(.+): ", text)
    return condition is None or traits[condition[1]] == condition[2]


def _phrases(rng: np.random.Generator, part: Part, text: str, talkative: float) -> dict[str, str]:
    """Slot -> what it is filled with: no slot twice, and no trait that the wording tells by itself."""
    slots = {*re.findall(r"\{(\w+)", text), "where"} | ({"how"} if "[" in text else set())
    known = {"distance": DISTANCE if part.step is not None else {}} | dict(WORDINGS[part.sound].traits)
    said: dict[str, str] = {}
    for trait in rng.permutation(sorted(known)).tolist():
        # That something is far away changes how it sounds more than any other trait of it.
        likely = max(0.6, talkative) if part.traits[trait] == "far" else talkative
        options = [phrase.split(" ", 1) for phrase in known[trait].get(part.traits[trait], ())]
        options = [option for option in options if option[0] in slots - set(said)]
        native = trait in SOUNDS[part.sound].traits or part.traits[trait] == "far"
        if options and native and f"if {trait}=" not in text and rng.random() < likely:
            slot, phrase = options[rng.integers(len(options))]
            said[slot] = phrase
    return said


def _filled(text: str, phrases: Mapping[str, str]) -> str:
    """The wording with its slots filled: `{noun:gun}` is a gun where no phrase names another."""
    return re.sub(r"\{(\w+):?(\w*)\}", lambda slot: phrases.get(slot[1], slot[2]), text)


def _clause(rng: np.random.Generator, part: Part, text: str, form: Form, phrases: Mapping[str, str]) -> str:
    """`a small dog barks twice in the distance`."""
    lively = part.counted or (part.times == 1 and SOUNDS[part.sound].countable)
    going = form == "going" or (form == "clause" and rng.random() < 0.4)
    continuing = form == "noun" or (going and not lively)
    # `glasses shatter repeatedly`, but `a dog gives repeated barks`.
    object_counted = text.find("<") > text.find("[")
    often = "" if "<" in text and (part.counted or object_counted) else _often(rng, part)
    text = _numbered(text, part, repeated="repeated" if object_counted else "")
    text = re.sub(r"\[(.*)\|(.*)\]", r"\2" if continuing else r"\1", text)
    if form == "noun":
        text = re.sub(r"\b(is|are) ", "", text, count=1)
    how = "" if "{how}" in text else phrases.get("how", "")
    # A long adverb comes last: `honks twice at a low pitch`, but `honks briefly twice`.
    tail = [often, how] if " " in how else [how, often]
    return _spaced(_filled(text, phrases), *tail, phrases.get("where", ""))


def _numbered(text: str, part: Part, *, repeated: str) -> str:
    """The wording with what it counts in the singular, or in the plural with its number."""
    many = _NUMBERS[part.times] if part.counted else repeated
    return re.sub(r"<(.*)\|\|(.*)>", r"a \1" if part.times == 1 else rf"{many} \2", text)


def _often(rng: np.random.Generator, part: Part) -> str:
    if part.times == 1:
        return ""
    if not part.counted:
        return _OFTEN[rng.integers(len(_OFTEN))]
    if part.times == 2 and rng.random() < 0.6:
        return "twice"
    return f"{_NUMBERS[part.times]} times"


def _noun(part: Part, text: str, form: Form, phrases: Mapping[str, str]) -> str:
    """`three barks of a small dog in the distance`, and as a clause, that they can be heard."""
    text = _numbered(text, part, repeated="repeated")
    verb = "" if form == "noun" else "can be heard"
    return _spaced(_filled(text, phrases), phrases.get("where", ""), verb)


def _spaced(*words: str) -> str:
    return " ".join(" ".join(words).split())
