"""Where a checkpoint's folder is: named by the user, in the suite, in our cache, or in the hub's.

Nothing is fetched here: `fetch` does that, when the user asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from models.auffusion.cards import CHECKPOINTS, Published
from tta_bench.types import UserError

WANTED = ("*.json", "*.txt", "*.model", "*.bin", "*.pt", "*.safetensors")
"""Kinds of file that a checkpoint is made of."""
ANCHOR = "unet/config.json"
"""What every checkpoint's folder has."""
WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
NEEDED = (
    (ANCHOR,),
    tuple(f"unet/{name}" for name in WEIGHTS),
    ("vae/config.json",),
    tuple(f"vae/{name}" for name in WEIGHTS),
    ("scheduler/scheduler_config.json",),
    ("vocoder/config.json",),
    ("condition_config.json", "text_encoder/config.json"),
)
"""Of each of these, a checkpoint has one; loading says what else it needs."""


def files_in(folder: Path) -> dict[str, Path]:
    """Name inside the folder -> path, of all files of a checkpoint in the published layout.

    Where weights lie there twice, as safetensors and as a pickle, both are given; loading takes the former.
    """
    found = {path.relative_to(folder).as_posix(): path for kind in WANTED for path in folder.rglob(kind)}
    return dict(sorted(found.items()))


def find(checkpoint: str, *, cache_dir: Path, weights_dir: Path | None = None) -> dict[str, Path]:
    """The files of `auffusion:checkpoint`, or of the folder that `checkpoint` is the path of.

    Looked for in `weights_dir` (flat, or in a folder `auffusion-CHECKPOINT` or of the repository's name), then in the
    suite, in `cache_dir` and in the cache of the hub. Raises UserError if none of them has it, or not all of it.
    """
    known = CHECKPOINTS.get(checkpoint)
    if known is None:
        if Path(checkpoint).is_dir():
            return _whole(Path(checkpoint))
        raise UserError(f"No checkpoint or folder {checkpoint!r}. There are: {', '.join(CHECKPOINTS)}.")
    places = list(_places(checkpoint, known, cache_dir, weights_dir))
    found = next((place for place in places if (place / ANCHOR).is_file()), None)
    if found is not None:
        return _whole(found)
    looked = ", ".join(map(str, places))
    raise UserError(f"auffusion:{checkpoint} is not here: no {ANCHOR} in {looked}. {_ways_out(checkpoint, known)}")


def _whole(folder: Path) -> dict[str, Path]:
    """The files of a folder that has at least one of each kind that loading needs. UserError if one is lacking."""
    files = files_in(folder)
    for names in NEEDED:
        if not files.keys() & set(names):
            raise UserError(
                f"{folder} has no {' and no '.join(names)}: it is incomplete or not one of Auffusion's. Fetch or copy "
                "the whole folder."
            )
    return files


def _places(checkpoint: str, known: Published, cache_dir: Path, weights_dir: Path | None) -> Iterator[Path]:
    folder = f"auffusion-{checkpoint}"
    if weights_dir is not None:
        names = [folder, *([known.repository.split("/")[1]] if known.repository else []), "."]
        yield from (weights_dir / name for name in names)
    if known.repository is None:
        yield Path(__file__).parent / checkpoint
        return
    from huggingface_hub import snapshot_download  # late, because what is in the suite needs no hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    yield cache_dir / folder
    try:
        yield Path(snapshot_download(known.repository, local_files_only=True))
    except LocalEntryNotFoundError:
        return


def _ways_out(checkpoint: str, known: Published) -> str:
    if known.repository is None:
        return "It comes with the suite: check it out anew, or train it again."
    return (
        f"Fetch {known.repository} from the hub, about 5 GB: "
        f"`python benchmark.py weights fetch auffusion:{checkpoint}`. "
        f"Or bring its folder by hand: put it into DIR/auffusion-{checkpoint} and pass --weights-dir DIR."
    )


def fetch(checkpoint: str) -> dict[str, Path]:
    """The files of a published checkpoint, from the hub into the hub's own cache; only what is missing is fetched.

    Raises UserError if the hub cannot be reached or has no such repository.
    """
    known = CHECKPOINTS.get(checkpoint)
    if known is None or known.repository is None:
        raise UserError(f"auffusion:{checkpoint} is not published on the hub.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return files_in(Path(snapshot_download(known.repository, allow_patterns=list(WANTED))))
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise UserError(f"{known.repository} cannot be fetched: {error}. {_ways_out(checkpoint, known)}") from error
