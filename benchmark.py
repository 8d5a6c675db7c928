#!/usr/bin/env python3
"""Measures text-to-audio models. `python benchmark.py --help` lists the commands, each with an example."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import commands.app
import commands.compare
import commands.edit
import commands.edit_benchmark
import commands.listen
import commands.listen_analyze
import commands.listen_serve
import commands.published
import commands.regress
from commands.options import (
    DONE,
    INCOMPLETE,
    REFUSED,
    AddressOption,
    DeviceOption,
    DtypeOption,
    ExecutorOption,
    GpusOption,
    JsonFlag,
    ThreadsOption,
    WeightsOption,
    refusing,
)

if TYPE_CHECKING:
    from rich.progress import TaskID

    from tta_bench.arguments import Rows
    from tta_bench.checking import Gathered, Progress, Settings
    from tta_bench.costs import Cost
    from tta_bench.humans import Agreement, Ratings
    from tta_bench.types import Board, Result
    from tta_bench.weights import Status

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
weights_app = typer.Typer(no_args_is_help=True, help="Published checkpoints: which there are, fetch them, verify them.")
data_app = typer.Typer(no_args_is_help=True, help="Prompt sets of others: which there are, and fetch them.")
list_app = typer.Typer(no_args_is_help=True, help="What there is to choose from.")
app.add_typer(weights_app, name="weights")
app.add_typer(list_app, name="list")
app.add_typer(data_app, name="data")
app.add_typer(commands.edit.app, name="edit")
app.add_typer(commands.listen.app, name="listen")
app.command()(commands.compare.compare)
app.command()(commands.regress.regress)
app.command()(commands.app.app)
list_app.command("published")(commands.published.list_published)

StoreOption = Annotated[
    Path, typer.Option("--store", metavar="DIR", help="Where features are kept, for all runs and models.")
]
BoardOption = Annotated[
    str, typer.Option("--board", metavar="NAME", help="See `list boards`; or a .toml file of your own.")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder with prompt sets of others, in place of the cache.")
]
CountOption = Annotated[
    str,
    typer.Option(
        "--count", metavar="HOW", help="Events by `annotated`, `clauses` of captions or `labels` of AudioSet."
    ),
]
MetricsOption = Annotated[str, typer.Option("--metrics", metavar="A,B", help="Some of the protocol's metrics only.")]
MissingFlag = Annotated[bool, typer.Option("--allow-missing", help="Go on without clips that are missing or broken.")]
IntervalsFlag = Annotated[
    bool, typer.Option("--intervals/--no-intervals", help="95 % intervals and p values; values alone are faster.")
]
TrustFlag = Annotated[bool, typer.Option("--trust-weights", help="Use checkpoints that are not the published ones.")]
BatchOption = Annotated[int, typer.Option("--batch-size", min=1, metavar="N", help="Clips a batch.")]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="The first N prompts of each bucket: another board.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Where results go; default runs/results/<board>.")
]


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    models: Annotated[
        str, typer.Option(metavar="A,B", help="Rows: a model or model:checkpoint, NAME=DIR for clips, a control row.")
    ] = "",
    model_command: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=COMMAND", help="A row that a program makes; see docs/external-models.md."),
    ] = None,
    model_timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="For which a program may say nothing before it is stopped.")
    ] = 1800,
    board: BoardOption = "pocket",
    seed: Annotated[int, typer.Option(metavar="N", help="Of generated clips; each has its own, drawn from it.")] = 0,
    limit: LimitOption = None,
    metrics: MetricsOption = "",
    references: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Recordings, for a board whose references are not rendered.")
    ] = None,
    data: DataOption = None,
    count: CountOption = "",
    allow_missing: MissingFlag = False,
    intervals: IntervalsFlag = True,
    weights_dir: WeightsOption = None,
    trust_weights: TrustFlag = False,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    batch_size: BatchOption = 8,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    threads: ThreadsOption = None,
    gpus_per_worker: GpusOption = None,
    store: StoreOption = Path("runs/store"),
    out: OutOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")] = False,
    as_json: JsonFlag = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done.")] = False,
) -> None:
    """Measures text-to-audio models: FD, FAD, KL, IS, CLAP, sound events and more, with intervals.

    Example: python benchmark.py --models auffusion,mine=outputs/mymodel,recordings,retrieval,noise
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(message)s", stream=sys.stderr)
    if context.invoked_subcommand:
        return
    if not models and not model_command:
        print(context.get_help())
        raise typer.Exit(REFUSED)
    from tta_bench import arguments

    command: dict[str, object] = {"models": models, "board": board, "seed": seed, "limit": limit, "metrics": metrics}
    paths = {name: str(path) for name, path in (("references", references), ("data", data)) if path}
    command |= paths | ({"count": count} if count else {}) | ({"model_command": model_command} if model_command else {})
    with refusing():
        settings = make_settings(store, weights_dir, trust_weights, device, dtype, batch_size, allow_missing, intervals)
        settings = with_executor(settings, executor, address, threads, gpus_per_worker)
        settings = replace(settings, seed=seed, silence=model_timeout)
        found = arguments.choose_board(board, metrics, limit, data=data, count=count)
        arguments.check_references(found, references)
        rows = arguments.choose_rows(models, found, weights_dir=weights_dir, commands=model_command or ())
    if dry_run:
        show_outline(found, rows, references, settings, as_json=as_json)
    else:
        run(found, rows, references, settings, command, out=out, as_json=as_json)


