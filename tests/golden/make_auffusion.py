"""Makes auffusion*.npz with the authors' own code: happylittlecat2333/Auffusion (CC BY-NC-SA 4.0), commit f44233d.

In an environment with diffusers 0.42.1, transformers 5.23, librosa 0.11 and matplotlib:
`python tests/golden/make_auffusion.py DIR`, DIR being a checkout of that repository. Their code is run as it is; only
`randn_tensor`, which diffusers has moved since 0.18, is put back where they import it from.

Keys: `sound`, as loud as int16; its `mel` and `picture`; `vocoder-NAME`, samples that their Generator with the weights
`vocoder_state(CONFIG)` makes of `log_mel()`; `layout-NAME`, key and shape of its tensors; of the pipeline of
`write_checkpoint`: `noise`, `latents-STEP`, `spectrogram`, `samples` of PROMPT after 5 steps.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

PROMPT = "A dog, then rain falls"
GUIDANCE = 7.5
FRAMES = 128
MELS = 256
VOCODERS = {
    "even": {
        "resblock": "1",
        "num_mels": MELS,
        "upsample_rates": [5, 4, 4, 2],
        "upsample_kernel_sizes": [9, 8, 8, 4],
        "upsample_initial_channel": 32,
        "resblock_kernel_sizes": [3, 7],
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]],
    },
    "odd": {
        "resblock": "2",
        "num_mels": 20,
        "upsample_rates": [5, 4],
        "upsample_kernel_sizes": [10, 7],
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3, 5, 7],
        "resblock_dilation_sizes": [[1, 2], [2, 6], [3, 12]],
    },
}
UNET = {
    "_class_name": "UNet2DConditionModel",
    "block_out_channels": [32, 64],
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    "layers_per_block": 1,
    "cross_attention_dim": 32,
    "attention_head_dim": 4,
    "norm_num_groups": 8,
    "in_channels": 4,
    "out_channels": 4,
    "sample_size": 64,
}
VAE = {
    "_class_name": "AutoencoderKL",
    "block_out_channels": [8, 8, 16, 16],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "latent_channels": 4,
    "in_channels": 3,
    "out_channels": 3,
    "scaling_factor": 0.18215,
}
SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "clip_sample": False,
}
CONDITION = {
    "text_encoder_name": "text_encoder_0",
    "condition_adapter_name": "condition_adapter_0",
    "condition_type": "tiny-clip_text",
    "pretrained_model_name_or_path": "none",
    "condition_max_length": 77,
    "condition_dim": 16,
    "cross_attention_dim": 32,
}
MERGES = [("d", "o"), ("do", "g</w>"), ("r", "a"), ("i", "n</w>"), ("ra", "in</w>")]


def sound() -> np.ndarray:
    """0.5 s at 16 kHz of noise that swells over a tone, as loud as int16, with its loudest sample below 0."""
    t = np.arange(8000) / 16000
    noise = np.random.default_rng(3).standard_normal(t.size)
    wave = 3000 * noise * np.sin(2 * np.pi * t) ** 2 + 4000 * np.sin(2 * np.pi * 700 * t * (1 + t))
    wave[1234] = -20000
    return wave.round()


def log_mel(n_mels: int) -> torch.Tensor:
    """A log-mel spectrogram `(1, n_mels, 24)` with values like a sound's."""
    values = np.random.default_rng(5).standard_normal((1, n_mels, 24))
    return torch.from_numpy(values.astype(np.float32) * 2 - 5)


def random_state(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, torch.Tensor]:
    """Weights of a size that keeps activations alive, the same in every environment."""
    rng = np.random.default_rng(seed)
    state = {}
    for key in sorted(shapes):
        shape = shapes[key]
        values = rng.standard_normal(shape, dtype=np.float32)
        if key.endswith("weight_g"):
            values = 0.5 + 0.1 * np.abs(values)
        elif len(shape) > 1:
            values *= np.float32(np.prod(shape[1:]) ** -0.5)
        elif key.endswith("weight"):
            values = 1 + 0.1 * values
        else:
            values *= 0.1
        state[key] = torch.from_numpy(np.asarray(values, dtype=np.float32))
    return state


