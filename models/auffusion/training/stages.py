"""The stages of a training, in order; each ends in files from which the next ones start, and is not done twice."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from diffusers import AutoencoderKL, UNet2DConditionModel
from numpy.typing import NDArray

from models._shared.networks import read_network
from models._shared.states import read_json
from models.auffusion.clap import ClapText
from models.auffusion.loading import read_adapter, read_condition
from models.auffusion.locate import GRIFFIN_LIM, files_in
from models.auffusion.reader import Reader
from models.auffusion.training import listings, shards
from models.auffusion.training.captions import CaptionStates, new_adapters, read_conditions
from models.auffusion.training.clap import Pairs, train_clap
from models.auffusion.training.export import TRAINED, export
from models.auffusion.training.listening import assemble, listen
from models.auffusion.training.parts import save_network, write_part
from models.auffusion.training.reader import SOUND_NAMES, WORDS, Captions, tell, train_reader
from models.auffusion.training.recipe import SHARED, Data, Recipe, read_recipe
from models.auffusion.training.scenes import SceneSource
from models.auffusion.training.shards import ClipSet
from models.auffusion.training.through_vae import cached_latents, cached_reconstructions
from models.auffusion.training.unet import Denoiser, Latents, train_unet
from models.auffusion.training.vae import cached_pictures, train_vae
from models.auffusion.training.vocoder import config_of, train_vocoder
from models.auffusion.vocoder import HiFiGAN, settings_of
from tta_bench.arrays import write_whole
from tta_bench.audio import file_sha256
from tta_bench.scenes import DURATION
from tta_bench.types import UserError

log = logging.getLogger(__name__)

SETS = ("train", "validation")
READER, CLAP = "reader", "clap"


@dataclass(frozen=True)
class Job:
    """A training: what is to be done, and where."""

    recipe: Recipe
    folder: Path
    """Of all that is made: `data/`, `parts/` with the networks in float32, `checkpoint/` in the published layout."""
    clips: tuple[Path, ...] = ()
    """Folders of clips with captions; without any, scenes are rendered."""
    start: Path | None = None
    """Folder of the checkpoint that training starts from."""
    workers: int = 1
    """Processes that render or read clips."""
    minutes: float | None = None
    """After which to stop."""
    command: str = ""
    """That asked for this, for the card."""

    @property
    def data(self) -> Path:
        """Clips."""
        return self.folder / "data"

    @property
    def parts(self) -> Path:
        """Trained networks."""
        return self.folder / "parts"


def run(job: Job, stages: list[str]) -> bool:
    """Runs stages that are not done; False if the minutes were over before the last one was."""
    begun = time.monotonic()
    if job.recipe.base is not None:
        recipe = read_recipe(job.recipe.base)
        base = replace(job, recipe=recipe, folder=job.folder.with_name(recipe.name))
        for setting in ("data", "mel", "duration"):
            if getattr(recipe, setting) != getattr(job.recipe, setting):
                raise UserError(
                    f"The recipe {job.recipe.name} has another {setting} than its base {recipe.name}. State the same."
                )
        if not run(base, [name for name in stages if name in SHARED]):
            return False
        take_over(base, job.folder)
        stages = [name for name in stages if name not in SHARED]
    for name in stages:
        left = None if job.minutes is None else job.minutes - (time.monotonic() - begun) / 60
        if left is not None and left <= 0:
            return False
        log.info("stage %s", name)
        if not STAGES[name](replace(job, minutes=left)):
            log.info("stage %s is not done; the same command goes on", name)
            return False
    return True


def take_over(source: Job, folder: Path) -> None:
    """A job in `folder` gets the source's data, as a link, and copies of its parts that U-Nets share."""
    if not (folder / "data").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").symlink_to(source.data.resolve(), target_is_directory=True)
    for name in ("vae", "vocoder", READER, CLAP):
        if (source.parts / name).exists() and not (folder / "parts" / name).exists():
            shutil.copytree(source.parts / name, folder / "parts" / name)


def make_data(job: Job) -> bool:
    """Clips and captions: `data/train`, `data/validation`."""
    recipe = job.recipe
    if job.clips:
        found = [
            listings.list_folder(path, sample_rate=recipe.mel.sample_rate, duration=recipe.duration)
            for path in job.clips
        ]
        together = replace(found[0], clips=tuple(clip for source in found for clip in source.clips))
        sources: Any = listings.split(together, recipe.data.n_held_out, recipe.data.seed)
    else:
        sources = _scenes(recipe.data, recipe.duration)
    # The small set first, so that what is there of the large one can be trained on before it is whole.
    for name, source in reversed(list(zip(SETS, sources, strict=True))):
        shards.make(job.data / name, source, workers=job.workers, peak=recipe.mel.peak)
        cached_pictures(ClipSet(job.data / name), recipe.mel)
    return True


