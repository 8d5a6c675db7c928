"""AudioGen: a transformer that writes EnCodec's codes token by token, told T5's states; MusicGen's design, for sounds.

Kreuk et al., https://arxiv.org/abs/2209.15352. Reads facebook/audiogen-medium as audiocraft (commit 896ec7c) packs it,
into the networks of transformers, which are the same under other names. It makes up to 10 s; for longer clips, which
audiocraft makes piece by piece, there is `audiogen-audiocraft`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models._shared import folders
from models._shared.cards import Part, Published, card_of
from models._shared.folders import Layout
from tta_bench.types import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from models._shared.codes import CodeWriter

PAPER = "Kreuk et al., AudioGen, ICLR 2023, https://arxiv.org/abs/2209.15352"
LONGEST = 10.0
"""Seconds on which it was trained."""
WRITER, CODEC, TEXT = "state_dict.bin", "compression_state_dict.bin", "t5"
CHECKPOINTS: Mapping[str, Published] = {
    "medium": Published(
        "facebook/audiogen-medium",
        (
            "AudioSet (a subset)",
            "BBC sound effects",
            "AudioCaps",
            "Clotho v2",
            "VGG-Sound",
            "FSD50K",
            "Free To Use Sounds",
            "Sonniss Game Effects",
            "WeSoundEffects",
            "Paramount Motion",
        ),
        "CC-BY-NC-4.0 (the weights'; the code's is MIT)",
        "A later model than the paper's, which was never released.",
        commercial="No: non-commercial use only.",
        parts={TEXT: Part("google-t5/t5-large", ("config.json", "model.safetensors", "spiece.model", "tokenizer*"))},
        parameters=1_837_556_736,
        sample_rate=16000,
        duration=LONGEST,
        text_encoder="T5-large",
        settings={"guidance_scale": 3.0, "top_k": 250, "temperature": 1.0, "candidates": 1},
    )
}
"""Training sets and licence are those of the repository's model card, which says 1.5 billion parameters. Those here are
the decoder's by audiocraft's `model_scale/medium.yaml` and `audiogen_lm.yaml`; T5 is that of its `text2sound.yaml`."""
LAYOUT = Layout(
    "audiogen",
    CHECKPOINTS,
    anchor=WRITER,
    needed=(
        (WRITER,),
        (CODEC,),
        (f"{TEXT}/config.json",),
        (f"{TEXT}/tokenizer_config.json",),
        (f"{TEXT}/model.safetensors", f"{TEXT}/pytorch_model.bin"),
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
    """The contestant `audiogen:checkpoint`. Raises UserError, naming the file, for what is damaged or another's."""
    from models._shared import networks
    from models._shared.codes import CodeWriter

    settings = {
        "guidance_scale": guidance_scale,
        "top_k": top_k,
        "temperature": temperature,
        "candidates": 1,
        "dtype": dtype,
    }
    card = card_of("audiogen", checkpoint, CHECKPOINTS.get(checkpoint), files, settings=settings, paper=PAPER)
    network = _whole(files).to(device, networks.precision(dtype))
    return CodeWriter(card, network, networks.read_tokenizer(files, TEXT), LONGEST)


def _whole(files: Mapping[str, Path]) -> Any:
    """The network of transformers with the weights of the three."""
    from transformers import (
        EncodecModel,
        MusicgenConfig,
        MusicgenForCausalLM,
        MusicgenForConditionalGeneration,
        T5EncoderModel,
    )

    from models._shared.networks import path_of, read_transformer, with_state
    from models._shared.states import part_of
    from tta_bench.states import fill

    (stated, writer), (stated_codec, codec) = (_package(path_of(files, name)) for name in (WRITER, CODEC))
    text = read_transformer(files, TEXT, T5EncoderModel)
    decoder_config, codec_config = _writer_config(stated), _codec_config(stated_codec)
    complaint = "{} does not fit the configuration in it"
    whole: Any = MusicgenForConditionalGeneration(
        MusicgenConfig(text_encoder=text.config.to_dict(), audio_encoder=codec_config, decoder=decoder_config)
    )
    whole.text_encoder = text
    whole.decoder = with_state(MusicgenForCausalLM, decoder_config, _of_writer(writer), complaint.format(files[WRITER]))
    whole.audio_encoder = with_state(EncodecModel, codec_config, _of_codec(codec), complaint.format(files[CODEC]))
    told = part_of(writer, "condition_provider.conditioners.description.output_proj.")
    fill(whole.enc_to_dec_proj, told, str(files[WRITER]))
    start = decoder_config["vocab_size"]
    whole.generation_config.update(decoder_start_token_id=start, pad_token_id=start, bos_token_id=start)
    return whole.eval().requires_grad_(False)


