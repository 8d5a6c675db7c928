"""Prompt sets of others: pinned by what they say, found wherever they lie, fetched whole; boards on them."""

import csv
import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import benchmark
from tests.test_weights import Site
from tests.test_weights import site as site  # a fixture
from tta_bench import boards, datasets
from tta_bench.datasets import Dataset
from tta_bench.prompts.readers import read_prompts
from tta_bench.provenance import told_apart
from tta_bench.types import Prompt, PromptSet, UserError

TABLE = """audiocap_id,youtube_id,start_time,caption
508,-BUWGM7qeUM,10,"A dog barks, then rain falls"
2891,096oTVzc5Gs,30,Birds sing
7,aaaaaaaaaaM,0,A horn honks while people talk and laugh
"""
LISTS = """audiocap_id,youtube_id,start_time,audioset_labels,short
508,-BUWGM7qeUM,10,"/m/1,/m/2",1
2891,096oTVzc5Gs,30,/m/3,0
7,aaaaaaaaaaM,0,"/m/1,/m/2,/m/3,/m/4,/m/5",1
"""
BOARD = """protocol = "offline"
dataset = "birds"
list = "short"
n_prompts = 2
count = "clauses"
by = ["temporal"]
duration = 2.0
remark = "two captions"
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The file of a set, as its owners publish it."""
    path = tmp_path / "published" / "test.csv"
    path.parent.mkdir()
    path.write_text(TABLE)
    return path


