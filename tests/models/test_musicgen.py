"""MusicGen: its published layout, its codes against transformers' own, and its clips one by one."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoTokenizer,
    EncodecConfig,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForCausalLM,
    MusicgenForConditionalGeneration,
    T5Config,
)

from models import musicgen
from models._shared.codes import CodeWriter, _draw
from models._shared.folders import files_in
from models.musicgen import CHECKPOINTS
from tests.models import tiny
from tta_bench.types import UserError

CAPTIONS = ["a dog barks, then rain falls on a tin roof", "rain"]
SHAPES = {"small": (1024, 24, 16), "medium": (1536, 48, 24), "large": (2048, 48, 32)}
"""Width, layers and heads, of the published configurations (unconfirmed)."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as facebook/musicgen-* are published."""
    root = tmp_path_factory.mktemp("musicgen")
    n_words = tiny.write_t5_tokenizer(root)
    text = T5Config(d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, vocab_size=n_words)
    codec = EncodecConfig(
        target_bandwidths=[16.0],
        sampling_rate=3200,
        hidden_size=16,
        num_filters=4,
        upsampling_ratios=[8, 8],
        codebook_size=32,
        codebook_dim=16,
        num_lstm_layers=1,
        norm_type="weight_norm",
    )
    decoder = MusicgenDecoderConfig(
        vocab_size=32,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        ffn_dim=32,
        num_codebooks=2,
        pad_token_id=32,
        bos_token_id=32,
    )
    network = MusicgenForConditionalGeneration(
        MusicgenConfig(text_encoder=text.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict())
    )
    network.generation_config.update(decoder_start_token_id=32, pad_token_id=32, bos_token_id=32, do_sample=True)
    for layer in network.audio_encoder.quantizer.layers:
        layer.codebook.embed.normal_(generator=torch.Generator().manual_seed(2))
    tiny.randomise(network, 1).save_pretrained(root)
    return root


@pytest.fixture(scope="module")
def model(folder: Path) -> CodeWriter:
    return musicgen.load("small", files_in(folder))


def test_with_one_choice_a_clip_is_the_one_that_transformers_makes(folder: Path) -> None:
    likeliest = musicgen.load("small", files_in(folder), top_k=1)
    ours = likeliest.generate(CAPTIONS, [1, 2], 0.4)
    stock = MusicgenForConditionalGeneration.from_pretrained(folder)
    tokens = AutoTokenizer.from_pretrained(folder)(CAPTIONS, padding=True, return_tensors="pt")
    theirs = stock.generate(**tokens, do_sample=False, guidance_scale=3.0, max_length=20 + 2)
    for clip, row in zip(ours, theirs, strict=True):
        assert clip.samples.shape == (1280,)
        assert np.abs(clip.samples - row[0, :1280].numpy()).max() < 1e-5


def test_codes_are_drawn_as_often_as_they_are_likely_and_never_beyond_the_likeliest() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).repeat(4000, 1)
    draw = _draw(list(range(2000)), (1, 2), guidance_scale=1.0, top_k=3, temperature=1.0)
    drawn = draw(torch.zeros(4000, 1, dtype=torch.long), logits).argmax(-1)
    shares = torch.bincount(drawn, minlength=4) / 4000
    assert torch.allclose(shares, torch.tensor([0.5, 0.3, 0.15, 0.0]) / 0.95, atol=0.03)


def test_a_clip_is_the_same_alone_and_in_a_batch_and_each_seed_makes_its_own(model: CodeWriter) -> None:
    together = model.generate(CAPTIONS, [1, 2], 0.5)
    assert [(clip.samples.shape, clip.sample_rate) for clip in together] == [((1600,), 3200)] * 2
    alone, other = (model.generate(CAPTIONS[1:], [seed], 0.5)[0] for seed in (2, 3))
    assert np.abs(alone.samples - together[1].samples).max() < 1e-4
    assert np.abs(other.samples - alone.samples).max() > 1e-4


def test_the_caption_is_heard(model: CodeWriter) -> None:
    clips = model.generate(CAPTIONS, [1, 1], 0.5)
    assert np.abs(clips[0].samples - clips[1].samples).max() > 1e-4


def test_more_than_it_makes_is_refused(model: CodeWriter) -> None:
    with pytest.raises(UserError, match=r"at most 30\.00 s, not of 31\.00 s"):
        model.generate(["rain"], [1], 31.0)


@pytest.mark.parametrize("checkpoint", SHAPES)
def test_the_parameters_on_its_card_are_those_of_the_published_shape(checkpoint: str) -> None:
    width, layers, heads = SHAPES[checkpoint]
    config = MusicgenDecoderConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, ffn_dim=4 * width
    )
    with torch.device("meta"):
        decoder = MusicgenForCausalLM(config)
    assert sum(weight.numel() for weight in decoder.parameters()) == CHECKPOINTS[checkpoint].parameters


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("another", "describes a bert, not a musicgen"),
        ("cut", "cannot be read"),
        ("lacking", "1 tensors are missing or of another shape"),
    ],
)
def test_what_is_not_a_whole_musicgen_is_refused_by_name(folder: Path, tmp_path: Path, harm: str, said: str) -> None:
    root = shutil.copytree(folder, tmp_path / "musicgen")
    weights, config = root / "model.safetensors", root / "config.json"
    if harm == "another":
        config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": "bert"}))
    elif harm == "cut":
        weights.write_bytes(weights.read_bytes()[:2000])
    else:
        state = load_file(weights)
        state.pop(next(key for key in state if key.startswith("decoder.lm_heads.0")))
        save_file(state, weights, {"format": "pt"})
    with pytest.raises(UserError, match=said):
        musicgen.load("small", files_in(root))
