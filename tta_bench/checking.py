"""Everything that can fail is checked here, before any work is spent: clips, references, weights, disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from tta_bench import audio, controls, embedding, originals, plugins, soundness, weights
from tta_bench.embedding import SoundClip, Stage
from tta_bench.executors import Executor, Local
from tta_bench.prompts.folders import Matches, match_clips
from tta_bench.store import Store
from tta_bench.types import Board, UserError

MAX_NAMED = 5
FEATURES_BYTES = 16_384
"""Of a clip in one network: an embedding of 2,048 and 527 logits, float32, rounded up to blocks."""
Progress = Callable[[str, int, int], None]
"""`(what is being done, done, total)`."""


@dataclass(frozen=True)
class Settings:
    """How a run is carried out; none of it is a setting of the protocol."""

    store: Store
    weights_dir: Path | None = None
    trust_weights: bool = False
    device: str = "cpu"
    dtype: str = "float32"
    batch_size: int = 8
    allow_missing: bool = False
    intervals: bool = True
    seed: int = 0
    """Of generated clips: each has a seed of its own, drawn from this one."""
    silence: float = 1800.0
    """Seconds for which a program that generates may say nothing."""
    executor: Executor = field(default_factory=Local)
    """Who generates and embeds."""


@dataclass(frozen=True)
class Contestant:
    """A row of the table: a name and its clips."""

    name: str
    clips: Mapping[str, SoundClip]
    """Prompt id -> clip."""
    control: bool = False
    missing: Mapping[str, str] = field(default_factory=dict)
    """Prompt id -> why it has no clip."""
    extra: tuple[str, ...] = ()
    """Names of audio files that belong to no prompt."""
    made_by: Mapping[str, object] = field(default_factory=dict)
    """What made its clips, where the suite did: the model's card, seeds ..."""


