"""Makes tango.npz with the authors' own code: declare-lab/tango (CC BY-NC-ND 4.0), commit 34ecd38, used as it is.

In an environment with torch and einops: `python tests/golden/make_tango.py DIR`, DIR being a checkout of that
repository. Its vocoder is made narrower, its VAE is told `VAE`; the weights are `random_state(layout)`.

Keys: `layout`, key and shape of every tensor of `pytorch_model_vae.bin`; `latents`; the `log_mels` and the `samples`,
before their cast to int16, that the authors' VAE and vocoder make of them.
"""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

VAE = {
    "ddconfig": {
        "double_z": True,
        "z_channels": 8,
        "resolution": 256,
        "downsample_time": False,
        "in_channels": 1,
        "out_ch": 1,
        "ch": 32,
        "ch_mult": [1, 2, 3],
        "num_res_blocks": 1,
        "attn_resolutions": [],
        "dropout": 0.0,
    },
    "embed_dim": 8,
    "image_key": "fbank",
    "subband": 1,
    "time_shuffle": 1,
    "scale_factor": 0.9,
}
VOCODER_WIDTH, N_MELS = 32, 16


def random_state(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Weights of a size that keeps activations alive, the same in every environment."""
    rng = np.random.default_rng(0)
    state = {}
    for name in sorted(shapes):
        shape = shapes[name]
        values = rng.standard_normal(shape, dtype=np.float32)
        if len(shape) > 1:
            values *= np.float32(np.prod(shape[1:]) ** -0.5)
        else:
            values = 0.1 * values + np.float32(name.endswith("weight"))
        state[name] = torch.from_numpy(np.asarray(values, dtype=np.float32))
    return state


def main(checkout: Path) -> None:
    """Write tango.npz beside this script."""
    # What loss and data need is never called here, and need not be installed.
    for name in ("librosa", "soundfile", "progressbar", "torchaudio"):
        sys.modules.setdefault(name, ModuleType(name))
    package = ModuleType("audioldm")
    package.__path__ = [str(checkout / "audioldm")]
    sys.modules["audioldm"] = package
    from audioldm.hifigan import utilities
    from audioldm.variational_autoencoder.autoencoder import AutoencoderKL

    utilities.HIFIGAN_16K_64.update(upsample_initial_channel=VOCODER_WIDTH, num_mels=N_MELS)
    network = AutoencoderKL(**VAE).eval()
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    network.load_state_dict(random_state(shapes))
    latents = np.random.default_rng(1).standard_normal((2, 8, 6, 4)).astype(np.float32)
    with torch.no_grad():
        log_mels = network.decode_first_stage(torch.from_numpy(latents))
        samples = network.vocoder(log_mels[:, 0].permute(0, 2, 1))[:, 0]
    layout = np.array([f"{name} {' '.join(map(str, shape))}" for name, shape in sorted(shapes.items())])
    arrays = {"layout": layout, "latents": latents, "log_mels": log_mels.numpy(), "samples": samples.numpy()}
    np.savez_compressed(Path(__file__).parent / "tango.npz", **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
