"""Words, their tokens, and which words of an edited caption are the source's."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from models.auffusion.conditioning import Condition, Conditioning
from models.auffusion.text_encoders import Span
from models.auffusion.words import align, positions_of, words_of
from tta_bench.types import UserError


class Pairs:
    """An encoder that cuts captions into a beginning, pieces of at most two letters of one word, and an end."""

    width = 1

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def spans(self, text: str) -> list[Span]:
        pieces: list[Span] = []
        for i, letter in enumerate(text):
            last = pieces[-1] if pieces else None
            if last and last[1] == i and last[1] - last[0] < 2 and letter.isalpha() and text[i - 1].isalpha():
                pieces[-1] = (last[0], i + 1)
            elif not letter.isspace():
                pieces.append((i, i + 1))
        return [None, *pieces, None]


def conditioning(*max_lengths: int) -> Conditioning:
    return Conditioning([Condition(Pairs(), max_length=length) for length in max_lengths])


def test_a_word_is_all_of_its_tokens_in_every_encoder() -> None:
    words = words_of(conditioning(12, 12), "A dog's bark, then rain")
    assert [word.text for word in words] == ["a", "dog's", "bark", ",", "then", "rain"]
    assert words[1].positions == (2, 3, 4, 5, 14, 15, 16, 17)
    assert words[4].positions == (9, 10, 21, 22)


def test_a_word_is_found_wherever_it_occurs_in_any_case() -> None:
    assert positions_of(conditioning(20), "Rain, then rain", "RAIN") == [1, 2, 6, 7]
    assert positions_of(conditioning(20), "a dog barks", "dog barks") == [2, 3, 4, 5, 6]


def test_a_part_of_a_word_is_not_a_word() -> None:
    with pytest.raises(UserError, match=r"'rai' is not in the caption 'rain falls'. Take one of: rain, falls\."):
        positions_of(conditioning(20), "rain falls", "rai")
    with pytest.raises(UserError, match="'' is not in"):
        positions_of(conditioning(20), "rain falls", "")


def test_a_word_that_was_cut_off_is_refused() -> None:
    with pytest.raises(UserError, match="after the last token"):
        positions_of(conditioning(4), "a loud dog barks", "barks")


def test_a_caption_is_aligned_with_itself_position_by_position() -> None:
    found = align(conditioning(12, 16), "a dog barks, then rain", "a dog barks, then rain")
    assert torch.equal(found.mapper, torch.eye(28))
    assert found.taken.tolist() == [1] * 28


def test_a_replaced_word_takes_the_place_of_the_other() -> None:
    found = align(conditioning(9), "a cat runs", "a dog runs")
    assert torch.equal(found.mapper, torch.eye(9))


def test_a_longer_word_shares_the_attention_of_a_shorter_one_and_the_rest_moves_on() -> None:
    found = align(conditioning(9), "a ox ran", "a donkey ran")
    # begin a ox ra n end, 3 of filling; begin a do nk ey ra n end, 1 of filling
    assert found.mapper[2].tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0])
    assert found.mapper[3].argmax() == 5
    assert found.mapper[5].argmax() == 7
    assert [int(row.argmax()) for row in found.mapper[6:]] == [8, 8, 8]
    assert found.mapper.sum(1).tolist() == pytest.approx([1] * 9)
    assert found.taken.tolist() == [1] * 9


def test_a_new_word_keeps_attention_of_its_own() -> None:
    found = align(conditioning(12), "a dog", "a big dog")
    # begin a do g end filling; begin a bi g do g end filling
    assert found.taken.tolist() == [1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
    assert [int(found.mapper[row].argmax()) for row in (2, 3, 4)] == [4, 5, 6]
    assert found.mapper[:, 2:4].abs().sum() == 0


def test_a_word_left_out_takes_its_attention_with_it() -> None:
    found = align(conditioning(12), "a big dog", "a dog")
    assert found.mapper[2:4].abs().sum() == 0
    assert [int(found.mapper[row].argmax()) for row in (4, 5, 6)] == [2, 3, 4]


def test_several_words_in_place_of_fewer_share_their_attention() -> None:
    found = align(conditioning(10), "a ox ran", "a b c ran")
    assert found.mapper[2].tolist() == pytest.approx([0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0])