@dataclass(frozen=True)
class Gathered:
    """Everything that was checked: what can be embedded and scored."""

    board: Board
    contestants: tuple[Contestant, ...]
    references: Mapping[str, SoundClip]
    stages: Mapping[str, Stage]
    """Metric name -> its network and preprocessing."""
    flags: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Contestant -> prompt id -> what is odd about its clip, which is scored all the same."""


def gather(
    board: Board,
    folders: Mapping[str, Path],
    reference_folder: Path | None,
    control_names: Sequence[str],
    settings: Settings,
    progress: Progress,
) -> Gathered:
    """Pairs clips with prompts and checks all that can fail. Raises UserError with everything that is wrong."""
    stages = stages_of(board, settings)
    if board.scenes:
        from tta_bench import references  # late, because folders of clips need no synthesiser

        reference_folder = references.render(board, settings.store, progress)
    check_references_given(board, reference_folder, control_names)
    matches = {name: match_clips(folder, board.prompts) for name, folder in folders.items()}
    found = match_clips(reference_folder, board.prompts, shared=True) if reference_folder else None
    paths = {path for match in matches.values() for path in match.found.values()}
    control_names = with_yardstick(board, control_names)
    heard = hear(paths | set(found.found.values() if found else ()), settings.store, progress)
    recordings = _recordings(found, heard, settings)
    contestants = [_contestant(name, match, heard, settings) for name, match in matches.items()]
    contestants += [_control(name, board, recordings, settings, progress) for name in control_names]
    check_disk(contestants, recordings, stages.values(), settings.store)
    flags = {c.name: {} if c.control else _flags(c.clips, recordings) for c in contestants}
    return Gathered(board, tuple(contestants), recordings, stages, flags)


def with_generated(gathered: Gathered, generated: Sequence[Contestant]) -> Gathered:
    """The same with rows whose clips have been generated since, before all others."""
    flags = {contestant.name: _flags(contestant.clips, gathered.references) for contestant in generated}
    return replace(gathered, contestants=(*generated, *gathered.contestants), flags={**flags, **gathered.flags})


def stages_of(board: Board, settings: Settings) -> dict[str, Stage]:
    """Metric name -> its network and preprocessing. Raises UserError if weights, or the originals, are not here."""
    metrics = board.protocol.metrics
    found = {name: _weights(name, settings) for name in dict.fromkeys(metric.embedder for metric in metrics)}
    if board.protocol.by_originals:
        originals.environment()
    return {
        m.name: embedding.make_stage(m.embedder, m.preprocessing, found[m.embedder], settings.device, settings.dtype)
        for m in metrics
    }


def _weights(embedder: str, settings: Settings) -> weights.Weights:
    """The weights of a network; one whose file in `embedders/` has no checkpoint in the table needs none."""
    module = embedder.partition(":")[0]
    if embedder not in weights.CHECKPOINTS and module in plugins.names("tta_bench.embedders"):
        return weights.Weights(weights.Checkpoint(embedder, (), "", ""), {}, {}, True, "")
    cache = weights.default_cache_dir()
    return weights.find(embedder, weights_dir=settings.weights_dir, cache_dir=cache, trust=settings.trust_weights)


def check_references_given(board: Board, reference_folder: Path | None, control_names: Sequence[str]) -> None:
    """Raises UserError if metrics or control rows need recordings, and there are none."""
    needing = [metric.name for metric in board.protocol.metrics if metric.against == "reference"]
    if reference_folder is None and needing:
        raise UserError(
            f"{', '.join(needing)} compare with recordings, but none were given. Point --references at them, or name "
            "the metrics that you want with --metrics."
        )
    if reference_folder is None and control_names:
        raise UserError("Control rows are made from the recordings. Point --references at them.")


def with_yardstick(board: Board, control_names: Sequence[str]) -> list[str]:
    """A tagger that hears events errs too, so what it says of the references stands beside what it says of models."""
    needed = board.scenes and any(metric.against == "events" for metric in board.protocol.metrics)
    return list(dict.fromkeys([*(["recordings"] if needed else []), *control_names]))


def hear(paths: Iterable[Path], store: Store, progress: Progress) -> dict[Path, SoundClip | str]:
    """Each file decoded and described, or the reason why it cannot be used; descriptions are kept in the store."""
    wanted = {path: audio.file_sha256(path) for path in sorted(paths)}
    # What is known is read here, which takes less time than handing it to a thread.
    known = {path: _known(path, sha256, store) for path, sha256 in wanted.items()}
    heard: dict[Path, SoundClip | str] = {path: clip for path, clip in known.items() if clip}
    new = [path for path in wanted if path not in heard]
    with ThreadPoolExecutor() as pool:
        for path, found in zip(new, pool.map(lambda path: _hear_one(path, wanted[path], store), new), strict=True):
            heard[path] = found
            progress("listening to clips", len(heard), len(wanted))
    return heard


def _known(path: Path, sha256: str, store: Store) -> SoundClip | None:
    stored = store.note("reports", sha256)
    return None if stored is None else SoundClip(path, sha256, soundness.ClipReport(**stored))  # type: ignore[arg-type]


def _hear_one(path: Path, sha256: str, store: Store) -> SoundClip | str:
    try:
        report = soundness.clip_report(audio.decode(path))
    except audio.BadClip as error:
        return str(error)
    store.write_note("reports", sha256, asdict(report))
    return SoundClip(path, sha256, report)


def _contestant(name: str, match: Matches, heard: Mapping[Path, SoundClip | str], settings: Settings) -> Contestant:
    clips, missing = _usable(match, heard)
    check_missing(name, missing, len(clips) + len(missing), settings)
    if not clips:
        raise UserError(
            _complaint(f"{name}: none of {len(missing)} clips can be used, so nothing can be scored", missing)
        )
    return Contestant(name, clips, missing=missing, extra=tuple(path.name for path in match.extra))


def _recordings(
    match: Matches | None, heard: Mapping[Path, SoundClip | str], settings: Settings
) -> dict[str, SoundClip]:
    if match is None:
        return {}
    clips, missing = _usable(match, heard)
    if missing and not settings.allow_missing:
        raise UserError(
            _complaint(f"references: {len(missing)} of {len(clips) + len(missing)} recordings cannot be used", missing)
        )
    if not clips:
        raise UserError(_complaint(f"references: none of {len(missing)} recordings can be used", missing))
    return clips


def _usable(match: Matches, heard: Mapping[Path, SoundClip | str]) -> tuple[dict[str, SoundClip], dict[str, str]]:
    """Clips by prompt id, and for the other prompts why there is none."""
    clips, missing = {}, unmatched(match)
    for prompt, path in match.found.items():
        clip = heard[path]
        if isinstance(clip, str):
            missing[prompt] = clip
        else:
            clips[prompt] = clip
    return clips, missing


def unmatched(match: Matches) -> dict[str, str]:
    """Prompt id -> why no file is its clip."""
    missing = dict.fromkeys(match.missing, "no file")
    for prompt, paths in match.duplicates.items():
        missing[prompt] = f"several files: {', '.join(path.name for path in paths)}"
    for path, prompts in match.ambiguous.items():
        missing |= {prompt: f"{path.name} fits {', '.join(prompts)}" for prompt in prompts if prompt in match.missing}
    return missing


def check_missing(name: str, missing: Mapping[str, str], n: int, settings: Settings) -> None:
    """Raises UserError if a row lacks clips, of `n`, and is not to go on without them."""
    if missing and not settings.allow_missing:
        raise UserError(_complaint(f"{name}: {len(missing)} of {n} clips cannot be used", missing))


def _complaint(what: str, missing: Mapping[str, str]) -> str:
    lines = [f"  {prompt}: {why}" for prompt, why in list(missing.items())[:MAX_NAMED]]
    more = f"\n  ... and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
    way_out = "Mend them, or go on without them with --allow-missing, which prints n on the row."
    return f"{what}:\n" + "\n".join(lines) + more + f"\n{way_out}"


def _control(
    name: str, board: Board, recordings: Mapping[str, SoundClip], settings: Settings, progress: Progress
) -> Contestant:
    """A control row: the references, another's, clips made by the length of each, or what a search finds."""
    if name == "recordings":
        return Contestant(name, recordings, control=True)
    if name == "shuffled":
        by_path = {clip.path: clip for clip in recordings.values()}
        other = controls.shuffled({prompt: clip.path for prompt, clip in recordings.items()})
        if not other:
            raise UserError("The control row 'shuffled' needs at least two different recordings. Leave it out.")
        return Contestant(name, {prompt: by_path[path] for prompt, path in other.items()}, control=True)
    if name == "retrieval":
        from tta_bench import references

        folder = references.retrieve(board, settings.store, progress)
        paths = {prompt.id: folder / f"{prompt.id}.wav" for prompt in board.prompts.prompts}
    else:
        paths = {prompt: _made(name, prompt, clip, settings.store) for prompt, clip in recordings.items()}
    heard = hear(paths.values(), settings.store, progress)
    clips = {prompt: clip for prompt, path in paths.items() if isinstance(clip := heard[path], SoundClip)}
    return Contestant(name, clips, control=True)


