"""Makes audiogen.npz with the authors' own code: facebookresearch/audiocraft (MIT), commit 896ec7c, used as it is.

In an environment with torch and einops: `python tests/golden/make_audiogen.py DIR`, DIR being a checkout of that
repository. Networks are smaller than the published one, with weights that `random_state` draws.

Keys: `writer` and `codec`, key and shape of every tensor of the two files; `codes` `(2, n_books, n_steps)` and `told`
`(2, n_tokens, width of T5)`, both drawn; `logits` of what follows each code; `samples` of the codes.
"""

import json
import sys
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock

import numpy as np
import torch

WRITER = {"n_q": 4, "card": 32, "dim": 24, "num_heads": 2, "num_layers": 2, "hidden_scale": 4, "activation": "gelu"}
PLAIN = {
    "bias_proj": False,
    "bias_ff": False,
    "bias_attn": False,
    "norm_first": True,
    "causal": True,
    "memory_efficient": True,
}
SEANET = {
    "dimension": 16,
    "channels": 1,
    "n_filters": 4,
    "n_residual_layers": 1,
    "ratios": [4, 2],
    "norm": "weight_norm",
    "kernel_size": 7,
    "residual_kernel_size": 3,
    "last_kernel_size": 7,
    "dilation_base": 2,
    "pad_mode": "constant",
    "true_skip": True,
    "compress": 2,
    "lstm": 2,
    "causal": False,
}
TEXT_WIDTH = 16


def random_state(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Weights of a size that keeps activations alive, the same in every environment."""
    rng = np.random.default_rng(0)
    state = {}
    for name in sorted(shapes):
        shape = tuple(shapes[name])
        values = rng.standard_normal(shape, dtype=np.float32)
        if len(shape) > 1 and not name.endswith("weight_g"):
            values *= np.float32(np.prod(shape[1:]) ** -0.5)
        elif not name.endswith("embed"):
            values = 0.1 * values + np.float32(name.endswith(("weight", "weight_g")))
        state[name] = torch.from_numpy(np.asarray(values, dtype=np.float32))
    return state


def main(checkout: Path) -> None:
    """Write audiogen.npz beside this script."""
    # What reads audio, text and configurations is never called here, and need not be installed.
    for name in (
        "xformers",
        "xformers.ops",
        "flashy",
        "num2words",
        "spacy",
        "omegaconf",
        "av",
        "librosa",
        "julius",
        "soundfile",
    ):
        sys.modules.setdefault(name, MagicMock())
    sys.modules["xformers"].ops.unbind = torch.unbind
    for name in (
        "audiocraft",
        "audiocraft.modules",
        "audiocraft.models",
        "audiocraft.quantization",
        "audiocraft.utils",
    ):
        package = ModuleType(name)
        package.__path__ = [str(checkout / name.replace(".", "/"))]
        sys.modules[name] = package
    for name in ("audiocraft.modules.conditioners", "audiocraft.utils.utils", "flashy.distrib"):
        sys.modules[name] = MagicMock()
    from audiocraft.models.lm import LMModel
    from audiocraft.modules.codebooks_patterns import DelayedPatternProvider
    from audiocraft.modules.seanet import SEANetDecoder, SEANetEncoder
    from audiocraft.quantization.core_vq import ResidualVectorQuantization

    fuser = MagicMock(side_effect=lambda embedded, conditions: (embedded, conditions["description"][0]))
    provider = torch.nn.Module()
    writer = LMModel(
        DelayedPatternProvider(WRITER["n_q"]), provider, fuser, cross_attention=True, **WRITER, **PLAIN
    ).eval()
    layout = {name: tuple(tensor.shape) for name, tensor in writer.state_dict().items()}
    told = {f"{TOLD}.weight": (WRITER["dim"], TEXT_WIDTH), f"{TOLD}.bias": (WRITER["dim"],)}
    state = random_state(layout | told)
    writer.load_state_dict({name: state[name] for name in layout})
    rng = np.random.default_rng(1)
    codes = rng.integers(WRITER["card"], size=(2, WRITER["n_q"], 11))
    text = rng.standard_normal((2, 5, TEXT_WIDTH)).astype(np.float32)

    codec = torch.nn.Module()
    codec.encoder, codec.decoder = SEANetEncoder(**SEANET), SEANetDecoder(**SEANET, trim_right_ratio=1.0)
    codec.quantizer = torch.nn.Module()
    codec.quantizer.vq = ResidualVectorQuantization(
        num_quantizers=WRITER["n_q"], dim=SEANET["dimension"], codebook_size=WRITER["card"], kmeans_init=True
    )
    codec.eval()
    codec_layout = {name: tuple(tensor.shape) for name, tensor in codec.state_dict().items()}
    codec.load_state_dict(random_state(codec_layout))
    with torch.no_grad():
        projected = torch.nn.functional.linear(torch.from_numpy(text), state[f"{TOLD}.weight"], state[f"{TOLD}.bias"])
        logits = writer(torch.from_numpy(codes), [], {"description": (projected, None)})
        samples = codec.decoder(codec.quantizer.vq.decode(torch.from_numpy(codes).transpose(0, 1)))
    np.savez_compressed(
        Path(__file__).with_name("audiogen.npz"),
        writer=np.array(json.dumps(layout | told)),
        codec=np.array(json.dumps(codec_layout)),
        codes=codes,
        told=text,
        logits=logits.numpy(),
        samples=samples.numpy(),
    )


TOLD = "condition_provider.conditioners.description.output_proj"

if __name__ == "__main__":
    main(Path(sys.argv[1]))
