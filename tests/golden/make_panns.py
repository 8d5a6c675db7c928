"""Makes panns.npz with panns_inference 0.1.1 (MIT), torchlibrosa 0.1.0 and librosa 0.11.0 on torch 2.14.1.

In an environment with those packages: `python tests/golden/make_panns.py`. (Importing panns_inference needs a
~/panns_data/class_labels_indices.csv with 527 rows.) Keys: `{checkpoint}/{layer}-{n}`, what networks narrowed to a
width of 64 with the weights `random_state(...)` make of the first n samples of `sound(...)`; `framewise` keeps every
16th class, `clipwise` has the probability of each class in the clip; `published`, key and shape of every tensor of a
published Cnn14 at 32 kHz.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

N_FFT = {"cnn14-16k": 512, "cnn14-32k": 1024, "cnn14-decision-level-max": 1024}
LENGTHS = {"cnn14-16k": (4960, 40001), "cnn14-32k": (32000, 99999), "cnn14-decision-level-max": (9920, 40000)}
WIDTHS = (1, 2, 4, 8, 16, 32, 64)


def sound(sample_rate: int) -> np.ndarray:
    """4 s of noise that swells and fades twice, over a falling tone, all below half of full scale."""
    t = np.arange(4 * sample_rate) / sample_rate
    noise = np.random.default_rng(7).random(t.size) - 0.5
    tone = np.sin(2 * np.pi * 900 * t * (1 - t / 8))
    return (0.4 * noise * np.sin(np.pi * t / 2) ** 2 + 0.1 * tone).astype(np.float32)


def random_state(n_fft: int) -> dict[str, torch.Tensor]:
    """Weights of a Cnn14: noise of a size that keeps activations alive. The file decides its window and its mel bands,
    so these are others than the published ones: Hamming's, and noise on overlapping boxes."""
    rng = np.random.default_rng(n_fft)

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.random(shape, dtype=np.float32) * np.float32(high - low) + np.float32(low))

    def norm(key: str, n: int, means: tuple[float, float], variances: tuple[float, float]) -> dict[str, torch.Tensor]:
        affine = {"weight": uniform(0.5, 1.5, n), "bias": uniform(-0.2, 0.2, n)}
        seen = {"running_mean": uniform(*means, n), "running_var": uniform(*variances, n)}
        counted = affine | seen | {"num_batches_tracked": torch.tensor(600000)}
        return {f"{key}.{name}": value for name, value in counted.items()}

    n_bins = n_fft // 2 + 1
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    angles = 2 * np.pi * np.outer(np.arange(n_bins), np.arange(n_fft)) / n_fft
    bands = np.abs(np.arange(n_bins)[:, None] - np.linspace(0, n_bins - 1, 64)) < 8
    state = {
        "spectrogram_extractor.stft.conv_real.weight": torch.from_numpy(np.cos(angles) * window)[:, None].float(),
        "spectrogram_extractor.stft.conv_imag.weight": torch.from_numpy(-np.sin(angles) * window)[:, None].float(),
        "logmel_extractor.melW": uniform(0.0, 0.05, n_bins, 64) * torch.from_numpy(bands),
        **norm("bn0", 64, (-40.0, -20.0), (100.0, 400.0)),
    }
    for i, (n_in, n_out) in enumerate(pairwise(WIDTHS), start=1):
        for j, n in ((1, n_in), (2, n_out)):
            bound = (6 / (9 * n)) ** 0.5
            state[f"conv_block{i}.conv{j}.weight"] = uniform(-bound, bound, n_out, n, 3, 3)
            state |= norm(f"conv_block{i}.bn{j}", n_out, (-0.5, 0.5), (0.5, 2.0))
    for key, n in (("fc1", WIDTHS[-1]), ("fc_audioset", 527)):
        state |= {f"{key}.weight": uniform(-0.3, 0.3, n, WIDTHS[-1]), f"{key}.bias": uniform(-0.5, 0.5, n)}
    return state


def main() -> None:
    """Write the file beside this script."""
    from panns_inference.models import Cnn14, Cnn14_DecisionLevelMax, ConvBlock

    arrays = {}
    for checkpoint, n_fft in N_FFT.items():
        rate, f_max = {512: (16000, 8000), 1024: (32000, 14000)}[n_fft]
        framewise = checkpoint == "cnn14-decision-level-max"
        kind = Cnn14_DecisionLevelMax if framewise else Cnn14
        network = kind(rate, n_fft, rate // 100, 64, 50, f_max, 527)
        arrays["published"] = np.array([f"{key} {tuple(value.shape)}" for key, value in network.state_dict().items()])
        for i, widths in enumerate(pairwise(WIDTHS), start=1):
            setattr(network, f"conv_block{i}", ConvBlock(*widths))
        network.fc1 = torch.nn.Linear(WIDTHS[-1], WIDTHS[-1])
        network.fc_audioset = torch.nn.Linear(WIDTHS[-1], 527)
        network.eval().load_state_dict(random_state(n_fft))
        logits: list[torch.Tensor] = []
        network.fc_audioset.register_forward_hook(lambda _module, _inputs, output, kept=logits: kept.append(output))
        for n in LENGTHS[checkpoint]:
            with torch.no_grad():
                found = network(torch.from_numpy(sound(rate)[None, :n]))
            if framewise:
                arrays[f"{checkpoint}/framewise-{n}"] = found["framewise_output"][0, :, ::16].numpy()
                arrays[f"{checkpoint}/clipwise-{n}"] = found["clipwise_output"][0].numpy()
            else:
                arrays[f"{checkpoint}/embedding-{n}"] = found["embedding"][0].numpy()
                arrays[f"{checkpoint}/logits-{n}"] = logits[-1][0].numpy()
    np.savez_compressed(Path(__file__).with_name("panns.npz"), **arrays)


if __name__ == "__main__":
    main()
