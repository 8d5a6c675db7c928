"""What is typed into a form becomes values, or a sentence that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commands.app import asking
from tta_bench.types import UserError


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: asking.caption(" ...", "The name"), "The name is ' ...', which says nothing"),
        (lambda: asking.caption(None), "The caption is ''"),
        (lambda: asking.seed("-1"), "The seed is '-1'; take a whole number from 0 to 9223372036854775807"),
        (lambda: asking.seed("9223372036854775808"), "take a whole number"),
        (lambda: asking.seed("٣"), "take a whole number"),
        (lambda: asking.duration(None), "The duration is empty"),
        (lambda: asking.duration(float("nan")), "The duration is nan"),
        (lambda: asking.duration(0), "more than 0"),
        (lambda: asking.sampling(1.5, None, None), "The number of steps is 1.5; take a whole one from 1 to 1000"),
        (lambda: asking.sampling(0, None, None), "The number of steps is 0"),
        (lambda: asking.sampling(None, float("inf"), None), "Guidance is inf"),
        (lambda: asking.span(None, 2, "s"), "There is no mark in s. Drag over the spectrogram"),
        (lambda: asking.span(2, 1, "Hz"), "The mark goes from 2 to 1 Hz"),
    ],
)
def test_what_cannot_be_meant_is_refused(ask: Callable[[], Any], message: str) -> None:
    with pytest.raises(UserError) as refused:
        ask()
    assert message in str(refused.value)


def test_fields_that_are_left_empty_leave_the_sampling_to_the_checkpoint() -> None:
    assert asking.sampling(None, None, " ") == {}
    every = {"num_inference_steps": 8, "guidance_scale": 2.5, "negative_prompt": "hiss"}
    assert asking.sampling(8, 2.5, " hiss ") == every


def test_words_are_those_of_the_caption_each_once() -> None:
    assert asking.words("A dog's bark, a tick-tock: <b>rain</b>") == ["a", "dog's", "bark", "tick-tock", "b", "rain"]
