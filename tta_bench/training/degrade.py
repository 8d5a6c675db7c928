"""Degraded copies of clips, as codecs, vocoders and rooms make them, in which the same events are still heard.

A network that has heard originals only judges reconstructions by their damage. All arrays are float32 `(n,)` at
`SAMPLE_RATE`; what is random takes the generator first; nothing changes when something happens.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import soundfile
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import irfft, rfft
from scipy.ndimage import gaussian_filter
from scipy.signal import butter, fftconvolve, sosfilt
from scipy.signal.windows import hann

from tta_bench.mel import mel_filters
from tta_bench.scenes.sound import SAMPLE_RATE

Wave = NDArray[np.float32]
N_FFT = 1024
HOP_LENGTH = 256
N_MELS = 64
WINDOW = hann(N_FFT, sym=False).astype(np.float32)


def degrade(rng: np.random.Generator, wave: Wave) -> tuple[Wave, str]:
    """A degraded copy of the same length, and what was done to it: `vocoder+noise`.

    Six of ten go through a codec, a vocoder or a lossy vocoder and up to two of the light kinds before or after it,
    the others through one or two light kinds alone; last, the level changes by -20 to 6 dB and full scale clips.
    """
    heavy = [str(rng.choice(list(HEAVY)))] if rng.random() < 0.6 else []
    n_light = rng.integers(0 if heavy else 1, 3)
    light = [str(name) for name in rng.permutation(list(LIGHT))[:n_light]]
    names = light + heavy if rng.random() < 0.5 else heavy + light
    for name in names:
        wave = np.asarray((HEAVY | LIGHT)[name](rng, wave), dtype=np.float32)
    gain = 10 ** (rng.uniform(-20, 6) / 20)
    return np.clip(wave * np.float32(gain), -1, 1), "+".join(names)


def codec(rng: np.random.Generator, wave: Wave) -> Wave:
    """The wave after mp3, Opus or Vorbis at low rates."""
    container, subtype = (("MP3", "MPEG_LAYER_III"), ("OGG", "OPUS"), ("OGG", "VORBIS"))[rng.integers(3)]
    file = io.BytesIO()
    level = float(rng.uniform(0.3, 0.9))
    soundfile.write(file, np.clip(wave, -1, 1), SAMPLE_RATE, subtype, format=container, compression_level=level)
    file.seek(0)
    decoded = soundfile.read(file, dtype="float32")[0][: len(wave)]
    return np.pad(decoded, (0, len(wave) - len(decoded)))


def vocoder(rng: np.random.Generator, wave: Wave) -> Wave:
    """The wave from its mel spectrogram alone, by a few rounds of Griffin & Lim's way to find the phases."""
    return griffin_lim(rng, _linear(_mel(wave)), len(wave), int(rng.integers(2, 13)))


def lossy_vocoder(rng: np.random.Generator, wave: Wave) -> Wave:
    """As `vocoder`, of a blurred log-mel: what an autoencoder that compresses too much leaves of fine structure."""
    log_mel = np.log(np.maximum(_mel(wave), 1e-5))
    blurred = gaussian_filter(log_mel, (rng.uniform(0.3, 1.2), rng.uniform(0.3, 2.0)))
    return griffin_lim(rng, _linear(np.exp(blurred)), len(wave), int(rng.integers(2, 9)))


def low_pass(rng: np.random.Generator, wave: Wave) -> Wave:
    """The wave below 2.5 to 7 kHz."""
    order = int(rng.integers(2, 7))
    return np.asarray(sosfilt(butter(order, rng.uniform(2500, 7000), fs=SAMPLE_RATE, output="sos"), wave))


def clipping(rng: np.random.Generator, wave: Wave) -> Wave:
    """The wave cut off at 20 to 80 % of its peak."""
    limit = rng.uniform(0.2, 0.8) * np.abs(wave).max()
    return np.clip(wave, -limit, limit)


def noise(rng: np.random.Generator, wave: Wave) -> Wave:
    """The wave with white noise 15 to 40 dB below its RMS."""
    rms = float(np.sqrt(np.mean(wave**2)))
    return wave + rng.standard_normal(len(wave), dtype=np.float32) * np.float32(rms * 10 ** (-rng.uniform(15, 40) / 20))


