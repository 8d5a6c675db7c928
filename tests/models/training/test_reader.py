"""The reader: what a caption says, as events."""

from pathlib import Path
from typing import Any

import pytest
import torch

from models.auffusion.conditioning import Conditioning
from models.auffusion.loading import read_condition
from models.auffusion.locate import files_in
from models.auffusion.reader import N_PLACES, N_TIMES, Reader, Readings, each_once, read_reader
from models.auffusion.text_encoders import load_minilm
from models.auffusion.training.loop import Schedule
from models.auffusion.training.parts import write_part
from models.auffusion.training.reader import SOUND_NAMES, Captions, Telling, tell, train_reader, validate
from models.auffusion.words import positions_of, sounding
from tta_bench.scenes import caption, plan

SIZES = {"n_slots": 5, "width": 32, "n_layers": 1, "n_heads": 2, "dropout": 0.0}
TOLD = (
    *((text, (("dog bark", 0, 0, text),)) for text in ("dog", "barks", "a dog", "a dog barks")),
    *((text, (("rain", 0, 0, text),)) for text in ("rain", "falls", "the rain", "rain falls")),
    *((text, ()) for text in ("a", "then", "twice")),
    ("a dog barks, then rain falls", (("dog bark", 0, 0, "a dog barks"), ("rain", 1, 0, "rain falls"))),
    ("rain falls, then a dog barks twice", (("rain", 0, 0, "rain falls"), ("dog bark", 1, 1, "a dog barks twice"))),
)
"""Captions, and class, place, times and words of each event."""


def captions(folder: Path) -> Captions:
    tellings = [
        Telling(
            text,
            tuple((SOUND_NAMES.index(name), place, times) for name, place, times, _ in events),
            tuple((text.index(words), text.index(words) + len(words)) for *_, words in events),
        )
        for text, events in TOLD
    ]
    return Captions(tellings, folder / "cache")


def test_a_scene_is_told_in_the_order_of_its_steps_with_the_ambience_last() -> None:
    for seed in range(60):
        scene = plan(seed, n_events=3)
        telling = tell(scene)
        assert telling.caption == caption(scene, wordings="rich")
        assert sorted(SOUND_NAMES[event[0]] for event in telling.said) == sorted(part.sound for part in scene.events)
        places = [event[1] for event in telling.said]
        assert places == sorted(places)
        assert (places[-1] == N_PLACES - 1) == (scene.ambience is not None)
        for number, _, times in telling.said:
            part = next(one for one in scene.events if one.sound == SOUND_NAMES[number])
            assert times == (part.times - 1 if part.counted or part.times == 1 else N_TIMES - 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `reader/`, that has learnt the captions above by heart."""
    root = tmp_path_factory.mktemp("reader")
    torch.manual_seed(0)
    data = captions(root)
    schedule = Schedule(400, batch_size=8, learning_rate=3e-3, warm_up=10, average=0.9)
    reader = Reader(SOUND_NAMES, **SIZES)  # type: ignore[arg-type]
    trained = train_reader(data, data, root / "reader", reader=reader, schedule=schedule, minutes=None)
    assert trained is not None
    write_part(root / "reader", "reader.safetensors", trained.state_dict(), trained.config)
    return root


def test_it_learns_which_events_captions_speak_of_in_which_order_and_nothing_of_the_empty_one(folder: Path) -> None:
    found = validate(read_reader(files_in(folder), "reader"), captions(folder))
    assert found["captions"] == 1.0
    assert found["place"] == found["times"] == found["slot"] == 1.0

    condition = read_condition(
        files_in(folder), {"condition_type": "events", "text_encoder_name": "reader", "condition_max_length": 5}
    )
    states, present = condition.encoder.states(["rain falls, then a dog barks twice"])
    assert states.shape == (1, 5, condition.encoder.width)
    assert present.all()
    assert [SOUND_NAMES[k] for k in states[0, :2, : len(SOUND_NAMES)].argmax(-1)] == ["rain", "dog bark"]
    assert torch.allclose(states.sum(-1), torch.full((1, 5), 3.0), atol=1e-4)

    text = "rain falls, then a dog barks twice"
    spans = condition.encoder.spans(text)
    rain, dog = (text[span[0] : span[1]] for span in spans[:2] if span)
    assert "rain" in rain
    assert "dog" not in rain
    assert "dog" in dog
    assert "rain" not in dog
    assert spans[2:] == [None] * 3


def test_no_sound_is_told_of_by_two_slots_unless_they_are_sure_of_it() -> None:
    doubtful = torch.tensor([[0.6, 0.3, 0.1], [0.9, 0.05, 0.05], [0.0, 0.2, 0.8]])
    sure = torch.tensor([[0.95, 0.03, 0.02], [0.99, 0.01, 0.0], [0.0, 0.0, 1.0]])
    once = each_once(torch.stack([doubtful, sure]))
    assert torch.allclose(once[0], torch.tensor([[0.0, 0.75, 0.25], [0.9, 0.05, 0.05], [0.0, 0.2, 0.8]]))
    assert torch.equal(once[1], sure)


def test_a_reading_is_the_same_alone_and_beside_a_longer_caption() -> None:
    torch.manual_seed(0)
    readings = Readings(load_minilm(pooled=False, device="cpu"), Reader(SOUND_NAMES, **SIZES).eval())  # type: ignore[arg-type]
    alone = readings.states(["rain"])[0]
    beside = readings.states(["rain", "a dog barks, then it rains on a tin roof, and a clock ticks"])[0]
    assert torch.allclose(alone[0], beside[0], atol=1e-5)
    assert readings.spans("...") == readings.spans("") == [None] * 5


def test_it_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(0)
    reader = Reader(SOUND_NAMES, **SIZES).eval()  # type: ignore[arg-type]
    write_part(tmp_path / "reader", "reader.safetensors", reader.state_dict(), reader.config)
    again = read_reader(files_in(tmp_path), "reader")
    states, present = torch.randn(2, 6, 384), torch.ones(2, 6, dtype=torch.bool)
    for name, logits in reader(states, present).items():
        assert torch.allclose(logits, again(states, present)[name], atol=1e-6)


def test_a_word_is_heard_where_its_event_is_and_other_words_where_they_themselves_are(folder: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"condition_type": "all-MiniLM-L6-v2_tokens", "condition_max_length": 16},
        {"condition_type": "events", "text_encoder_name": "reader", "condition_max_length": 5},
    ]
    conditioning = Conditioning([read_condition(files_in(folder), entry) for entry in entries])
    assert conditioning.of_events == {16, 17, 18, 19, 20}
    text = "rain falls, then a dog barks twice"
    for word, position in (("rain", 16), ("dog", 17)):
        found = positions_of(conditioning, text, word)
        assert position in found
        assert len(found) > 1
        assert sounding(conditioning, found) == [position]
    assert sounding(conditioning, [7, 3]) == [3, 7]
