"""MS-CLAP agrees with msclap 1.3.4: arrays of tests/golden/make_msclap.py, for a narrow network of the same kind."""

import copy
import json
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tta_bench.embedders import msclap
from tta_bench.states import fill
from tta_bench.types import Clip, UserError

GOLDEN = dict(np.load(Path(__file__).parent.parent / "golden" / "msclap.npz"))
SWEEP = (0.5 * np.sin(np.pi * np.arange(308700.0) ** 2 / 617400)).astype(np.float32)
NARROW = msclap.Shape(
    width=8, depths=(2, 2), n_heads=(1, 2), text_width=8, text_depth=2, text_heads=2, vocabulary=11, dimension=12
)
NAME = "CLAP_weights_2023.pth"
STFT = "audio_encoder.base.htsat.spectrogram_extractor.stft"


def kernels() -> dict[str, Tensor]:
    """The Fourier transform of the published files: windowed cosines and sines."""
    spectrum = np.fft.rfft(np.diag(0.5 - 0.5 * np.cos(2 * np.pi / 1024 * np.arange(1024)))).T[:, None]
    real, imag = (torch.from_numpy(part.astype(np.float32)) for part in (spectrum.real, spectrum.imag))
    return {f"{STFT}.conv_real.weight": real, f"{STFT}.conv_imag.weight": imag}


@pytest.fixture(scope="module")
def network() -> msclap.MsClapNetwork:
    weights = {k.removeprefix("weights/"): torch.from_numpy(v) for k, v in GOLDEN.items() if k.startswith("weights/")}
    return fill(msclap.MsClapNetwork(NARROW), msclap.renamed({"model": weights | kernels()}, NAME), NAME)


