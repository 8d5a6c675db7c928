"""Models that run outside: a program gets captions in a file, and answers with wavs and a manifest that names them.

docs/external-models.md is the protocol as authors read it. Nothing that a program does is trusted: it may hang, die,
print garbage, and name files that are damaged or not its own; each clip it fails to make is answered with the reason.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tta_bench import audio
from tta_bench.types import Clip, ModelCard, UserError
from tta_bench.watching import Watch

log = logging.getLogger(__name__)

MANIFEST = "manifest.jsonl"
OURS = ("PYTHONPATH", "PYTHONHOME")
"""Variables that would give a program our packages in place of its own."""


@dataclass(frozen=True)
class Program:
    """A model that is run by a command."""

    row: str
    """Name of its row."""
    name: str
    """Of its recipe, or of the row."""
    checkpoint: str
    command: tuple[str, ...]
    """To which the paths of the captions and of the folder for the clips are added."""
    card: ModelCard
    """All that decides its clips, as far as it can be known from outside."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Name -> where it is: weights, and code that is named by the command."""
    note: str = ""
    """What a reader of its numbers should know, or the empty string."""
    folder: Path | None = None
    """Where it is run; None is where we are."""
    recipe: Mapping[str, object] = field(default_factory=dict)
    """What a result says of its recipe: hash, verified."""


class Job(NamedTuple):
    """One clip to make, as a program reads it: a line of JSON."""

    id: str
    text: str
    seed: int
    duration: float
    """Seconds."""


SEEDLESS = "Heeds no seeds: made again, its clips are others"
Answer = Clip | str
"""A clip, or why there is none."""
About = Callable[[Mapping[str, object]], None]
"""Is given what a program says of itself: versions, and whether it heeds seeds."""


def note_of(program: Program, reports: Sequence[Mapping[str, object]]) -> str:
    """What a reader of its numbers should know, with what it said of itself while it made its clips."""
    deaf = SEEDLESS not in program.note and any(report.get("seeds") is False for report in reports)
    changed = "Its environment changed between its clips" if len(reports) > 1 else ""
    return ". ".join(filter(None, [program.note, SEEDLESS if deaf else "", changed]))


def run(
    program: Program, jobs: Sequence[Job], log_path: Path, *, silence: float, about: About
) -> Generator[tuple[str, Answer], None, None]:
    """Answers as the program gives them, by the id of the job: one for each job, whatever happens.

    The program works in a scratch folder beside its log, and it and all that it started are killed when it says
    nothing for `silence` seconds, and when the iterator is closed. Raises UserError if it cannot be started.
    """
    waiting = {job.id for job in jobs}
    complaint = ""
    with _scratch(log_path) as place, _started(program, _prompts(jobs, place), place / "out", log_path) as child:
        watch = Watch(child, place / "out" / MANIFEST, log_path, silence)
        for line in watch.lines():
            said = _parsed(line)
            prompt = said.get("id")
            if isinstance(said.get("about"), dict):
                about(said["about"])  # type: ignore[arg-type]
            elif isinstance(prompt, str) and prompt in waiting and said.keys() & {"file", "error"}:
                waiting.remove(prompt)
                yield prompt, _answer(said, place / "out")
            else:
                complaint = complaint or f" A line of its manifest is not what was asked for: {line[:80]!r}."
    if watch.end and not waiting:
        log.warning("%s made all its clips, but %s; what it printed: %s", program.row, watch.end, log_path)
    why = f"{watch.end or 'the program ended without it'}.{complaint} {_way_out(watch, log_path)}"
    yield from ((job.id, why) for job in jobs if job.id in waiting)


def _way_out(watch: Watch, log_path: Path) -> str:
    more = ", or give it more time with --model-timeout" if watch.hung else ""
    return f"What it printed is in {log_path}. Mend it{more}: the same command asks again for what is missing."


@contextmanager
def _scratch(log_path: Path) -> Iterator[Path]:
    """A folder of the program's own with a folder for its clips; it goes when the program has gone."""
    try:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=log_path.parent, prefix=f"{log_path.stem}-")).resolve()
        (place / "out").mkdir()
    except OSError as error:
        raise UserError(
            f"Cannot write in {log_path.parent}: {error.strerror}. Choose another place with --store."
        ) from error
    try:
        yield place
    finally:
        # What a program leaves behind in a way that cannot be removed must not cost the clips that were made.
        shutil.rmtree(place, ignore_errors=True)


def _prompts(jobs: Sequence[Job], place: Path) -> Path:
    path = place / "prompts.jsonl"
    path.write_text("".join(json.dumps(job._asdict()) + "\n" for job in jobs), encoding="ascii")
    return path


@contextmanager
def _started(program: Program, prompts: Path, out: Path, log_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The running program, in a process group of its own that is killed in the end, with children left behind."""
    command = [*program.command, str(prompts), str(out)]
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    surroundings = inherited | {"PYTHONNOUSERSITE": "1", "PYTHONUNBUFFERED": "1"}
    with log_path.open("wb") as stream:
        try:
            child = subprocess.Popen(
                command,
                cwd=program.folder,
                env=surroundings,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        except OSError as error:
            raise UserError(
                f"{program.row}: {program.command[0]} cannot be started ({error.strerror}). Mend the command."
            ) from error
    try:
        yield child
    finally:
        _kill_group(child)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses where only a zombie is left
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _parsed(line: bytes) -> Mapping[str, object]:
    """The object that a line is; an empty one for what is none, or cannot be written again: NaN, half characters."""
    try:
        said = json.loads(line)
        json.dumps(said, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _answer(said: Mapping[str, object], out: Path) -> Answer:
    """The clip that a line of the manifest names; its file is removed, for the store will have it."""
    if "error" in said:
        return f"the program says: {str(said['error'])[:200]}"
    name = str(said["file"])
    try:
        path = (out / name).resolve()
        if not path.is_relative_to(out):
            return f"the program named {name!r}, which is not a file of its own folder."
        clip = audio.decode(path)
        path.unlink()
    except (OSError, ValueError) as error:  # names that no file can have
        return f"the program named {name[:80]!r}: {error}."
    except audio.BadClip as error:
        return str(error).replace(f"{out}{os.sep}", "")
    return clip