def tilt(rng: np.random.Generator, wave: Wave) -> Wave:
    """The wave with treble against bass changed by up to 3 dB an octave, around 1 kHz."""
    spectrum = rfft(wave)
    octaves = np.log2(np.linspace(0, SAMPLE_RATE / 2, len(spectrum)).clip(50) / 1000)
    return np.asarray(irfft(spectrum * 10 ** (rng.uniform(-3, 3) * octaves / 20), len(wave)))


def reverb(rng: np.random.Generator, wave: Wave) -> Wave:
    """The wave in a small room with a reverberation of 0.1 to 0.5 s, 8 to 20 dB below it."""
    n = round(rng.uniform(0.1, 0.5) * SAMPLE_RATE)
    tail = rng.standard_normal(n) * 10 ** (-3 * np.arange(n) / n)
    reflected = fftconvolve(wave, tail)[: len(wave)]
    level = np.sqrt(np.sum(wave**2) / max(np.sum(reflected**2), 1e-20)) * 10 ** (-rng.uniform(8, 20) / 20)
    return np.asarray(wave + level * reflected)


Kind = Callable[[np.random.Generator, Wave], Wave]
HEAVY: dict[str, Kind] = {"codec": codec, "vocoder": vocoder, "lossy vocoder": lossy_vocoder}
LIGHT: dict[str, Kind] = {
    "low-pass": low_pass,
    "clipping": clipping,
    "noise": noise,
    "tilt": tilt,
    "reverb": reverb,
}


def griffin_lim(rng: np.random.Generator, magnitude: NDArray[np.float32], n_samples: int, n_rounds: int) -> Wave:
    """A wave `(n_samples,)` whose spectrogram comes near magnitudes `(513, n_frames)`, from random phases on.

    Griffin & Lim 1984, without momentum, which does harm to noise.
    """
    angles = rng.random(magnitude.shape, dtype=np.float32) * np.float32(2 * np.pi)
    spectrum = magnitude * np.exp(1j * angles)
    for _ in range(n_rounds):
        again = _spectrum(_wave(spectrum, n_samples))
        spectrum = again * (magnitude / np.maximum(np.abs(again), 1e-8))
    return _wave(spectrum, n_samples)


def _spectrum(wave: Wave) -> NDArray[np.complex64]:
    """Spectrogram `(513, n_frames)` with frames centred on the multiples of the hop."""
    frames = sliding_window_view(np.pad(wave, N_FFT // 2), N_FFT)[::HOP_LENGTH]
    return np.asarray(rfft(frames * WINDOW)).T


def _wave(spectrum: NDArray[np.complex64], n_samples: int) -> Wave:
    """Inverse of `_spectrum` where it has one, and the nearest wave elsewhere."""
    frames = irfft(spectrum.T, N_FFT) * WINDOW
    n_hops, parts = len(frames), N_FFT // HOP_LENGTH
    summed = np.zeros((n_hops + parts - 1, HOP_LENGTH), dtype=np.float32)
    weight = np.zeros_like(summed)
    for k in range(parts):
        part = slice(k * HOP_LENGTH, (k + 1) * HOP_LENGTH)
        summed[k : k + n_hops] += frames[:, part]
        weight[k : k + n_hops] += WINDOW[part] ** 2
    wave = (summed / np.maximum(weight, 1e-3)).ravel()[N_FFT // 2 :][:n_samples]
    return np.pad(wave, (0, n_samples - len(wave)))


def _mel(wave: Wave) -> NDArray[np.float32]:
    """Mel magnitudes `(64, n_frames)`."""
    filters = mel_filters(SAMPLE_RATE, N_FFT, N_MELS, 0.0, SAMPLE_RATE / 2)
    return np.asarray(filters @ np.abs(_spectrum(wave)), dtype=np.float32)


def _linear(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Magnitudes `(513, n_frames)` that have these mel magnitudes, about."""
    filters = mel_filters(SAMPLE_RATE, N_FFT, N_MELS, 0.0, SAMPLE_RATE / 2)
    return np.maximum(np.linalg.pinv(filters) @ mel, 0).astype(np.float32)
