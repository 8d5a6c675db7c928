"""The boards are what they were published as, and their references are what their prompts say."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

import benchmark
from tta_bench import audio, boards, references, scenes, text
from tta_bench.scenes.scene import PARTNERS
from tta_bench.store import Store
from tta_bench.types import Board, Prompt, PromptSet, UserError


@pytest.fixture(scope="module")
def pocket() -> Board:
    return boards.find("pocket")


def scene_of(prompt: Prompt) -> scenes.Scene:
    return scenes.plan(int(prompt.fields["seed"]), split="test", n_events=prompt.n_events)


def some(board: Board, n: int) -> Board:
    """The board with every 160/n-th of its prompts."""
    prompts = board.prompts.prompts
    return Board(board.name, PromptSet("some", prompts[:: len(prompts) // n]), board.protocol, scenes=True)


def test_the_pocket_board_has_forty_prompts_in_each_bucket_and_no_caption_twice(pocket: Board) -> None:
    assert {name: len(prompts) for name, prompts in pocket.prompts.buckets().items()} == {
        "1": 40, "2": 40, "3": 40, "4+": 40,
    }  # fmt: skip
    assert len({prompt.text for prompt in pocket.prompts.prompts}) == 160


def test_captions_come_from_the_grammar_half_of_them_in_words_that_training_never_has(pocket: Board) -> None:
    for prompt in pocket.prompts.prompts:
        wording = prompt.fields["wording"]
        assert prompt.text == scenes.caption(scene_of(prompt), wordings=wording)  # type: ignore[arg-type]
    assert [prompt.fields["wording"] for prompt in pocket.prompts.prompts].count("held out") == 80


def test_every_prompt_of_two_events_or_more_has_a_pair_that_training_never_has(pocket: Board) -> None:
    for prompt in pocket.prompts.prompts:
        names = {event.name for event in prompt.events}
        assert len(names) == prompt.n_events
        assert len(names) == 1 or any(PARTNERS[name] & names for name in names)


def test_references_have_the_timelines_of_their_prompts_and_are_rendered_once(pocket: Board, tmp_path: Path) -> None:
    store, seen = Store(tmp_path), list[str]()
    folder = references.render(some(pocket, 4), store, lambda what, *_: seen.append(what))
    assert len(list(folder.glob("pocket-*.wav"))) == 4
    clip = audio.decode(next(folder.glob("*.wav")))
    assert (clip.sample_rate, clip.duration) == (16_000, pocket.duration)
    assert references.render(some(pocket, 4), store, lambda what, *_: seen.append(what)) == folder
    assert seen == ["rendering references"] * 4


def test_a_reference_that_is_not_its_prompts_timeline_is_refused(pocket: Board, tmp_path: Path) -> None:
    board = some(pocket, 2)
    first, second = board.prompts.prompts
    swapped = Prompt(first.id, first.text, first.n_events, second.events, fields=first.fields)
    wrong = Board(board.name, PromptSet("wrong", (swapped,)), board.protocol, scenes=True)
    with pytest.raises(UserError, match=f"prompt {first.id!r} does not have the timeline"):
        references.render(wrong, Store(tmp_path), lambda *_: None)


def test_changed_prompts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in boards.FOLDER.glob("pocket.*"):
        (tmp_path / path.name).write_text(path.read_text().replace('"caption": "A', '"caption": "One', 1))
    monkeypatch.setattr(boards, "FOLDER", tmp_path)
    with pytest.raises(UserError, match=r"prompts of board 'pocket' have the sha256 .* they were changed"):
        boards.find("pocket")


def test_the_captions_to_retrieve_from_are_those_of_training(pocket: Board) -> None:
    assert pocket.training_captions is not None
    index = load_file(pocket.training_captions)
    captions = [scenes.caption(scenes.plan(int(seed))) for seed in index["seeds"][:8]]
    stored = index["embeddings"][:8].astype(np.float32)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    assert (stored * text.load(text.bundled()).embed(captions)).sum(axis=1).min() > 0.99


def test_a_board_without_training_captions_has_nothing_to_retrieve(pocket: Board, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no training split to retrieve from"):
        references.retrieve(some(pocket, 2), Store(tmp_path), lambda *_: None)


def test_prompts_are_listed_with_their_buckets() -> None:
    run = CliRunner().invoke(benchmark.app, ["list", "prompts", "--board", "pocket", "--json"])
    listed = json.loads(run.stdout)
    assert listed["board"] == "pocket"
    assert listed["prompts"][-1].keys() == {"id", "caption", "n_events", "bucket"}
    assert [row["bucket"] for row in listed["prompts"]].count("4+") == 40


def test_an_unknown_board_or_model_is_refused_with_what_there_is() -> None:
    run = CliRunner().invoke(benchmark.app, ["--models", "recordings", "--board", "pockt"])
    assert run.exit_code == 2
    assert "Did you mean 'pocket'?" in run.stderr
    run = CliRunner().invoke(benchmark.app, ["--models", "retrieva"])
    assert run.exit_code == 2
    assert "Did you mean 'retrieval'?" in run.stderr


def test_the_board_of_captions_has_96_of_each_number_of_events_and_says_what_is_to_be_heard() -> None:
    prompts = boards.find("events").prompts.prompts
    assert len({prompt.text.lower() for prompt in prompts}) == 480
    for n in range(1, 6):
        found = [prompt for prompt in prompts if prompt.n_events == n]
        assert len(found) == 96
        relations = {prompt.fields["relation"] for prompt in found}
        assert relations == {1: {"none", "counted"}, 2: {"sequence", "parallel", "counted"}}.get(
            n, {"sequence", "parallel", "mixed"}
        )
    for prompt in prompts:
        events, count = json.loads(prompt.fields["events"]), json.loads(prompt.fields["count"])
        assert len(set(events)) == prompt.n_events
        assert len(count) == (prompt.n_events if prompt.fields["relation"] == "counted" else 0)
        assert prompt.text == prompt.text.strip()
        assert not prompt.text.endswith(".")


def test_every_caption_of_the_board_robustness_is_perturbed_in_six_ways() -> None:
    prompts = {prompt.id: prompt for prompt in boards.find("robustness").prompts.prompts}
    bases = [name for name, prompt in prompts.items() if prompt.fields["perturbation"] == "none"]
    assert len(bases) == 20
    for base in bases:
        made = [prompt for prompt in prompts.values() if prompt.fields["base"] == base]
        assert sorted(prompt.fields["perturbation"] for prompt in made) == sorted(
            ["uppercase", "synonym", "misspelling", "spacing", "rewording", "punctuation"]
        )
        assert {prompt.n_events for prompt in made} == {prompts[base].n_events}
        assert prompts[base].text not in {prompt.text for prompt in made}


@pytest.mark.parametrize("name", ["long", "negation", "rare"])
def test_small_boards_of_our_own_have_twenty_captions(name: str) -> None:
    prompts = boards.find(name).prompts.prompts
    assert len({prompt.text for prompt in prompts}) == 20
    if name == "long":
        assert min(len(prompt.text.split()) for prompt in prompts) >= 24
