"""The text encoders of transformers, several at once, as the journal version conditions on them."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from models.auffusion.loading import load_pipeline
from models.auffusion.locate import files_in
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.words import positions_of

CAPTIONS = ["a dog, then rain", "a", "rain on a dog's roof"]


def write_t5(folder: Path) -> None:
    from transformers import T5Config, T5EncoderModel, T5Tokenizer

    letters = [chr(letter) for letter in range(97, 123)]
    pieces = ["<pad>", "</s>", "<unk>", "▁a", "▁dog", "▁", ",", "'", *letters]
    T5Tokenizer(vocab=[(piece, -float(i)) for i, piece in enumerate(pieces)], extra_ids=0).save_pretrained(folder)
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    T5EncoderModel(T5Config(vocab_size=len(pieces), **sizes)).save_pretrained(folder)


def write_clap(folder: Path) -> None:
    from transformers import ClapTextConfig, ClapTextModelWithProjection, RobertaTokenizer

    letters = [chr(letter) for letter in range(33, 127)]
    words = ["<s>", "<pad>", "</s>", "<unk>", *letters, "Ġ", "do", "dog", "Ġdog"]
    merges = [("d", "o"), ("do", "g"), ("Ġ", "dog")]
    RobertaTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=merges).save_pretrained(folder)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = ClapTextConfig(vocab_size=len(words), max_position_embeddings=80, projection_dim=8, **sizes)
    ClapTextModelWithProjection(config).save_pretrained(folder)


@pytest.fixture(scope="module")
def several(maker: Any, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> AuffusionPipeline:
    """A checkpoint with CLIP, Flan-T5 and CLAP, each with an adapter."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("several") / "checkpoint"
    shutil.copytree(checkpoint, folder)
    write_t5(folder / "text_encoder_1")
    write_clap(folder / "text_encoder_2")
    entries = [
        {
            **maker.CONDITION,
            "text_encoder_name": f"text_encoder_{i}",
            "condition_adapter_name": f"condition_adapter_{i}",
        }
        for i in range(3)
    ]
    maker.write_json(folder / "condition_config.json", entries)
    shapes = {"proj.weight": (32, 16), "proj.bias": (32,), "norm.weight": (32,), "norm.bias": (32,)}
    for i in (1, 2):
        maker.write_json(folder / f"condition_adapter_{i}" / "config.json", entries[i])
        path = folder / f"condition_adapter_{i}" / "condition_adapter.safetensors"
        save_file(maker.random_state(shapes, i), path)
    return load_pipeline(files_in(folder))


@torch.no_grad()
def one_by_one(pipeline: AuffusionPipeline, caption: str) -> torch.Tensor:
    """The published way: a caption alone, without padding; zeros up to 77; the adapter; one encoder after another."""
    found = []
    for condition in pipeline.conditioning.conditions:
        encoder: Any = condition.encoder
        states = encoder.network(encoder.tokenizer(caption, return_tensors="pt").input_ids).last_hidden_state
        assert condition.adapter is not None
        found.append(condition.adapter(F.pad(states, (0, 0, 0, 77 - states.shape[1]))))
    return torch.cat(found, dim=1)[0]


def test_a_batch_of_captions_through_three_encoders_is_the_published_way_one_by_one(several: AuffusionPipeline) -> None:
    together = several.conditioning.encode(CAPTIONS).states
    assert together.shape == (3, 231, 32)
    for states, caption in zip(together, CAPTIONS, strict=True):
        assert torch.allclose(states, one_by_one(several, caption), atol=1e-5)


def test_a_word_has_tokens_in_all_three_encoders(several: AuffusionPipeline) -> None:
    dog = positions_of(several.conditioning, "a dog, then rain", "dog")
    assert [position // 77 for position in dog] == [0, 1, 2]
    rain = positions_of(several.conditioning, "a dog, then rain", "rain")
    assert {position // 77 for position in rain} == {0, 1, 2}


def test_clips_are_made_from_three_encoders(several: AuffusionPipeline) -> None:
    made = several(["a dog", "rain"], seeds=[0, 1], duration=0.32, num_inference_steps=1, output_type="latent")
    assert torch.isfinite(made.latents).all()
