"""CLAP agrees with laion_clap 1.1.7 and transformers 5.23: arrays of tests/golden/make_clap.py, for narrow networks."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.golden import make_clap
from tta_bench.checkpoints import CHECKPOINTS
from tta_bench.embedders import clap
from tta_bench.embedders._clap_mel import laion_log_mel
from tta_bench.embedders._clap_names import renamed
from tta_bench.embedders._roberta import RobertaShape
from tta_bench.mel import Scale, mel_filters
from tta_bench.states import fill
from tta_bench.types import Clip, Embedder, UserError

GOLDEN = dict(np.load(Path(__file__).parent.parent / "golden" / "clap.npz"))
NAMES = {
    "laion": "630k-audioset-best",
    "laion-fusion": "630k-audioset-fusion-best",
    "hub": "htsat-unfused",
    "hub-fusion": "htsat-fused",
}
"""Case of the golden arrays -> a checkpoint of that kind."""
State = dict[str, torch.Tensor]
Write = Callable[..., dict[str, Path]]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the files of a narrow checkpoint, with changes to its tensors (None: left out)."""
    n_tokens = make_clap.write_tokenizer(tmp_path)
    sizes = make_clap.TEXT_WIDTH, make_clap.TEXT_DEPTH, make_clap.TEXT_HEADS
    text = RobertaShape(n_tokens, make_clap.N_POSITIONS, *sizes)
    narrow = clap.Shape(make_clap.WIDTH, make_clap.DEPTHS, make_clap.HEADS, text, make_clap.DIMENSION)
    for case in ("laion", "laion-fusion"):
        monkeypatch.setitem(clap.LAION, NAMES[case], (narrow, make_clap.CASES[case]))

    def write(case: str, changes: Mapping[str, torch.Tensor | None] | None = None) -> dict[str, Path]:
        changed = make_clap.random_state(GOLDEN[f"{case}/tensors"]) | dict(changes or {})
        state = {key: tensor for key, tensor in changed.items() if tensor is not None}
        if case.startswith("laion"):
            state["text_branch.embeddings.position_ids"] = torch.zeros(1, make_clap.N_POSITIONS)
            trained = {"epoch": np.float64(3), "state_dict": {f"module.{key}": state[key] for key in state}}
            torch.save(trained, tmp_path / "clap.pt")
            return {name: tmp_path / name for name in ("clap.pt", "vocab.json", "merges.txt")}
        save_file(state, tmp_path / "model.safetensors")
        config = make_clap.hub_config(n_tokens, make_clap.CASES[case])
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(make_clap.hub_hearing(make_clap.CASES[case])))
        hub = ("model.safetensors", "config.json", "preprocessor_config.json", "vocab.json", "merges.txt")
        return {name: tmp_path / name for name in hub}

    return write


