"""MusicGen: a transformer that writes EnCodec's codes token by token, told T5's states. It makes music, not sounds.

Copet et al., https://arxiv.org/abs/2306.05284. Reads the folders of facebook/musicgen-* and runs transformers' own
generation, but each clip is drawn by numbers of its own, so that it does not depend on its batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, final

from models._shared import folders
from models._shared.cards import Published, card_of
from models._shared.folders import Layout
from tta_bench.types import Clip, ModelCard

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
) -> MusicGen:
    """The contestant `musicgen:checkpoint`. Raises UserError, naming the file, for what is damaged or another's."""
    from models._shared import networks

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
    return MusicGen(card, network, tokenizer)


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


@final
class MusicGen:
    """The contestant."""

    def __init__(self, card: ModelCard, network: Any, tokenizer: Any) -> None:
        self.card = card
        self.network = network
        self._tokenizer = tokenizer
        self._chosen: dict[str, Any] = {key: card.settings[key] for key in ("guidance_scale", "top_k", "temperature")}

    def generate(self, texts: Sequence[str], seeds: Sequence[int], duration: float) -> list[Clip]:
        """One clip of `duration` seconds for each text, as one batch. Clip i depends on texts[i], seeds[i] and duration
        only, as far as rounding does not turn a draw. Raises UserError for more than 30 s."""
        import math

        import torch
        from transformers import LogitsProcessorList

        from models._shared.latent_diffusion import refuse_impossible

        refuse_impossible(duration, LONGEST)
        codec = self.network.config.audio_encoder
        n_books = self.network.config.decoder.num_codebooks
        n_steps = math.ceil(duration * codec.frame_rate) + n_books
        tokens = self._tokenizer(list(texts), padding=True, return_tensors="pt").to(self.network.device)
        draw = _draw(seeds, (n_steps, n_books), **self._chosen)
        with torch.inference_mode():
            made = self.network.generate(
                **tokens,
                do_sample=False,  # what is to come is drawn by the processor, and then the only choice
                guidance_scale=self._chosen["guidance_scale"],
                max_length=n_steps,
                logits_processor=LogitsProcessorList([draw]),
            )
        samples = made.float()[..., : round(duration * codec.sampling_rate)].cpu().numpy()
        return [Clip(row[0] if row.shape[0] == 1 else row, codec.sampling_rate) for row in samples]


def _draw(
    seeds: Sequence[int], shape: tuple[int, int], *, guidance_scale: float, top_k: int, temperature: float
) -> Any:
    """A logits processor that leaves one code a book: drawn from the likeliest, by numbers that a seed decides.

    `shape`: steps and books. It comes before that of transformers for guidance, and leaves it nothing to do.
    """
    import torch
    from torch import Tensor
    from transformers import LogitsProcessor

    from models._shared.latents import generators

    chances = torch.stack([torch.rand(shape, generator=drawn) for drawn in generators(seeds)])

    class Draw(LogitsProcessor):
        def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
            guided = scores.float()
            if guidance_scale > 1:
                towards, away = guided.chunk(2)
                guided = away + guidance_scale * (towards - away)
            chance = chances[:, input_ids.shape[1] - 1].to(scores.device).flatten()
            likeliest, codes = (guided / temperature).topk(min(top_k, guided.shape[-1]))
            reached = likeliest.softmax(-1).cumsum(-1) > chance[:, None]
            # Rounding may leave the last sum below 1, and a chance above it.
            place = torch.where(reached.any(-1), reached.int().argmax(-1), likeliest.shape[-1] - 1)
            only = torch.full_like(guided, -torch.inf).scatter(-1, codes.gather(-1, place[:, None]), 0.0)
            return torch.cat([only, torch.zeros_like(only)]) if guidance_scale > 1 else only

    return Draw()
