"""What the command line says of a test, as the records that it means, or a refusal that says what may be said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tta_bench.listening import texts
from tta_bench.listening.spec import KINDS, PARTICIPANT, Axis, Checks, Kind, Sounding, axes_of
from tta_bench.types import UserError

MOST_CHECKS = 8
"""Pages of one kind that train or check a rater in one list."""
LOUDEST, SOFTEST = -14.0, -40.0
"""LUFS that the clips of a test may be brought to."""
PROLIFIC = "https://app.prolific.com/submissions/complete?cc="
Headphones = Literal["none", "huggins", "antiphase"]


def choose(value: str, known: Sequence[str], option: str) -> str:
    """The value, if it is one of those known. Raises UserError naming them otherwise."""
    if value not in known:
        raise UserError(f"{option} is {value!r}. There are: {', '.join(known)}.")
    return value


def kind(value: str) -> Kind:
    """A kind of test."""
    return cast(Kind, choose(value, tuple(KINDS), "--kind"))


def headphones(value: str) -> Headphones:
    """A kind of headphone check."""
    return cast(Headphones, choose(value, get_args(Headphones), "--headphones"))


def recruit(value: str) -> str:
    """Where raters come from."""
    return choose(value, tuple(PARTICIPANT), "--recruit")


def axes(kind: str, names: str, scale: str) -> tuple[Axis, ...]:
    """Axes by their names, on a scale."""
    ids = tuple(choose(name.strip(), ("OVL", "REL"), "--axes") for name in names.split(","))
    return axes_of(kind, choose(scale, ("5", "100"), "--scale"), tuple(dict.fromkeys(ids)))


def checks(text: str) -> dict[Checks, int]:
    """Numbers of pages by what they are for, `duplicate=1,trap=2`; what is not named is left out."""
    found: dict[Checks, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = part.partition("=")
        choose(name, get_args(Checks), "--checks")
        if not number.isdecimal() or int(number) > MOST_CHECKS:
            raise UserError(f"--checks has {part!r}. Write {name}=N with N from 0 to {MOST_CHECKS}.")
        found[cast(Checks, name)] = int(number)
    return found


def sounding(loudness: str, sample_rate: int | None, *, mono: bool, seconds: float | None, suffix: str) -> Sounding:
    """How clips are made alike."""
    try:
        target = None if loudness == "none" else float(loudness)
    except ValueError as error:
        raise UserError(f"--loudness is {loudness!r}. Give LUFS, such as -23, or none.") from error
    if target is not None and not SOFTEST <= target <= LOUDEST:
        raise UserError(f"--loudness is {loudness}. Give {SOFTEST:g} to {LOUDEST:g} LUFS: -23 leaves room for peaks.")
    if sample_rate is not None and not 8000 <= sample_rate <= 96_000:
        raise UserError(f"--sample-rate is {sample_rate}. Browsers play 8000 to 96000 Hz.")
    ending = cast(Literal[".wav", ".flac"], f".{choose(suffix, ('wav', 'flac'), '--format')}")
    return Sounding(target, sample_rate, mono, seconds, ending)


def completion(code: str | None, url: str | None, recruited: str) -> tuple[str | None, str | None]:
    """What a rater gets who has finished; Prolific's own address where the code is for Prolific."""
    if code is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", code):
        raise UserError(f"--completion-code is {code!r}. Use up to 64 letters, digits, - and _.")
    if url is not None and not re.fullmatch(r"https://[!-~]{1,500}", url):
        raise UserError(f"--completion-url is {url!r}. Give an address that begins with https://.")
    return code, url or (PROLIFIC + code if code and recruited == "prolific" else None)


def consent(given: Sequence[str]) -> dict[str, str]:
    """Language -> consent text, from `FILE` (English) or `LANGUAGE=FILE`."""
    files: dict[str, Path] = {}
    for text in given:
        language, _, path = text.rpartition("=")
        files[choose(language or "en", texts.languages(), "The language of --consent")] = Path(path)
    return texts.read_consent(files)


def questionnaire(path: Path | None, languages: Sequence[str]) -> tuple[Mapping[str, Any], ...] | None:
    """Questions of one's own, a JSON list as in docs/listening.md; None where no file is given."""
    if path is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot read the questionnaire {path}: {error}. Give a JSON list of questions.") from error
    if not isinstance(found, list):
        raise UserError(f"The questionnaire {path} is no list. Give a JSON list of questions.")
    return tuple(_question(path, number, one, languages) for number, one in enumerate(found, 1))


def _question(path: Path, number: int, asked: object, languages: Sequence[str]) -> Mapping[str, Any]:
    place = f"Question {number} of {path}"
    if not isinstance(asked, dict) or asked.keys() != {"id", "type", "label", "options", "required"}:
        raise UserError(f"{place} has not the keys id, type, label, options, required, and only these.")
    if not isinstance(asked["id"], str) or not re.fullmatch(r"\w{1,40}", asked["id"]):
        raise UserError(f"{place} has the id {asked['id']!r}. Use letters and digits.")
    choose(asked["type"], ("choice", "number", "text"), f"{place}: its type")
    labels = [asked["label"], *(option.get("label") for option in asked["options"])]
    if any(not isinstance(label, dict) or set(languages) - label.keys() for label in labels):
        raise UserError(f"{place} lacks a label in one of the languages {', '.join(languages)}.")
    return asked
