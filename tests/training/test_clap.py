"""The training of the pocket CLAP: its loss, what it keeps on disk, its stages, and what is measured of it."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.test_text import FILES
from tta_bench import audio, text
from tta_bench.embedders import pocket_clap
from tta_bench.embedders.pocket_tagger import Tagger
from tta_bench.scenes import caption, plan
from tta_bench.scenes.sounds import SOUNDS
from tta_bench.training import clap, clap_card, clap_data
from tta_bench.training._loop import Schedule
from tta_bench.training.clap import contrastive, read_network, train_clap
from tta_bench.training.clap_data import Examples, TokenStates
from tta_bench.training.data import Shard, render_shard
from tta_bench.types import Clip, UserError

N = 6
"""Scenes in each set."""
STAGES = {name: Schedule(steps=2, batch_size=4, warm_up=1) for name in ("towers", "whole")}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    for i, name in enumerate(("train", "validation", "test")):
        render_shard(Shard(folder / name, 0, tuple(range(100 * i, 100 * i + N))))
    return folder


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("tagger") / "pocket_tagger.safetensors"
    save_file(Tagger(len(SOUNDS), norm=False).state_dict(), path, {"classes": json.dumps(list(SOUNDS))})
    return path


@pytest.fixture(scope="module")
def encoder() -> text.SentenceEncoder:
    return text.load(FILES)


@pytest.fixture(scope="module")
def examples(scenes: Path, tagger: Path, encoder: text.SentenceEncoder) -> Examples:
    return clap_data.read(scenes / "train", read_network(tagger)[0], encoder, scenes / "cache", n_wordings=2)


def test_a_network_that_knows_nothing_chooses_among_all_captions_and_among_all_clips() -> None:
    found = contrastive(torch.zeros(3, 6), torch.arange(6))
    assert found.item() == pytest.approx((math.log(6) + math.log(3)) / 2)


def test_equal_captions_are_no_rivals() -> None:
    found = contrastive(torch.zeros(3, 6), torch.tensor([7, 7, 8, 7, 1, 2]))
    to_captions = (2 * math.log(4) + math.log(6)) / 3
    to_clips = (2 * math.log(2) + math.log(3)) / 3
    assert found.item() == pytest.approx((to_captions + to_clips) / 2)


def test_a_near_wrong_caption_costs_its_clip() -> None:
    logits = torch.zeros(3, 6)
    logits[0, 4] = 5.0
    assert contrastive(logits, torch.arange(6)) > contrastive(torch.zeros(3, 6), torch.arange(6))
    assert contrastive(5 * torch.eye(3, 6), torch.arange(6)) < contrastive(torch.zeros(3, 6), torch.arange(6))


def test_every_caption_has_the_token_states_of_the_encoder(encoder: text.SentenceEncoder, examples: Examples) -> None:
    found, mask = examples.tokens.batch(examples.captions[:, 0])
    expected, present = encoder.token_states([caption(plan(seed), wordings="seen") for seed in range(N)])
    torch.testing.assert_close(mask, present)
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=1e-3)


def test_token_states_are_found_across_files(
    encoder: text.SentenceEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clap_data, "CHUNK", 2)
    captions = ["rain", "a dog barks twice", "wind", "a bell rings far away", "an owl"]
    tokens = TokenStates(list(clap_data._token_files(captions, encoder, tmp_path)))
    assert len(list(tmp_path.glob("*.lengths.npy"))) == 3
    chosen = [4, 1, 3]
    expected, present = encoder.token_states([captions[k] for k in chosen])
    found, mask = tokens.batch(chosen)
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(mask, present)
    assert tokens.lengths[chosen].tolist() == present.sum(dim=1).tolist()


def test_what_was_worked_out_is_used_again_and_never_for_another_tagger(
    scenes: Path, tagger: Path, encoder: text.SentenceEncoder, examples: Examples
) -> None:
    cache = scenes / "cache"
    before = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    network = read_network(tagger)[0]
    clap_data.read(scenes / "train", network, encoder, cache, n_wordings=2)
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == before
    with torch.no_grad():
        network.tagger.classes.bias += 1
    again = clap_data.read(scenes / "train", network, encoder, cache, n_wordings=2)
    assert examples.heard is not None
    assert again.heard is not None
    assert np.abs(again.heard[[0]].astype(np.float32) - examples.heard[[0]]).max() > 0.1


def test_what_is_kept_is_what_the_tagger_hears_now(tagger: Path, examples: Examples) -> None:
    network = read_network(tagger)[0].eval()
    indices, degraded = np.array([0, 3, 5]), np.array([0, 1, 0])
    kept = clap.hear(network, examples, indices, degraded)
    anew = clap.hear(network, replace(examples, heard=None), indices, degraded)
    torch.testing.assert_close(kept, anew, atol=1e-2, rtol=2e-3)


def test_captions_are_embedded_in_their_order(tagger: Path, examples: Examples) -> None:
    network = read_network(tagger)[0].eval()
    captions = examples.captions.flatten()
    with torch.no_grad():
        together = clap.embed_captions(network, examples.tokens, captions)
        alone = [network.embed_text(*examples.tokens.batch([number])) for number in captions]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)


def test_scenes_of_another_version_are_refused(
    scenes: Path, tagger: Path, encoder: text.SentenceEncoder, tmp_path: Path
) -> None:
    other = tmp_path / "train"
    other.mkdir()
    for path in (scenes / "train").glob("00000*"):
        (other / path.name).write_bytes(path.read_bytes().replace(b'"count": null', b'"count": 7', 1))
    with pytest.raises(UserError, match="is of another version"):
        clap_data.read(other, read_network(tagger)[0], encoder, tmp_path / "cache", n_wordings=1)


def test_six_scenes_can_be_learnt_by_heart(tagger: Path, examples: Examples) -> None:
    network = read_network(tagger)[0]
    network.tagger.requires_grad_(False)
    width = pocket_clap.TRUNK_WIDTH + len(SOUNDS)
    # A tagger that has learnt nothing hears nothing: these are six clips that one can tell apart.
    heard = np.random.default_rng(0).standard_normal((N, 2, 8, width)).astype(np.float16)
    told = replace(examples, heard=heard)
    schedule = Schedule(steps=25, batch_size=N)
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)
    assert clap.validate(told, network.eval())["recall_at_1"] < 1
    for step in range(schedule.steps):
        optimiser.zero_grad()
        clap.loss(told, schedule, network.train(), step).backward()
        optimiser.step()
    assert clap.validate(told, network.eval())["recall_at_1"] == 1


@pytest.fixture(scope="module")
def trained(scenes: Path, tagger: Path, examples: Examples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of both stages, in the folder of the run."""
    assert examples  # whose cache this uses
    folder = tmp_path_factory.mktemp("run")
    (folder / "cache").symlink_to(scenes / "cache")
    whole = train_clap(scenes, tagger, folder, stages=STAGES)
    assert whole is not None
    return whole


