"""Compares Auffusion with the authors' own code at the published sizes: 860 million parameters, 10.24 s, float32.

`.venv-peers/bin/python tests/golden/compare_auffusion.py CHECKOUT`, CHECKOUT being happylittlecat2333/Auffusion (CC
BY-NC-SA 4.0), commit f44233d. Writes a checkpoint of random weights in the published layout (6 GB of memory, 4.5 GB of
disk, five to ten minutes on two cores), runs both on it from the same noise, and prints the largest differences of mel
spectrogram, of the vocoder, of the first guided step, and of what five steps end in. The vocoder's sizes are those of
HiFi-GAN V1 with the published hop; its published configuration cannot be had here.
"""

import gc
import runpy
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
FRAMES = 1024
STEPS = 5
FIRST = 1
"""The first step that the authors' pipeline reports: PNDM takes the timestep of step 0 twice."""
UNET = {
    "_class_name": "UNet2DConditionModel",
    "block_out_channels": [320, 640, 1280, 1280],
    "down_block_types": [*["CrossAttnDownBlock2D"] * 3, "DownBlock2D"],
    "up_block_types": ["UpBlock2D", *["CrossAttnUpBlock2D"] * 3],
    "layers_per_block": 2,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "in_channels": 4,
    "out_channels": 4,
    "sample_size": 64,
}
VAE = {
    "_class_name": "AutoencoderKL",
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "in_channels": 3,
    "out_channels": 3,
    "sample_size": 512,
    "scaling_factor": 0.18215,
}
VOCODER = {
    "resblock": "1",
    "num_mels": 256,
    "upsample_rates": [5, 4, 4, 2],
    "upsample_kernel_sizes": [11, 8, 8, 4],
    "upsample_initial_channel": 512,
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5]] * 3,
}
BOUNDS = {"mel": 1e-5, "vocoder": 1e-4, "one guided step": 1e-4, "latents after 5 steps": 1e-3, "samples": 1e-3}


def published_size(maker: dict) -> None:
    """Makes the maker of tiny checkpoints a maker of whole ones."""
    state = maker["write_checkpoint"].__globals__
    state["UNET"], state["VAE"] = UNET, VAE
    state["VOCODERS"] = {"even": VOCODER}
    state["CONDITION"] = {**state["CONDITION"], "condition_dim": 768, "cross_attention_dim": 768}

    def clip_of_its_size(folder: Path, tokenizer: Path, *, width: int) -> None:
        small(folder, tokenizer, 48 * width)

    small = state["write_clip"]
    state["write_clip"] = clip_of_its_size  # which it asks to be 16 wide


def widen_adapter(maker: dict, folder: Path) -> None:
    """An adapter of the published shape in the place of the tiny one."""
    shapes = {"proj.weight": (768, 768), "proj.bias": (768,), "norm.weight": (768,), "norm.bias": (768,)}
    torch.save(maker["random_state"](shapes, seed=6), folder / "condition_adapter_0" / "condition_adapter.pt")


def noise() -> torch.Tensor:
    """Start noise `(1, 4, 32, 128)`."""
    return torch.from_numpy(np.random.default_rng(8).standard_normal((1, 4, 32, FRAMES // 8), dtype=np.float32))


def theirs(checkout: str, maker: dict, folder: Path) -> dict[str, np.ndarray]:
    """What the authors' code makes."""
    import diffusers.utils
    from diffusers.utils.torch_utils import randn_tensor

    diffusers.utils.randn_tensor = randn_tensor
    sys.path.insert(0, checkout)
    import auffusion_pipeline as original
    import converter

    _, mel = converter.get_mel_spectrogram_from_audio(maker["sound"](), device="cpu")
    original.AuffusionPipeline.to = lambda self, *_: self
    original.AuffusionPipeline._execution_device = torch.device("cpu")
    pipeline = original.AuffusionPipeline.from_pretrained(str(folder), dtype=torch.float32, device="cpu")
    n_weights = sum(weight.numel() for weight in pipeline.unet.parameters())
    print(f"U-Net of {n_weights:,} parameters, {pipeline.unet.dtype}", flush=True)
    steps = {}
    made = pipeline(
        maker["PROMPT"],
        height=256,
        width=FRAMES,
        num_inference_steps=STEPS,
        guidance_scale=maker["GUIDANCE"],
        latents=noise(),
        callback=lambda step, _, latents: steps.update({step: latents[0].numpy().copy()}),
    )
    with torch.no_grad():
        samples = pipeline.vocoder(made.spectrograms[0][None])[0, 0].numpy()
        sounded = pipeline.vocoder(maker["log_mel"](256))[0, 0].numpy()
    return {
        "mel": mel[0].numpy(),
        "vocoder": sounded,
        "one guided step": steps[FIRST],
        "latents after 5 steps": steps[max(steps)],
        "samples": samples,
    }


@torch.inference_mode()
def ours(maker: dict, folder: Path) -> dict[str, np.ndarray]:
    """What this project makes."""
    sys.path.insert(0, str(HERE.parent.parent))
    from models.auffusion.loading import load_pipeline
    from models.auffusion.locate import files_in
    from models.auffusion.spectrogram import MelSettings, at_peak, log_mel

    pipeline = load_pipeline(files_in(folder))
    mel = MelSettings()
    levelled, _ = at_peak(torch.from_numpy(maker["sound"]()).float()[None] / 32768, mel.peak)
    steps = {}
    made = pipeline(
        maker["PROMPT"],
        duration=FRAMES * mel.hop_length / mel.sample_rate,
        num_inference_steps=STEPS,
        guidance_scale=maker["GUIDANCE"],
        latents=noise(),
        callback=lambda step, _, latents: steps.update({step: latents[0].numpy().copy()}),
    )
    return {
        "mel": log_mel(levelled, mel)[0].numpy(),
        "vocoder": pipeline.vocoder(maker["log_mel"](256))[0].numpy(),
        "one guided step": steps[FIRST],
        "latents after 5 steps": steps[max(steps)],
        "samples": made.clips[0].samples,
    }


def main() -> None:
    """Prints the differences; exit status 1 if one is above its bound."""
    maker = runpy.run_path(str(HERE / "make_auffusion.py"))
    published_size(maker)
    with tempfile.TemporaryDirectory() as name:
        folder = maker["write_checkpoint"](Path(name))
        widen_adapter(maker, folder)
        print("random weights written", flush=True)
        original = theirs(sys.argv[1], maker, folder)
        gc.collect()
        rebuilt = ours(maker, folder)
    failed = False
    for what, bound in BOUNDS.items():
        n = min(original[what].shape[-1], rebuilt[what].shape[-1])
        difference = float(np.abs(original[what][..., :n] - rebuilt[what][..., :n]).max())
        largest = float(np.abs(original[what]).max())
        failed |= difference > bound
        print(f"{what}: largest difference {difference:.2e} (bound {bound:g}), largest value {largest:.3g}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