def _package(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and tensors of a file that audiocraft packed. UserError if it holds anything else."""
    import yaml  # type: ignore[import-untyped]

    from models._shared.states import read_state

    found: Any = read_state(path)
    if not isinstance(found.get("best_state"), dict) or "xp.cfg" not in found:
        raise UserError(
            f"{path} has no best_state and xp.cfg, as audiocraft packs a network. Fetch the published file."
        )
    return yaml.safe_load(found["xp.cfg"]), found["best_state"]


def _writer_config(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The decoder of a configuration of audiocraft. UserError for one that transformers cannot run."""
    said, pattern = stated["transformer_lm"], stated["codebooks_pattern"]
    delays = pattern.get("delay", {}).get("delays")
    if pattern["modeling"] != "delay" or delays != list(range(said["n_q"])):
        raise UserError(
            f"AudioGen's codes are delayed by one step a book; this checkpoint says {pattern['modeling']} {delays}."
        )
    return {
        "vocab_size": said["card"],
        "hidden_size": said["dim"],
        "num_hidden_layers": said["num_layers"],
        "num_attention_heads": said["num_heads"],
        "ffn_dim": said["dim"] * said["hidden_scale"],
        "num_codebooks": said["n_q"],
        "activation_function": said["activation"],
        "pad_token_id": said["card"],
        "bos_token_id": said["card"],
        "tie_word_embeddings": False,
    }


def _codec_config(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The EnCodec of a configuration of audiocraft."""
    net, codes, rate = stated["seanet"], stated["rvq"], stated["sample_rate"]
    frames = rate / prod(net["ratios"])
    return {
        "target_bandwidths": [codes["n_q"] * frames * (codes["bins"] - 1).bit_length() / 1000],
        "sampling_rate": rate,
        "audio_channels": stated["channels"],
        "hidden_size": net["dimension"],
        "num_filters": net["n_filters"],
        "num_residual_layers": net["n_residual_layers"],
        "upsampling_ratios": net["ratios"],
        "norm_type": net["norm"],
        "kernel_size": net["kernel_size"],
        "last_kernel_size": net["last_kernel_size"],
        "residual_kernel_size": net["residual_kernel_size"],
        "dilation_growth_rate": net["dilation_base"],
        "use_causal_conv": stated["encodec"]["causal"],
        "pad_mode": net["pad_mode"],
        "compress": net["compress"],
        "num_lstm_layers": net["lstm"],
        "trim_right_ratio": net["decoder"]["trim_right_ratio"],
        "codebook_size": codes["bins"],
        "use_conv_shortcut": not net["true_skip"],
    }


def _of_writer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The decoder's tensors under the names that transformers gives them; three projections lie in one there."""
    found = {}
    for key, tensor in state.items():
        if key.startswith("condition_provider."):
            continue
        name = re.sub(r"^emb\.", "model.decoder.embed_tokens.", key)
        name = re.sub(r"^linears\.", "lm_heads.", name)
        name = re.sub(r"^out_norm\.", "model.decoder.layer_norm.", name)
        name = name.replace("transformer.layers.", "model.decoder.layers.")
        for theirs, ours in LAYER.items():
            name = name.replace(f".{theirs}.", f".{ours}.")
        if name.endswith(".in_proj_weight"):
            for part, projection in zip(tensor.chunk(3), "qkv", strict=True):
                found[name.replace("in_proj_weight", f"{projection}_proj.weight")] = part
        else:
            found[name] = tensor
    return found


LAYER = {
    "cross_attention": "encoder_attn",
    "linear1": "fc1",
    "linear2": "fc2",
    "norm1": "self_attn_layer_norm",
    "norm_cross": "encoder_attn_layer_norm",
    "norm2": "final_layer_norm",
}
"""Names of a layer's parts, audiocraft's and transformers'."""


def _of_codec(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """EnCodec's tensors under the names that transformers gives them."""
    found = {}
    for key, tensor in state.items():
        name = re.sub(r"\.(conv|convtr)\.\1\.", ".conv.", key)
        name = re.sub(r"^(encoder|decoder)\.model\.", r"\1.layers.", name)
        name = name.replace(".weight_g", ".parametrizations.weight.original0")
        name = name.replace(".weight_v", ".parametrizations.weight.original1")
        name = re.sub(r"^quantizer\.vq\.layers\.(\d+)\._codebook\.", r"quantizer.layers.\1.codebook.", name)
        found[name] = tensor
    return found
