"""MusicGen: a transformer that writes EnCodec's codes token by token, told T5's states. It makes music, not sounds.

Copet et al., https://arxiv.org/abs/2306.05284. Reads the folders of facebook/musicgen-* and runs transformers' own
generation, but each clip is drawn by numbers of its own, so that it does not depend on its batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models._shared import folders
from models._shared.cards import Published, card_of
from models._shared.folders import Layout

if TYPE_CHECKING:
    from models._shared.codes import CodeWriter

PAPER = "Copet et al., Simple and Controllable Music Generation, NeurIPS 2023, https://arxiv.org/abs/2306.05284"
LONGEST = 30.0
"""Seconds on which it was trained."""


def _published(name: str, parameters: int) -> Published:
    return Published(
        f"facebook/musicgen-{name}",
        ("Meta Music Initiative", "Shutterstock music", "Pond5 music"),
        "CC-BY-NC-4.0 (the weights'; the code's is MIT)",
        "Made for music.",
        commercial="No: non-commercial use only.",
        parameters=parameters,
        sample_rate=32000,
        duration=LONGEST,
        text_encoder="T5-base",
        settings={"guidance_scale": 3.0, "top_k": 250, "temperature": 1.0, "candidates": 1},
    )


CHECKPOINTS: Mapping[str, Published] = {
    "small": _published("small", 419_584_000),
    "medium": _published("medium", 1_837_556_736),
    "large": _published("large", 3_255_382_016),
}
"""Training sets and licence are those of the repositories' model cards. Parameters are those of the decoder in
widths of 1024, 1536 and 2048 with 24, 48 and 48 layers (unconfirmed); the cards say 300 million,
1.5 and 3.3 billion."""
LAYOUT = Layout(
    "musicgen",
    CHECKPOINTS,
    anchor="generation_config.json",
    needed=(
        ("config.json",),
        ("tokenizer_config.json",),
        ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"),
    ),
)
find = partial(folders.find, LAYOUT)
fetch = partial(folders.fetch, LAYOUT)


def load(
    checkpoint: str,
    files: Mapping[str, Path],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    guidance_scale: float = 3.0,
    top_k: int = 250,
    temperature: float = 1.0,
) -> CodeWriter:
    """The contestant `musicgen:checkpoint`. Raises UserError, naming the file, for what is damaged or another's."""
    from models._shared import networks
    from models._shared.codes import CodeWriter

    settings = {
        "guidance_scale": guidance_scale,
        "top_k": top_k,
        "temperature": temperature,
        "candidates": 1,
        "dtype": dtype,
    }
    card = card_of("musicgen", checkpoint, CHECKPOINTS.get(checkpoint), files, settings=settings, paper=PAPER)
    network = _read(networks.path_of(files, "config.json"), networks.precision(dtype)).to(device)
    tokenizer = networks.read_tokenizer(files)
    return CodeWriter(card, network, tokenizer, LONGEST)


def _read(config: Path, precision: Any) -> Any:
    """The network whose files lie beside its configuration, in one file or in several."""
    from safetensors import SafetensorError
    from transformers import MusicgenForConditionalGeneration

    from models._shared.networks import filled_and_frozen
    from models._shared.states import read_json
    from tta_bench.types import UserError

    if (kind := read_json(config).get("model_type")) != "musicgen":
        raise UserError(f"{config} describes a {kind}, not a musicgen.")
    kind_of: Any = MusicgenForConditionalGeneration
    try:
        network, report = kind_of.from_pretrained(
            config.parent,
            dtype=precision,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise UserError(f"The weights in {config.parent} cannot be read: {error} Fetch the folder again.") from error
    # The table of positions is worked out, not learnt.
    report["missing_keys"] = {key for key in report["missing_keys"] if "embed_positions" not in key}
    return filled_and_frozen(network, report, f"The weights in {config.parent} do not fit its config.json")
