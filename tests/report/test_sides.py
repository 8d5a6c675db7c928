"""Which two rows are compared: two files as they are, or several seeds of each."""

from pathlib import Path

import pytest

from tests.conftest import MakeResult
from tests.report.seeding import of_seed
from tta_bench.report.sides import read_sides
from tta_bench.results import to_json
from tta_bench.store import write_json
from tta_bench.types import Result, UserError


def written(path: Path, result: Result) -> Path:
    write_json(path, to_json(result))
    return path


def test_two_results_of_one_name_are_named_by_what_their_files_differ_in(
    tmp_path: Path, make_result: MakeResult
) -> None:
    old, new = (of_seed(make_result("m", 10, 0.3), seed) for seed in (0, 1))
    paths = written(tmp_path / "x" / "m0.json", old), written(tmp_path / "x" / "m1.json", new)
    assert [side.model for side in read_sides(paths)] == ["m0", "m1"]
    paths = written(tmp_path / "old" / "m.json", old), written(tmp_path / "new" / "m.json", new)
    assert [side.model for side in read_sides(paths)] == ["old/m", "new/m"]
    with pytest.raises(UserError, match=r"m\.json is given twice"):
        read_sides([paths[0], paths[0]])


def test_of_more_than_two_results_seeds_of_one_thing_are_one_side(tmp_path: Path, make_result: MakeResult) -> None:
    runs = [of_seed(make_result("m", fd, 0.3), seed) for seed, fd in ((0, 10), (1, 12))]
    newer = [of_seed(make_result("m", fd, 0.3), seed, revision="s" * 64) for seed, fd in ((0, 20), (1, 22))]
    paths = [written(tmp_path / f"{i}.json", result) for i, result in enumerate([*runs, *newer])]
    old, new = read_sides(paths)
    assert [(side.model, side.scores[0].value) for side in (old, new)] == [("0", 11), ("2", 21)]
    with pytest.raises(UserError, match=r"two rows to compare. These are of 1: .*0\.json, .*1\.json, .*4\.json"):
        read_sides([*paths[:2], written(tmp_path / "4.json", of_seed(runs[0], 7))])
    with pytest.raises(UserError, match="These are of 3"):
        read_sides([*paths, written(tmp_path / "other.json", make_result("other", 1, 0.3))])
    with pytest.raises(UserError, match="These are of 1"):
        read_sides(paths[:1])


def test_a_control_row_can_be_compared_and_other_boards_cannot(tmp_path: Path, make_result: MakeResult) -> None:
    one = written(tmp_path / "m.json", make_result("m", 10, 0.3))
    noise = written(tmp_path / "noise.json", make_result("noise", 90, 0.0, control=True))
    assert [side.control for side in read_sides([one, noise])] == [False, False]
    other = written(tmp_path / "o.json", make_result("o", 10, 0.3, board="c" * 64))
    with pytest.raises(UserError, match=r"o\.json is of board .* cannot be compared"):
        read_sides([one, other])
