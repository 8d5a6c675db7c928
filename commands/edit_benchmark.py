"""`benchmark.py edit benchmark`: how well models edit, a table each, from tasks whose truth is known."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.edit import app
from commands.edits import find
from commands.options import DeviceOption, DtypeOption, JsonFlag, WeightsOption, refusing

if TYPE_CHECKING:
    from tta_bench.editing import Outcome
    from tta_bench.editing.tasks import Run
    from tta_bench.generators import Generator

log = logging.getLogger(__name__)
TASKS = "style, inpaint, swap, reweight, attention"


@app.command("benchmark")
def benchmark(
    models: Annotated[str, typer.Option("--models", metavar="A,B", help="Models that can edit.")] = "auffusion",
    tasks: Annotated[str, typer.Option("--tasks", metavar="A,B", help=f"Of {TASKS}; default all.")] = "",
    n: Annotated[int, typer.Option("--items", min=2, metavar="N", help="Scenes of each task.")] = 48,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of the noise.")] = 0,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, metavar="N", help="Clips a batch.")] = 16,
    weights_dir: WeightsOption = None,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where tables and results go.")] = Path(
        "runs/editing"
    ),
    as_json: JsonFlag = False,
) -> None:
    """Measure how well models edit: on scenes whose events are known, against copying and generating from scratch.

    Example: python benchmark.py edit benchmark --models auffusion --tasks style,inpaint
    """
    with refusing():
        from tta_bench.arguments import choose_device, choose_dtype

        chosen = choose_tasks(tasks)
        settings: dict[str, Any] = {"items": n, "seed": seed, "batch_size": batch_size}
        settings |= {"device": choose_device(device), "dtype": choose_dtype(dtype)}
        generators = [find(model.strip(), weights_dir) for model in models.split(",")]
        results = [measure(generator, chosen, settings, out) for generator in generators]
    print(json.dumps({"results": results}, indent=1) if as_json else "\n".join(table(result) for result in results))


def choose_tasks(text: str) -> list[str]:
    """The tasks named, in their own order; all of them by default."""
    from tta_bench import plugins
    from tta_bench.editing import TASKS

    wanted = {plugins.choose(name.strip(), TASKS, kind="editing task") for name in text.split(",") if name.strip()}
    return [task for task in TASKS if task in wanted or not wanted]


def measure(generator: Generator, tasks: list[str], settings: dict[str, Any], out: Path) -> dict[str, Any]:
    """The result of a model, written to `out`; a task that was done with the same settings is not done again."""
    from tta_bench import plugins
    from tta_bench.editing import tasks as tasks_
    from tta_bench.editing.report import outcome_of, record, scores
    from tta_bench.provenance import surroundings
    from tta_bench.store import digest, write_bytes, write_json

    made_by = {
        "model": generator.row,
        "checkpoint_sha256": generator.sha256,
        "code_sha256": plugins.code_sha256(f"models.{generator.name}.editor", "tta_bench.editing"),
        **settings,
    }
    run: Run | None = None
    outcomes: list[Outcome] = []
    for task in tasks:
        path = out / "tasks" / f"{task}-{digest(made_by)[:16]}.json"
        if path.exists():
            outcomes += [outcome_of(entry) for entry in json.loads(path.read_text())]
            continue
        log.info("%s: %s", generator.row, task)
        run = run or start(generator, settings)
        new = tasks_.measure(run, task)
        write_json(path, [record(outcome) for outcome in new])
        outcomes += new
    result = {
        **made_by,
        "note": generator.note,
        **surroundings(),
        "scores": [asdict(score) for score in scores(outcomes)],
        "per_item": [record(outcome) for outcome in outcomes],
    }
    name = generator.row.replace(":", "-")
    write_json(out / f"{name}.json", result)
    write_bytes(out / f"{name}.md", table(result).encode())
    return result


def start(generator: Generator, settings: dict[str, Any]) -> Run:
    """The model and the ears, loaded."""
    import importlib

    from tta_bench.editing.ears import Ears
    from tta_bench.editing.tasks import Run

    loaded: Any = generator.load(settings["device"], settings["dtype"])
    editor = importlib.import_module(f"models.{generator.name}.editor").Editor(loaded.pipeline)
    return Run(editor, Ears(settings["device"]), settings["items"], settings["seed"], settings["batch_size"])


def table(result: dict[str, Any]) -> str:
    """A result as Markdown, with what a reader should know."""
    from tta_bench.editing.report import Score, markdown

    found = [Score(**score) for score in result["scores"]]
    head = f"## {result['model']}: editing, scenes with known events, judged by the pocket tagger"
    note = f"\n{result['note']}\n" if result["note"] else ""
    return f"{head}\n{note}\n{markdown(found)}"