def clips(case: str) -> list[Clip]:
    """The sounds, repeated as often as they fit into 10 s and completed with zeros."""
    whole = [np.tile(wave, 480000 // len(wave)) for wave in make_clap.sounds(case)]
    return [Clip(np.pad(wave, (0, 480000 - len(wave))), 48000) for wave in whole]


def heard(embedder: Embedder, sounds: list[Clip]) -> np.ndarray:
    return np.stack([features["embedding"] for features in embedder.embed(sounds)])


@pytest.mark.parametrize("case", NAMES)
def test_clips_and_captions_are_embedded_as_by_the_original(files: Write, case: str) -> None:
    embedder = clap.load(NAMES[case], files(case))
    ours = {"audio": heard(embedder, clips(case)), "text": embedder.embed_text(make_clap.CAPTIONS)}
    for key, found in ours.items():
        errors = np.linalg.norm(found - GOLDEN[f"{case}/{key}"], axis=1)
        assert errors.max() < 1e-5, f"{key}: {errors}"


@pytest.mark.parametrize(
    ("tensors", "shape", "fused"),
    [
        ("HTSAT-tiny", *clap.LAION["630k-audioset-best"]),
        ("HTSAT-tiny-fusion", *clap.LAION["630k-audioset-fusion-best"]),
        ("HTSAT-base", *clap.LAION["music-speech-audioset"]),
        ("HTSAT-base", *clap.LAION["music-audioset"]),
        ("htsat-unfused", clap.Shape(), False),
        ("htsat-fused", clap.Shape(), True),
    ],
)
def test_published_checkpoints_fill_the_network_to_the_last_tensor(
    tensors: str, shape: clap.Shape, fused: bool
) -> None:
    published = {}
    for line in GOLDEN[f"published/{tensors}"]:
        key, _, sizes = str(line).partition(" ")
        published[key] = torch.empty([int(n) for n in sizes.strip("(,)").split(",") if n], device="meta")
    with torch.device("meta"):
        network = clap.ClapNetwork(shape)
    filled = fill(network, renamed(published, tensors, fused=fused), tensors)
    assert not any(weight.requires_grad for weight in filled.parameters())


def test_every_clap_checkpoint_of_laion_has_a_shape_and_every_other_brings_its_settings() -> None:
    for row in CHECKPOINTS.values():
        module, _, checkpoint = row.name.partition(":")
        if module == "clap":
            names = {file.name for file in row.files}
            assert names >= set(clap.TOKENIZER if checkpoint in clap.LAION else clap.TOKENIZER + clap.SETTINGS)


def convolved(waves: torch.Tensor) -> torch.Tensor:
    """Power spectra by the definition of the transform, windowed, summed up in float32: torchlibrosa's way."""
    n = np.arange(1024)
    exponentials = np.exp(-2j * np.pi / 1024 * np.outer(n[:513], n)) * np.sin(np.pi * n / 1024) ** 2
    kernels = torch.from_numpy(np.concatenate([exponentials.real, exponentials.imag]).astype(np.float32))
    centred = torch.nn.functional.pad(waves, (512, 512), mode="reflect")
    found = torch.conv1d(centred[:, None], kernels[:, None], stride=480)
    return found[:, :513].square() + found[:, 513:].square()


def fast(waves: torch.Tensor) -> torch.Tensor:
    """Power spectra by the fast transform in float32: torchaudio's way."""
    found = torch.stft(waves, 1024, 480, window=torch.hann_window(1024), return_complex=True)
    return found.real.square() + found.imag.square()


@pytest.mark.parametrize("fused", [False, True])
def test_bands_of_rounding_noise_are_those_of_the_transform_that_laion_clap_uses(fused: bool) -> None:
    """In its fusion models the fast one. The other one's noise is that much further away."""
    tone = torch.from_numpy(make_clap.sounds("hub")[3][None, :48000])
    scale: Scale = "htk" if fused else "slaney"
    filters = torch.from_numpy(mel_filters(48000, 1024, 64, 50, 14000, scale=scale, area_norm=not fused))
    ways = (fast, convolved) if fused else (convolved, fast)
    theirs, other = (10 * (filters @ power(tone)).clamp(min=1e-10).log10() for power in ways)
    ours = laion_log_mel(fused=fused, device="cpu")(tone)
    assert (ours - theirs).abs().mean() < 0.1 * (ours - other).abs().mean()


def test_a_clip_is_embedded_alike_alone_and_among_others(files: Write) -> None:
    embedder = clap.load(NAMES["laion"], files("laion"))
    sounds = clips("laion")
    np.testing.assert_allclose(heard(embedder, sounds[::-1])[::-1], GOLDEN["laion/audio"], atol=3e-6)
    np.testing.assert_allclose(heard(embedder, sounds[2:])[0], GOLDEN["laion/audio"][2], atol=3e-6)


def test_a_caption_is_embedded_alike_alone_and_padded_to_a_longer_one(files: Write) -> None:
    embedder = clap.load(NAMES["hub"], files("hub"))
    alone = np.concatenate([embedder.embed_text([caption]) for caption in make_clap.CAPTIONS])
    np.testing.assert_allclose(embedder.embed_text(make_clap.CAPTIONS), alone, atol=3e-6)


@pytest.mark.parametrize("case", ["laion", "hub"])
def test_bfloat16_gives_float32_embeddings_of_length_one_near_those_of_float32(files: Write, case: str) -> None:
    embedder = clap.load(NAMES[case], files(case), dtype="bfloat16")
    found = {"audio": heard(embedder, clips(case)), "text": embedder.embed_text(make_clap.CAPTIONS)}
    for key, embeddings in found.items():
        assert embeddings.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, atol=1e-6)
        distances = np.linalg.norm(embeddings - GOLDEN[f"{case}/{key}"], axis=1)
        assert 1e-5 < distances.max() < 0.1


@pytest.mark.parametrize("n_samples", [479999, 480001])
def test_a_clip_that_does_not_last_10_s_is_refused(files: Write, n_samples: int) -> None:
    embedder = clap.load(NAMES["laion"], files("laion"))
    with pytest.raises(ValueError, match=f"480000 samples.*{n_samples}|{n_samples}.*480000 samples"):
        embedder.embed([Clip(np.zeros(n_samples, np.float32), 48000)])


def test_a_tokenizer_without_words_is_refused_when_loading(files: Write) -> None:
    """Of it all captions would come out alike; transformers 5 makes one without a word where files are missing."""
    found = files("laion")
    found["vocab.json"].write_text('{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4}')
    found["merges.txt"].write_text("")
    with pytest.raises(UserError, match=r"merges\.txt has 5 tokens and 0 merges"):
        clap.load(NAMES["laion"], found)


@pytest.mark.parametrize(("case", "name"), [("laion", "merges.txt"), ("hub", "vocab.json"), ("hub", "config.json")])
def test_a_missing_file_is_named(files: Write, case: str, name: str) -> None:
    found = files(case)
    del found[name]
    with pytest.raises(UserError, match=f"clap:{NAMES[case]} needs the file {name}"):
        clap.load(NAMES[case], found)


@pytest.mark.parametrize(
    ("case", "key", "ours"),
    [
        ("laion", "audio_branch.layers.1.downsample.norm.bias", "audio_branch.layers.1.downsample.norm.bias"),
        (
            "hub",
            "audio_model.audio_encoder.layers.0.blocks.0.attention.self.key.bias",
            "audio_branch.layers.0.blocks.0.attn.qkv.bias",
        ),
    ],
)
def test_a_file_that_lacks_a_tensor_is_refused_by_name(files: Write, case: str, key: str, ours: str) -> None:
    with pytest.raises(UserError, match=rf"of clap:{NAMES[case]} .*1 tensors differ; '{ours}' has shape None"):
        clap.load(NAMES[case], files(case, {key: None}))


def test_a_fusion_model_under_another_name_is_refused(files: Write) -> None:
    with pytest.raises(UserError, match=r"clap.pt of clap:630k-audioset-best .*fusion_model"):
        clap.load("630k-audioset-best", files("laion-fusion"))


def test_another_model_under_the_name_of_a_fusion_model_is_refused(files: Write) -> None:
    with pytest.raises(UserError, match=r"clap.pt of clap:630k-audioset-fusion-best lacks the tensors of a fusion"):
        clap.load("630k-audioset-fusion-best", files("laion"))
