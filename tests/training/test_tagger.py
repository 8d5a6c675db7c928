"""Training the tagger: batches that are the same again, labels that stay with their sounds, weights that come out."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tta_bench import audio
from tta_bench.embedders import pocket_tagger
from tta_bench.embedders.pocket_tagger import FLOOR, Heard, Tagger
from tta_bench.training import __main__, tagger
from tta_bench.training._loop import Schedule
from tta_bench.training.data import SceneSet, make
from tta_bench.training.tagger import Examples, batch, cross_entropy, read_examples, train_tagger
from tta_bench.training.tagger_card import class_of, evaluate_recordings
from tta_bench.training.tagger_weights import calibrate, thresholds
from tta_bench.training.targets import CLASSES
from tta_bench.types import Clip, UserError

SCHEDULE = Schedule(steps=2, batch_size=4, seed=5)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    make(folder, n=6, n_held_out=3, seed=7, workers=1, shard_size=3)
    return folder


@pytest.fixture(scope="module")
def examples(scenes: Path) -> Examples:
    return read_examples(SceneSet(scenes / "train"))


def test_a_step_sees_the_same_batch_again(examples: Examples) -> None:
    levels, active = batch(examples, SCHEDULE, 3)
    again = batch(examples, SCHEDULE, 3)
    np.testing.assert_array_equal(levels, again[0])
    np.testing.assert_array_equal(active, again[1])
    assert not np.array_equal(levels, batch(examples, SCHEDULE, 4)[0])


def test_spectrograms_on_disk_are_those_of_the_waves(scenes: Path, examples: Examples) -> None:
    waves = torch.from_numpy(SceneSet(scenes / "train").waves([4], degraded=True))
    expected = pocket_tagger.mel_levels(waves, pocket_tagger.level_filters()).numpy()
    np.testing.assert_allclose(examples.copies[[4]].astype(np.float32), expected, atol=0.07)


def test_labels_move_with_their_sounds() -> None:
    """Every clip holds one loud row of which the label tells the frame."""
    rng = np.random.default_rng(0)
    levels = np.full((40, 512, 64), FLOOR, dtype=np.float32)
    active = np.zeros((40, 64, 3), dtype=bool)
    levels[:, 80:88] = 0.0
    active[:, 10] = True
    moved, present = tagger._move(rng, levels, active)
    assert (moved.reshape(40, 64, 8, 64).max(axis=(2, 3)).argmax(axis=1) == present[..., 0].argmax(axis=1)).all()
    assert len(set(present[..., 0].argmax(axis=1))) > 10


def test_two_scenes_at_once_have_the_labels_and_the_power_of_both() -> None:
    levels = np.zeros((400, 8, 64), dtype=np.float32)
    active = np.zeros((400, 1, 400), dtype=bool)
    active[np.arange(400), 0, np.arange(400)] = True
    mixed, present = tagger._mix(np.random.default_rng(0), levels, active)
    both = present.sum(axis=(1, 2)) == 2
    assert 0.15 < both.mean() < 0.35
    assert (mixed[~both] == 0).all()
    # 0 dB and between -6 and 6 dB together: 10 * log10(1 + 10**(gain / 10)).
    assert mixed[both].min() > 0.95
    assert mixed[both].max() < 7.0


def test_frames_near_a_sounding_weigh_more() -> None:
    active = torch.zeros(1, 20, 1)
    active[0, 10] = 1.0

    def wrong_at(frame: int) -> float:
        logits = torch.where(active > 0, 8.0, -8.0)
        logits[0, frame] *= -1
        return cross_entropy(Heard(torch.zeros(1), logits, torch.full((1, 1), 8.0)), active).item()

    assert wrong_at(10) == pytest.approx(wrong_at(12)) == pytest.approx(4 * wrong_at(13), rel=0.01)


def test_a_threshold_is_the_middle_of_the_best_ones() -> None:
    logits = np.array([[-2.0], [-1.0], [1.0], [2.0]], dtype=np.float32)
    assert thresholds(logits, logits > 0) == pytest.approx(0.0, abs=0.06)
    assert thresholds(logits, logits > -1.5) == pytest.approx(-1.5, abs=0.06)
    assert thresholds(logits, logits > 99) == 0.0


def test_training_learns_and_leaves_weights_and_their_card(
    scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "pocket_tagger.safetensors"
    options = ["--scenes", scenes, "--run", tmp_path / "run", "--steps", 2, "--weights", weights]
    monkeypatch.setattr(sys, "argv", ["training", "tagger", *map(str, options)])
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    assert __main__.main() == 0
    with safe_open(weights, "pt") as file:
        assert file.metadata()["step"] == "2"
        assert file.get_tensor("classes.weight").dtype == torch.float16
    card = weights.with_suffix(".md").read_text()
    assert audio.file_sha256(weights) in card
    assert "| test, degraded copies | 0." in card
    assert weights.stat().st_size < 6_000_000


def test_calibration_moves_the_best_thresholds_to_zero(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that says 2 for what is there and 1 for what is not; and of clips, -1 and -2."""

    def predict(_: Tagger, __: object) -> tuple[np.ndarray, np.ndarray]:
        return np.where(examples.active, 2.0, 1.0), np.where(examples.active.any(axis=1), -1.0, -2.0)

    monkeypatch.setattr("tta_bench.training.tagger_weights.predict", predict)
    network = Tagger(len(CLASSES))
    before = network.classes.bias.detach().clone()
    calibrate(network, examples)
    there = examples.active.any(axis=(0, 1))
    frames = (network.classes.bias - before).detach().numpy()
    np.testing.assert_allclose(frames, np.where(there, -1.5, 0.0), atol=0.06)
    # Clipwise logits move with the framewise ones, by -1.5, and should move by +1.5.
    np.testing.assert_allclose(network.clip_bias.detach().numpy(), np.where(there, 3.0, 0.0), atol=0.11)