@pytest.mark.long
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(
    scenes: Path, tagger: Path, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").symlink_to(scenes / "cache")
    calls = [train_clap(scenes, tagger, tmp_path, stages=STAGES, minutes=1e-9) for _ in range(3)]
    assert calls[:2] == [None, None]
    assert calls[2] is not None
    for key, tensor in load_file(trained).items():
        torch.testing.assert_close(load_file(calls[2])[key], tensor, msg=key)


def test_the_tagger_is_trained_in_the_second_stage_only(tagger: Path, trained: Path) -> None:
    [towers] = trained.parent.glob("towers-*.safetensors")
    for key, start in load_file(tagger).items():
        assert torch.equal(load_file(towers)[f"tagger.{key}"], start)
        if key.endswith("weight") and "attention" not in key:
            assert not torch.equal(load_file(trained)[f"tagger.{key}"], start), key


def test_another_tagger_starts_another_training(scenes: Path, tagger: Path, trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file(load_file(tagger), other, {"classes": json.dumps(list(SOUNDS)), "step": "2"})
    towers = train_clap(scenes, other, trained.parent, stages={"towers": STAGES["towers"]})
    assert len(list(trained.parent.glob("towers-*.safetensors"))) == 2
    assert towers != train_clap(scenes, tagger, trained.parent, stages={"towers": STAGES["towers"]})


class ByName:
    """An embedder to whom a clip is the number of its samples, and a caption the numbers in a table."""

    sample_rate = 16_000

    def __init__(self, table: dict[str, int]) -> None:
        self._table = table

    def embed(self, clips: Sequence[Clip]) -> list[dict[str, np.ndarray]]:
        return [{"embedding": np.eye(8, dtype=np.float32)[len(clip.samples) // 16_000]} for clip in clips]

    def embed_text(self, texts: Sequence[str]) -> np.ndarray:
        return np.eye(8, dtype=np.float32)[[self._table[text] for text in texts]]


def test_recordings_count_for_the_class_that_they_are_named_by(tmp_path: Path) -> None:
    for name, seconds in (("dog_1", 1), ("dog_2", 2), ("rain_1", 2), ("rain_2", 2)):
        audio.encode(tmp_path / f"{name}.wav", Clip(np.full(16_000 * seconds, 0.1, dtype=np.float32), 16_000))
    embedder = ByName({"The sound of dog": 1, "The sound of rain": 2})
    assert clap_card.zero_shot(embedder, tmp_path) == (4, 2, 0.75)


def test_recordings_of_one_class_tell_nothing(tmp_path: Path) -> None:
    audio.encode(tmp_path / "dog_1.wav", Clip(np.zeros(16_000, dtype=np.float32), 16_000))
    with pytest.raises(UserError, match=r"The 1 recordings in .* are named by 1 classes"):
        clap_card.zero_shot(ByName({}), tmp_path)


def test_a_gap_is_to_the_mean_of_the_others() -> None:
    clips = np.eye(4, dtype=np.float32)
    captions = np.eye(4, dtype=np.float32)
    captions[0] = captions[1]
    found = clap_card.gaps(clips, captions, [1, 1, 5, 4])
    assert (found["1"].n, found["4+"].n) == (2, 2)
    assert found["1"].mean == pytest.approx((0 + (1 - 1 / 3)) / 2)
    assert found["4+"].mean == found["4+"].low == pytest.approx(1.0)


def test_each_direction_of_retrieval_is_its_own() -> None:
    clips, captions = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)
    captions[2] = [0.9, 0.0, 0.1]
    found = clap_card.retrieval(clips, captions)
    assert found.text_to_audio_1 == pytest.approx(2 / 3)
    assert found.audio_to_text_1 == pytest.approx(1.0)
    assert found.text_to_audio_5 == 1.0


def test_an_embedder_that_hears_order_but_no_count_is_seen_as_such() -> None:
    class HearsOrder(ByName):
        def embed_text(self, texts: Sequence[str]) -> np.ndarray:
            return np.array([[1.0, 0.0] if text in right else [0.0, 1.0] for text in texts], dtype=np.float32)

    plans = [plan(seed) for seed in range(40)]
    right = {caption(scene) for scene in plans}
    found = clap_card.told_apart(HearsOrder({}), np.tile(np.float32([1.0, 0.0]), (40, 1)), plans)
    assert found["order"][1] == found["count"][1] == found["sound"][1] == 1.0
    blind = clap_card.told_apart(HearsOrder({}), np.tile(np.float32([1.0, 1.0]), (40, 1)), plans)
    assert blind["order"][1] == 0.0


def test_the_card_tells_what_was_measured(
    scenes: Path, tagger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        clap_card, "choose", lambda: (plan(seed, split="test", n_events=1 + seed % 4) for seed in range(8))
    )
    weights = tmp_path / "pocket_clap.safetensors"
    clap.write_network(*read_network(tagger), weights, dtype="float16")
    card = clap_card.write_card(scenes, weights)
    told = card.read_text(encoding="utf-8")
    assert card.name == "pocket_clap.md"
    assert audio.file_sha256(weights) in told
    for line in ("board (8), its captions", f"test ({N}), held out wordings", "4+ events", "order ", "Not measured."):
        assert line in told