@pytest.fixture
def birds(table: Path, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The only set that there is; the site serves it."""
    site.body = TABLE.encode()
    made = Dataset(
        name="birds",
        what="three captions",
        licence="CC0",
        url=site.url("/owner/birds/test.csv"),
        size=len(TABLE),
        sha256=hashlib.sha256(TABLE.encode()).hexdigest(),
        n_prompts=3,
        prompts_sha256=datasets.said_sha256(read_prompts(table)),
    )
    (tmp_path / "lists.csv").write_text(LISTS)
    monkeypatch.setattr(datasets, "LISTS", tmp_path / "lists.csv")
    monkeypatch.setattr(datasets, "known", lambda: {"birds": made})
    monkeypatch.setenv("TTA_BENCH_CACHE", str(tmp_path / "cache"))
    return made


@pytest.mark.parametrize(
    ("name", "n", "labels"),
    [
        ("auffusion761", 761, (170, 187, 251, 153)),
        ("tango886", 886, (195, 219, 290, 182)),
        ("audioldm964", 964, (216, 239, 315, 194)),
    ],
)
def test_the_published_lists_have_the_sizes_and_labels_that_were_published(
    name: str, n: int, labels: tuple[int, ...]
) -> None:
    with datasets.LISTS.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[name] == "1"]
    counts = Counter(min(4, len(row["audioset_labels"].split(","))) for row in rows)
    assert len({row["audiocap_id"] for row in rows}) == n
    assert tuple(counts[k] for k in (1, 2, 3, 4)) == labels


def test_every_board_states_a_set_a_list_and_a_protocol_that_there_are() -> None:
    with datasets.LISTS.open(newline="") as file:
        lists = csv.DictReader(file).fieldnames or ()
    for name in boards.names():
        _, folder, said = boards.settings_of(name)
        assert boards.protocols.find(said["protocol"])
        assert said["n_prompts"] > 0
        assert len(said["prompts_sha256"]) == 64
        if "dataset" in said:
            assert said["dataset"] in datasets.known()
            assert said.get("list", "audiocap_id") in lists
        else:
            assert (folder / said["prompts"]).exists()


def test_what_is_fetched_is_the_pinned_file_and_fetched_once(birds: Dataset, site: Site) -> None:
    site.cuts = [40]
    path = datasets.fetch("birds")
    assert path.read_text() == TABLE
    assert [asked for _, asked in site.seen] == ["", "bytes=40-"]
    assert datasets.fetch("birds") == path == datasets.find(birds, None)
    assert len(site.seen) == 2


@pytest.mark.usefixtures("birds")
def test_a_file_that_its_owners_changed_is_refused(site: Site) -> None:
    site.body = TABLE.replace("rain", "snow").encode()
    with pytest.raises(UserError, match=r"test\.csv sent is not the published file.*--data"):
        datasets.fetch("birds")
    with pytest.raises(UserError, match=r"'birds' is not in .*data fetch birds"):
        datasets.read("birds", None)


@pytest.mark.usefixtures("birds")
@pytest.mark.parametrize("place", ["any name.csv", "birds/test.csv", "birds.csv"])
def test_the_file_is_found_in_a_folder_of_the_user_s(tmp_path: Path, place: str) -> None:
    path = tmp_path / "mine" / place
    path.parent.mkdir(parents=True)
    path.write_text(TABLE)
    assert [prompt.id for prompt in datasets.read("birds", tmp_path / "mine").prompts] == ["508", "2891", "7"]


@pytest.mark.usefixtures("birds")
def test_another_form_will_do_and_other_words_will_not(tmp_path: Path) -> None:
    path = tmp_path / "birds.jsonl"
    with (tmp_path / "published" / "test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert len(datasets.read("birds", tmp_path).prompts) == 3
    rows[1]["caption"] = "Birds sing loudly"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UserError, match=r"birds\.jsonl' is not 'birds' as it was published: its 3 ids"):
        datasets.read("birds", tmp_path)


@pytest.mark.usefixtures("birds")
def test_a_board_of_one_s_own_takes_a_list_of_a_set_and_counts_its_events(table: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(BOARD)
    board = boards.find(str(mine), data=table.parent)
    assert (board.name, board.duration, board.by) == ("mine", 2.0, ("temporal",))
    assert boards.find(str(mine), data=table.parent, count="clauses").name == "mine"
    assert [(p.id, p.n_events, p.fields["temporal"]) for p in board.prompts.prompts] == [
        ("508", 2, "multi"),
        ("7", 3, "multi"),
    ]
    assert board.remark == "two captions; events are counted in the captions, by their clauses"
    by_labels = boards.find(str(mine), data=table.parent, count="labels")
    assert by_labels.name == "mine-by-labels"
    assert [prompt.n_events for prompt in by_labels.prompts.prompts] == [2, 5]


@pytest.mark.usefixtures("birds")
@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (BOARD + "durations = 2\n", "states 'durations', which no board has"),
        (BOARD.replace('protocol = "offline"\n', ""), "does not state 'protocol'"),
        (BOARD.replace('dataset = "birds"\n', ""), "needs either `prompts`"),
        (BOARD + 'prompts = "a.csv"\n', "needs either `prompts`"),
        (BOARD + f'prompts_sha256 = "{"0" * 64}"\n', "they were changed"),
        (BOARD.replace('"clauses"', '"clause"'), "Did you mean 'clauses'"),
        (BOARD.replace('"birds"', '"bird"'), "Did you mean 'birds'"),
        (BOARD.replace('["temporal"]', '["place"]'), "no column 'place' to tell scores apart by"),
        (BOARD.replace('"short"', '"shot"'), "Did you mean 'short'"),
        (BOARD.replace("n_prompts = 2", "n_prompts = 5"), "is of 5 prompts, and 2 are here"),
        (BOARD.replace("duration = 2.0", 'duration = "2"'), "duration is '2', no float"),
        (BOARD.replace('["temporal"]', '"temporal"'), "by is 'temporal', no list"),
        (BOARD + 'gap_column = "who"\n', "states 'gap_column' without 'gaps'"),
        (BOARD + 'gap_column = "who"\ngaps = { voice = ["male"] }\n', "No prompt has voice 'male' in the column 'who'"),
        (BOARD.replace('dataset = "birds"', 'prompts = "a.csv"'), "states 'list' without 'dataset'"),
        (BOARD + 'bases = "birds"\n', "do not begin their notes"),
        ("duration = [", "cannot be read"),
    ],
)
def test_a_mistake_in_a_board_s_file_is_named(table: Path, tmp_path: Path, said: str, complaint: str) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(said)
    with pytest.raises(UserError, match=complaint):
        boards.find(str(mine), data=table.parent)


def test_a_board_of_three_columns_is_one_command(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("id,caption,place\np0,Rain falls,out\np1,A dog barks then a bell rings,in\n")
    (tmp_path / "own.toml").write_text('protocol = "offline"\nprompts = "own.csv"\nduration = 1.0\nby = ["place"]\n')
    found = boards.find(str(tmp_path / "own.toml"))
    assert [(prompt.n_events, prompt.fields["place"]) for prompt in found.prompts.prompts] == [(1, "out"), (2, "in")]


@pytest.mark.usefixtures("birds")
def test_the_command_line_lists_fetches_and_prints(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(BOARD)
    run = CliRunner().invoke
    assert json.loads(run(benchmark.app, ["data", "list", "--json"]).stdout)[0]["here"] is False
    refused = run(benchmark.app, ["list", "prompts", "--board", str(tmp_path / "mine.toml")])
    assert refused.exit_code == 2
    assert "data fetch birds" in refused.output
    assert run(benchmark.app, ["data", "fetch", "birds"]).exit_code == 0
    assert json.loads(run(benchmark.app, ["data", "list", "--json"]).stdout)[0]["here"] is True
    shown = json.loads(run(benchmark.app, ["list", "prompts", "--board", str(tmp_path / "mine.toml"), "--json"]).stdout)
    assert [(row["id"], row["bucket"]) for row in shown["prompts"]] == [("508", "2"), ("7", "3")]


@pytest.mark.usefixtures("birds")
def test_a_set_says_the_same_whatever_its_owners_counted(table: Path) -> None:
    found = read_prompts(table)
    counted = replace(found, prompts=tuple(replace(prompt, n_events=3) for prompt in found.prompts))
    assert datasets.said_sha256(found) == datasets.said_sha256(counted) != counted.sha256


def test_perturbed_prompts_of_tta_bench_come_with_their_bases() -> None:
    perturbed = PromptSet(
        "r",
        (
            Prompt("prompt_1801", "RAIN", fields={"perturbation_type": "uppercase", "notes": "8"}),
            Prompt("prompt_1802", "rian", fields={"perturbation_type": "misspelling", "notes": "8; rain->rian, 1"}),
        ),
    )
    bases = PromptSet("a", (Prompt("prompt_0007", "wind", 1), Prompt("prompt_0008", "rain", 1, fields={"source": "x"})))
    found = datasets.with_bases(perturbed, bases).prompts
    assert [(prompt.id, prompt.fields.get("base")) for prompt in found] == [
        ("prompt_1801", "prompt_0008"),
        ("prompt_1802", "prompt_0008"),
        ("prompt_0008", None),
    ]
    assert found[2].fields == {}


def test_groups_that_are_to_be_treated_alike_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("id,caption,who\na,He talks,male\nb,She talks,female\nc,They talk,old\nd,Rain,\n")
    (tmp_path / "own.toml").write_text(
        'protocol = "offline"\nprompts = "own.csv"\nduration = 1.0\nby = []\ngap_column = "who"\n'
        'gaps = { gender = ["male", "female"], age = ["old"] }\n'
    )
    board = boards.find(str(tmp_path / "own.toml"))
    assert board.gaps == ("gender", "age")
    told = [
        {name: prompt.fields[name] for name in board.gaps if name in prompt.fields} for prompt in board.prompts.prompts
    ]
    assert told == [{"gender": "male"}, {"gender": "female"}, {"age": "old"}, {}]


def test_a_result_keeps_by_what_prompts_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("id,caption,perturbation,base,who\na,Rain,none,,male\nb,RAIN,upper,a,female\n")
    (tmp_path / "own.toml").write_text(
        'protocol = "offline"\nprompts = "own.csv"\nduration = 1.0\nby = ["perturbation"]\ngap_column = "who"\n'
        'gaps = { gender = ["male", "female"] }\n'
    )
    said = told_apart(boards.find(str(tmp_path / "own.toml")))
    assert said == {
        "fields": {"perturbation": {"a": "none", "b": "upper"}, "gender": {"a": "male", "b": "female"}},
        "gaps": ["gender"],
        "perturbed": {"base": {"b": "a"}, "kind": {"a": "none", "b": "upper"}},
    }
