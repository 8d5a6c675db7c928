"""Prompt sets as their owners publish them: which there are, where they are on this disk, and how they are fetched.

None comes with the suite. A set is known by the hash of its ids and captions, so that a number on it means the same
everywhere; a file that says anything else is refused.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path, PurePosixPath

from tta_bench import plugins, weights
from tta_bench.audio import file_sha256
from tta_bench.download import Progress, download
from tta_bench.prompts.readers import read_prompts
from tta_bench.types import PromptSet, UserError

FOLDER = Path(__file__).parent
LISTS = FOLDER / "audiocaps.csv"
"""Captions of AudioCaps that published test lists use, by `audiocap_id`, with the AudioSet labels of their clips."""
NO_LISTS = {"audiocap_id", "youtube_id", "start_time", "audioset_labels"}
READ = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".pkl")


@dataclass(frozen=True)
class Dataset:
    """A file that its owners publish."""

    name: str
    what: str
    licence: str
    url: str
    size: int
    """Bytes."""
    sha256: str
    n_prompts: int
    prompts_sha256: str
    """Of ids and captions."""

    @property
    def file(self) -> str:
        """Its name where it is published."""
        return PurePosixPath(self.url).name


@cache
def known() -> Mapping[str, Dataset]:
    """All sets by name."""
    stated = tomllib.loads((FOLDER / "datasets.toml").read_text(encoding="utf-8"))
    return {name: Dataset(name, **entry) for name, entry in stated.items()}


def cache_folder(dataset: Dataset) -> Path:
    """Where `fetch` puts it."""
    return weights.default_cache_dir().parent / "data" / dataset.name


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The file of a set, in the cache, from where its owners keep it. UserError if it cannot be had or has changed."""
    dataset = known()[plugins.choose(name, known(), kind="prompt set")]
    return download(
        dataset.url,
        cache_folder(dataset) / dataset.file,
        size=dataset.size,
        check=partial(_complaint, dataset),
        progress=progress,
        otherwise=f"Or bring the file from another place, and name its folder with --data. It is: {dataset.what}.",
    )


def _complaint(dataset: Dataset, path: Path) -> str:
    found = file_sha256(path)
    return "" if found == dataset.sha256 else f"its sha256 is {found}, not {dataset.sha256}"


def find(dataset: Dataset, data: Path | None) -> Path:
    """The file of a set: in the folder `data` under any name, or in the cache. UserError if it is in neither."""
    looked = [cache_folder(dataset)] if data is None else [data, data / dataset.name]
    same_size = (path for folder in looked for path in _files(folder) if path.stat().st_size == dataset.size)
    found = next((path for path in same_size if file_sha256(path) == dataset.sha256), None)
    # In another form, if it says the same; but no pickle is read that is not the one.
    plain = (path for folder in looked for path in _files(folder) if path.suffix != ".pkl")
    found = found or next((path for path in plain if path.stem == dataset.name), None)
    if found is None:
        raise UserError(
            f"The prompt set {dataset.name!r} is not in {', '.join(map(str, looked))}. Fetch it: `python benchmark.py "
            f"data fetch {dataset.name}`; or name a folder that has {dataset.file} of {dataset.url} with --data DIR."
        )
    return found


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.suffix in READ and path.is_file())


def read(name: str, data: Path | None) -> PromptSet:
    """All prompts of a set, none of them counted but by its owners. UserError if it is not here, or is another one."""
    dataset = known()[plugins.choose(name, known(), kind="prompt set")]
    path = find(dataset, data)
    found = read_prompts(path, name=name)
    if (sha256 := said_sha256(found)) != dataset.prompts_sha256:
        raise UserError(
            f"'{path}' is not {name!r} as it was published: its {len(found.prompts)} ids and captions have the sha256 "
            f"{sha256}, not {dataset.prompts_sha256}. Fetch it: `python benchmark.py data fetch {name}`."
        )
    return found


def said_sha256(prompts: PromptSet) -> str:
    """Hash of ids and captions alone."""
    return PromptSet("", tuple(replace(prompt, n_events=None) for prompt in prompts.prompts)).sha256


def with_bases(perturbed: PromptSet, bases: PromptSet) -> PromptSet:
    """TTA-Bench's perturbed prompts, with the field `base`, and behind them the prompts that they were made of.

    `notes` of a perturbed prompt begins with the number of its base.
    """
    if not all(prompt.fields.get("notes", "")[:1].isdigit() for prompt in perturbed.prompts):
        raise UserError(f"The prompts of {perturbed.name!r} do not begin their notes with the number of a base.")
    of = {prompt.id: f"prompt_{int(prompt.fields['notes'].partition(';')[0]):04}" for prompt in perturbed.prompts}
    wanted = set(of.values())
    told = [replace(prompt, fields={**prompt.fields, "base": of[prompt.id]}) for prompt in perturbed.prompts]
    return PromptSet(
        perturbed.name, (*told, *(replace(p, fields={}, n_events=None) for p in bases.prompts if p.id in wanted))
    )


def listed(prompts: PromptSet, name: str) -> PromptSet:
    """The captions of AudioCaps that a published list uses, in its order, with the field `audioset_labels`."""
    with LISTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    plugins.choose(name, rows[0].keys() - NO_LISTS, kind="list of AudioCaps")
    labels = {row["audiocap_id"]: row["audioset_labels"] for row in rows if row[name] == "1"}
    by_id = {prompt.id: prompt for prompt in prompts.prompts}
    return PromptSet(
        prompts.name,
        tuple(
            replace(by_id[key], fields={**by_id[key].fields, "audioset_labels": found}) for key, found in labels.items()
        ),
    )
