"""A kit, built from material and a spec: the page, its config and sounds in one folder, the private key in another."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tta_bench.listening import headphones, kit, leaks, stimuli, texts
from tta_bench.listening.documents import Draft, private, public
from tta_bench.listening.material import Material
from tta_bench.listening.names import names_of
from tta_bench.listening.programme import programme
from tta_bench.listening.readme import readme
from tta_bench.listening.spec import Spec
from tta_bench.listening.stimuli import Stimulus
from tta_bench.listening.trials import Sound, Trial
from tta_bench.types import UserError


def build(out: Path, spec: Spec, material: Material) -> dict[str, Any]:
    """Writes the kit `out` and its key beside it, and gives the key. Equal arguments give equal bytes.

    Raises UserError, with nothing written, if there is something at `out`, a clip cannot be used, or the finished kit
    would tell who made a sound.
    """
    check_free(out)
    words = texts.load(tuple(spec.consent))
    names = names_of(spec.seed)
    lists = programme(spec, material, names)
    stimuli.check_sources(material, spec)
    with _whole(out) as (open_folder, secret_folder):
        sounds = write_sounds(lists, open_folder, spec, material)
        heard, answers = headphones.write(spec, open_folder, names)
        draft = Draft(spec, material, names, lists, sounds)
        config = public(draft, words, heard)
        key = private(draft, config, answers)
        _write_page(open_folder, config)
        (secret_folder / kit.KEY).write_bytes(kit.key_bytes(key))
        leaks.check(open_folder, leaks.words_of(material))
    return key


def check_free(*places: Path) -> None:
    """Raises UserError if something lies where a kit or its key is to be."""
    for path in (path for out in places for path in (out, kit.key_folder(out))):
        if path.exists():
            raise UserError(f"{path} is there already. Remove it or choose another --out: no kit is overwritten.")


@contextmanager
def _whole(out: Path) -> Iterator[tuple[Path, Path]]:
    """Folders for the kit and for its key, which get their names when all went well and vanish otherwise."""
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=out.absolute().parent) as parts:
            open_folder, secret_folder = Path(parts) / "kit", Path(parts) / "key"
            open_folder.mkdir()
            secret_folder.mkdir(mode=0o700)
            yield open_folder, secret_folder
            secret_folder.rename(kit.key_folder(out))
            open_folder.rename(out)
    except OSError as error:
        raise UserError(f"Cannot write {out}: {error.strerror}. Make room or choose another --out.") from error


def write_sounds(
    lists: Sequence[Sequence[Trial]], folder: Path, spec: Spec, material: Material
) -> dict[Sound, Stimulus]:
    """Writes every sound of these pages, in the order of their names, which is no order of anything else."""
    names = names_of(spec.seed)
    every = {sound for pages in lists for page in pages for sound in page.heard}
    order = sorted(every, key=lambda sound: sound.id(names))
    targets = stimuli.targets(material, spec.sounding)

    def written(sound: Sound) -> Stimulus:
        target = targets.get(sound.prompt or "", spec.sounding.loudness)
        return stimuli.write(sound, folder, material, spec.sounding, target=target, names=names)

    return {sound: written(sound) for sound in order}


def _write_page(folder: Path, config: dict[str, Any]) -> None:
    """Everything but the sounds; then all files get the same time."""
    for path in sorted(kit.PAGE.glob("*")):
        shutil.copyfile(path, folder / path.name)
    (folder / kit.CONFIG).write_bytes(kit.config_bytes(config))
    (folder / kit.README).write_text(readme(config), encoding="utf-8")
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (kit.WHEN, kit.WHEN))
