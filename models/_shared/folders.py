"""Where a checkpoint's folder is: named by the user, in the suite, in our cache or the hub's; and how it is fetched.

Nothing is fetched but by `fetch`, when the user asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models._shared.cards import Published
from tta_bench.types import UserError

DIFFUSERS_WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
TRANSFORMERS_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""What the weights of a network are called in its folder, the preferred kind first."""
WANTED = ("*.json", "*.txt", "*.model", "*.bin", "*.pt", "*.safetensors")
"""Kinds of file that a checkpoint is made of."""


def weights_in(names: tuple[str, ...], *folders: str) -> tuple[tuple[str, ...], ...]:
    """What `Layout.needed` says of networks in these folders, whose weights are called by one of these names."""
    return tuple(tuple(f"{folder}/{name}" for name in names) for folder in folders)


@dataclass(frozen=True)
class Layout:
    """How the checkpoints of a model are published."""

    model: str
    """Name of the file in `models/`."""
    checkpoints: Mapping[str, Published]
    anchor: str
    """What every checkpoint's folder has."""
    needed: tuple[tuple[str, ...], ...]
    """Of each of these, a checkpoint has one; loading says what else it needs."""
    wanted: tuple[str, ...] = WANTED
    """Patterns of the names of what is fetched."""


def files_in(folder: Path) -> dict[str, Path]:
    """Name inside the folder -> path, of all files of a checkpoint in the published layout.

    Where weights lie there twice, as safetensors and as a pickle, both are given; loading takes the former.
    """
    found = {path.relative_to(folder).as_posix(): path for kind in WANTED for path in folder.rglob(kind)}
    return dict(sorted(found.items()))


def find(
    layout: Layout,
    checkpoint: str,
    *,
    cache_dir: Path,
    weights_dir: Path | None = None,
    bundled: Path | None = None,
) -> dict[str, Path]:
    """The files of a model's checkpoint, or of the folder that `checkpoint` is the path of.

    Looked for in `weights_dir` (flat, or in a folder `MODEL-CHECKPOINT` or of the repository's name), then, if it comes
    with the suite, in its folder in `bundled`, else in `cache_dir` and in the cache of the hub. Raises UserError if
    none of them has it, or not all of it.
    """
    known = layout.checkpoints.get(checkpoint)
    if known is None:
        if Path(checkpoint).is_dir():
            return _whole(layout, files_in(Path(checkpoint)), checkpoint)
        raise UserError(f"No checkpoint or folder {checkpoint!r}. There are: {', '.join(layout.checkpoints)}.")
    places = list(_places(layout, checkpoint, known, cache_dir, weights_dir))
    if known.repository is None and bundled is not None:
        places.append(bundled / checkpoint)
    found = next((place for place in places if (place / layout.anchor).is_file()), None)
    if found is None:
        looked = ", ".join(map(str, places))
        raise UserError(
            f"{layout.model}:{checkpoint} is not here: no {layout.anchor} in {looked}. "
            f"{_ways_out(layout, checkpoint, known)}"
        )
    return _whole(layout, _with_parts(files_in(found), known), str(found), _ways_out(layout, checkpoint, known))


def fetch(layout: Layout, checkpoint: str) -> dict[str, Path]:
    """The files of a published checkpoint, from the hub into the hub's own cache; only what is missing is fetched.

    Raises UserError if the hub cannot be reached, or has no such repository or revision, or wants a login for it.
    """
    known = layout.checkpoints.get(checkpoint)
    if known is None or known.repository is None:
        raise UserError(f"{layout.model}:{checkpoint} is not published on the hub.")
    otherwise = _ways_out(layout, checkpoint, known)
    files = files_in(_snapshot(known.repository, known.revision, layout.wanted, otherwise))
    for folder, part in known.parts.items():
        here = files_in(_snapshot(part.repository, None, part.wanted, otherwise))
        files |= {f"{folder}/{name}": path for name, path in here.items()}
    return files


def _snapshot(repository: str, revision: str | None, wanted: tuple[str, ...], otherwise: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RevisionNotFoundError

    chosen: dict[str, Any] = {} if revision is None else {"revision": revision}
    try:
        return Path(snapshot_download(repository, allow_patterns=list(wanted), **chosen))
    except GatedRepoError as error:
        raise UserError(
            f"{repository} is gated: accept its terms on https://huggingface.co/{repository}, log in with "
            f"`hf auth login`, then fetch it again. {otherwise}"
        ) from error
    except RevisionNotFoundError as error:
        raise UserError(f"{repository} has no revision {revision}: its authors have removed it. {otherwise}") from error
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise UserError(f"{repository} cannot be fetched: {error}. {otherwise}") from error


def _whole(layout: Layout, files: dict[str, Path], folder: str, otherwise: str = "") -> dict[str, Path]:
    """The files of a checkpoint that has at least one of each kind that loading needs. UserError if one is lacking."""
    for names in layout.needed:
        if not files.keys() & set(names):
            raise UserError(
                f"{folder} has no {' and no '.join(names)}: it is incomplete or not a checkpoint of {layout.model}. "
                f"{otherwise or 'Fetch or copy the whole folder.'}"
            )
    return files


def _with_parts(files: dict[str, Path], known: Published) -> dict[str, Path]:
    """The files and, where the folder does not have them, those of other repositories in the hub's cache."""
    for folder, part in known.parts.items():
        if not any(name.startswith(f"{folder}/") for name in files):
            here = _cached(part.repository, None)
            files |= {f"{folder}/{name}": path for name, path in (files_in(here) if here else {}).items()}
    return files


def _places(
    layout: Layout, checkpoint: str, known: Published, cache_dir: Path, weights_dir: Path | None
) -> Iterator[Path]:
    folder = f"{layout.model}-{checkpoint}"
    if weights_dir is not None:
        names = [folder, *([known.repository.split("/")[1]] if known.repository else []), "."]
        yield from (weights_dir / name for name in names)
    if known.repository is None:
        return
    yield cache_dir / folder
    found = _cached(known.repository, known.revision)
    if found is not None:
        yield found


def _cached(repository: str, revision: str | None) -> Path | None:
    from huggingface_hub.constants import HF_HUB_CACHE  # late, because what is in the suite needs no hub

    if not (Path(HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}").is_dir():
        return None  # without its other modules, which take longer to import than a list of models to print
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    chosen: dict[str, Any] = {} if revision is None else {"revision": revision}
    try:
        return Path(snapshot_download(repository, local_files_only=True, **chosen))
    except LocalEntryNotFoundError:
        return None


def _ways_out(layout: Layout, checkpoint: str, known: Published) -> str:
    if known.repository is None:
        return "It comes with the suite: check it out anew, or train it again."
    name = f"{layout.model}:{checkpoint}"
    size = f", about {known.gigabytes:g} GB" if known.gigabytes else ""
    inside = "".join(f", with {part.repository} in {folder}/ of it" for folder, part in known.parts.items())
    return (
        f"Fetch {known.repository} from the hub{size}: `python benchmark.py weights fetch {name}`. Or bring its folder "
        f"by hand: put it into DIR/{layout.model}-{checkpoint}{inside} and pass --weights-dir DIR."
    )
