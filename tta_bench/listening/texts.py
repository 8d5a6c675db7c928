"""What raters read, in their language: instructions of each kind of test, questions, and what a trap asks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tta_bench.listening.spec import Axis
from tta_bench.types import UserError

FOLDER: Final = Path(__file__).parent / "texts"
FEWEST_WORDS: Final = 20


@dataclass(frozen=True)
class Texts:
    """All texts of a test, each by language."""

    languages: tuple[str, ...]
    tables: Mapping[str, Mapping[str, Any]]
    """Language -> its file."""

    def instructions(self, kind: str) -> dict[str, str]:
        """Language -> what a rater is to do in a test of this kind."""
        return {language: self.tables[language]["instructions"][kind] for language in self.languages}

    def sheet(self, axes: Sequence[Axis]) -> dict[str, str]:
        """Language -> what a rater is to do with a sheet."""
        scales = "\n".join(f"- {axis.id}: {axis.min} - {axis.max}" for axis in axes)
        parts = {
            one: (self.tables[one]["instructions"]["ovl_rel"], self.tables[one]["sheet"]) for one in self.languages
        }
        return {language: f"{told}\n\n{sheet}\n{scales}\n" for language, (told, sheet) in parts.items()}

    def question(self, name: str, number: int) -> dict[str, str]:
        """Language -> what a trap asks: to choose by a number of beeps, or to score them by so much each."""
        numbers = {"number": number, "two": 2 * number, "three": 3 * number}
        return {language: self.tables[language]["questions"][name].format(**numbers) for language in self.languages}

    def questionnaire(self) -> list[dict[str, Any]]:
        """The questions before the test."""
        first = self.tables[self.languages[0]]["questionnaire"]
        return [self._asked(number, question) for number, question in enumerate(first)]

    def _asked(self, number: int, question: Mapping[str, Any]) -> dict[str, Any]:
        same = {language: self.tables[language]["questionnaire"][number] for language in self.languages}
        options = [
            {"value": option["value"], "label": {lang: one["options"][place]["label"] for lang, one in same.items()}}
            for place, option in enumerate(question.get("options", ()))
        ]
        label = {language: one["label"] for language, one in same.items()}
        return {key: question[key] for key in ("id", "type", "required")} | {"label": label, "options": options}


def languages() -> tuple[str, ...]:
    """Codes of the languages that there are texts of."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(wanted: tuple[str, ...]) -> Texts:
    """The texts in these languages. Raises UserError for one that there is not."""
    if unknown := [language for language in wanted if language not in languages()]:
        raise UserError(f"There are no texts in the language {unknown[0]!r}. There are: {', '.join(languages())}.")
    return Texts(wanted, {one: tomllib.loads((FOLDER / f"{one}.toml").read_text(encoding="utf-8")) for one in wanted})


def read_consent(files: Mapping[str, Path]) -> dict[str, str]:
    """Language -> the text that raters agree to. Raises UserError for one that nobody wrote."""
    return {language: _consent(path) for language, path in files.items()}


def _consent(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read the consent text {path}: {error}. Give a text file in UTF-8.") from error
    if "[" in text and re.search(r"\[(replace|your|name|fill|todo|insert)\b", text, re.IGNORECASE):
        raise UserError(f"The consent text {path} still has a placeholder in brackets. Fill it in: raters agree to it.")
    if len(text.split()) < FEWEST_WORDS and len(text) < 2 * FEWEST_WORDS:
        raise UserError(
            f"The consent text {path} has {len(text.split())} words. Say who runs the test, what is stored, for how "
            f"long, and whom to ask; docs/listening.md has a list."
        )
    return text