def published_shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    for line in GOLDEN["published"]:
        key, _, shape = line.partition(" ")
        yield key, tuple(int(size) for size in shape.split(",") if size)


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """Writes files as published, with all weights zero (4 bytes on disk for each tensor) but for the changes."""

    def write(changes: dict[str, Tensor] | None = None, *, without: str = "", n_merges: int = 50000) -> dict[str, Path]:
        state = {key: torch.zeros(()).expand(shape) for key, shape in published_shapes() if key != without}
        torch.save({"model": state | (changes or {})}, tmp_path / NAME)
        # The order of GPT-2's 256 letters for bytes; "!" is the first. The pairs of the first 196 are the merges.
        codes = [*range(33, 127), *range(161, 173), *range(174, 256)]
        letters = [chr(code) for code in codes] + [chr(256 + i) for i in range(256 - len(codes))]
        pairs = list(islice(product(letters[::-1], repeat=2), n_merges))
        words = [*letters, *("".join(pair) for pair in pairs), "<|endoftext|>"]
        (tmp_path / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}), encoding="utf-8")
        lines = ["#version: 0.2", *(" ".join(pair) for pair in pairs)]
        (tmp_path / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
        return {name: tmp_path / name for name in (NAME, "vocab.json", "merges.txt")}

    return write


def test_the_network_has_the_tensors_of_the_published_checkpoint() -> None:
    """Those of the original network, and the causal masks that GPT-2 kept in its state when the file was written."""
    masks = {f"caption_encoder.base.h.{i}.attn.{name}": (1,) for i in range(12) for name in ("bias", "masked_bias")}
    with torch.device("meta"):
        state = {key: torch.empty(shape) for key, shape in (*published_shapes(), *masks.items())}
        fill(msclap.MsClapNetwork(msclap.Shape()), msclap.renamed({"model": state}, NAME), NAME)


def test_log_mel_is_that_of_the_original(network: msclap.MsClapNetwork) -> None:
    np.testing.assert_allclose(network.log_mel(torch.from_numpy(SWEEP[None]))[0, :, ::16], GOLDEN["log_mel"], atol=2e-3)


def test_audio_embeddings_are_those_of_the_original(network: msclap.MsClapNetwork) -> None:
    embedder = msclap.MsClapEmbedder(network, lambda _: torch.tensor([]), "cpu")
    [features] = embedder.embed([Clip(SWEEP, 44100)])
    np.testing.assert_allclose(features["embedding"], GOLDEN["audio"][0], atol=1e-5)


@pytest.mark.parametrize("n_tokens", [7, 9])
def test_text_embeddings_are_those_of_the_original_however_far_they_are_padded(
    network: msclap.MsClapNetwork, n_tokens: int
) -> None:
    """The second row has "!" in its middle, for which the original reads the state two tokens before the last."""
    tokens = torch.zeros(3, n_tokens, dtype=torch.long)
    tokens[:, :7] = torch.from_numpy(GOLDEN["tokens"])
    embeddings = msclap.MsClapEmbedder(network, lambda _: tokens, "cpu").embed_text(["a", "b", "c"])
    np.testing.assert_allclose(embeddings, GOLDEN["text"], atol=1e-5)


def test_captions_end_with_a_space_and_the_end_token_and_an_exclamation_mark_stays_alone(
    files: Callable[..., dict[str, Path]],
) -> None:
    """GPT-2's own tokens, in a vocabulary that has the pair "!!"; padding is "!" as well."""
    tokenize = msclap.tokenizer(files())
    letter = {"a": 64, "!": 0, " ": 220, "end": 50256}
    ended = [letter[token] for token in ("a", "!", "!", " ", "end")]
    assert tokenize(["a!!", ""]).tolist() == [ended, [letter[" "], letter["end"], 0, 0, 0]]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_published_files_are_loaded_in_the_precision_asked_for(
    files: Callable[..., dict[str, Path]], dtype: str
) -> None:
    """With weights of zero, an embedding is the bias of the projection's last layer, scaled to length 1."""
    bias = torch.linspace(-1, 1, 1024)
    embedder = msclap.load("2023", files({"caption_encoder.projection.layer_norm.bias": bias}), dtype=dtype)
    rounded = bias.to(getattr(torch, dtype)).float()
    [embedding] = embedder.embed_text(["a dog"])
    np.testing.assert_allclose(embedding, rounded / rounded.norm(), atol=1e-7)


def test_bfloat16_leaves_the_spectrogram_and_its_normalisation_in_float32(network: msclap.MsClapNetwork) -> None:
    halved = copy.deepcopy(network).trunk_to(torch.bfloat16)
    kept = {key.rpartition(".")[0] for key, value in halved.named_parameters() if value.dtype == torch.float32}
    assert kept == {"log_mel", "log_mel.conv_real", "log_mel.conv_imag", "htsat.bn0"}
    [features] = msclap.MsClapEmbedder(halved, lambda _: torch.tensor([]), "cpu").embed([Clip(SWEEP, 44100)])
    np.testing.assert_allclose(features["embedding"], GOLDEN["audio"][0], atol=0.05)


def test_a_file_that_lacks_a_tensor_is_refused_by_name(files: Callable[..., dict[str, Path]]) -> None:
    with pytest.raises(UserError, match=rf"{NAME} of msclap:2023 .* 1 tensors differ; 'gpt2.h.11.ln_2.bias'"):
        msclap.load("2023", files(without="caption_encoder.base.h.11.ln_2.bias"))


def test_a_file_of_another_package_is_refused() -> None:
    with pytest.raises(UserError, match="no entry 'model'"):
        msclap.renamed({"state_dict": {}}, NAME)


def test_a_tokenizer_that_is_not_that_of_gpt2_is_refused(files: Callable[..., dict[str, Path]]) -> None:
    with pytest.raises(UserError, match="has 49999 tokens and 49742 merges"):
        msclap.tokenizer(files(n_merges=49742))


@pytest.mark.parametrize(("n_samples", "message"), [(308699, "at least 308700 samples"), (308701, "7 s.*, not 308701")])
def test_a_clip_of_other_than_7_s_is_refused(network: msclap.MsClapNetwork, n_samples: int, message: str) -> None:
    embedder = msclap.MsClapEmbedder(network, lambda _: torch.tensor([]), "cpu")
    with pytest.raises(ValueError, match=message):
        embedder.embed([Clip(np.zeros(n_samples, np.float32), 44100)])
