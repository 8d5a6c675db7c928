"""Writes tiny checkpoints with random weights in the layouts of the field: what every contestant's tests start from."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import T5Config

from models._shared.folders import files_in
from tta_bench.types import UserError

VOCODER = {
    "model_in_dim": 16,
    "sampling_rate": 16000,
    "upsample_initial_channel": 16,
    "upsample_rates": [10, 16],
    "upsample_kernel_sizes": [20, 32],
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
    "normalize_before": False,
}
MEL_VAE = {
    "_class_name": "AutoencoderKL",
    "block_out_channels": [8, 8, 16],
    "down_block_types": ["DownEncoderBlock2D"] * 3,
    "up_block_types": ["UpDecoderBlock2D"] * 3,
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "latent_channels": 8,
    "in_channels": 1,
    "out_channels": 1,
    "scaling_factor": 0.9,
}
PUBLISHED_VAE = MEL_VAE | {"block_out_channels": [128, 256, 512], "layers_per_block": 2, "norm_num_groups": 32}
"""AudioLDM's, which Tango and AudioLDM 2 have too: `first_stage_config` in audioldm/utils.py of declare-lab/tango,
commit 34ecd38."""
PUBLISHED_VOCODER = {
    "model_in_dim": 64,
    "upsample_initial_channel": 1024,
    "upsample_rates": [5, 4, 2, 2, 2],
    "upsample_kernel_sizes": [16, 16, 8, 4, 4],
    "normalize_before": False,
}
"""HIFIGAN_16K_64 of audioldm/hifigan/utilities.py there."""
FLAN_T5_LARGE = T5Config(
    d_model=1024, d_ff=2816, num_layers=24, num_heads=16, feed_forward_proj="gated-gelu", tie_word_embeddings=False
)
"""Of google/flan-t5-large."""
DDIM = {
    "_class_name": "DDIMScheduler",
    "beta_end": 0.0195,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.0015,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
SHORT = 0.32
"""Seconds."""


def write_json(path: Path, content: object) -> None:
    """Write the file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def randomise(network: torch.nn.Module, seed: int) -> torch.nn.Module:
    """The network with weights of a size that keeps activations alive."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, weight in sorted(network.named_parameters()):
            values = torch.from_numpy(rng.standard_normal(tuple(weight.shape), dtype=np.float32))
            if weight.ndim > 1:
                weight.copy_(values * (weight[0].numel() ** -0.5))
            else:
                weight.copy_((1 + 0.1 * values) if name.endswith("weight") else 0.1 * values)
    return network.eval()


def write_diffusers(folder: Path, config: dict[str, Any], seed: int) -> None:
    """Write a network of diffusers."""
    network = randomise(getattr(diffusers, config["_class_name"]).from_config(config), seed)
    write_json(folder / "config.json", config)
    save_file(network.state_dict(), folder / "diffusion_pytorch_model.safetensors")


def write_transformers(folder: Path, network: Any, seed: int) -> None:
    """Write a network of transformers."""
    randomise(network, seed).save_pretrained(folder)  # type: ignore[operator]


def write_roberta_tokenizer(folder: Path) -> int:
    """Write CLAP's kind of tokenizer, of bytes alone; the size of its vocabulary."""
    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["<s>", "<pad>", "</s>", "<unk>", *signs, "<mask>"]
    tokenizer = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    write_json(folder / "vocab.json", {word: i for i, word in enumerate(words)})
    ends = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    write_json(
        folder / "tokenizer_config.json", {"tokenizer_class": "RobertaTokenizer", "model_max_length": 512, **ends}
    )
    return len(words)


def write_t5_tokenizer(folder: Path, longest: int = 512) -> int:
    """Write T5's kind of tokenizer, of letters alone; the size of its vocabulary."""
    words = ["<pad>", "</s>", "<unk>", "▁", *"abcdefghijklmnopqrstuvwxyz.,"]
    tokenizer = Tokenizer(models.Unigram([(word, 0.0 if i < 3 else -2.0) for i, word in enumerate(words)], unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    ends = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "extra_ids": 0}
    write_json(
        folder / "tokenizer_config.json", {"tokenizer_class": "T5Tokenizer", "model_max_length": longest, **ends}
    )
    return len(words)


def refuses_damage(load: Callable[[dict[str, Path]], object], folder: Path, copy: Path, name: str) -> None:
    """Asserts that a file without one tensor, and one that is cut short, are refused by name when they are loaded."""
    path = Path(shutil.copytree(folder, copy)) / name
    state = load_file(path)
    save_file({key: state[key] for key in list(state)[1:]}, path)
    with pytest.raises(UserError, match=f"{name} does not fit"):
        load(files_in(copy))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=f"{name} cannot be read as weights"):
        load(files_in(copy))


def n_parameters(*networks: torch.nn.Module) -> int:
    """Of all these together."""
    return sum(weight.numel() for network in networks for weight in network.parameters())
