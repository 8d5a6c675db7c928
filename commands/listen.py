"""`benchmark.py listen build` and `pack`: listening tests from clips. Other modules add commands to the same `app`."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import JsonFlag, refusing

if TYPE_CHECKING:
    from tta_bench.listening.material import Material

app = typer.Typer(no_args_is_help=True, help="Listening tests: build a kit, collect answers, analyse them, plan one.")

RunOption = Annotated[
    Path | None,
    typer.Option("--run", metavar="DIR", help="Results of a run; its clips are heard, all rows or --models."),
]
ModelsOption = Annotated[str, typer.Option("--models", metavar="A,B", help="Rows of the run; default all.")]
GeneratedOption = Annotated[
    list[str] | None,
    typer.Option("--generated", metavar="DIR", help="Folder of clips; one model each, named by it (or NAME=DIR)."),
]
PromptsOption = Annotated[
    Path | None, typer.Option("--prompts", metavar="FILE", help="csv, jsonl or parquet with ids and captions.")
]
ReferencesOption = Annotated[
    Path | None, typer.Option("--references", metavar="DIR", help="Recordings, hidden among the clips as the ceiling.")
]
RecordingsFlag = Annotated[
    bool, typer.Option("--recordings/--no-recordings", help="Whether references of a run are heard too.")
]
ConsentOption = Annotated[
    list[str],
    typer.Option("--consent", metavar="FILE", help="What raters agree to, yours to write; LANGUAGE=FILE for each."),
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", min=0, metavar="N", help="Build the same again; left out, one that nobody can guess."),
]
NPromptsOption = Annotated[
    int | None, typer.Option("--n-prompts", min=2, metavar="N", help="So many, of each number of events alike.")
]
AxesOption = Annotated[str, typer.Option("--axes", metavar="A,B", help="OVL, REL or both.")]
ScaleOption = Annotated[str, typer.Option("--scale", metavar="5|100", help="Five named steps, or 1 to 100.")]
LoudnessOption = Annotated[
    str, typer.Option("--loudness", metavar="LUFS", help="To which all clips are brought, or `none`.")
]
RateOption = Annotated[int | None, typer.Option("--sample-rate", metavar="HZ", help="To which all are resampled.")]
MonoFlag = Annotated[bool, typer.Option("--mono", help="Mix channels down.")]
SecondsOption = Annotated[
    float | None, typer.Option("--seconds", min=0.5, metavar="S", help="Cut or fill all clips to this length.")
]
FormatOption = Annotated[str, typer.Option("--format", metavar="wav|flac", help="Of the files that are heard.")]
MissingFlag = Annotated[bool, typer.Option("--allow-missing", help="Leave out prompts that some model has no clip of.")]


@app.command("build")
def build(
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="ovl_rel, multi, mushra, ab or abx.")],
    out: Annotated[Path, typer.Option("--out", metavar="KIT", help="Folder of the kit; the key goes to KIT.key.")],
    consent: ConsentOption,
    run: RunOption = None,
    models: ModelsOption = "",
    generated: GeneratedOption = None,
    prompts: PromptsOption = None,
    references: ReferencesOption = None,
    recordings: RecordingsFlag = True,
    n_prompts: NPromptsOption = None,
    seed: SeedOption = None,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Of the page.")] = "Listening test",
    axes: AxesOption = "OVL,REL",
    scale: ScaleOption = "100",
    per_list: Annotated[
        int | None, typer.Option("--per-list", min=1, metavar="N", help="Main pages that one rater sees.")
    ] = None,
    lists: Annotated[int | None, typer.Option("--lists", min=1, metavar="N", help="Default: each clip alike.")] = None,
    checks: Annotated[
        str, typer.Option("--checks", metavar="NAME=N,…", help="Pages of a list that train or check raters.")
    ] = "training=2,duplicate=1,trap=1,gold=1,mismatch=1",
    loudness: LoudnessOption = "-23",
    sample_rate: RateOption = None,
    mono: MonoFlag = False,
    seconds: SecondsOption = None,
    form: FormatOption = "wav",
    headphones: Annotated[
        str, typer.Option("--headphones", metavar="KIND", help="Check by huggins or antiphase, or none.")
    ] = "huggins",
    gate: Annotated[bool, typer.Option("--gate", help="Who fails the headphone check may not go on.")] = False,
    questionnaire: Annotated[
        Path | None, typer.Option("--questionnaire", metavar="FILE", help="JSON list of questions of your own.")
    ] = None,
    recruit: Annotated[str, typer.Option("--recruit", metavar="WHERE", help="prolific, mturk or none.")] = "none",
    completion_code: Annotated[str | None, typer.Option("--completion-code", metavar="CODE")] = None,
    completion_url: Annotated[str | None, typer.Option("--completion-url", metavar="URL")] = None,
    server: Annotated[bool, typer.Option("--server", help="Answers go to `listen serve` as they are given.")] = False,
    allow_missing: MissingFlag = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be built; write nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Build a kit: a folder to put online or open in a browser, and beside it the key that tells who made what.

    Example: python benchmark.py listen build --kind ovl_rel --out kit --consent consent.txt --run runs/results/pocket
    """
    from tta_bench.listening import asking, building, programme
    from tta_bench.listening.remarks import remarks as told_by
    from tta_bench.listening.spec import Spec

    with refusing():
        spec = Spec(
            kind=asking.kind(kind),
            seed=secrets.randbits(63) if seed is None else seed,
            title=title,
            consent=(agreed := asking.consent(consent)),
            axes=asking.axes(kind, axes, scale),
            per_list=per_list,
            lists=lists,
            checks=asking.checks(checks),
            sounding=asking.sounding(loudness, sample_rate, mono=mono, seconds=seconds, suffix=form),
            headphones=asking.headphones(headphones),
            gate=gate,
            questionnaire=asking.questionnaire(questionnaire, tuple(agreed)),
            recruit=asking.recruit(recruit),
            completion=asking.completion(completion_code, completion_url, recruit),
            server=server,
        )
        source = Source(run, models, generated or [], prompts, references, recordings and kind not in ("ab", "abx"))
        material = source.material(n_prompts, spec.seed, allow_missing=allow_missing)
        planned = programme.outline(spec, material)
        building.check_free(out)
        remarks = [] if dry_run else list(told_by(spec, material, building.build(out, spec, material)))
    told = "Nothing was written." if dry_run else f"{out} is to be put online or opened; {out}.key is yours alone."
    show(planned, [*remarks, told], as_json=as_json)