def _scenes(data: Data, duration: float) -> tuple[SceneSource, SceneSource]:
    """Those to train on, and those held out."""
    scenes = SceneSource(data.n, 2 * data.seed, duration, data.mix)
    return scenes, replace(scenes, n=data.n_held_out, seed=scenes.seed + 1)


def make_vae(job: Job) -> bool:
    """`parts/vae`."""
    stage, result = job.recipe.vae, job.parts / "vae"
    if (result / "config.json").exists():
        return True
    if stage.network is None:
        save_network(read_network(files_in(_start(job)), "vae", "AutoencoderKL"), result)
        return True
    torch.manual_seed(stage.schedule.seed)
    kind: Any = AutoencoderKL
    return train_vae(
        job.data,
        result,
        mel=job.recipe.mel,
        vae=kind.from_config(dict(stage.network)),
        weights=stage.losses,
        schedule=stage.schedule,
        minutes=job.minutes,
    )


def make_vocoder(job: Job) -> bool:
    """`parts/vocoder`."""
    stage, result, mel = job.recipe.vocoder, job.parts / "vocoder", job.recipe.mel
    if (result / "config.json").exists():
        return True
    if not stage.learns:
        write_whole(job.parts / GRIFFIN_LIM, json.dumps(stage.griffin_lim))
        return True
    sets = {name: ClipSet(job.data / name) for name in SETS}
    torch.manual_seed(stage.schedule.seed)
    trained = train_vocoder(
        job.data,
        result,
        pictures={
            name: (cached_pictures(one, mel), cached_reconstructions(one, job.parts, mel)) for name, one in sets.items()
        },
        mel=mel,
        network=HiFiGAN(settings_of(stage.network or {}, "The recipe's vocoder")),
        weights=stage.losses,
        schedule=stage.schedule,
        minutes=job.minutes,
    )
    if trained is None:
        return False
    write_part(result, "vocoder.safetensors", trained.state_dict(), config_of(trained))
    return True


def make_reader(job: Job) -> bool:
    """`parts/reader`, where the recipe has one."""
    stage, result = job.recipe.reader, job.parts / READER
    if stage is None or (result / "config.json").exists():
        return True
    torch.manual_seed(stage.schedule.seed)
    train, held_out = (
        Captions([tell(source.plan(i)) for i in range(len(source))], job.data / "captions")
        for source in _scenes(stage.data, DURATION)
    )
    reader = Reader(SOUND_NAMES, **stage.network)
    trained = train_reader(train, held_out, result, reader=reader, schedule=stage.schedule, minutes=job.minutes)
    if trained is None:
        return False
    write_part(result, "reader.safetensors", trained.state_dict(), trained.config)
    return True


def make_clap(job: Job) -> bool:
    """`parts/clap`, where the recipe has one."""
    stage, result = job.recipe.clap, job.parts / CLAP
    if stage is None or (result / "config.json").exists():
        return True
    torch.manual_seed(stage.schedule.seed)
    train, held_out = _pairs(job)
    text = ClapText(**stage.network)
    trained = train_clap(train, held_out, result, text=text, schedule=stage.schedule, minutes=job.minutes)
    if trained is None:
        return False
    write_part(result, "clap.safetensors", trained.state_dict(), trained.config)
    return True


def _pairs(job: Job) -> tuple[Pairs, Pairs]:
    """Clips and captions for a CLAP, to train on and held out; of scenes, with the names of what is heard."""
    clips = [ClipSet(job.data / name) for name in SETS]
    states = _words([caption for one in clips for captions in one.captions for caption in captions], job)
    heard = [None, None] if job.clips else [_heard(one) for one in _scenes(job.recipe.data, job.recipe.duration)]
    train, held_out = (
        Pairs(cached_pictures(one, job.recipe.mel), [states.numbers(captions) for captions in one.captions], states, k)
        for one, k in zip(clips, heard, strict=True)
    )
    return train, held_out


def _words(captions: list[str], job: Job) -> CaptionStates:
    """What the sentence encoder says of captions, word by word."""
    condition = read_condition({}, WORDS)
    return CaptionStates(captions, [condition], job.data / "captions", [_mark(WORDS, job.parts)])


