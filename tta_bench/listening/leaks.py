"""What in a finished kit tells who made a sound: nothing, or it is not handed out.

A kit holds exactly what its config, the package's page and the README say, so that anything else is a leak, whatever it
says; and where text is free, the names of models and their files are looked for in it.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tta_bench import audio
from tta_bench.listening import containers, kit, texts
from tta_bench.listening.material import Material
from tta_bench.listening.readme import readme
from tta_bench.types import UserError

SOUND: Final = re.compile(r"audio/[0-9a-f]{32}\.(wav|flac)")
IN_SAMPLES: Final = 6
"""Letters from which on a name is looked for among samples, where shorter ones occur by chance."""
TEXTS: Final = frozenset({"title", "consent", "instructions", "questionnaire", "completion", "languages"})
OTHERS: Final = frozenset({"schema", "test", "kind", "digest", "axes", "headphones", "lists", "trials", "server"})
CONFIG_KEYS: Final = TEXTS | OTHERS | {"participant", "resume_hours", "shortcuts"}
TRIAL_KEYS: Final = frozenset({"block", "prompt", "stimuli", "reference", "question"})
SOUND_KEYS: Final = frozenset({"id", "audio", "seconds", "sha256"})


def words_of(material: Material) -> frozenset[str]:
    """What must occur nowhere: names of models, and names and folders of their files."""
    rows = [*material.clips.values(), material.references]
    files = {path for row in rows for path in row.values()}
    return frozenset(material.models) | {str(path.absolute().parent) for path in files} | {path.name for path in files}


def check(folder: Path, words: Iterable[str]) -> None:
    """Raises UserError naming everything in a kit that tells, or may tell, who made a sound."""
    if found := list(leaks(folder, frozenset(words))):
        shown = "\n".join(f"- {one}" for one in found[:10])
        raise UserError(f"The kit would tell who made which sound:\n{shown}\nRemove it, or build the kit again.")


def leaks(folder: Path, words: frozenset[str]) -> Iterator[str]:
    """Everything in a kit that tells, or may tell, who made a sound, as a line of text each."""
    try:
        config = kit.read_config(folder)
    except UserError as error:
        yield str(error)
        return
    yield from _of_config(config, words)
    sounds = {sound["audio"]: sound["sha256"] for sound in _sounds(config)}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        yield from (f"{name} {what}" for what in _of_file(path, name, words))
        if path.is_file():
            yield from (f"{name} {what}" for what in _of_content(path, name, config, sounds))


def check_sounds(folder: Path, words: frozenset[str]) -> None:
    """Raises UserError naming everything in a folder of sounds that are handed out without a page that tells."""
    for path in sorted((folder / "audio").iterdir()):
        name = path.relative_to(folder).as_posix()
        found = [*containers.extras(path), *([word] if (word := _spelled(path.read_bytes(), words)) else [])]
        if found or not SOUND.fullmatch(name):
            raise UserError(f"The pack would tell who made {name}: it holds {', '.join(found) or 'a name'}.")


def _of_file(path: Path, name: str, words: frozenset[str]) -> Iterator[str]:
    """What a file tells without being read as what it is."""
    if path.is_symlink():
        yield "is a link, which shows where it leads"
    if path.stat().st_mtime != kit.WHEN:
        yield "has a modification time of its own"
    if hasattr(os, "listxattr") and (attributes := os.listxattr(path)):
        yield f"has the attribute {attributes[0]}"
    if not SOUND.fullmatch(name) and (word := named(name, words)):
        yield f"is named after {word!r}"
    if SOUND.fullmatch(name) and (word := _spelled(path.read_bytes(), words)):
        yield f"holds the bytes of {word!r}"


def _of_content(path: Path, name: str, config: Mapping[str, Any], sounds: Mapping[str, str]) -> Iterator[str]:
    """What of a file is not as the config and the package say."""
    if name in sounds:
        yield from (f"holds {extra}" for extra in containers.extras(path))
        if audio.file_sha256(path) != sounds[name]:
            yield "is not the sound that the config names"
    elif name == kit.CONFIG:
        if path.read_bytes() != kit.config_bytes(config):
            yield "holds more than the config"
    elif name == kit.README:
        if path.read_text(encoding="utf-8") != readme(config):
            yield "is not the README of this kit"
    elif not (kit.PAGE / name).is_file() or path.read_bytes() != (kit.PAGE / name).read_bytes():
        yield "is no part of a kit"


def _sounds(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for trial in config["trials"].values():
        yield from trial["stimuli"]
        if trial["reference"]:
            yield trial["reference"]
    for trial in (config["headphones"] or {"trials": []})["trials"]:
        yield from (
            {"audio": file, "sha256": sha256} for file, sha256 in zip(trial["audio"], trial["sha256"], strict=True)
        )


def _of_config(config: Mapping[str, Any], words: frozenset[str]) -> Iterator[str]:
    """Keys that a config does not have, and names in texts that are not the same for every model."""
    strange = config.keys() - CONFIG_KEYS
    for name, trial in config["trials"].items():
        strange |= trial.keys() - TRIAL_KEYS
        every = [*trial["stimuli"], *([trial["reference"]] if trial["reference"] else [])]
        strange |= {key for sound in every for key in sound.keys() - SOUND_KEYS}
        if not re.fullmatch("[0-9a-f]{16}", name) or any(not SOUND.fullmatch(sound["audio"]) for sound in every):
            yield f"{kit.CONFIG} names a page or a sound {name!r} in a way that may tell"
    yield from (f"{kit.CONFIG} has the key {key!r}" for key in sorted(strange))
    ours = {text for language in texts.languages() for text in _strings(texts.load((language,)).tables[language])}
    captions = {trial["prompt"] for trial in config["trials"].values()}
    rest = {key: value for key, value in config.items() if key not in ("trials", "lists", "headphones")}
    for text in sorted(set(_strings(rest)) - ours - captions):
        if word := named(text, words):
            yield f"{kit.CONFIG} says {word!r} in {text[:60]!r}"


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for one in value.values() for text in _strings(one))
    elif isinstance(value, (list, tuple)):
        yield from (text for one in value for text in _strings(one))


def named(text: str, words: Iterable[str]) -> str | None:
    """The first of the words that a text holds: as words of their own, or, from six letters on, in any spelling."""
    plain = _plain(text)
    for word in sorted(words):
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
            return word
        if len(_plain(word)) >= IN_SAMPLES and _plain(word) in plain:
            return word
    return None


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _spelled(data: bytes, words: Iterable[str]) -> str | None:
    """The first of the words that binary data spell, in one of the encodings of tags."""
    lower = data.lower()
    for word in sorted(words):
        if len(word) < IN_SAMPLES:
            continue
        plain = (word.lower().encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))
        if any(code in lower for code in plain) or base64.b64encode(word.encode()).rstrip(b"=")[:-1] in data:
            return word
    return None
