"""Clips in and out of files, and what a protocol does to a clip before a network sees it.

This is the only module that knows file formats: whatever libsndfile reads (wav, flac, ogg, opus, mp3, aiff ...).
"""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path

import numpy as np
import soundfile
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tta_bench.resample import resample
from tta_bench.types import Clip, Mono, Pad, Peak, Preprocessing, Quantise, UserError

Samples = NDArray[np.float32]
PCM_BITS = {"PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
LOUDEST = 2.0**31
"""Times full scale: 32-bit integers that were written as floats. No sound is louder, and powers of it are finite."""
BLOCK = 2**22
"""Samples that are decoded at once: a minute and a half of one channel."""
UNSTATED = 2**63 - 1
"""Samples that libsndfile says a flac has which states none."""
MOST = 2**29
"""Samples of a file; three hours of one channel, 2 GiB."""
STREAM = 2**31 - 2**16
"""A wav written to a pipe cannot know its size and promises at least so many bytes, as ffmpeg and sox do."""


class BadClip(UserError):  # noqa: N818
    """A clip that cannot be measured; the message names the file, where there is one, and the reason."""


def decode(path: Path) -> Clip:
    """The audio of a file at its own sample rate, `(n,)` if it has one channel, else `(n_channels, n)`.

    Integer formats are divided by their full scale (32768 for 16 bits). Raises BadClip for a file that is missing,
    empty, not audio, shorter than its header says, or holds NaN, infinity or what no sound reaches.
    """
    if not path.is_file():
        raise BadClip(f"'{path}' does not exist or is not a file.")
    if path.stat().st_size == 0:
        raise BadClip(f"'{path}' is empty (0 bytes). Make it again or leave it out.")
    try:
        with soundfile.SoundFile(path) as file:
            samples = _read(file, path)
            missing = _missing(file.frames, samples.shape[1], file.extra_info)
            sample_rate = file.samplerate
    except soundfile.LibsndfileError as error:
        raise BadClip(f"'{path}' is damaged or not audio (libsndfile: {error.error_string}). Make it again.") from error
    except (TypeError, ValueError) as error:  # soundfile's answers to raw audio, and to a flac that states no length
        raise BadClip(f"'{path}' does not say what it holds ({error}). Convert it to wav.") from error
    if missing:
        raise BadClip(f"'{path}' is truncated: {missing}. Make or fetch it again.")
    if samples.shape[1] == 0:
        raise BadClip(f"'{path}' holds no samples. Make it again or leave it out.")
    if not np.isfinite(samples).all():
        raise BadClip(f"'{path}' holds NaN or infinite samples. Make it again or leave it out.")
    if (peak := float(np.abs(samples).max())) > LOUDEST:
        raise BadClip(f"'{path}' holds samples of {peak:.0e} times full scale. Make it again or leave it out.")
    return Clip(samples[0] if len(samples) == 1 else np.ascontiguousarray(samples), sample_rate)


def _read(file: soundfile.SoundFile, path: Path) -> Samples:
    """All that can be decoded, `(n_channels, n)`; in blocks, because a header may promise more than memory holds.

    Raises ValueError for a file that does not state its length, and BadClip for one without measure.
    """
    if file.frames == UNSTATED:
        raise ValueError("it states no length")
    size = max(1, BLOCK // file.channels)
    blocks = [file.read(size, dtype="float32", always_2d=True)]
    while len(blocks[-1]) == size:  # behind the last, libsndfile would seek and fail
        if len(blocks) * size * file.channels > MOST:
            raise BadClip(f"'{path}' holds more than {MOST} samples, which is no clip. Cut it or leave it out.")
        blocks.append(file.read(size, dtype="float32", always_2d=True))
    return blocks[0].T if len(blocks) == 1 else np.concatenate(blocks).T


def _missing(n_promised: int, n_read: int, log: str) -> str:
    """What a file lacks of what it promises, or nothing. Of wav, aiff and ogg, libsndfile tells it in its log only."""
    if n_read < n_promised:
        return f"its header promises {n_promised} samples, {n_read} can be decoded"
    chunk = re.search(r"(?:data|SSND) : (\d+) \(should be (\d+)\)", log)
    if chunk and int(chunk[2]) < int(chunk[1]) < STREAM:
        return f"its header promises {chunk[1]} bytes of audio, the file holds {chunk[2]}"
    last_page = re.search(r"(?i)end-of-stream|junk after the last page", log)
    return "it ends within an ogg stream" if last_page else ""


def encode(path: Path, clip: Clip, *, subtype: str = "PCM_16") -> None:
    """Write a clip in the format of the path's suffix; equal clips give equal bytes in wav and flac.

    `subtype` is soundfile's: PCM_16, PCM_24, FLOAT, VORBIS ... Samples beyond full scale are clipped, except that
    FLOAT in a wav keeps them as they are. PCM rounds to the nearest step, so decoding and encoding again changes
    nothing; libsndfile itself would round down. Raises BadClip for NaN or infinity.
    """
    if not np.isfinite(clip.samples).all():
        raise BadClip(f"A clip for '{path}' holds NaN or infinite samples.")
    if subtype == "FLOAT" and path.suffix.lower() == ".wav":
        from scipy.io import wavfile  # libsndfile puts the time of day into float wav files

        wavfile.write(path, clip.sample_rate, clip.samples.T)
    elif subtype in PCM_BITS:
        full_scale = 2.0 ** (PCM_BITS[subtype] - 1)
        steps = np.clip(np.rint(clip.samples.astype(np.float64) * full_scale), -full_scale, full_scale - 1)
        # libsndfile takes an int32 of any size of sample at its upper end.
        _write(path, (steps * (2**31 / full_scale)).astype(np.int32), clip.sample_rate, subtype)
    else:
        _write(path, np.clip(clip.samples, -1.0, 1.0), clip.sample_rate, subtype)


def _write(path: Path, samples: NDArray[np.int32] | NDArray[np.float32], sample_rate: int, subtype: str) -> None:
    """Raises OSError, as other writers do: of a disk that is full libsndfile says "System error" only."""
    written = io.BytesIO()
    written.name = path.name  # tells soundfile the format
    soundfile.write(written, samples.T, sample_rate, subtype=subtype)
    path.write_bytes(written.getvalue())


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def prepare(clip: Clip, preprocessing: Preprocessing, *, seed: int = 0) -> Samples:
    """What a network gets to hear of a clip: `(n_windows, n_samples)` at the protocol's sample rate.

    Does what the fields of `Preprocessing` say, in their order; the result may share memory with the clip. `seed`
    decides where `long="crop"` cuts and nothing else. Raises BadClip, without a file name, if the protocol does not
    pad and the clip is too short, or if it asks for the right channel of a mono clip.
    """
    p = preprocessing
    samples = _mono(clip.samples, p.mono)
    if p.remove_dc:
        samples = samples - samples.mean()
    samples = resample(samples, clip.sample_rate, p.sample_rate, p.resampler)
    if p.max_duration is not None:
        samples = _shorten(samples, round(p.max_duration * p.sample_rate), seed if p.long == "crop" else None)
    samples = _quantise(_scale(samples, p.peak), p.quantise)
    samples = _lengthen(samples, round(p.min_duration * p.sample_rate), p.pad)
    if p.window is None:
        return samples[None]
    lengths = (round(seconds * p.sample_rate) for seconds in (p.window, p.window_hop, p.window_min))
    return _windows(samples, *lengths)


def _mono(samples: Samples, mono: Mono) -> Samples:
    channels = np.atleast_2d(samples)
    if mono == "right" and len(channels) == 1:
        raise BadClip("The clip has one channel, but the protocol measures the right one. Score it as stereo.")
    if mono == "mean" and len(channels) > 1:
        return np.asarray(channels.mean(axis=0), dtype=np.float32)
    return np.asarray(channels[1 if mono == "right" else 0])


def _shorten(samples: Samples, n_samples: int, seed: int | None) -> Samples:
    """At most `n_samples`: the first ones, or those at a place drawn from the seed, every place as likely."""
    surplus = max(0, len(samples) - n_samples)
    start = 0 if seed is None else int(np.random.default_rng(seed).integers(surplus + 1))
    return samples[start : start + n_samples]


def _scale(samples: Samples, peak: Peak) -> Samples:
    if peak == "none":
        return samples
    if peak == "positive-peak":
        # AudioSetModel.extract_features of google-research/frechet_audio_distance divides int16 units by
        # max(0.1, max(x)): the largest positive sample, not the largest. The 0.1 saves silence alone.
        return samples / np.float32(max(samples.max(), 0.1 / 32768))
    loudest = np.abs(samples).max()
    if loudest == 0:
        return samples
    # pyloudnorm.normalize.peak(samples, -1.0), as stable-audio-metrics calls it; that makes NaN of silence.
    return samples / np.float32(loudest / (10 ** (-1 / 20) if peak == "peak-1dB" else 1.0))


def _quantise(samples: Samples, quantise: Quantise) -> Samples:
    if quantise == "int16-round":
        # fadtk 1.1.0 load_audio and load_wav: a PCM_S 16 file from torchaudio.save, read back as int16 / 32768. Its
        # ffmpeg and sox back ends round so; its soundfile back end rounds down, half a step lower on average.
        return (np.clip(np.rint(samples * 32768), -32768, 32767) / 32768).astype(np.float32, copy=False)
    if quantise == "int16-truncate":
        # laion_clap 1.1.7 training/data.py, float32_to_int16 and int16_to_float32: towards zero, and 32767 both ways.
        return (np.trunc(np.clip(samples, -1, 1) * 32767) / 32767).astype(np.float32, copy=False)
    return samples


def _lengthen(samples: Samples, n_samples: int, pad: Pad) -> Samples:
    if len(samples) >= n_samples:
        return samples
    if pad == "none":
        raise BadClip(f"The clip has {len(samples)} samples, but the protocol needs {n_samples} and does not pad.")
    if pad == "repeat":  # laion_clap 1.1.7 training/data.py, get_audio_features, data_filling="repeatpad"
        samples = np.tile(samples, n_samples // len(samples))
    return np.pad(samples, (0, n_samples - len(samples)))


def _windows(samples: Samples, length: int, hop: int, least: int) -> Samples:
    """Windows `(n, length)`, the first always, a further one where at least `least` samples and one are left for it."""
    if hop < 1:
        raise ValueError("Preprocessing.window needs a window_hop of at least one sample")
    n_windows = 1 + max(0, (len(samples) - max(1, least)) // hop)
    padded = np.pad(samples, (0, max(0, (n_windows - 1) * hop + length - len(samples))))
    return sliding_window_view(padded, length)[: n_windows * hop : hop].copy()