def _heard(scenes: SceneSource) -> NDArray[np.float32]:
    """`(n, n_sounds)`, 1 for each sound of a scene."""
    found = np.zeros((len(scenes), len(SOUND_NAMES)), np.float32)
    for i in range(len(scenes)):
        found[i, [SOUND_NAMES.index(part.sound) for part in scenes.plan(i).events]] = 1
    return found


def make_unet(job: Job) -> bool:
    """`parts/unet` and `parts/condition_adapter_N`."""
    recipe, result = job.recipe, job.parts / "unet"
    if (result / "config.json").exists():
        return True
    torch.manual_seed(recipe.unet.schedule.seed)
    network = new_denoiser(job)
    assemble(network, recipe, job.parts, job.start)  # what is missing is said before hours of work are spent
    # Of several processes, one works out what the others then read.
    with PartialState(cpu=not torch.cuda.is_available()).main_process_first():
        latents = read_latents(job)
    trained = train_unet(
        *latents,
        result,
        network=network,
        scheduler=recipe.scheduler,
        diffusion=recipe.unet.diffusion,
        schedule=recipe.unet.schedule,
        listen=lambda network: listen(network, recipe, job.parts, job.start),
        minutes=job.minutes,
    )
    if trained is None:
        return False
    for i, adapter in enumerate(trained.adapters):
        if state := adapter.state_dict():
            config = {key: recipe.conditions[i][key] for key in ("condition_dim", "cross_attention_dim")}
            write_part(job.parts / f"condition_adapter_{i}", "condition_adapter.safetensors", state, config)
    save_network(trained.unet, result)
    return True


def read_latents(job: Job) -> tuple[Latents, Latents]:
    """Latents and captions to train on, and those held out; what is not there is worked out."""
    recipe = job.recipe
    sets = [ClipSet(job.data / name) for name in SETS]
    states = CaptionStates(
        [caption for one in sets for captions in one.captions for caption in captions],
        read_conditions(recipe.conditions, job.start, job.parts),
        job.data / "captions",
        [_mark(entry, job.parts) for entry in recipe.conditions],
    )
    train, held_out = (
        Latents(
            cached_latents(one, job.parts, recipe.mel),
            tuple(tuple(states.numbers(captions)) for captions in one.captions),
            states,
        )
        for one in sets
    )
    return train, held_out


def _mark(entry: Mapping[str, Any], parts: Path) -> list[str]:
    """What decides an encoder's states: its kind, and the bytes of what was trained."""
    kind: str = entry["condition_type"]
    return [kind, *([file_sha256(parts / entry["text_encoder_name"] / TRAINED[kind])] if kind in TRAINED else [])]


def new_denoiser(job: Job) -> Denoiser:
    """The U-Net as training begins: as the recipe draws it, or that of the checkpoint that training starts from."""
    recipe = job.recipe
    if recipe.unet.network is None and recipe.unet.pretrained:
        unet = read_network(files_in(_start(job)), "unet", "UNet2DConditionModel")
    elif recipe.unet.network is None:
        unet = _drawn_unet(read_json(_start(job) / "unet" / "config.json"))
    else:
        unet = _drawn_unet(recipe.unet.network)
    return Denoiser(unet, new_adapters(recipe.conditions), recipe.coordinates, recipe.unconditional)


def _drawn_unet(config: Mapping[str, Any]) -> Any:
    kind: Any = UNet2DConditionModel
    return kind.from_config(dict(config))


def read_denoiser(job: Job) -> Denoiser:
    """The U-Net that is trained, with its adapters."""
    files = files_in(job.parts)
    adapters = new_adapters(job.recipe.conditions)
    for i, adapter in enumerate(adapters):
        if list(adapter.parameters()):
            adapters[i] = read_adapter(files, f"condition_adapter_{i}")
    unet = read_network(files, "unet", "UNet2DConditionModel")
    return Denoiser(unet, adapters, job.recipe.coordinates, job.recipe.unconditional).eval()


def make_checkpoint(job: Job) -> bool:
    """`checkpoint/`, float16, in the published layout."""
    export(job.recipe, job.parts, job.folder / "checkpoint", job.start, command=job.command)
    return True


def _start(job: Job) -> Path:
    if job.start is None:
        raise UserError(
            f"The recipe {job.recipe.name} starts from trained networks. Name the folder that has their unet/ and vae/ "
            "with --start, such as a Stable Diffusion 1.x."
        )
    return job.start


STAGES: Mapping[str, Callable[[Job], bool]] = {
    "data": make_data,
    "vae": make_vae,
    "vocoder": make_vocoder,
    "reader": make_reader,
    "clap": make_clap,
    "unet": make_unet,
    "export": make_checkpoint,
}
"""In order."""
