"""Rendered scenes on disk: the same bytes again, resumable, and read back as they were."""

from pathlib import Path

import numpy as np
import pytest

from tta_bench.arrays import Stacked, write_whole
from tta_bench.scenes import caption, plan, render
from tta_bench.training.data import SceneSet, is_complete, make, plan_shards
from tta_bench.types import UserError


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    make(folder, n=3, n_held_out=1, seed=7, workers=1, shard_size=2)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_sets_are_made_of_whole_shards(rendered: Path) -> None:
    assert [len(SceneSet(rendered / name)) for name in ("train", "validation", "test")] == [4, 2, 2]


def test_scenes_are_rendered_to_the_same_bytes_again(rendered: Path, tmp_path: Path) -> None:
    make(tmp_path, n=3, n_held_out=0, seed=7, workers=2, shard_size=2)
    expected = {name: content for name, content in contents(rendered).items() if name.startswith("train")}
    assert contents(tmp_path) == expected
    assert len(expected) == 6


def test_shards_that_are_there_are_kept(rendered: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in rendered.rglob("*.npy")}
    (rendered / "train" / "00001.jsonl").unlink()
    make(rendered, n=3, n_held_out=1, seed=7, workers=1, shard_size=2)
    after = {path: path.stat().st_mtime_ns for path in rendered.rglob("*.npy")}
    changed = {path.name for path in before if before[path] != after[path]}
    assert changed == {"00001.npy", "00001.degraded.npy"}


def test_a_folder_of_another_seed_is_refused(rendered: Path) -> None:
    [shard] = plan_shards(rendered / "train", 1, seed=8, shard_size=2)
    with pytest.raises(UserError, match=r"holds scenes from seed 1007000000 on .* from 1008000000.*--out"):
        is_complete(shard)


def test_no_two_sets_share_a_seed(tmp_path: Path) -> None:
    names = ("train", "validation", "test")
    shards = [shard for name in names for shard in plan_shards(tmp_path / name, 1500, seed=0)]
    seeds = [seed for shard in shards for seed in shard.seeds]
    assert len(set(seeds)) == len(seeds) == 4500


def test_a_scene_is_read_as_it_was_rendered(rendered: Path) -> None:
    scenes = SceneSet(rendered / "test")
    record = scenes.records[1]
    scene = plan(record.seed, split="test")
    wave, events = render(scene)
    assert (record.caption, record.relation, record.events) == (caption(scene), scene.relation, tuple(events))
    np.testing.assert_allclose(scenes.waves([1])[0], wave, atol=0.51 / 32767)


def test_every_scene_has_a_degraded_copy(rendered: Path) -> None:
    scenes = SceneSet(rendered / "train")
    originals, copies = scenes.waves(range(4)), scenes.waves(range(4), degraded=True)
    assert originals.shape == copies.shape
    assert all(record.degradation for record in scenes.records)
    assert all(not np.array_equal(a, b) for a, b in zip(originals, copies, strict=True))


def test_a_folder_without_scenes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No scenes in"):
        SceneSet(tmp_path)


def test_arrays_in_several_files_are_read_as_one(tmp_path: Path) -> None:
    for i in range(3):
        write_whole(tmp_path / f"{i}.npy", np.arange(4) + 4 * i)
    stacked = Stacked([tmp_path / f"{i}.npy" for i in range(3)])
    assert len(stacked) == 12
    assert stacked[[11, 0, 5]].tolist() == [11, 0, 5]
