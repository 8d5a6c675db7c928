"""Cnn14 agrees with panns_inference 0.1.1: arrays of tests/golden/make_panns.py, for weights of seeded noise."""

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tta_bench.embedders import panns
from tta_bench.embedders._batches import AudioEmbedder
from tta_bench.types import Clip, UserError

FOLDER = Path(__file__).parent.parent / "golden"
GOLDEN = dict(np.load(FOLDER / "panns.npz"))
MAKE = runpy.run_path(str(FOLDER / "make_panns.py"))
PARITY = sorted(key for key in GOLDEN if "/" in key)
# What is left are the roundings of some 20 layers in another order: the network is in float32 on both sides.
TOLERANCE = 1e-5


@pytest.fixture
def embedder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., AudioEmbedder]:
    """Loads a checkpoint of the golden weights, which are those of a narrower network."""
    monkeypatch.setattr(panns, "WIDTH", MAKE["WIDTHS"][-1])

    def get(checkpoint: str, dtype: str = "float32") -> AudioEmbedder:
        torch.save({"iteration": 600000, "model": MAKE["random_state"](MAKE["N_FFT"][checkpoint])}, tmp_path / "f.pth")
        return panns.load(checkpoint, {"f.pth": tmp_path / "f.pth"}, dtype=dtype)

    return get


def clip(sample_rate: int, n_samples: int) -> Clip:
    return Clip(MAKE["sound"](sample_rate)[:n_samples], sample_rate)


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    assert found.shape == expected.shape
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def blank(n_fft: int, **changed: torch.Tensor) -> dict[str, torch.Tensor]:
    """A state of the published shapes, all zeros but what is changed; each tensor of zeros takes 4 bytes on disk."""
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in panns.PublishedCnn14(n_fft).state_dict().items()}
    return {key: torch.zeros(()).expand(shape) for key, shape in shapes.items()} | changed


def test_the_network_has_the_tensors_of_the_published_checkpoint() -> None:
    with torch.device("meta"):
        ours = panns.PublishedCnn14(1024).state_dict()
    assert sorted(f"{key} {tuple(value.shape)}" for key, value in ours.items()) == sorted(GOLDEN["published"])


@pytest.mark.parametrize("key", PARITY)
def test_every_layer_is_that_of_the_original(embedder: Callable[..., AudioEmbedder], key: str) -> None:
    checkpoint, what = key.split("/")
    layer, n_samples = what.split("-")
    network = embedder(checkpoint)
    [features] = network.embed([clip(network.sample_rate, int(n_samples))])
    match layer:
        case "framewise":
            found = features[layer][:, ::16]
        case "clipwise":
            found = 1 / (1 + np.exp(-features["logits"]))
        case _:
            found = features[layer]
    assert distance(found, GOLDEN[key]) < TOLERANCE


def test_the_published_network_has_2048_features(tmp_path: Path) -> None:
    state = blank(512, **{"fc1.bias": torch.ones(2048), "fc_audioset.bias": torch.arange(527.0)})
    torch.save({"model": state}, tmp_path / "f.pth")
    [features] = panns.load("cnn14-16k", {"f.pth": tmp_path / "f.pth"}).embed([clip(16000, 4960)])
    np.testing.assert_array_equal(features["embedding"], np.ones(2048))
    np.testing.assert_array_equal(features["logits"], np.arange(527))


def test_clips_do_not_depend_on_their_batch(embedder: Callable[..., AudioEmbedder]) -> None:
    network = embedder("cnn14-16k")
    clips = [clip(16000, n) for n in (8000, 9000, 8000)]
    clips[2] = Clip(-0.5 * clips[2].samples, 16000)
    for alone, together in zip(clips, network.embed(clips), strict=True):
        assert distance(together["embedding"], network.embed([alone])[0]["embedding"]) < TOLERANCE


def test_silence_has_finite_features(embedder: Callable[..., AudioEmbedder]) -> None:
    [features] = embedder("cnn14-16k").embed([Clip(np.zeros(8000, dtype=np.float32), 16000)])
    assert np.isfinite(features["logits"]).all()


def test_bfloat16_changes_the_third_digit_only(embedder: Callable[..., AudioEmbedder]) -> None:
    exact, rounded = (embedder("cnn14-16k", dtype).embed([clip(16000, 8000)])[0] for dtype in ("float32", "bfloat16"))
    assert 1e-4 < distance(rounded["embedding"], exact["embedding"]) < 2e-2
    assert rounded["logits"].dtype == np.float32


@pytest.mark.parametrize(("checkpoint", "shortest"), [("cnn14-16k", 4960), ("cnn14-32k", 9920)])
def test_a_clip_shorter_than_one_segment_is_refused(
    embedder: Callable[..., AudioEmbedder], checkpoint: str, shortest: int
) -> None:
    network = embedder(checkpoint)
    network.embed([clip(network.sample_rate, shortest)])
    with pytest.raises(ValueError, match=f"at least {shortest} samples"):
        network.embed([clip(network.sample_rate, shortest - 1)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"weights": {}}, r"f\.pth of panns:cnn14-32k has no entry 'model'"),
        (
            {"model": blank(1024, **{"fc1.bias": torch.zeros(3)})},
            r"f\.pth of panns:cnn14-32k does not fit .*'fc1.bias'",
        ),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: dict[str, object], message: str) -> None:
    torch.save(content, tmp_path / "f.pth")
    with pytest.raises(UserError, match=message):
        panns.load("cnn14-32k", {"f.pth": tmp_path / "f.pth"})


def test_the_weights_of_the_other_sample_rate_are_refused(tmp_path: Path) -> None:
    torch.save({"model": blank(1024)}, tmp_path / "f.pth")
    with pytest.raises(UserError, match=r"melW' has shape \(513, 64\) and should have \(257, 64\)"):
        panns.load("cnn14-16k", {"f.pth": tmp_path / "f.pth"})
