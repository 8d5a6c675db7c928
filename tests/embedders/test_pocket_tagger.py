"""The pocket tagger: lengths, levels and windows of its front end, and that what is saved is what was trained."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tta_bench.embedders import pocket_tagger
from tta_bench.embedders._batches import AudioEmbedder
from tta_bench.embedders.pocket_tagger import (
    FLOOR,
    Tagger,
    folded,
    level_filters,
    mel_levels,
    normalise,
    windows,
)
from tta_bench.types import Clip, UserError

FILE = "pocket_tagger.safetensors"
N_CLASSES = 5
RATE = pocket_tagger.SAMPLE_RATE


def trained() -> Tagger:
    """A network whose normalisations have seen something, so that folding them matters."""
    torch.manual_seed(0)
    network = Tagger(N_CLASSES)
    for _ in range(3):
        network.train()(normalise(mel_levels(torch.randn(4, RATE), level_filters())))
    return network.eval()


NETWORK = trained()
NOISE = np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32) * 0.1


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / FILE
    save_file(folded(NETWORK).state_dict(), path, {"classes": json.dumps([f"sound {i}" for i in range(N_CLASSES)])})
    return path


@pytest.fixture
def embedder(weights: Path) -> AudioEmbedder:
    return pocket_tagger.load("v1", {FILE: weights})


def sine(frequency: float, n_samples: int = RATE) -> torch.Tensor:
    return torch.sin(2 * torch.pi * frequency * torch.arange(n_samples, dtype=torch.float64) / RATE).float()[None]


def test_a_sine_at_full_scale_has_a_level_of_0_db() -> None:
    assert mel_levels(sine(4000), level_filters())[:, 20:80].amax().item() == pytest.approx(0.0, abs=2.0)


def test_silence_has_the_level_of_the_floor() -> None:
    assert (mel_levels(torch.zeros(1, RATE), level_filters()) == FLOOR).all()


def test_a_click_is_loudest_in_the_row_of_its_10_ms() -> None:
    waves = torch.zeros(1, RATE)
    waves[0, 30 * 160] = 1.0
    assert mel_levels(waves, level_filters())[0].sum(dim=1).argmax() == 30


def test_the_network_sees_the_same_at_any_volume() -> None:
    loud, soft = (normalise(mel_levels(gain * torch.from_numpy(NOISE)[None], level_filters())) for gain in (1.0, 0.05))
    torch.testing.assert_close(loud, soft, atol=1e-4, rtol=0)


def test_silence_is_not_made_louder() -> None:
    assert (normalise(mel_levels(torch.zeros(1, RATE), level_filters())) == 0).all()
    faint = mel_levels(1e-3 * torch.from_numpy(NOISE)[None], level_filters())
    assert 0 < normalise(faint).max() < 1.5


def test_every_layer_has_its_shape(embedder: AudioEmbedder) -> None:
    [features] = embedder.embed([Clip(NOISE[: round(2.5 * RATE)], RATE)])
    shapes = {name: layer.shape for name, layer in features.items()}
    width = pocket_tagger.WIDTH
    # 31 whole frames: two windows of 12, and 7 that are more than half of one.
    assert shapes == {
        "framewise": (31, N_CLASSES),
        "frames": (3, width),
        "embedding": (width,),
        "logits": (N_CLASSES,),
    }
    assert (features["framewise"] > 0).all()
    assert (features["framewise"] < 1).all()


def test_windows_are_means_of_12_frames_and_of_a_rest_of_at_least_6() -> None:
    trunk = torch.arange(18.0)[None, :, None]
    assert windows(trunk).flatten().tolist() == [5.5, 14.5]
    assert windows(trunk[:, :17]).flatten().tolist() == [5.5]


def test_frames_follow_the_sound_in_time() -> None:
    """Moved by whole frames, a sound in the middle of silence is heard as many frames later."""
    samples = torch.zeros(2, 6 * RATE)
    samples[0, 2 * RATE : 2 * RATE + 4000] = sine(700, 4000)[0]
    samples[1] = samples[0].roll(10 * pocket_tagger.FRAME_LENGTH)
    with torch.inference_mode():
        first, later = NETWORK(normalise(mel_levels(samples, level_filters()))).trunk
    torch.testing.assert_close(first[20:40], later[30:50], atol=1e-4, rtol=1e-4)


def test_folding_the_normalisations_changes_nothing() -> None:
    levels = normalise(mel_levels(torch.from_numpy(NOISE)[None], level_filters()))
    with torch.inference_mode():
        trained, saved = NETWORK(levels), folded(NETWORK)(levels)
    torch.testing.assert_close(saved.framewise, trained.framewise, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(saved.clipwise, trained.clipwise, atol=1e-5, rtol=1e-4)


def test_clips_do_not_depend_on_their_batch(embedder: AudioEmbedder) -> None:
    clips = [Clip(NOISE[start : start + n], RATE) for start, n in ((0, 20000), (500, 30000), (900, 20000))]
    for alone, together in zip(clips, embedder.embed(clips), strict=True):
        np.testing.assert_allclose(together["logits"], embedder.embed([alone])[0]["logits"], atol=1e-5)


def test_bfloat16_changes_little(weights: Path, embedder: AudioEmbedder) -> None:
    clips = [Clip(NOISE, RATE)]
    [rounded] = pocket_tagger.load("v1", {FILE: weights}, dtype="bfloat16").embed(clips)
    [exact] = embedder.embed(clips)
    difference = np.abs(rounded["embedding"] - exact["embedding"]).max() / np.abs(exact["embedding"]).max()
    assert 1e-5 < difference < 3e-2


def test_a_clip_shorter_than_a_window_is_refused(embedder: AudioEmbedder) -> None:
    with pytest.raises(ValueError, match="at least 15360 samples"):
        embedder.embed([Clip(NOISE[:15359], RATE)])


def test_another_file_is_refused(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / FILE)
    with pytest.raises(UserError, match="does not say which classes"):
        pocket_tagger.load("v1", {FILE: tmp_path / FILE})
    save_file({"a": torch.zeros(1)}, tmp_path / FILE, {"classes": '["a"]'})
    with pytest.raises(UserError, match=f"{FILE} of pocket_tagger:v1 does not fit"):
        pocket_tagger.load("v1", {FILE: tmp_path / FILE})
