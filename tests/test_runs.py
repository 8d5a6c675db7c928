"""A run says where its clips lie."""

import json
from pathlib import Path

import pytest

from tta_bench import runs
from tta_bench.types import Prompt, UserError


def test_what_a_run_wrote_of_its_clips_is_read_again(tmp_path: Path) -> None:
    prompts = [Prompt("a", 'A "dog" <barks>', n_events=1), Prompt("b", "Rain")]
    written = runs.run_clips("test", prompts, {"a": tmp_path / "a.wav"}, {"model": {"a": tmp_path / "m" / "a.wav"}})
    (tmp_path / "clips").mkdir()
    (tmp_path / runs.NAME).write_text(json.dumps(runs.to_json(written)))
    found = runs.read_clips(tmp_path)
    assert found == written
    assert [prompt.reference for prompt in found.prompts] == [str(tmp_path / "a.wav"), None]
    assert found.rows["model"]["a"].endswith("m/a.wav")


@pytest.mark.parametrize("content", [None, "{", "[]", '{"schema": 1}', '{"schema": 1, "prompts": [{}], "rows": {}}'])
def test_a_record_that_is_not_there_or_damaged_is_named(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "clips").mkdir()
        (tmp_path / runs.NAME).write_text(content)
    with pytest.raises(UserError, match=r"clips\.json"):
        runs.read_clips(tmp_path)
