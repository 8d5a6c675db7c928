"""The pocket CLAP as the benchmark runs it, with random weights: what it takes, and that nothing else counts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.test_text import FILES
from tta_bench.embedders import pocket_clap
from tta_bench.embedders.pocket_clap import PocketClap, PocketClapEmbedder, waves_of_time
from tta_bench.embedders.pocket_tagger import level_filters, mel_levels, normalise
from tta_bench.types import Clip, Embedder, UserError

CLASSES = ["dog bark", "rain", "church bell"]
CAPTIONS = ["A dog barks", "Rain falls on a roof, and then a church bell tolls three times far away", "Rain"]
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def network() -> PocketClap:
    torch.manual_seed(0)
    return PocketClap(len(CLASSES)).half().float().eval()


@pytest.fixture(scope="module")
def weights(network: PocketClap, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / pocket_clap.WEIGHTS
    halves = {key: tensor.half() for key, tensor in network.state_dict().items()}
    save_file(halves, path, {"classes": json.dumps(CLASSES)})
    return path


@pytest.fixture(scope="module")
def embedder(weights: Path) -> PocketClapEmbedder:
    return pocket_clap.load("v1", {pocket_clap.WEIGHTS: weights, **FILES})


def clip(seconds: float, seed: int = 0) -> Clip:
    """Noise that pulsates."""
    t = np.arange(round(16_000 * seconds)) / 16_000
    noise = np.random.default_rng(seed).standard_normal(len(t))
    return Clip((0.1 * noise * (np.sin(2 * np.pi * (1 + seed) * t) > 0)).astype(np.float32), 16_000)


def heard(embedder: Embedder, clips: list[Clip]) -> np.ndarray:
    return np.stack([features["embedding"] for features in embedder.embed(clips)])


def test_clips_and_captions_have_embeddings_of_length_one(embedder: PocketClapEmbedder) -> None:
    for found in (heard(embedder, [clip(5.12), clip(2.0)]), embedder.embed_text(CAPTIONS[:2])):
        assert found.shape == (2, pocket_clap.WIDTH)
        assert found.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=TOLERANCE)


def test_the_embedder_says_what_the_trained_network_says(embedder: PocketClapEmbedder, network: PocketClap) -> None:
    waves = torch.from_numpy(clip(5.12).samples)[None]
    with torch.inference_mode():
        expected = network.embed_audio(network.hear(normalise(mel_levels(waves, level_filters()))))
    np.testing.assert_allclose(heard(embedder, [clip(5.12)]), expected.numpy(), atol=TOLERANCE)


def test_clips_and_captions_do_not_depend_on_their_batch(embedder: PocketClapEmbedder) -> None:
    clips = [clip(0.96), clip(5.12, 1), clip(10.0, 2), clip(5.12, 3), clip(1.04)]
    alone = np.concatenate([heard(embedder, [one]) for one in clips])
    np.testing.assert_allclose(heard(embedder, clips), alone, atol=TOLERANCE)
    alone = np.concatenate([embedder.embed_text([caption]) for caption in CAPTIONS])
    np.testing.assert_allclose(embedder.embed_text(CAPTIONS), alone, atol=TOLERANCE)


def test_the_order_of_sounds_counts(embedder: PocketClapEmbedder) -> None:
    first, second = clip(2.56, 1).samples, clip(2.56, 4).samples
    orders = [Clip(np.concatenate(parts), 16_000) for parts in ((first, second), (second, first))]
    one, other = heard(embedder, orders)
    assert np.abs(one - other).max() > 1e-3


def test_the_middle_of_a_clip_is_its_middle_at_any_length() -> None:
    short, long = (waves_of_time(n, device=torch.device("cpu")) for n in (7, 13))
    torch.testing.assert_close(short[3], long[6])
    assert not torch.allclose(short[0], short[6])


def test_bfloat16_rounds_what_is_heard_only(embedder: PocketClapEmbedder, weights: Path) -> None:
    rounded = pocket_clap.load("v1", {pocket_clap.WEIGHTS: weights, **FILES}, dtype="bfloat16")
    change = np.abs(heard(rounded, [clip(5.12)]) - heard(embedder, [clip(5.12)])).max()
    assert 0 < change < 2e-2
    np.testing.assert_array_equal(rounded.embed_text(CAPTIONS), embedder.embed_text(CAPTIONS))


def test_what_hears_has_at_most_five_million_weights() -> None:
    with torch.device("meta"):
        network = PocketClap(61)
    assert sum(weight.numel() for part in (network.tagger, network.audio) for weight in part.parameters()) <= 5_000_000


def test_a_clip_of_less_than_a_window_is_refused(embedder: PocketClapEmbedder) -> None:
    with pytest.raises(ValueError, match="at least 15360 samples"):
        embedder.embed([clip(0.95)])


@pytest.mark.parametrize("missing", [pocket_clap.WEIGHTS, *FILES])
def test_a_missing_file_is_named(weights: Path, missing: str) -> None:
    files = {pocket_clap.WEIGHTS: weights, **FILES}
    del files[missing]
    with pytest.raises(UserError, match=missing):
        pocket_clap.load("v1", files)


def test_weights_of_another_network_are_refused(weights: Path, tmp_path: Path) -> None:
    tensors = load_file(weights)
    del tensors["audio.queries.bias"]
    save_file(tensors, tmp_path / "other", {"classes": json.dumps(CLASSES)})
    with pytest.raises(
        UserError, match=r"pocket_clap.safetensors of pocket_clap:v1 does not fit .*'audio.queries.bias'"
    ):
        pocket_clap.load("v1", {pocket_clap.WEIGHTS: tmp_path / "other", **FILES})
