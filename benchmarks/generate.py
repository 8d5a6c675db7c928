"""How fast the reference generator is. Run: python benchmarks/generate.py [auffusion:CHECKPOINT]

On prompts of the board `pocket`, with one checkpoint, one machine and in one run:

    loop      as the published inference script goes: one prompt at a time, diffusers' own calls, PNDM, 100 steps
    batched   the pipeline, the same sampler and steps, batches of prompts
    samplers  the pipeline with DPM-Solver++ and DDIM in fewer steps, guidance in part of the steps, or reused
    bare      U-Net, VAE and vocoder alone, as often and in such batches as the last of these calls them

Every sampler's clips are then scored on the board: FD and CLAP with their intervals, and the paired differences from
PNDM. Prints tables; seconds compare within one run only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from models.auffusion.pipeline import AuffusionPipeline  # noqa: E402
from models.auffusion.sampling import Sampling  # noqa: E402
from tta_bench import arguments, audio, embedding, generators  # noqa: E402
from tta_bench.generating import clip_seed  # noqa: E402
from tta_bench.types import Clip  # noqa: E402

METRICS = "FD_AISFX,CLAP_pocket,event_recall"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="auffusion")
    parser.add_argument("--prompts", type=int, default=16, help="that are timed")
    parser.add_argument("--scored", type=int, default=160, help="that are scored with every sampler; 0 for none")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--out", type=Path, default=Path("runs/speed"))
    given = parser.parse_args()
    board = arguments.boards.find("pocket")
    device = arguments.choose_device(given.device)
    loaded: Any = generators.find(given.model, board, weights_dir=None).load(device, given.dtype)
    embedding.keep_freed_memory()
    pipeline: AuffusionPipeline = loaded.pipeline
    prompts = sorted(board.prompts.prompts, key=lambda prompt: prompt.id)
    texts = [prompt.text for prompt in prompts]
    seeds = [clip_seed(0, prompt.id) for prompt in prompts]
    duration = board.duration or 10.0
    chosen = samplers(pipeline.settings.sampling)
    few = slice(0, given.prompts)

    rows: dict[str, float] = {}
    published = chosen["PNDM 100"]
    rows["loop, PNDM 100"] = timed(lambda: loop(pipeline, texts[few], seeds[few], published, duration), 1)
    for name, sampling in chosen.items():
        run = lambda sampling=sampling: in_batches(pipeline, texts[few], seeds[few], sampling, duration, given.batch)  # noqa: E731
        rows[name] = timed(run, 1 if sampling.num_inference_steps > 50 else given.rounds)
    best = chosen["DPM-Solver++ 20"]
    floor = timed(lambda: bare(pipeline, given.prompts, best, duration, given.batch), given.rounds)
    print(table(rows, floor, given.prompts))

    if given.scored:
        named = {}
        for name, sampling in chosen.items():
            folder = given.out / "clips" / name.replace(" ", "-").replace("+", "p").replace(",", "")
            folder.mkdir(parents=True, exist_ok=True)
            some = slice(0, given.scored)
            clips = in_batches(pipeline, texts[some], seeds[some], sampling, duration, given.batch)
            for prompt, clip in zip(prompts[some], clips, strict=True):
                audio.encode(folder / f"{prompt.id}.wav", clip, subtype="FLOAT")
            named[folder.name] = folder
        print(scored(named, given.out))


def samplers(own: Sampling) -> dict[str, Sampling]:
    """What is compared, with the guidance of the checkpoint."""
    return {
        "PNDM 100": replace(own, scheduler="pndm", num_inference_steps=100),
        "DDIM 50": replace(own, scheduler="ddim", num_inference_steps=50),
        "DPM-Solver++ 25": replace(own, scheduler="dpm++", num_inference_steps=25),
        "DPM-Solver++ 20": replace(own, scheduler="dpm++", num_inference_steps=20),
        "DPM-Solver++ 20, guidance in 0.2 to 0.9": replace(
            own, scheduler="dpm++", num_inference_steps=20, guidance_interval=(0.2, 0.9)
        ),
        "DPM-Solver++ 20, unconditional every 2": replace(
            own, scheduler="dpm++", num_inference_steps=20, unconditional_every=2
        ),
    }


def timed(run: Callable[[], object], rounds: int) -> float:
    """Median seconds."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def in_batches(
    pipeline: AuffusionPipeline,
    texts: Sequence[str],
    seeds: Sequence[int],
    sampling: Sampling,
    duration: float,
    batch: int,
) -> list[Clip]:
    """Clips of the pipeline."""
    made: list[Clip] = []
    for i in range(0, len(texts), batch):
        part = slice(i, i + batch)
        made += pipeline(texts[part], seeds=seeds[part], duration=duration, sampling=sampling).clips or []
    return made