@app.command()
def score(
    generated: Annotated[
        list[str], typer.Option(metavar="DIR", help="Folder of clips; one row each, named by it (or NAME=DIR).")
    ],
    prompts: Annotated[Path, typer.Option(metavar="FILE", help="csv, jsonl or parquet with ids and captions.")],
    references: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of recordings.")] = None,
    protocol: Annotated[str, typer.Option(metavar="NAME", help="See `list protocols`.")] = "offline",
    metrics: MetricsOption = "",
    controls: Annotated[str, typer.Option(metavar="A,B", help="recordings,shuffled,noise,silence or some.")] = "",
    count: CountOption = "",
    by: Annotated[str, typer.Option(metavar="A,B", help="Columns to tell scores apart by; `temporal`: Tango's.")] = "",
    human: Annotated[
        Path | None, typer.Option(metavar="FILE", help="csv of human scores: model, score, and id if per clip.")
    ] = None,
    allow_missing: MissingFlag = False,
    intervals: IntervalsFlag = True,
    weights_dir: WeightsOption = None,
    trust_weights: TrustFlag = False,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    batch_size: BatchOption = 8,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    threads: ThreadsOption = None,
    gpus_per_worker: GpusOption = None,
    store: StoreOption = Path("runs/store"),
    out: OutOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Score folders of clips made elsewhere.

    Example: python benchmark.py score --generated outputs/mymodel --generated outputs/audioldm
    --references audiocaps/test --prompts test.csv --protocol audioldm_eval-16k --controls recordings,noise
    """
    from tta_bench import arguments, humans

    command = {
        "generated": generated,
        "references": str(references) if references else None,
        "prompts": str(prompts),
        "protocol": protocol,
        "metrics": metrics,
        "controls": controls,
        "count": count,
        "by": by,
    }
    with refusing():
        settings = make_settings(store, weights_dir, trust_weights, device, dtype, batch_size, allow_missing, intervals)
        settings = with_executor(settings, executor, address, threads, gpus_per_worker)
        rows = arguments.Rows(
            folders=arguments.name_folders(generated), controls=tuple(arguments.choose_controls(controls))
        )
        board = arguments.make_board(prompts, protocol, metrics, count=count, by=by)
        ratings = humans.read(human) if human else None
    run(board, rows, references, settings, command, ratings=ratings, out=out, as_json=as_json)


def make_settings(
    store: Path,
    weights_dir: Path | None,
    trust_weights: bool,
    device: str,
    dtype: str,
    batch_size: int,
    allow_missing: bool,
    intervals: bool,
) -> Settings:
    """How a run is carried out, from its options."""
    from tta_bench import arguments, checking
    from tta_bench.store import Store

    return checking.Settings(
        store=Store(store),
        weights_dir=weights_dir,
        trust_weights=trust_weights,
        device=arguments.choose_device(device),
        dtype=arguments.choose_dtype(dtype),
        batch_size=batch_size,
        allow_missing=allow_missing,
        intervals=intervals,
    )


def with_executor(
    settings: Settings, executor: str, address: str | None, threads: int | None, gpus: float | None
) -> Settings:
    """The same, carried out by others; a worker has a GPU of its own unless it is said otherwise."""
    from tta_bench import executors
    from tta_bench.types import UserError

    if executor != "local" and settings.device.startswith("cuda:"):
        raise UserError(f"--device {settings.device} is one GPU; workers have one each: say --device cuda.")
    gpus = gpus if gpus is not None else float(settings.device.startswith("cuda"))
    chosen = executors.choose(executor, address=address, threads=threads, gpus=gpus)
    return replace(settings, executor=chosen)


def run(
    board: Board,
    rows: Rows,
    references: Path | None,
    settings: Settings,
    command: Mapping[str, object],
    *,
    out: Path | None,
    as_json: bool,
    ratings: Ratings | None = None,
) -> None:
    """Check, generate, embed, score, write, show; exits with the status of the run."""
    from tta_bench import checking, costs, generating, harness, humans
    from tta_bench.provenance import provenance, with_costs

    with refusing(), progress_bar() as progress:
        plans = generating.plan_all(rows.generators, board, settings)
        gathered = checking.gather(board, rows.folders, references, rows.controls, settings, progress)
    with refusing(status=INCOMPLETE):
        with progress_bar() as progress:
            generated = generating.generate_all(plans, settings, progress)
            gathered = checking.with_generated(gathered, generated)
            who = {"executor": settings.executor.summary} if settings.executor.summary else {}
            made_by = provenance(gathered, settings, {**command, **who})
            if board.protocol.by_originals:
                results = harness.score_by_originals(gathered, made_by, progress)
            else:
                harness.embed(gathered, settings, progress)
                results = harness.score(gathered, settings, made_by, progress)
        folder = out or Path("runs/results") / board.name
        spent = {plan.generator.row: costs.noted(settings.store, plan.card) for plan in plans}
        results = with_costs(results, spent)
        write_results(results, folder)
        write_clips(gathered, folder)
        agreement = humans.agreement(results, ratings) if ratings else []
    show(results, agreement, spent, as_json=as_json)
    print(f"Results and leaderboard: {folder} (open {folder / 'leaderboard.html'})", file=sys.stderr)
    raise typer.Exit(INCOMPLETE if incomplete(results) else DONE)


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="Result files (.json) of one board and protocol.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write tables, figures and the page here.")
    ] = None,
    clips: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Folder of a run, whose clips the page is to let one hear.")
    ] = None,
    human: Annotated[
        Path | None, typer.Option(metavar="FILE", help="csv of human scores (model, score), to draw metrics against.")
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(metavar="DIR", help="What `validate` wrote, whose figure the page is to show.")
    ] = None,
    tex_intervals: Annotated[bool, typer.Option(help="Whether the LaTeX tables show intervals.")] = True,
    as_json: JsonFlag = False,
) -> None:
    """Make tables, figures and the leaderboard page again from results on one board; seeds of a model are one row.

    Example: python benchmark.py report runs/results/pocket/*.json --out page --clips runs/results/pocket
    """
    from tta_bench import humans, runs
    from tta_bench.report import seeds
    from tta_bench.results import read_all
    from tta_bench.types import UserError

    with refusing(), progress_bar() as progress:
        found = seeds.merged(read_all(results))
        if not out and (clips or human or validation):
            raise UserError("--clips, --human and --validation are for the page. Say with --out where to write it.")
        if out:
            from tta_bench.report.page.clips import heard
            from tta_bench.validation import figure_of

            people = humans.by_row(humans.read(human)) if human else None
            degraded = figure_of(validation, found[0].protocol) if validation else None
            sounds = heard(found, runs.read_clips(clips), out, progress) if clips else None
            write_tables(found, out, intervals=tex_intervals, people=people, heard=sounds, degraded=degraded)
    show(found, [], {}, as_json=as_json)


@app.command()
def doctor(
    weights_dir: WeightsOption = None, store: StoreOption = Path("runs/store"), as_json: JsonFlag = False
) -> None:
    """Examine the installation: packages, threads, disk, weights, and whether each scorer that is here makes sense.

    Example: python benchmark.py doctor
    """
    from tta_bench.doctor import examine

    findings = examine(weights_dir=weights_dir, store=store)
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings], indent=1))
    else:
        show_rows(["", "what", "finding"], [[f.state, f.what, f.finding] for f in findings])
    raise typer.Exit(DONE if all(finding.state != "PROBLEM" for finding in findings) else INCOMPLETE)


@app.command()
def parity(
    audio: Annotated[
        Path | None, typer.Option(help="Folder of real clips to compare on, beside synthetic ones.")
    ] = None,
    weights_dir: WeightsOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare our networks and metrics with the original packages (after `make peers`), stage by stage.

    Example: make peers && python benchmark.py parity
    """
    from tta_bench.parity import parity as compare_with_originals

    with refusing(), progress_bar() as progress:
        rows = compare_with_originals(audio=audio, weights_dir=weights_dir, progress=progress)
    if as_json:
        print(json.dumps([row._asdict() for row in rows], indent=1))
    else:
        table = [[row.stage, f"{row.error:.1e}", f"{row.bound:.0e}", "ok" if row.ok else "FAILS"] for row in rows]
        show_rows(["stage", "relative error", "bound", ""], table)
    raise typer.Exit(DONE if all(row.ok for row in rows) else INCOMPLETE)


@app.command()
def validate(
    board: BoardOption = "pocket",
    prompts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Prompts of your own, under --protocol, in place of a board.")
    ] = None,
    references: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of recordings.")] = None,
    protocol: Annotated[str, typer.Option(metavar="NAME", help="Of --prompts; see `list protocols`.")] = "offline",
    metrics: MetricsOption = "",
    kinds: Annotated[str, typer.Option(metavar="A,B", help="Some degradations only: noise,wrong-event ...")] = "",
    limit: LimitOption = None,
    allow_missing: MissingFlag = False,
    weights_dir: WeightsOption = None,
    trust_weights: TrustFlag = False,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    batch_size: BatchOption = 8,
    store: StoreOption = Path("runs/store"),
    out: OutOption = None,
) -> None:
    """Degrade a board's references by grades, and show which metric sees what: table, csv and figure.

    Example: python benchmark.py validate --board pocket --kinds noise,wrong-event,missing-event --limit 10
    """
    from tta_bench import arguments, boards, validation
    from tta_bench.store import write_bytes

    with refusing(), progress_bar() as progress:
        settings = make_settings(store, weights_dir, trust_weights, device, dtype, batch_size, allow_missing, False)
        named = arguments.split_names(metrics)
        found = arguments.make_board(prompts, protocol, metrics) if prompts else boards.find(board, named)
        found = boards.limited(found, limit) if limit else found
        chosen = arguments.split_names(kinds) or None
        study = validation.study(found, references, settings, progress, kinds=chosen)
    folder = out or Path("runs/validation") / found.name
    files = validation.render(study)
    for name, content in files.items():
        write_bytes(folder / name, content)
    print(files["degradations.md"].decode())
    print(f"Table, values and figure: {folder}", file=sys.stderr)


# ------------------------------------------------------------------------------------------------------- list, weights


@list_app.command("protocols")
def list_protocols(
    name: Annotated[str, typer.Argument(help="Show every knob of this one, and why.")] = "", as_json: JsonFlag = False
) -> None:
    """The protocols, or one of them as a page.

    Example: python benchmark.py list protocols audioldm_eval-16k
    """
    from tta_bench import protocols
    from tta_bench.protocols import pages

    with refusing():
        chosen = [protocols.find(name)] if name else list(protocols.PROTOCOLS)
    if as_json:
        print(json.dumps([pages.page(protocol) for protocol in chosen], indent=1))
    elif name:
        print(pages.page_text(chosen[0]))
    else:
        rows = [[p.name, ", ".join(m.name for m in p.metrics), p.summary] for p in chosen]
        show_rows(["protocol", "metrics", "what it is"], rows)


@list_app.command("models")
def list_models(weights_dir: WeightsOption = None, as_json: JsonFlag = False) -> None:
    """The models that generate: their checkpoints, licences, training sets, and whether the weights are here.

    Example: python benchmark.py list models
    """
    from tta_bench import generators, recipes

    def size(state: generators.State) -> str:
        parameters = state.facts.get("parameters")
        return f"{parameters / 1e6:.0f} M" if isinstance(parameters, int) else ""

    with refusing():
        found = [*generators.states(weights_dir=weights_dir), *recipes.states(weights_dir=weights_dir)]
    if as_json:
        print(json.dumps([state._asdict() for state in found], indent=1, ensure_ascii=False))
        return
    rows = [
        [s.model, s.flavour, "here" if s.here else "-", size(s), s.licence, ", ".join(s.trained_on), s.note]
        for s in found
    ]
    show_rows(["model", "flavour", "", "parameters", "licence", "trained on", "note"], rows)


@list_app.command("boards")
def list_boards(as_json: JsonFlag = False) -> None:
    """The boards: prompts, references and protocol that make numbers comparable.

    Example: python benchmark.py list boards
    """
    from tta_bench import boards

    found = [boards.settings_of(name) for name in boards.names()]
    if as_json:
        keys = ("protocol", "n_prompts", "dataset", "remark")
        print(json.dumps([{"board": name} | {key: said.get(key) for key in keys} for name, _, said in found], indent=1))
        return
    table = [
        [
            name,
            str(said["n_prompts"]),
            f"{said['duration']} s",
            said["protocol"],
            said.get("dataset", ""),
            said["remark"],
        ]
        for name, _, said in found
    ]
    show_rows(["board", "prompts", "clip", "protocol", "data", "what to know"], table)


@list_app.command("prompts")
def list_prompts(
    board: BoardOption = "pocket", data: DataOption = None, count: CountOption = "", as_json: JsonFlag = False
) -> None:
    """A board's prompts with their numbers of sound events.

    Example: python benchmark.py list prompts --board pocket --json
    """
    from tta_bench import boards

    with refusing():
        prompts = boards.find(board, data=data, count=count).prompts
    bucket = {prompt.id: name for name, found in prompts.buckets().items() for prompt in found}
    if as_json:
        rows = [
            {"id": p.id, "caption": p.text, "n_events": p.n_events, "bucket": bucket.get(p.id)} for p in prompts.prompts
        ]
        print(json.dumps({"board": board, "prompts": rows}, indent=1, ensure_ascii=False))
        return
    show_rows(["id", "events", "caption"], [[p.id, bucket.get(p.id, ""), p.text] for p in prompts.prompts])


@list_app.command("metrics")
def list_metrics(as_json: JsonFlag = False) -> None:
    """Every metric, the network it needs, the protocols that have it, and where it is defined.

    Example: python benchmark.py list metrics
    """
    from tta_bench.protocols.pages import metric_rows

    rows = metric_rows()
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        show_rows(list(rows[0]), [list(row.values()) for row in rows])


@data_app.command("list")
def data_list(data: DataOption = None, as_json: JsonFlag = False) -> None:
    """Prompt sets that their owners publish: how large, under which licence, and which are here.

    Example: python benchmark.py data list
    """
    from tta_bench import datasets
    from tta_bench.types import UserError

    def here(dataset: datasets.Dataset) -> bool:
        try:
            return bool(datasets.find(dataset, data))
        except UserError:
            return False

    states = [(dataset, here(dataset)) for dataset in datasets.known().values()]
    if as_json:
        print(json.dumps([{**asdict(dataset), "here": found} for dataset, found in states], indent=1))
        return
    rows = [[d.name, str(d.n_prompts), "here" if found else "-", d.licence, d.what] for d, found in states]
    show_rows(["set", "prompts", "", "licence", "what it is"], rows)


@data_app.command("fetch")
def data_fetch(
    names: Annotated[list[str], typer.Argument(help="Such as audiocaps; see `data list`.")],
) -> None:
    """Download prompt sets from their owners; an interrupted download goes on where it stopped.

    Example: python benchmark.py data fetch audiocaps tta-bench-accuracy
    """
    from tta_bench import datasets

    with refusing(), progress_bar() as progress:
        for name in names:
            print(datasets.fetch(name, progress), file=sys.stderr)


@weights_app.command("list")
def weights_list(weights_dir: WeightsOption = None, as_json: JsonFlag = False) -> None:
    """Which checkpoints there are, from where, under which licence, and which are here.

    Example: python benchmark.py weights list
    """
    from tta_bench import weights

    with refusing():
        found = weights.status(weights_dir=weights_dir, cache_dir=weights.default_cache_dir())
    show_statuses(found, as_json=as_json)


@weights_app.command("fetch")
def weights_fetch(
    names: Annotated[list[str], typer.Argument(help="Such as panns:cnn14-16k; see `weights list`, `list models`.")],
) -> None:
    """Download checkpoints; an interrupted download goes on where it stopped.

    Example: python benchmark.py weights fetch panns:cnn14-16k vggish:audioset
    """
    from tta_bench import generators, recipes, weights

    with refusing(), progress_bar() as progress:
        for name in names:
            if name.partition(":")[0] in recipes.names():
                recipes.fetch(name)
            elif name.partition(":")[0] in generators.names():
                generators.fetch(name)
            else:
                weights.fetch(name, cache_dir=weights.default_cache_dir(), progress=progress)


@weights_app.command("verify")
def weights_verify(
    names: Annotated[list[str] | None, typer.Argument(help="Default: all.")] = None,
    weights_dir: WeightsOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Read checkpoints again, every byte, and compare their hashes with what their publishers give.

    Example: python benchmark.py weights verify aisfx:sfx-0.1.2
    """
    from tta_bench import weights

    with refusing():
        found = weights.verify(names or (), weights_dir=weights_dir, cache_dir=weights.default_cache_dir())
    show_statuses(found, as_json=as_json)
    raise typer.Exit(INCOMPLETE if any(status.wrong or (names and not status.present) for status in found) else DONE)


def show_statuses(statuses: Sequence[Status], *, as_json: bool) -> None:
    """Checkpoints and whether they can be used here."""
    if as_json:
        print(json.dumps([asdict(status) for status in statuses], indent=1))
        return
    rows = [
        [
            s.checkpoint.name,
            f"{s.checkpoint.size / 1e6:.0f} MB",
            "here" if s.present else "-",
            s.checkpoint.licence,
            s.note,
        ]
        for s in statuses
    ]
    show_rows(["checkpoint", "size", "", "licence", "note"], rows)


# ----------------------------------------------------------------------------------------------------- results, screen


def write_results(results: Sequence[Result], folder: Path) -> None:
    """A JSON file a model, and the tables."""
    from tta_bench.results import file_name, to_json
    from tta_bench.store import write_json

    for result in results:
        write_json(folder / file_name(result.model), to_json(result))
    write_tables(results, folder)


def write_clips(gathered: Gathered, folder: Path) -> None:
    """Where the clips lie that were scored."""
    from tta_bench import runs
    from tta_bench.store import write_json

    paths = {
        c.name: {prompt: clip.path for prompt, clip in c.clips.items()} for c in gathered.contestants if not c.control
    }
    references = {prompt: clip.path for prompt, clip in gathered.references.items()}
    found = runs.run_clips(gathered.board.name, gathered.board.prompts.prompts, references, paths)
    write_json(folder / runs.NAME, runs.to_json(found))


def write_tables(
    results: Sequence[Result],
    folder: Path,
    *,
    intervals: bool = True,
    people: Mapping[str, float] | None = None,
    heard: Mapping[str, object] | None = None,
    degraded: bytes | None = None,
) -> None:
    """The leaderboard in every format; see `formats.files`."""
    from tta_bench.report import formats
    from tta_bench.store import write_bytes

    made = formats.files(results, intervals=intervals, people=people, heard=heard, degraded=degraded)
    for name, data in made.items():
        write_bytes(folder / name, data)


def incomplete(results: Sequence[Result]) -> bool:
    """Whether a clip or a metric that was asked for is missing from a model's row."""
    models = [result for result in results if not result.control]
    return any(r.missing or any(s.value is None for s in r.scores if s.bucket is None) for r in models)


def show(
    results: Sequence[Result], agreement: Sequence[Agreement], spent: Mapping[str, list[Cost]], *, as_json: bool
) -> None:
    """Everything that was found, on stdout, and what was spent on the clips of each model."""
    from tta_bench import costs
    from tta_bench.report import screen, tables
    from tta_bench.report.compare import differences
    from tta_bench.results import summary

    if as_json:
        extra: dict[str, object] = {"human": [row._asdict() for row in agreement]} if agreement else {}
        extra |= {"costs": {row: [asdict(cost) for cost in each] for row, each in spent.items()}} if spent else {}
        print(json.dumps(summary(results) | extra, indent=1, ensure_ascii=False, allow_nan=False))
        return
    out = screen.console(sys.stdout)
    shown = tables.all_tables(results, differences(results))
    for table in shown[:2]:
        out.print(screen.grid(table, out.width))
    if more := [table.title for table in shown[2:]]:
        out.print(f"In leaderboard.md too: {', '.join(more)}.\n")
    if agreement:
        rows = [[row.metric, row.level, str(row.n), row.text] for row in agreement]
        show_rows(["metric", "level", "n", "agreement with human scores (Spearman)"], rows)
    if rows := costs.table(spent):
        show_rows(costs.COLUMNS, rows)


def show_outline(board: Board, rows: Rows, references: Path | None, settings: Settings, *, as_json: bool) -> None:
    """What a run would do, on stdout."""
    from tta_bench import planning

    with refusing():
        found = planning.outline(board, rows, references, settings)
    if as_json:
        planned = [row._asdict() for row in found.rows]
        print(json.dumps({"board": board.name, **found._asdict(), "rows": planned}, indent=1, ensure_ascii=False))
        return
    table = []
    for row in found.rows:
        time = None if row.seconds is None else duration(row.seconds)
        memory = None if row.peak_bytes is None else f"{row.peak_bytes / 2**30:.1f} GiB"
        table.append(["" if cell is None else str(cell) for cell in (*row[:-2], time, memory)])
    columns = ["row", "made from", "clips", "of them here", "features to compute", "where", "time", "memory"]
    show_rows(columns, table)
    if unknown := [row.row for row in found.rows if row.kind == "model" and row.seconds is None]:
        print(f"No clip of {', '.join(unknown)} was made with this store yet: run with --limit 1 to learn its time.")
    show_rows(["weights", "where"], [[name, where] for name, where in found.weights.items()])
    print(f"{settings.store.root}: {found.free / 2**30:.1f} GiB free. Nothing was done.")


def duration(seconds: float) -> str:
    """For a reader who plans: two units."""
    minutes, hours = round(seconds / 60), int(seconds // 3600)
    return f"{hours} h {minutes - 60 * hours} min" if hours else f"{minutes} min" if minutes > 1 else f"{seconds:.0f} s"


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A plain table on stdout."""
    from tta_bench.report import screen

    screen.console(sys.stdout).print(screen.plain(columns, rows))


@contextlib.contextmanager
def progress_bar() -> Iterator[Progress]:
    """A callable `(what, done, total)` that draws on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Bars(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield progress


def ended(*_: object) -> None:
    """Ends as after Ctrl-C: part files are removed, programs are stopped, and what was made is kept."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, ended)
    app()
