"""What the U-Net is told of captions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models.auffusion.conditioning import Condition, ConditionAdapter, Conditioning, Token
from models.auffusion.loading import load_pipeline
from models.auffusion.locate import files_in
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.text_encoders import Span


class Letters:
    """An encoder whose tokens are a caption's letters, with a beginning, and whose states are their codes."""

    width = 2

    def __init__(self) -> None:
        self.read: list[str] = []

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        self.read += texts
        length = max(map(len, texts)) + 1
        codes = torch.tensor([[1, *map(ord, text), *[7] * (length - len(text) - 1)] for text in texts])
        present = torch.tensor([[i <= len(text) for i in range(length)] for text in texts])
        return codes[..., None].expand(-1, -1, 2).float(), present

    def spans(self, text: str) -> list[Span]:
        return [None, *((i, i + 1) for i in range(len(text)))]


def adapter(seed: int = 0) -> ConditionAdapter:
    torch.manual_seed(seed)
    return ConditionAdapter(2, 3).requires_grad_(False)


def test_states_are_filled_up_with_zeros_before_the_adapter() -> None:
    module = adapter()
    embeddings = Conditioning([Condition(Letters(), module, max_length=6)]).encode(["ab"])
    padded = torch.tensor([1.0, 97, 98, 0, 0, 0])[None, :, None].expand(-1, -1, 2)
    assert torch.equal(embeddings.states, module(padded))
    assert embeddings.mask is None


def test_several_encoders_stand_one_after_another_each_through_its_adapter() -> None:
    first, second = adapter(0), adapter(1)
    both = Conditioning([Condition(Letters(), first, max_length=4), Condition(Letters(), second, max_length=5)])
    apart = [Conditioning([condition]).encode(["ab", "c"]).states for condition in both.conditions]
    assert torch.equal(both.encode(["ab", "c"]).states, torch.cat(apart, dim=1))
    assert both.length == 9
    assert both.tokens("ab") == [Token(1, 0, 1), Token(2, 1, 2), Token(5, 0, 1), Token(6, 1, 2)]


def test_a_caption_longer_than_the_length_is_cut() -> None:
    embeddings = Conditioning([Condition(Letters(), max_length=3)]).encode(["abcdef"])
    assert embeddings.states[0, :, 0].tolist() == [1, 97, 98]
    assert Conditioning([Condition(Letters(), max_length=3)]).tokens("abcdef") == [Token(1, 0, 1), Token(2, 1, 2)]


def test_a_caption_is_read_once_however_often_it_occurs() -> None:
    encoder = Letters()
    embeddings = Conditioning([Condition(encoder, max_length=4)]).encode(["b", "a", "b"])
    assert sorted(encoder.read) == ["a", "b"]
    assert embeddings.states[:, 1, 0].tolist() == [98, 97, 98]


def test_only_a_masked_condition_tells_what_is_filling() -> None:
    masked = Condition(Letters(), max_length=4, masked=True)
    alone = Conditioning([masked]).encode(["ab", "c"]).mask
    assert alone is not None
    assert alone.tolist() == [[True, True, True, False], [True, True, False, False]]
    both = Conditioning([Condition(Letters(), max_length=2), masked]).encode(["c"]).mask
    assert both is not None
    assert both.tolist() == [[True, True, True, True, False, False]]


def test_no_caption_is_zeros_or_the_empty_caption_or_what_the_user_says() -> None:
    zeros = Conditioning([Condition(Letters(), max_length=3)])
    empty = Conditioning([Condition(Letters(), max_length=3)], unconditional="empty")
    embeddings = zeros.encode(["ab", "c"])
    assert zeros.negative(embeddings, None).states.unique().tolist() == [0]
    assert empty.negative(embeddings, None).states[1, :, 0].tolist() == [1, 0, 0]
    assert zeros.negative(embeddings, "x").states[1, :, 0].tolist() == [1, 120, 0]


def test_a_batch_of_captions_gets_the_states_that_each_gets_alone(published: AuffusionPipeline) -> None:
    captions = ["a dog", "rain falls on a roof while a dog barks", "a"]
    together = published.conditioning.encode(captions).states
    alone = torch.cat([published.conditioning.encode([caption]).states for caption in captions])
    assert together.shape == (3, 77, 32)
    assert torch.allclose(together, alone, atol=1e-5)


def test_a_caption_beyond_the_tokens_of_the_encoder_is_cut_with_a_warning(
    published: AuffusionPipeline, caplog: pytest.LogCaptureFixture
) -> None:
    states = published.conditioning.encode(["rain " * 100]).states
    assert states.shape == (1, 77, 32)
    assert "only the first 77 tokens" in caplog.text


def test_without_adapter_captions_are_filled_with_the_tokenizers_padding_as_in_stable_diffusion(
    plain_checkpoint: Path,
) -> None:
    conditioning = load_pipeline(files_in(plain_checkpoint)).conditioning
    encoder: Any = conditioning.conditions[0].encoder
    tokens = encoder.tokenizer(["a dog"], padding="max_length", max_length=77, return_tensors="pt")
    with torch.no_grad():
        states = encoder.network(tokens["input_ids"])[0]
    embeddings = conditioning.encode(["a dog"])
    assert torch.allclose(embeddings.states, states, atol=1e-6)
    empty = conditioning.negative(embeddings, None).states
    assert not torch.allclose(empty, torch.zeros_like(empty))
    assert torch.allclose(empty, conditioning.encode([""]).states)
