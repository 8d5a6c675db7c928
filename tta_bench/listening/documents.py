"""What `config.js` and `key.json` say of a test, from its programme and the sounds that were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tta_bench.listening import kit, rules
from tta_bench.listening.material import Material, buckets
from tta_bench.listening.names import Names
from tta_bench.listening.spec import PARTICIPANT, Spec
from tta_bench.listening.stimuli import Stimulus
from tta_bench.listening.texts import Texts
from tta_bench.listening.trials import Expected, Sound, Trial


@dataclass(frozen=True)
class Draft:
    """A test whose sounds are made."""

    spec: Spec
    material: Material
    names: Names
    lists: Sequence[Sequence[Trial]]
    sounds: Mapping[Sound, Stimulus]

    @property
    def pages(self) -> dict[str, Trial]:
        """Every page by its name, in the order of the names, which is no order of anything else."""
        every = {page.id(self.names): page for pages in self.lists for page in pages}
        return dict(sorted(every.items()))

    @property
    def order(self) -> list[list[str]]:
        """Names of the pages of each list."""
        return [[page.id(self.names) for page in pages] for pages in self.lists]


def public(draft: Draft, words: Texts, headphones: Mapping[str, Any] | None) -> dict[str, Any]:
    """The config, with its digest."""
    spec = draft.spec
    config = {
        "schema": kit.SCHEMA,
        "test": draft.names.hex("test", digits=16),
        "title": spec.title,
        "kind": spec.kind,
        "axes": [asdict(axis) for axis in spec.axes],
        "languages": list(words.languages),
        "consent": dict(spec.consent),
        "instructions": words.instructions(spec.kind),
        "questionnaire": words.questionnaire() if spec.questionnaire is None else list(spec.questionnaire),
        "headphones": headphones,
        "lists": draft.order,
        "trials": {name: _public_trial(draft, page, words) for name, page in draft.pages.items()},
        # The server gives the code to those who finished; a page that held it would give it to everyone.
        "completion": {"code": None, "url": None} if spec.server else _completion(spec),
        "server": spec.server or None,
        "participant": list(PARTICIPANT[spec.recruit]),
        "resume_hours": 48,
        "shortcuts": True,
    }
    return config | {"digest": kit.digest(config)}


def _completion(spec: Spec) -> dict[str, str | None]:
    code, url = spec.completion
    return {"code": code, "url": url}


def _public_trial(draft: Draft, page: Trial, words: Texts) -> dict[str, Any]:
    return {
        "block": "training" if page.role == "training" else "main",
        "prompt": draft.material.caption(page.prompt) if page.prompt else None,
        "stimuli": [_public_sound(draft.sounds[sound]) for sound in page.sounds],
        "reference": _public_sound(draft.sounds[page.reference]) if page.reference else None,
        "question": words.question(*page.question) if page.question else None,
    }


def _public_sound(sound: Stimulus) -> dict[str, Any]:
    return {"id": sound.id, "audio": sound.file, "seconds": sound.seconds, "sha256": sound.sha256}


def private(draft: Draft, config: Mapping[str, Any], answers: Mapping[str, int]) -> dict[str, Any]:
    """The key; `answers` are those of the headphone check."""
    made = sorted(draft.sounds.items(), key=lambda each: each[1].id)
    return {
        "schema": kit.SCHEMA,
        "test": config["test"],
        "digest": config["digest"],
        "kind": draft.spec.kind,
        "seed": draft.spec.seed,
        "secret": draft.names.secret,
        "axes": config["axes"],
        "models": list(draft.material.models),
        "prompts": _prompts(draft.material),
        "stimuli": {stimulus.id: _private_sound(sound, stimulus) for sound, stimulus in made},
        "trials": {name: _private_trial(draft, page) for name, page in draft.pages.items()},
        "lists": draft.order,
        "headphones": dict(answers),
        "screening": rules.screening(draft.spec),
        "completion": _completion(draft.spec),
        "board": draft.material.board,
    }


def _prompts(material: Material) -> dict[str, Any]:
    of_bucket = buckets(material)
    return {
        one.id: {"caption": one.text, "n_events": one.n_events, "bucket": of_bucket[one.id], "tags": dict(one.fields)}
        for one in (*material.prompts, *material.spare)
    }


def _private_sound(sound: Sound, stimulus: Stimulus) -> dict[str, Any]:
    known = {key: value for key, value in asdict(stimulus).items() if key != "id"}
    model = sound.model if sound.role == "main" else None
    return {"model": model, "prompt": sound.prompt, "role": sound.role, **known, "flags": list(stimulus.flags)}


def _private_trial(draft: Draft, page: Trial) -> dict[str, Any]:
    return {
        "role": page.role,
        "prompt": page.prompt,
        "stimuli": [sound.id(draft.names) for sound in page.sounds],
        "reference": page.reference.id(draft.names) if page.reference else None,
        "duplicate_of": page.duplicate_of.id(draft.names) if page.duplicate_of else None,
        "expected": _expected(draft, page.expected),
    }


def _expected(draft: Draft, expected: Expected | None) -> dict[str, Any] | None:
    if expected is None:
        return None
    if expected.choice:
        return {"choice": expected.choice.id(draft.names)}
    return {"axis": expected.axis, "low": expected.low, "high": expected.high}
