"""Sound as codes that a transformer writes token by token, each clip from its own draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList

from models._shared.latent_diffusion import refuse_impossible
from models._shared.latents import generators
from tta_bench.types import Clip, ModelCard


@final
class CodeWriter:
    """A contestant that writes codes."""

    def __init__(self, card: ModelCard, network: Any, tokenizer: Any, longest: float) -> None:
        """`network`, a MusicgenForConditionalGeneration, was trained on clips of up to `longest` seconds."""
        self.card = card
        self.network = network
        self._tokenizer, self._longest = tokenizer, longest
        self._chosen: dict[str, Any] = {key: card.settings[key] for key in ("guidance_scale", "top_k", "temperature")}

    def generate(self, texts: Sequence[str], seeds: Sequence[int], duration: float) -> list[Clip]:
        """One clip of `duration` seconds for each text, as one batch. Clip i depends on texts[i], seeds[i] and duration
        only, as far as rounding does not turn a draw. Raises UserError for more seconds than it was trained on."""
        refuse_impossible(duration, self._longest)
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
