"""A study degrades, embeds and scores a board's references, each once, whatever the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tta_bench import audio, embedders, plugins, references
from tta_bench.checking import Settings
from tta_bench.metrics.events import Events
from tta_bench.prompts.readers import read_prompts
from tta_bench.protocols.columns import fd
from tta_bench.scenes import plan, render
from tta_bench.store import Store
from tta_bench.types import (
    BenchmarkProtocol,
    Board,
    Clip,
    Floats,
    Metric,
    Preprocessing,
    Prompt,
    PromptSet,
    UserError,
)
from tta_bench.validation import Study, findings, studies, study
from tta_bench.validation.degradations import OF_CLIPS

PLAIN = Preprocessing(16_000)
LOUDNESS_FILE = '''
"""Loudness and zero crossings as an embedder: one file."""
import numpy as np
class Loudness:
    sample_rate = 16_000
    def embed(self, clips):
        waves = [c.samples for c in clips]
        return [{"embedding": np.array([np.std(w), np.mean(w[1:] * w[:-1] < 0)], np.float32)} for w in waves]
def load(checkpoint, files, *, device="cpu", dtype="float32"):
    return Loudness()
'''


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


def crossings(generated: Floats, reference: Floats) -> Floats:
    return np.abs(generated[:, 1] - reference[:, 1])


def n_asked(_generated: Sequence[Floats], events: Sequence[Events]) -> Floats:
    return np.array([len(asked) for asked in events], dtype=float)


CROSSINGS = Metric("Crossings", "loudness:none", PLAIN, "embedding", crossings, "reference", "lower", "", per_clip=True)
ASKED = Metric("Asked", "loudness:none", PLAIN, "embedding", n_asked, "events", "higher", "", per_clip=True)
PROTOCOL = BenchmarkProtocol("mine", (CROSSINGS, fd("FD", "loudness:none", PLAIN, paper="")), "")


@pytest.fixture(autouse=True)
def _loudness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An embedder of one file, beside those of the package; clips are made in this process."""
    here = tmp_path / "embedders"
    here.mkdir()
    (here / "loudness.py").write_text(LOUDNESS_FILE)
    original = plugins.names
    monkeypatch.setattr(embedders, "__path__", [*embedders.__path__, str(here)])
    monkeypatch.setattr(
        plugins, "names", lambda package: original(package) + (["loudness"] if package.endswith("embedders") else [])
    )
    monkeypatch.setattr(studies, "FEW", 1000)


def run(folder: Path, *, kinds: Sequence[str] | None = None) -> Study:
    board = Board("test", read_prompts(folder / "prompts.csv"), PROTOCOL)
    return study(board, folder / "references", Settings(Store(folder / "store")), quiet, kinds=kinds)


def verdicts(found: Study) -> dict[tuple[str, str], str]:
    return {(f.metric.name, f.degradation.name): f.verdict for line in findings(found) for f in line if f}


def test_the_references_against_themselves_score_best(clip_folders: Path) -> None:
    found = run(clip_folders, kinds=["noise"])
    assert [score.value for score in found.references.scores] == pytest.approx([0, 0], abs=1e-6)
    assert [row.degradation.label(row.grade) for row in found.rows] == ["30 dB", "20 dB", "10 dB", "0 dB"]
    assert verdicts(found) == {("Crossings", "noise"): "seen", ("FD", "noise"): "seen"}


def test_a_set_metric_is_blind_to_clips_that_trade_places(clip_folders: Path) -> None:
    found = verdicts(run(clip_folders, kinds=["wrong-clip", "noise"]))
    assert found["Crossings", "wrong-clip"] == "seen"
    assert found["FD", "wrong-clip"] == "blind"


def test_every_degradation_has_a_row_a_grade_in_order(clip_folders: Path) -> None:
    found = run(clip_folders)
    assert [(row.degradation.name, row.grade) for row in found.rows] == [
        (degradation.name, grade) for degradation in OF_CLIPS for grade in degradation.grades
    ]
    changed = {(row.degradation.name, row.grade): row.n_changed for row in found.rows}
    assert changed["noise", 30] == 8
    assert changed["reversal", 25] == 2
    assert changed["duplicates", 90] == 7
    assert all(score.bucket is None for row in found.rows for score in row.result.scores)


