"""What people type into a form, as values. What cannot be meant is refused by the name of its field."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping
from typing import Any

from tta_bench.types import UserError

LONGEST = 60.0
"""Seconds of a clip, so that a slip of the finger does not fill the memory."""
LARGEST_SEED = 2**63 - 1
MOST_STEPS = 1000
WORD = re.compile(r"\w+(?:['’-]\w+)*")


def caption(text: str | None, field: str = "The caption") -> str:
    """A text that says something."""
    if not text or not re.search(r"\w", text):
        raise UserError(f"{field} is {text or ''!r}, which says nothing. Describe the sound in words.")
    return text.strip()


def seed(text: str | None) -> int:
    """A whole number from 0 to 2**63 - 1."""
    given = (text or "").strip()
    if not re.fullmatch(r"[0-9]{1,19}", given) or int(given) > LARGEST_SEED:
        raise UserError(f"The seed is {given!r}; take a whole number from 0 to {LARGEST_SEED}.")
    return int(given)


def duration(value: float | None) -> float:
    """Seconds."""
    if value is None or not 0 < value <= LONGEST:
        raise UserError(f"The duration is {_shown(value)}; take more than 0 and at most {LONGEST:g} s.")
    return float(value)


def sampling(steps: float | None, guidance: float | None, negative: str | None) -> dict[str, object]:
    """What of a checkpoint's own sampling is to be otherwise: nothing for a field that is left empty."""
    chosen: dict[str, object] = {}
    if steps is not None:
        if not (1 <= steps <= MOST_STEPS and steps == int(steps)):
            raise UserError(f"The number of steps is {_shown(steps)}; take a whole one from 1 to {MOST_STEPS}.")
        chosen["num_inference_steps"] = int(steps)
    if guidance is not None:
        if not 0 <= guidance <= 100:
            raise UserError(f"Guidance is {_shown(guidance)}; take 0 to 100, or leave it empty.")
        chosen["guidance_scale"] = float(guidance)
    if negative and negative.strip():
        chosen["negative_prompt"] = negative.strip()
    return chosen


def span(low: float | None, high: float | None, unit: str) -> tuple[float, float]:
    """Two numbers, the second above the first."""
    if low is None or high is None:
        raise UserError(f"There is no mark in {unit}. Drag over the spectrogram, or fill in both fields.")
    if not 0 <= low < high < math.inf:
        raise UserError(f"The mark goes from {low:g} to {high:g} {unit}. The second has to be above the first.")
    return float(low), float(high)


def words(text: str | None) -> list[str]:
    """The words of a caption in lower case, each once, in order."""
    return list(dict.fromkeys(found.lower() for found in WORD.findall(text or "")))


def _shown(value: float | None) -> str:
    return "empty" if value is None else f"{value:g}"


def command(record: Mapping[str, Any], chosen: Mapping[str, object], out: str) -> str:
    """The line for a shell that makes an edit again, of its record and of what was chosen of its sampling."""
    given = record["arguments"]
    options = [f"--{name.replace('_', '-')}={value}" for name, value in {**_options(given), **chosen}.items()]
    weights = [f"--weight={word}={weight:g}" for word, weight in given.get("weights", {}).items()]
    source = [record["source"]["file"]] if record["source"] else []
    made_by = [f"--model={record['model']}", f"--seed={record['seed']}", f"--device={record['device']}"]
    precision = [f"--dtype={record['dtype']}"]
    every = [record["task"], *source, *options, *weights, *made_by, *precision, f"--out={out}"]
    return shlex.join(["python", "benchmark.py", "edit", *every])


def _options(given: Mapping[str, Any]) -> dict[str, str]:
    """The options of `benchmark.py edit` that stand for the arguments of a task, but for weights."""
    names = {"edited": "to"}
    plain = {names.get(name, name): str(value) for name, value in given.items() if isinstance(value, str | float | int)}
    spans = {name: "-".join(f"{end:g}" for end in given[name]) for name in ("mask", "band") if given.get(name)}
    blend = {"blend": "=".join(given["blend"])} if given.get("blend") else {}
    return {**plain, **spans, **blend}