def _made(name: str, prompt: str, reference: SoundClip, store: Store) -> Path:
    """Path of a control clip with the length and rate of a reference, written unless it is there."""
    n_samples, rate = reference.report.n_samples, reference.report.sample_rate
    seed = int(hashlib.sha256(prompt.encode()).hexdigest()[:8], 16) if name == "noise" else 0
    path = store.control_path(name, n_samples, rate, seed)
    if not path.exists():
        clip = controls.noise(n_samples, rate, seed=seed) if name == "noise" else controls.silence(n_samples, rate)
        store.write_clip(path, clip)
    return path


def _flags(clips: Mapping[str, SoundClip], references: Mapping[str, SoundClip]) -> dict[str, tuple[str, ...]]:
    """Prompt id -> oddities: silent, clipped, of another length than the references (without these: than most clips), a
    sample rate that cannot be true."""
    reports = [clip.report for clip in clips.values()]
    others = [clip.report for clip in references.values()]
    expected = float(np.median([report.duration for report in others or reports]))
    wrong = soundness.wrong_rate([*reports, *others])
    found = {
        prompt: (*soundness.flags(report, expected_duration=expected), *([wrong[i]] if i in wrong else []))
        for i, (prompt, report) in enumerate(zip(clips, reports, strict=True))
    }
    return {prompt: flags for prompt, flags in found.items() if flags}


def check_disk(
    contestants: Sequence[Contestant], references: Mapping[str, SoundClip], stages: Iterable[Stage], store: Store
) -> None:
    """Raises UserError if the store's disk has no room for the features of these clips."""
    n_clips = sum(len(contestant.clips) for contestant in contestants) + len(references)
    store.check_room(FEATURES_BYTES * n_clips * len(set(stages)), f"the features of {n_clips} clips")
