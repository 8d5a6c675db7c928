"""The small CLAP, and a U-Net that is told its embeddings and attends to nothing: a recipe on the base of another."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models import audioldm
from models.auffusion.clap import ClapText
from models.auffusion.loading import load_pipeline
from models.auffusion.locate import files_in
from models.auffusion.prompting import attention_maps
from models.auffusion.training.captions import CaptionStates, read_conditions
from models.auffusion.training.clap import Pairs, contrastive, train_clap, validate
from models.auffusion.training.loop import Schedule
from models.auffusion.training.reader import WORDS
from models.auffusion.training.recipe import ClapStage, read_recipe
from models.auffusion.training.stages import Job, run
from tests.models.training.conftest import TINY
from tta_bench.arrays import Stacked
from tta_bench.types import UserError

CAPTIONS = ("a dog barks", "rain falls", "a bell rings", "a man laughs")
NETWORK = {"width": 16, "n_means": 2, "dropout": 0.0}
CONDITION = {"condition_type": "clap", "text_encoder_name": "clap", "condition_max_length": 1}
FILM = {
    "cross_attention_dim": [16, 16],
    "class_embed_type": "simple_projection",
    "class_embeddings_concat": True,
    "projection_class_embeddings_input_dim": 16,
}


def pairs(folder: Path, *, told_what_is_heard: bool) -> Pairs:
    """Sixteen pictures, four for each caption: a bright band whose height depends on what is said."""
    rng = np.random.default_rng(0)
    kinds = np.arange(16) % 4
    pictures = 0.1 * rng.random((16, 32, 32))
    for picture, kind in zip(pictures, kinds, strict=True):
        picture[8 * kind : 8 * kind + 8] += 0.8
    np.save(folder / "pictures.npy", pictures.astype(np.float16))
    states = CaptionStates(CAPTIONS, read_conditions([WORDS], None, folder), folder / "captions", ["words"])
    numbers = [states.numbers([CAPTIONS[kind]]) for kind in kinds]
    heard = np.eye(4, dtype=np.float32)[kinds] if told_what_is_heard else None
    return Pairs(Stacked([folder / "pictures.npy"]), numbers, states, heard)


@pytest.mark.parametrize("told_what_is_heard", [True, False])
def test_it_learns_which_captions_go_with_which_sounds(tmp_path: Path, told_what_is_heard: bool) -> None:
    data = pairs(tmp_path, told_what_is_heard=told_what_is_heard)
    schedule = Schedule(60, batch_size=8, learning_rate=3e-3, warm_up=5, average=0.8)
    torch.manual_seed(0)
    trained = train_clap(data, data, tmp_path / "clap", text=ClapText(**NETWORK), schedule=schedule, minutes=None)  # type: ignore[arg-type]
    assert trained is not None
    log = (tmp_path / "clap-run" / "log.jsonl").read_text()
    assert ("clap/heard" in log) == told_what_is_heard
    with torch.no_grad():
        found = trained(*data.states.words(data.states.numbers(CAPTIONS), torch.device("cpu")))
    assert torch.allclose(found.norm(dim=-1), torch.ones(4), atol=1e-5)
    assert (found @ found.mT).fill_diagonal_(0).amax() < 0.9


def test_a_caption_is_no_rival_of_its_equals_and_clips_that_find_theirs_cost_nothing() -> None:
    captions = torch.tensor([1, 1, 2])
    right = 50 * torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert float(contrastive(right, captions)) == pytest.approx(0, abs=1e-6)
    wrong = 50 * torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    assert float(contrastive(wrong, captions)) > 40


def test_validation_tells_how_often_captions_find_their_clips(tmp_path: Path) -> None:
    data = pairs(tmp_path, told_what_is_heard=False)
    first = replace(data, captions=data.captions[:4], pictures=Stacked([_head(tmp_path)]))

    def mirrored(pictures: torch.Tensor, *_: Any) -> tuple[torch.Tensor, None]:
        return torch.eye(len(pictures)).flip(0), None

    network: Any = mirrored
    network.parameters = lambda: iter([torch.zeros(1)])
    assert validate(network, first) == {"recall_at_1": 0.0, "recall_at_10": 1.0}


def _head(folder: Path) -> Path:
    np.save(folder / "head.npy", np.load(folder / "pictures.npy")[:4])
    return folder / "head.npy"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A training of AudioLDM's design on the base of the recipe `TINY`, both on scenes."""
    root = tmp_path_factory.mktemp("film")
    base = root / "tiny.toml"
    base.write_text(
        TINY.replace("duration = 0.512", "duration = 2.048").replace(
            "[data]", "[data]\nn = 6\nmix = { n_events = [1.0] }"
        )
    )
    recipe = read_recipe(str(base))
    chosen = replace(
        recipe,
        name="film",
        base=str(base),
        conditions=(CONDITION,),
        reader=None,
        clap=ClapStage(Schedule(3, batch_size=2), NETWORK),
        unet=replace(recipe.unet, network={**(recipe.unet.network or {}), **FILM}),
    )
    job = Job(chosen, root / "film", command="train film")
    assert run(job, ["data", "vae", "vocoder", "reader", "clap", "unet", "export"])
    return job


def test_vae_and_vocoder_are_the_base_s_and_its_card_says_so(trained: Job) -> None:
    base = trained.folder.with_name("tiny")
    for part in ("vae", "vocoder"):
        ours, theirs = (files_in(folder / "parts" / part) for folder in (trained.folder, base))
        assert {name: path.read_bytes() for name, path in ours.items()} == {
            name: path.read_bytes() for name, path in theirs.items()
        }
    assert not (base / "parts" / "unet").exists()
    card = (trained.folder / "checkpoint" / "README.md").read_text()
    assert "- data, vae, vocoder: those of the recipe" in card
    assert "- vae: " not in card
    assert "- clap: 3 steps" in card


def test_audioldm_reads_the_checkpoint_and_hears_the_caption(trained: Job, tmp_path: Path) -> None:
    folder = str(trained.folder / "checkpoint")
    model = audioldm.load(folder, audioldm.find(folder, cache_dir=tmp_path))
    assert (model.card.name, model.card.checkpoint) == ("audioldm", "checkpoint")
    clips = model.generate([*CAPTIONS[:2], CAPTIONS[0]], [1, 1, 2], 0.5)
    assert [clip.samples.shape for clip in clips] == [(8000,)] * 3
    alone = model.generate([CAPTIONS[1]], [1], 0.5)[0]
    assert np.abs(alone.samples - clips[1].samples).max() < 1e-4
    assert np.abs(clips[0].samples - clips[1].samples).max() > 1e-5
    assert np.abs(clips[0].samples - clips[2].samples).max() > 1e-5


def test_words_cannot_be_edited_where_none_are_attended_to(trained: Job) -> None:
    pipeline = load_pipeline(files_in(trained.folder / "checkpoint"))
    with pytest.raises(UserError, match="told one embedding of the whole caption"):
        attention_maps(pipeline, [CAPTIONS[0]], seeds=[1], duration=0.5)