def shapes_of(network: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    """Key and shape of every tensor."""
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


def vocoder_state(config: dict, seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights of the authors' Generator, with its weight norm."""
    shapes = {}

    def layer(name: str, n_in: int, n_out: int, kernel_size: int, transposed: bool = False) -> None:
        first, second = (n_in, n_out) if transposed else (n_out, n_in)
        shapes[f"{name}.weight_v"] = (first, second, kernel_size)
        shapes[f"{name}.weight_g"] = (first, 1, 1)
        shapes[f"{name}.bias"] = (n_out,)

    width, block = config["upsample_initial_channel"], 0
    layer("conv_pre", config["num_mels"], width, 7)
    for i, kernel_size in enumerate(config["upsample_kernel_sizes"]):
        layer(f"ups.{i}", width, width // 2, kernel_size, transposed=True)
        width //= 2
        for size, dilations in zip(config["resblock_kernel_sizes"], config["resblock_dilation_sizes"], strict=True):
            for j in range(len(dilations)):
                for convs in ("convs1", "convs2") if config["resblock"] == "1" else ("convs",):
                    layer(f"resblocks.{block}.{convs}.{j}", width, width, size)
            block += 1
    layer("conv_post", width, 1, 7)
    return random_state(shapes, seed)


def write_json(path: Path, content: object) -> None:
    """Write the file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_diffusers(folder: Path, config: dict, seed: int) -> None:
    """Write a network of diffusers with random weights, as a pickle, the way the authors publish them."""
    import diffusers

    network = getattr(diffusers, config["_class_name"]).from_config(config)
    write_json(folder / "config.json", config)
    torch.save(random_state(shapes_of(network), seed), folder / "diffusion_pytorch_model.bin")


def write_tokenizer(folder: Path) -> int:
    """Write CLIP's tokenizer with a vocabulary of bytes and a few merges; the size of the vocabulary."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    signs = [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]
    words = [*signs, *(sign + "</w>" for sign in signs), *map("".join, MERGES), "<|startoftext|>", "<|endoftext|>"]
    write_json(folder / "vocab.json", {word: i for i, word in enumerate(words)})
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{' '.join(pair)}\n" for pair in MERGES))
    special = {"bos_token": words[-2], "eos_token": words[-1], "pad_token": words[-1], "unk_token": words[-1]}
    write_json(
        folder / "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, **special}
    )
    return len(words)


def write_clip(folder: Path, tokenizer: Path, width: int) -> None:
    """Write a text tower of CLIP with random weights, and its tokenizer."""
    from transformers import CLIPTextConfig, CLIPTextModel

    n_words = write_tokenizer(tokenizer)
    ends = {"bos_token_id": n_words - 2, "eos_token_id": n_words - 1, "pad_token_id": n_words - 1}
    sizes = {"hidden_size": width, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    network = CLIPTextModel(CLIPTextConfig(vocab_size=n_words, **sizes, **ends))
    state = {f"text_model.{key}": value for key, value in random_state(shapes_of(network), seed=4).items()}
    write_json(folder / "config.json", {**network.config.to_dict(), "architectures": ["CLIPTextModel"]})
    torch.save(state, folder / "pytorch_model.bin")


def write_checkpoint(folder: Path, *, adapter: bool = True) -> Path:
    """Write a checkpoint in the published layout, with or without adapter, of tiny networks; `folder`."""
    write_diffusers(folder / "unet", UNET, seed=1)
    write_diffusers(folder / "vae", VAE, seed=2)
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    write_json(
        folder / "feature_extractor" / "preprocessor_config.json", {"image_processor_type": "CLIPImageProcessor"}
    )
    write_json(folder / "vocoder" / "config.json", VOCODERS["even"])
    torch.save({"generator": vocoder_state(VOCODERS["even"])}, folder / "vocoder" / "vocoder.pt")
    if not adapter:
        write_clip(folder / "text_encoder", folder / "tokenizer", width=32)
        return folder
    write_clip(folder / "text_encoder_0", folder / "text_encoder_0", width=16)
    write_json(folder / "condition_config.json", [CONDITION])
    write_json(folder / "condition_adapter_0" / "config.json", CONDITION)
    shapes = {"proj.weight": (32, 16), "proj.bias": (32,), "norm.weight": (32,), "norm.bias": (32,)}
    torch.save(random_state(shapes, seed=6), folder / "condition_adapter_0" / "condition_adapter.pt")
    return folder


def noise() -> torch.Tensor:
    """Start noise `(1, 4, 32, 16)`."""
    values = np.random.default_rng(8).standard_normal((1, 4, MELS // 8, FRAMES // 8))
    return torch.from_numpy(values.astype(np.float32))


def mel_arrays(converter, pipeline) -> dict[str, np.ndarray]:
    """What the original makes of `sound`."""
    _, spectrogram = converter.get_mel_spectrogram_from_audio(sound(), device="cpu")
    picture = pipeline.normalize_spectrogram(spectrogram)
    return {"mel": spectrogram[0].numpy(), "picture": picture[1].numpy()}


def vocoder_arrays(converter) -> dict[str, np.ndarray]:
    """Layout and samples of the original's vocoder."""
    arrays = {}
    for name, config in VOCODERS.items():
        network = converter.Generator(converter.AttrDict(config)).eval()
        arrays[f"layout-{name}"] = np.array([f"{key} {shape}" for key, shape in sorted(shapes_of(network).items())])
        network.load_state_dict(vocoder_state(config))
        network.remove_weight_norm()
        with torch.no_grad():
            arrays[f"vocoder-{name}"] = network(log_mel(config["num_mels"]))[0, 0].numpy()
    return arrays


def pipeline_arrays(original, folder: Path) -> dict[str, np.ndarray]:
    """Every step of the original's pipeline."""
    # It is on the CPU already; diffusers has changed both and now refuses this pipeline.
    original.AuffusionPipeline.to = lambda self, *_: self
    original.AuffusionPipeline._execution_device = torch.device("cpu")
    pipeline = original.AuffusionPipeline.from_pretrained(
        str(write_checkpoint(folder)), dtype=torch.float32, device="cpu"
    )
    arrays = {}
    made = pipeline(
        PROMPT,
        height=MELS,
        width=FRAMES,
        num_inference_steps=5,
        guidance_scale=GUIDANCE,
        latents=noise(),
        callback=lambda step, _, latents: arrays.update({f"latents-{step}": latents[0].numpy()}),
    )
    with torch.no_grad():
        arrays["samples"] = pipeline.vocoder(made.spectrograms[0][None])[0, 0].numpy()
    return {**arrays, "spectrogram": made.spectrograms[0].numpy()[:, ::4]}


def main() -> None:
    """Write the files beside this script."""
    import tempfile

    import diffusers.utils
    from diffusers.utils.torch_utils import randn_tensor

    diffusers.utils.randn_tensor = randn_tensor
    sys.path.insert(0, sys.argv[1])
    import auffusion_pipeline
    import converter

    with tempfile.TemporaryDirectory() as folder:
        parts = {
            "mel": mel_arrays(converter, auffusion_pipeline),
            "vocoder": vocoder_arrays(converter),
            "pipeline": pipeline_arrays(auffusion_pipeline, Path(folder)),
        }
    for name, arrays in parts.items():
        np.savez_compressed(Path(__file__).with_name(f"auffusion_{name}.npz"), **arrays)


if __name__ == "__main__":
    main()