@app.command("pack")
def pack(
    out: Annotated[Path, typer.Option("--out", metavar="PACK.zip", help="The zip; the key goes to PACK.key.")],
    consent: ConsentOption,
    run: RunOption = None,
    models: ModelsOption = "",
    generated: GeneratedOption = None,
    prompts: PromptsOption = None,
    references: ReferencesOption = None,
    recordings: RecordingsFlag = True,
    n_prompts: NPromptsOption = None,
    seed: SeedOption = None,
    axes: AxesOption = "OVL,REL",
    scale: ScaleOption = "5",
    per_sheet: Annotated[
        int | None, typer.Option("--per-sheet", min=1, metavar="N", help="Clips of a sheet, beside those that check.")
    ] = None,
    sheets: Annotated[
        int | None, typer.Option("--sheets", min=1, metavar="N", help="Default: each clip alike.")
    ] = None,
    checks: Annotated[
        str, typer.Option("--checks", metavar="NAME=N,…", help="Rows of a sheet that check raters.")
    ] = "duplicate=1,trap=1,gold=1,mismatch=1",
    loudness: LoudnessOption = "-23",
    sample_rate: RateOption = None,
    mono: MonoFlag = False,
    seconds: SecondsOption = None,
    form: FormatOption = "wav",
    allow_missing: MissingFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Pack clips for raters who fill in a spreadsheet: a zip of blind clips, sheets and instructions.

    Example: python benchmark.py listen pack --out mos.zip --consent consent.txt --run runs/results/pocket --sheets 12
    """
    from tta_bench.listening import asking, packing, programme
    from tta_bench.listening.remarks import remarks as told_by
    from tta_bench.listening.spec import Spec

    with refusing():
        spec = Spec(
            kind="ovl_rel",
            seed=secrets.randbits(63) if seed is None else seed,
            title="",
            consent=asking.consent(consent),
            axes=asking.axes("ovl_rel", axes, scale),
            per_list=per_sheet,
            lists=sheets,
            checks=asking.checks(checks),
            sounding=asking.sounding(loudness, sample_rate, mono=mono, seconds=seconds, suffix=form),
            headphones="none",
        )
        source = Source(run, models, generated or [], prompts, references, recordings)
        material = source.material(n_prompts, spec.seed, allow_missing=allow_missing)
        planned = programme.outline(spec, material)
        remarks = list(told_by(spec, material, packing.pack(out, spec, material)))
    told = f"{out} is for the raters; {out.with_suffix('.key')} is yours alone."
    show(planned, [*remarks, told], as_json=as_json)


@dataclass(frozen=True)
class Source:
    """Where clips come from, as the command line says."""

    run: Path | None
    models: str
    generated: list[str]
    prompts: Path | None
    references: Path | None
    recordings: bool

    def material(self, n_prompts: int | None, seed: int, *, allow_missing: bool) -> Material:
        """Prompts and clips, sampled. Raises UserError for what is missing or does not go together."""
        from tta_bench.listening.names import names_of
        from tta_bench.listening.sampling import sample

        found = self._of_run(allow_missing) if self.run else self._of_folders(allow_missing)
        return sample(found, n_prompts, names_of(seed).rng("prompts"))

    def _of_run(self, allow_missing: bool) -> Material:
        from tta_bench.arguments import split_names
        from tta_bench.listening.material import from_run
        from tta_bench.types import UserError

        if self.run is None or self.generated or self.prompts or self.references:
            raise UserError("--run has its own clips and prompts. Leave out --generated, --prompts and --references.")
        models = tuple(split_names(self.models))
        return from_run(self.run, models=models, recordings=self.recordings, allow_missing=allow_missing)

    def _of_folders(self, allow_missing: bool) -> Material:
        from tta_bench.arguments import name_folders
        from tta_bench.listening.material import from_folders
        from tta_bench.types import UserError

        if not self.generated or not self.prompts:
            raise UserError("Say what is heard: --run DIR, or --generated DIR for each model with --prompts FILE.")
        references = self.references if self.recordings else None
        return from_folders(name_folders(self.generated), self.prompts, references, allow_missing=allow_missing)


def show(planned: Mapping[str, object], remarks: Sequence[str], *, as_json: bool) -> None:
    """What a test will be, on stdout, and what came of it."""
    from tta_bench.report import screen

    if as_json:
        print(json.dumps({**planned, "remarks": remarks}, indent=1, ensure_ascii=False))
        return
    rows = [[name, _shown(value)] for name, value in planned.items()]
    screen.console(sys.stdout).print(screen.plain(["", ""], rows))
    print("\n".join(remarks))


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {number}" for name, number in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