def test_a_killed_training_resumes_to_the_same_weights(scenes: Path, tmp_path: Path) -> None:
    part = train_tagger(scenes, tmp_path / "killed", SCHEDULE, minutes=0.0)
    assert part is None
    resumed = train_tagger(scenes, tmp_path / "killed", SCHEDULE)
    whole = train_tagger(scenes, tmp_path / "whole", SCHEDULE)
    assert resumed is not None
    assert whole is not None
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor, atol=1e-6, rtol=1e-5, msg=name)


def test_a_schedule_of_another_seed_starts_from_other_weights(scenes: Path, tmp_path: Path) -> None:
    networks = [train_tagger(scenes, tmp_path / str(s), replace(SCHEDULE, steps=1, seed=s)) for s in (1, 2)]
    first, second = (network.classes.weight for network in networks if network)
    assert not torch.allclose(first, second, atol=1e-3)


def test_recordings_belong_to_the_class_that_they_are_named_by() -> None:
    names = ["dog_1-30226-A.flac", "sea_waves_2-1.wav", "rain-3.ogg", "rooster.wav", "baby_cry_1.flac", "car_1.wav"]
    found = [class_of(Path(name)) for name in names]
    assert found == ["dog bark", "sea waves", "rain", "rooster", None, None]


def test_recordings_are_ranked_among_all_classes(tmp_path: Path) -> None:
    network = pocket_tagger.folded(Tagger(len(CLASSES)))
    with torch.no_grad():
        network.clip_bias[CLASSES["rain"]] = 100.0
    weights = tmp_path / "w.safetensors"
    save_file(network.state_dict(), weights, {"classes": json.dumps(list(CLASSES))})
    (tmp_path / "clips").mkdir()
    rng = np.random.default_rng(0)
    for name in ("rain_1", "rooster_1", "fire_1"):
        samples = 0.1 * rng.standard_normal(44_100).astype(np.float32)
        audio.encode(tmp_path / "clips" / f"{name}.wav", Clip(samples, 44_100))
    with torch.no_grad():
        found = evaluate_recordings(tmp_path / "clips", weights)
    assert found.n == 2
    assert found.top_3_by_class["rain"] == 1.0
    assert found.top_1 == 0.5
    assert found.skipped == ("fire",)


def test_recordings_without_a_known_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="None of 0 recordings"):
        evaluate_recordings(tmp_path, tmp_path / "w.safetensors")
