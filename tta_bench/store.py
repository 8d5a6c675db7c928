"""Every path and every write of the suite: clips, features and what was seen of a clip, under content hashes.

A file's name is the hash of all that decides its content, so what is there is right: it can be unused, never stale.
Writes go to a part file, are synced and renamed, so two processes can share one store and a killed one leaves nothing
half written behind.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from tta_bench import audio, records
from tta_bench.types import Clip, Features, ModelCard, Preprocessing, UserError

log = logging.getLogger(__name__)


def digest(content: object) -> str:
    """sha256 of anything that JSON can write, with sorted keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A part file to write to, which becomes `path` when all went well and vanishes otherwise.

    Raises UserError if the disk is full or refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".part-{secrets.token_hex(8)}{path.suffix}")
        try:
            yield part
            with part.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"Cannot write {path}: {error.strerror}. Make room or choose another place with --store or --out; what was "
            "computed so far is kept, and the same command goes on from there."
        ) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file as a whole or not at all."""
    with whole_file(path) as part:
        part.write_bytes(data)


def write_json(path: Path, content: object) -> None:
    """Writes JSON as a whole or not at all; NaN and infinity are refused, so that no number is lost on the way back."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(path, text.encode() + b"\n")


@dataclass(frozen=True)
class FeatureKey:
    """All that decides the features of a clip."""

    embedder: str
    """`module:checkpoint`."""
    weights_sha256: str
    code_sha256: str
    """Hash of the source that computes the features."""
    preprocessing: Preprocessing
    dtype: str

    @cached_property
    def sha256(self) -> str:
        """Of all of this."""
        return digest(asdict(self))

    def of(self, content_sha256: str) -> str:
        """The key of one clip, by the hash of its file."""
        return hashlib.sha256(f"{self.sha256} {content_sha256}".encode()).hexdigest()


@dataclass(frozen=True)
class Store:
    """A folder of clips and features that any number of runs and models share."""

    root: Path

    @property
    def free(self) -> int:
        """Bytes that its disk has left; the folder need not be there yet."""
        there = next(path for path in (self.root, *self.root.absolute().parents) if path.exists())
        return shutil.disk_usage(there).free

    def check_room(self, need: int, what: str) -> None:
        """Raises UserError if its disk has not `need` bytes left, which `what` take."""
        if self.free < need:
            raise UserError(
                f"{self.root} has {self.free / 2**20:.0f} MiB free, but {what} take {need / 2**20:.0f} MiB. Make room, "
                "or choose another place with --store."
            )

    def path(self, kind: str, key: str, suffix: str) -> Path:
        """Where the file of a kind with this hash lies."""
        return self.root / f"{kind}/{key[:2]}/{key}{suffix}"

    def features(self, key: str) -> dict[str, np.ndarray] | None:
        """Stored features, or None where there are none. A damaged file is named, removed and counts as none."""
        path = self.path("features", key, ".safetensors")
        try:
            return load_file(path)
        except FileNotFoundError:
            return None
        except SafetensorError as error:
            log.warning("%s is damaged (%s): computed again", path, error)
            path.unlink(missing_ok=True)
            return None

    def has_features(self, key: str) -> bool:
        """Whether features lie under this key."""
        return self.path("features", key, ".safetensors").exists()

    def write_features(self, key: str, features: Features) -> None:
        """Stores a clip's features, float32."""
        arrays = {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in features.items()}
        write_bytes(self.path("features", key, ".safetensors"), save(arrays))

    def note(self, kind: str, key: str) -> dict[str, object] | None:
        """A small JSON record stored under a hash, or None."""
        path = self.path(kind, key, ".json")
        try:
            found = records.parse(path.read_bytes())
            if isinstance(found, dict):
                return found
        except FileNotFoundError:
            return None
        except ValueError:
            pass  # as what is JSON, but no record
        log.warning("%s is damaged: made again", path)
        path.unlink(missing_ok=True)
        return None

    def write_note(self, kind: str, key: str, content: Mapping[str, object]) -> None:
        """Stores a small JSON record under a hash."""
        write_json(self.path(kind, key, ".json"), content)

    def clip_path(self, card: ModelCard, text: str, seed: int, duration: float) -> Path:
        """Where a model's clip lies: the hash of all that decides it."""
        return self.path("clips", digest([asdict(card), text, seed, duration]), ".wav")

    def control_path(self, name: str, n_samples: int, sample_rate: int, seed: int) -> Path:
        """Where the clip of a control row lies."""
        return self.path("clips", digest([name, n_samples, sample_rate, seed]), ".wav")

    def write_clip(self, path: Path, clip: Clip) -> None:
        """Stores a generated clip as 16-bit wav, clipped at full scale."""
        with whole_file(path) as part:
            audio.encode(part, clip)