def test_a_second_run_makes_and_embeds_nothing(clip_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(clip_folders, kinds=["silence", "reversal"])
    before = {path: path.stat().st_mtime_ns for path in (clip_folders / "store").rglob("*") if path.is_file()}
    monkeypatch.setattr("tta_bench.embedding.load_network", None)
    again = run(clip_folders, kinds=["silence", "reversal"])
    assert again == first
    assert {p: p.stat().st_mtime_ns for p in (clip_folders / "store").rglob("*") if p.is_file()} == before


def test_an_interrupted_run_goes_on_with_what_is_missing(clip_folders: Path) -> None:
    first = run(clip_folders, kinds=["low-pass"])
    clips = sorted((clip_folders / "store" / "clips").rglob("*.wav"))
    kept = {path: path.read_bytes() for path in clips}
    for path in clips[::3]:
        path.unlink()
    assert run(clip_folders, kinds=["low-pass"]) == first
    assert {path: path.read_bytes() for path in clips} == kept


def test_a_changed_reference_is_degraded_anew(clip_folders: Path) -> None:
    def crossings(found: Study) -> list[float | None]:
        return [row.result.scores[0].value for row in found.rows]

    first = crossings(run(clip_folders, kinds=["noise"]))
    path = clip_folders / "references" / "tone0.wav"
    audio.encode(path, Clip(audio.decode(path).samples[::2].copy(), 16_000))
    assert crossings(run(clip_folders, kinds=["noise"])) != first


def test_an_unknown_degradation_is_refused_by_name(clip_folders: Path) -> None:
    with pytest.raises(UserError, match=r"No degradation 'nois'\. Did you mean 'noise'\? There are: clipping"):
        run(clip_folders, kinds=["nois"])


def test_edits_of_scenes_are_for_boards_of_scenes(clip_folders: Path) -> None:
    with pytest.raises(UserError, match="No degradation 'wrong-event'"):
        run(clip_folders, kinds=["wrong-event"])


def test_without_references_nothing_can_be_degraded(clip_folders: Path) -> None:
    board = Board("test", read_prompts(clip_folders / "prompts.csv"), PROTOCOL)
    with pytest.raises(UserError, match="Point --references at them"):
        study(board, None, Settings(Store(clip_folders / "store")), quiet)


@pytest.fixture
def scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """Three scenes of one and two events, none counted, rendered in this process."""
    drawn = {n: [plan(seed, split="test", n_events=n) for seed in range(20)] for n in (1, 2)}
    uncounted = {n: [s for s in found if not any(part.counted for part in s.events)] for n, found in drawn.items()}
    plans = {f"s{i}": scene for i, scene in enumerate([uncounted[1][0], *uncounted[2][:2]])}
    prompts = []
    for name, scene in plans.items():
        samples, events = render(scene)
        audio_path = tmp_path / "scenes" / f"{name}.wav"
        audio_path.parent.mkdir(exist_ok=True)
        audio.encode(audio_path, Clip(samples, 16_000))
        prompts.append(Prompt(name, name, len(events), events, fields={"seed": str(scene.seed)}))
    monkeypatch.setattr(references, "render", lambda _board, _store, _progress: tmp_path / "scenes")
    protocol = BenchmarkProtocol("mine", (CROSSINGS, ASKED), "")
    return Board("scenes", PromptSet("scenes", tuple(prompts)), protocol, scenes=True)


def test_a_board_of_scenes_renders_what_is_edited_and_asks_for_what_it_asked(scenes: Board, tmp_path: Path) -> None:
    found = study(scenes, None, Settings(Store(tmp_path / "store")), quiet, kinds=["missing-event", "wrong-count"])
    assert [(row.degradation.name, row.n_changed) for row in found.rows] == [
        ("missing-event", 0),
        ("missing-event", 1),
        ("missing-event", 2),
    ]
    asked = [row.result.per_clip["Asked"] for row in found.rows]
    assert [list(values.values()) for values in asked] == [[1, 2, 2]] * 3
    original, edited = (r.provenance["clips"] for r in (found.references, found.rows[-1].result))
    differing = [name for name in original if original[name] != edited[name]]  # type: ignore[index, attr-defined]
    assert differing == [prompt.id for prompt in scenes.prompts.prompts if prompt.n_events == 2]


def test_what_no_clip_can_suffer_is_refused(scenes: Board, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No clip of these prompts can suffer wrong-count"):
        study(scenes, None, Settings(Store(tmp_path / "store")), quiet, kinds=["wrong-count"])
