"""Which of several clips fits a caption best, by CLAP: what AudioLDM and AudioLDM 2 call automatic scoring.

Agrees with `score_waveforms` of diffusers 0.42.1's `AudioLDM2Pipeline` but for the resampler, which is soxr here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from transformers import ClapFeatureExtractor, ClapModel

from models._shared.latent_diffusion import Rank
from models._shared.networks import Files, path_of, read_tokenizer, read_transformer
from models._shared.states import read_json
from tta_bench import audio
from tta_bench.types import Clip, Floats, Preprocessing


def read_ranking(files: Files, folder: str, device: str) -> Rank:
    """The ranking by the whole CLAP that lies in `folder`, with its tokenizer and its features."""
    network = read_transformer(files, folder, ClapModel).to(device)
    return clap_ranking(network, read_tokenizer(files, folder), read_features(files, folder))


def read_features(files: Files, folder: str) -> Any:
    """What CLAP hears of a clip, by the configuration in `folder`."""
    return ClapFeatureExtractor.from_dict(read_json(path_of(files, f"{folder}/preprocessor_config.json")))


def clap_ranking(network: Any, tokenizer: Any, extractor: Any) -> Rank:
    """The ranking by this CLAP."""
    return partial(_fit, network, tokenizer, extractor)


def _fit(network: Any, tokenizer: Any, extractor: Any, texts: Sequence[str], clips: Sequence[Clip]) -> Floats:
    """Cosine of each caption and its clip."""
    prepared = Preprocessing(extractor.sampling_rate, max_duration=extractor.max_length_s)
    heard = [audio.prepare(clip, prepared)[0] for clip in clips]
    features = extractor(heard, sampling_rate=extractor.sampling_rate, return_tensors="pt")
    tokens = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    said = network.get_text_features(**tokens.to(network.device)).pooler_output
    pictures = features["input_features"].to(network.device)
    longer = torch.zeros(len(clips), 1, dtype=torch.bool, device=network.device)
    sounds = network.get_audio_features(pictures, is_longer=longer)
    found: Floats = torch.sum(said * sounds.pooler_output, dim=-1).float().cpu().numpy().astype(np.float64)
    return found
