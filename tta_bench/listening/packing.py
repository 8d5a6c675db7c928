"""A pack to rate without a page: a zip of blind clips, sheets to fill in and instructions, and its key beside it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tta_bench.listening import kit, leaks, stimuli, texts
from tta_bench.listening.building import check_free, write_sounds
from tta_bench.listening.documents import Draft, private, public
from tta_bench.listening.forms import Line, csv_bytes, xlsx_bytes, zipped
from tta_bench.listening.material import Material
from tta_bench.listening.names import names_of
from tta_bench.listening.programme import programme
from tta_bench.listening.spec import Spec
from tta_bench.listening.trials import Trial
from tta_bench.store import write_bytes
from tta_bench.types import UserError


def pack(out: Path, spec: Spec, material: Material) -> dict[str, Any]:
    """Writes the zip `out` and its key beside it, and gives the key. Equal arguments give equal bytes.

    Each list of the test is a sheet, in the folder `sheets`, as csv and xlsx; `spec.kind` is ovl_rel. Raises UserError,
    with nothing written, where `building.build` does.
    """
    if out.suffix != ".zip" or spec.kind != "ovl_rel":
        raise UserError(f"A pack is a .zip of clips rated one by one, not {out.name} of kind {spec.kind}.")
    check_free(out, out.with_suffix(""))
    words = texts.load(tuple(spec.consent))
    names = names_of(spec.seed)
    lists = programme(spec, material, names)
    stimuli.check_sources(material, spec)
    with tempfile.TemporaryDirectory() as folder:
        sounds = write_sounds(lists, Path(folder), spec, material)
        leaks.check_sounds(Path(folder), leaks.words_of(material))
        files = {stimulus.file: (Path(folder) / stimulus.file).read_bytes() for stimulus in sounds.values()}
    draft = Draft(spec, material, names, lists, sounds)
    key = private(draft, public(draft, words, None), {})
    write_bytes(out, zipped(files | _papers(draft, words), compress=False))
    write_bytes(kit.key_folder(out.with_suffix("")) / kit.KEY, kit.key_bytes(key))
    return key


def _papers(draft: Draft, words: texts.Texts) -> dict[str, bytes]:
    """Instructions and consent in each language, and a sheet for each list."""
    found = {f"instructions.{language}.txt": text.encode() for language, text in words.sheet(draft.spec.axes).items()}
    found |= {f"consent.{language}.txt": f"{text}\n".encode() for language, text in draft.spec.consent.items()}
    for number, pages in enumerate(draft.lists, 1):
        lines = [Line(draft.sounds[page.sounds[0]].id, _text(draft, page, words)) for page in pages]
        name = f"sheets/sheet-{number:02}"
        found |= {f"{name}.csv": csv_bytes(lines, draft.spec.axes), f"{name}.xlsx": xlsx_bytes(lines, draft.spec.axes)}
    return found


def _text(draft: Draft, page: Trial, words: texts.Texts) -> str:
    if page.question:
        return words.question(*page.question)[words.languages[0]]
    return draft.material.caption(page.prompt) if page.prompt else ""