@torch.inference_mode()
def loop(
    pipeline: AuffusionPipeline, texts: Sequence[str], seeds: Sequence[int], sampling: Sampling, duration: float
) -> list[np.ndarray]:
    """One prompt after another: text, denoising, picture, sound, nothing shared between them."""
    from models._shared.latents import generators as of_seeds
    from models.auffusion.guidance import coordinates
    from models.auffusion.sampling import make_schedule

    made = []
    grid = pipeline.grid(duration)
    told = coordinates(pipeline.settings.coordinates, grid.time, grid.time).to(pipeline.device)
    for text, seed in zip(texts, seeds, strict=True):
        said = pipeline.conditioning.encode([text])
        both = pipeline.conditioning.negative(said, None).and_then(said)
        schedule = make_schedule(pipeline.scheduler, sampling)
        latents = pipeline.noise(1, grid, of_seeds([seed]))
        for timestep in schedule.timesteps:
            seen = torch.cat([latents] * 2)
            seen = torch.cat([seen, told[None, :, None].expand(2, -1, grid.freq, -1)], dim=1)
            predicted = pipeline.unet(
                seen.to(pipeline.unet.dtype),
                timestep,
                encoder_hidden_states=both.states.to(pipeline.unet.dtype),
                encoder_attention_mask=both.mask,
            ).sample.float()
            negative, conditional = predicted.chunk(2)
            guided = negative + sampling.guidance_scale * (conditional - negative)
            latents = schedule.scheduler.step(guided, timestep, latents).prev_sample
        log_mels = pipeline.decode(latents)
        made.append((pipeline.vocoder(log_mels)[0] * 32767).short().cpu().numpy())
    return made


@torch.inference_mode()
def bare(pipeline: AuffusionPipeline, n: int, sampling: Sampling, duration: float, batch: int) -> None:
    """The forward passes that n clips need, of whatever numbers."""
    grid = pipeline.grid(duration)
    said = pipeline.conditioning.encode([""])
    for start in range(0, n, batch):
        size = min(batch, n - start)
        states = said.states.expand(2 * size, -1, -1).to(pipeline.unet.dtype)
        mask = None if said.mask is None else said.mask.expand(2 * size, -1)
        noise = torch.randn(2 * size, pipeline.unet.config.in_channels, *grid, device=pipeline.device)
        for _ in range(sampling.num_inference_steps):
            pipeline.unet(
                noise.to(pipeline.unet.dtype),
                torch.tensor(500, device=pipeline.device),
                encoder_hidden_states=states,
                encoder_attention_mask=mask,
                return_dict=False,
            )
        latents = noise[:size, : pipeline.n_channels].to(pipeline.vae.dtype)
        pipeline.vae.decode(latents, return_dict=False)
        mel = pipeline.settings.mel
        pipeline.vocoder(torch.zeros(size, mel.n_mels, grid.time * pipeline.vae_factor, device=pipeline.device))


def table(rows: dict[str, float], floor: float, n: int) -> str:
    """Seconds and ratios as Markdown."""
    slow = rows["loop, PNDM 100"]
    lines = ["| | clips a second | times the loop | times its bare passes |", "| --- | --- | --- | --- |"]
    for name, seconds in rows.items():
        above = f"{seconds / floor:.2f}" if name == "DPM-Solver++ 20" else ""
        lines.append(f"| {name} | {n / seconds:.2f} | {slow / seconds:.1f} | {above} |")
    return "\n".join([*lines, f"| bare passes of DPM-Solver++ 20 | {n / floor:.2f} | {slow / floor:.1f} | 1 |"])


def scored(named: dict[str, Path], out: Path) -> str:
    """Scores of all samplers' clips, and what separates them."""
    models = ",".join(f"{name}={folder}" for name, folder in named.items())
    command = [sys.executable, "benchmark.py", "--models", models, "--metrics", METRICS, "--out", str(out / "scores")]
    subprocess.run([*command, "--json"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    lines = ["| sampler | metric | value | 95 % |", "| --- | --- | --- | --- |"]
    for name in named:
        result = json.loads((ROOT / out / "scores" / f"{name}.json").read_text())
        for score in result["scores"]:
            if score["bucket"] is None:
                low, high = score["ci95"] or (float("nan"), float("nan"))
                lines.append(f"| {name} | {score['metric']} | {score['value']:.3f} | {low:.3f} to {high:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
