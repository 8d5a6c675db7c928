"""Writes riffusion.npz: what torchaudio makes of a picture, called as riffusion's own converter calls it.

Run in the environment of `make peers`: .venv-peers/bin/python tests/golden/make_riffusion.py
The calls are those of spectrogram_converter.py and util/image_util.py of riffusion/riffusion, commit 70fb80f, whose
package wants a torch older than 2.
"""

from pathlib import Path

import numpy as np
import torch
from torchaudio.transforms import GriffinLim, InverseMelScale

picture = np.random.default_rng(0).integers(0, 256, (512, 24), dtype=np.uint8)
mels = torch.from_numpy(((255 - picture[::-1].astype(np.float32)) / 255) ** 4 * 30e6)[None]
to_linear = InverseMelScale(
    n_stft=8821, n_mels=512, sample_rate=44100, f_min=0, f_max=10000, norm=None, mel_scale="htk"
)
to_wave = GriffinLim(n_fft=17640, n_iter=32, win_length=4410, hop_length=441, power=1.0, momentum=0.99, rand_init=True)
torch.manual_seed(0)
np.savez_compressed(Path(__file__).with_name("riffusion.npz"), picture=picture, wave=to_wave(to_linear(mels))[0])
