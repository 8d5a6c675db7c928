"""What a listening test is made of: prompts, and for each the clip of every model; from a run, or from folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tta_bench.prompts.counting import counted, way_of
from tta_bench.prompts.folders import describe, match_clips
from tta_bench.prompts.readers import read_prompts
from tta_bench.runs import read_clips
from tta_bench.types import Prompt, PromptSet, UserError, bucket_of


@dataclass(frozen=True)
class Material:
    """Prompts that every model has a clip of."""

    prompts: tuple[Prompt, ...]
    """Those that are asked."""
    clips: Mapping[str, Mapping[str, Path]]
    """Model -> prompt id -> file."""
    references: Mapping[str, Path]
    """Prompt id -> recording; empty where recordings are not heard in this test."""
    board: str | None
    """Of the run, where there was one."""
    spare: tuple[Prompt, ...] = ()
    """Prompts that are not asked, to practise on."""
    left_out: tuple[str, ...] = ()
    """Ids of prompts that a model or the references have no clip of."""

    @property
    def models(self) -> tuple[str, ...]:
        """Names, sorted: the order in which they were given decides nothing."""
        return tuple(sorted(self.clips))

    def caption(self, prompt: str) -> str:
        """What the prompt says."""
        return next(one.text for one in (*self.prompts, *self.spare) if one.id == prompt)


def from_run(folder: Path, *, models: tuple[str, ...] = (), recordings: bool, allow_missing: bool = False) -> Material:
    """The clips of a run, of all its rows or of those named. Raises UserError naming what is not there."""
    run = read_clips(folder)
    if strangers := set(models) - set(run.rows):
        raise UserError(f"The run {folder} has no row {sorted(strangers)[0]!r}. It has: {', '.join(sorted(run.rows))}.")
    prompts = tuple(Prompt(one.id, one.caption, one.n_events) for one in run.prompts)
    clips = {row: {name: Path(path) for name, path in run.rows[row].items()} for row in models or run.rows}
    references = {one.id: Path(one.reference) for one in run.prompts if one.reference and recordings}
    found = Material(_events_counted(PromptSet(run.board, prompts)), clips, references, run.board)
    return _complete(found, recordings=recordings, allow_missing=allow_missing)


def from_folders(
    generated: Mapping[str, Path], prompts: Path, references: Path | None, *, allow_missing: bool = False
) -> Material:
    """Clips that are matched with a prompt file as `score` does. Raises UserError naming what is not there."""
    known = read_prompts(prompts)
    clips = {name: _matched(folder, known) for name, folder in generated.items()}
    recordings = _matched(references, known, shared=True) if references else {}
    found = Material(_events_counted(known), clips, recordings, None)
    return _complete(found, recordings=references is not None, allow_missing=allow_missing)


def _matched(folder: Path, prompts: PromptSet, *, shared: bool = False) -> Mapping[str, Path]:
    matches = match_clips(folder, prompts, shared=shared)
    if matches.duplicates or matches.ambiguous:
        raise UserError(f"{folder}: {describe(matches)}. Leave one file for each prompt.")
    return matches.found


def _events_counted(prompts: PromptSet) -> tuple[Prompt, ...]:
    return counted(prompts, way_of(prompts)).prompts


def _complete(material: Material, *, recordings: bool, allow_missing: bool) -> Material:
    """Without the prompts that some row lacks, which is only done where it is allowed."""
    rows = {**material.clips, **({"the references": material.references} if recordings else {})}
    lacking = {one.id: name for one in material.prompts for name, row in rows.items() if one.id not in row}
    if lacking and not allow_missing:
        prompt, row = next(iter(lacking.items()))
        raise UserError(
            f"{len(lacking)} of {len(material.prompts)} prompts lack a clip: {prompt!r} of {row}, for one. A prompt is "
            "heard of all models or of none: --allow-missing leaves these prompts out."
        )
    kept = tuple(one for one in material.prompts if one.id not in lacking)
    return replace(material, prompts=kept, left_out=tuple(lacking))


def buckets(material: Material) -> Mapping[str, str | None]:
    """Prompt id -> bucket of its number of sound events; None where nobody could count them."""
    prompts = (*material.prompts, *material.spare)
    return {one.id: bucket_of(one.n_events) if one.n_events else None for one in prompts}
