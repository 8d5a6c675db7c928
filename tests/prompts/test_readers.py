"""Prompt files: the field's formats are read as published; mistakes are named with file, line and way out."""

import csv
import io
import json
import pickle
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import run

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tta_bench.prompts.counting import count_labels
from tta_bench.prompts.readers import read_prompts, unsafe
from tta_bench.types import Prompt, UserError

examples = settings(
    max_examples=80,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def read(tmp_path):
    """Reads prompts from the content of a file."""

    def read(file_name, content):
        path = tmp_path / file_name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_prompts(path).prompts

    return read


def refused(read, file_name, content):
    with pytest.raises(UserError) as error:
        read(file_name, content)
    assert file_name in str(error.value)
    return str(error.value)


def test_audiocaps_captions_of_one_clip_are_told_apart_by_audiocap_id_and_keep_their_recording(read):
    table = "audiocap_id,youtube_id,start_time,caption\n1,-AbcdEFGhij,30,A dog\n2,-AbcdEFGhij,30,A dog barks\n"
    first, second = read("test.csv", table)
    fields = {"audiocap_id": "1", "youtube_id": "-AbcdEFGhij", "start_time": "30"}
    assert first == Prompt("1", "A dog", fields=fields)
    assert second.id == "2"


def test_musiccaps_names_of_columns_give_the_same_fields_as_audiocaps(read):
    (prompt,) = read("music.csv", "ytid,start_s,end_s,caption\n-AbcdEFGhi8,30,40,A lute\n")
    assert prompt.id == "-AbcdEFGhi8_30"
    assert prompt.fields == {"youtube_id": "-AbcdEFGhi8", "start_time": "30", "end_s": "40"}


def test_a_youtube_id_without_start_time_is_the_id(read):
    assert read("a.csv", "youtube_id,caption\n-AbcdEFGhi8,A lute\n")[0].id == "-AbcdEFGhi8"


def test_tango_lists_take_the_id_from_the_location(read):
    rows = [{"dataset": "audiocaps", "location": f"/data/{i}_30.wav", "captions": "A dog", "labels": "x"} for i in "ab"]
    prompts = read("tango.json", "\n".join(map(json.dumps, rows)))
    assert prompts[1] == Prompt("b_30", "A dog", fields={"dataset": "audiocaps", "labels": "x"})
    assert read("tango.jsonl", "\n".join(map(json.dumps, rows))) == prompts


def test_auffusion_list_takes_the_id_from_the_audio_path(read):
    row = {"dataset_name": "audiocaps", "audio_path": "C:\\data\\-abc.WAV", "text": "A dog"}
    assert read("raw.json", json.dumps(row)) == (Prompt("-abc", "A dog", fields={"dataset_name": "audiocaps"}),)


def test_audioldm_eval_lists_are_found_under_data(read):
    document = {"data": [{"wav": "audios/Yabc.wav", "seg_label": "", "labels": "/m/1,/m/2", "caption": "A dog"}]}
    (prompt,) = read("audiocaps.json", json.dumps(document, indent=1))
    assert prompt == Prompt("Yabc", "A dog", fields={"seg_label": "", "labels": "/m/1,/m/2"})


def test_every_clotho_caption_becomes_a_prompt(read):
    prompts = read("clotho.csv", "file_name,caption_1,caption_2\nRain 1.wav,It rains,Rain falls\n")
    assert prompts == (Prompt("Rain 1#1", "It rains"), Prompt("Rain 1#2", "Rain falls"))


def test_tta_bench_prompts_keep_count_relation_and_list_of_events(read):
    row = {"id": "prompt_0001", "prompt_text": "A, then B", "event_count": 2, "event_list": ["A", "B"]}
    other = {"id": "prompt_0002", "prompt_text": "C", "notes": None, "event_relation": "sequence"}
    first, second = read("acc.json", json.dumps([row, other], indent=2))
    assert (first.id, first.text, first.n_events) == ("prompt_0001", "A, then B", 2)
    assert first.fields == {"event_list": '["A", "B"]', "notes": "", "event_relation": ""}
    assert second.n_events is None
    assert second.fields["event_relation"] == "sequence"


def test_parquet_has_the_values_of_the_csv_and_leaves_the_audio_aside(tmp_path, read):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "p.parquet"
    columns = {
        "audiocap_id": [1, 2],
        "start_time": [30.0, None],
        "caption": ["A dog", "A cat"],
        "n_events": [1.0, float("nan")],
        "audio": [{"bytes": b"x", "path": "y"}] * 2,
    }
    parquet.write_table(pa.table(columns), path)
    table = "audiocap_id,start_time,caption,n_events\n1,30,A dog,1\n2,,A cat,\n"
    assert read_prompts(path).prompts == read("p.csv", table)


def test_columns_are_found_in_any_case_and_an_index_without_name_is_dropped(read):
    (prompt,) = read("a.tsv", ",ID, Caption ,N_Events,Relation\n0,x,A dog,1,none\n".replace(",", "\t"))
    assert prompt == Prompt("x", "A dog", 1, fields={"Relation": "none"})


def test_references_are_relative_to_the_prompt_file(tmp_path, read):
    with_one, without = read("a.csv", "id,caption,path\nx,A dog,wavs/x.wav\ny,A cat,\n")
    assert with_one.reference == tmp_path / "wavs" / "x.wav"
    assert without.reference is None


def test_a_table_of_recordings_and_captions_takes_ids_from_the_recordings(tmp_path, read):
    (prompt,) = read("a.csv", "audio,caption\nwavs/x.flac,A dog\n")
    assert prompt == Prompt("x", "A dog", reference=tmp_path / "wavs" / "x.flac")


def test_captions_are_kept_to_the_letter_and_ids_are_trimmed(read):
    caption = ' A "dog",  barks\nand\u2028barks '
    quoted = caption.replace('"', '""')
    assert read("a.csv", f'id,caption\n x ,"{quoted}"\n') == (Prompt("x", caption),)


def test_byte_order_mark_crlf_and_blank_lines_do_not_matter(read):
    assert read("a.csv", b"\xef\xbb\xbfid,caption\r\n\r\nx,A dog\r\n\r\n") == (Prompt("x", "A dog"),)
    assert read("a.jsonl", b'\xef\xbb\xbf\r\n{"id": "x", "text": "A dog"}\r\n') == (Prompt("x", "A dog"),)


def test_a_caption_in_json_lines_may_hold_a_unicode_line_separator(read):
    assert read("a.jsonl", '{"id": "x", "text": "A\u2028B"}') == (Prompt("x", "A\u2028B"),)


def test_whole_numbers_of_events_may_have_the_point_that_pandas_gives_them(read):
    first, second = read("a.csv", "id,caption,num_events\nx,A dog,2.0\ny,A cat,\n")
    assert (first.n_events, second.n_events) == (2, None)


def test_name_is_the_stem_unless_given(tmp_path):
    path = tmp_path / "my set.csv"
    path.write_text("id,caption\nx,A dog\n")
    assert read_prompts(str(path)).name == "my set"
    assert read_prompts(path, name="mine").name == "mine"


def test_a_missing_column_lists_those_found_and_those_accepted(read):
    message = refused(read, "a.csv", "id;caption\nx;A dog\n")
    assert "captions" in message
    assert "'id;caption'" in message
    assert "prompt_text" in message
    assert "ids" in refused(read, "a.csv", "caption,label\nA dog,dog\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('id,caption\nx,"A\nB"\ny,C\nx,D\n', ("line 5", "'x'", "line 2", "unique")),
        ("id,caption\nx,A\ny,  \n", ("line 3", "caption of 'y' is empty")),
        ("id,caption\n ,A\n", ("line 2", "id is empty")),
        ("file,caption\nwavs/.wav,A\n", ("line 2", "id is empty")),
        ("id,caption\na/b,A\n", ("line 2", "'a/b'", "path separator")),
        ("id,caption\na\\b,A\n", ("line 2", "path separator")),
        ("id,caption\n..,A\n", ("line 2", "'..'", "dot")),
        ("id,caption\n.a,A\n", ("line 2", "'.a'", "dot")),
        ("id,caption\na\x07b,A\n", ("line 2", "printed")),
        (f"id,caption\n{'é' * 101},A\n", ("line 2", "200 bytes")),
        ("id,caption\nx,A\ny,B, C\n", ("line 3", "3 cells", "header has 2", "quotes")),
        ("id,caption\nx\n", ("line 2", "1 cell", "header has 2")),
        ('id,caption\nx,A\ny,"B\nz,C\n', ("line 3", "quote")),
        ("id,Caption,caption\nx,A,B\n", ("'caption' twice",)),
        ("id,caption,n_events\nx,A,0\n", ("line 2", "'n_events' is '0'", "positive whole")),
        ("id,caption,n_events\nx,A,-1\n", ("line 2", "'-1'")),
        ("id,caption,n_events\nx,A,2.5\n", ("line 2", "'2.5'")),
        ("id,caption,n_events\nx,A,two\n", ("line 2", "'two'")),
        ("id,caption\nx,A\0\n", ("line 2", "0x00", "position 4")),
        ("", ("no rows",)),
        ("id,caption\n", ("no rows",)),
    ],
)
def test_a_mistake_in_a_csv_is_refused_with_its_place(read, content, said):
    message = refused(read, "a.csv", content)
    for part in said:
        assert part in message


def test_bytes_that_are_not_utf8_are_refused_with_line_and_position(read):
    message = refused(read, "a.csv", b"\xef\xbb\xbfid,caption\nx,caf\xe9\n")
    for part in ("line 2", "byte 0xe9", "position 6", "UTF-8"):
        assert part in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"id": "x", "text": "A"}\n{"id": }\n', ("line 2", "not valid JSON", "column 8")),
        ('{"id": "x", "text": "A"}\n[1]\n', ("line 2", "list, not an object")),
        ('{"id": "x"}\n{"id": "y", "text": "A"}', ("line 1", "caption of 'x' is empty")),
        ('{"id": "x", "text": ["A", "B"]}', ("line 1", "'text' is a list", "one row for each")),
        ('{"id": "a\\u0000b", "text": "A"}', ("line 1", "printed")),
        ('{"id": "x", "text": "A \\ud800"}', ("line 1", "surrogate")),
        ('{"id": "x", "text": "A", "n_events": true}', ("line 1", "'true'")),
        ("[" * 100_000, ("line 1", "cannot be read")),
        ("\n", ("no rows",)),
    ],
)
def test_a_mistake_in_json_lines_is_refused_with_its_place(read, content, said):
    message = refused(read, "a.jsonl", content)
    for part in said:
        assert part in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"id": "x", "text": "A"},\n {"id": "y" "text": "B"}]', ("not valid JSON at line 2, column 13",)),
        ('[{"id": "x", "text": "A"}, {"id": "x", "text": "B"}]', ("entry 2", "entry 1")),
        ('{"data": 3}', ("no list of prompts",)),
        ("3", ("no list of prompts",)),
        ("", ("no rows",)),
        ("[]", ("no rows",)),
    ],
)
def test_a_mistake_in_json_is_refused_with_its_place(read, content, said):
    message = refused(read, "a.json", content)
    for part in said:
        assert part in message


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, read):
    assert ".parquet" in refused(read, "a.xlsx", "")
    assert "no parquet file" in refused(read, "a.parquet", b"PAR1 garbage")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.parquet").mkdir()
    for name in ("missing.csv", "missing.parquet", "folder.csv", "folder.parquet"):
        with pytest.raises(UserError, match=name):
            read_prompts(tmp_path / name)


ids = st.text(st.characters(codec="utf-8", exclude_characters="/\\"), min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and not unsafe(text)
)
captions = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40).filter(str.strip)
prompt_lists = st.lists(
    st.builds(Prompt, ids, captions, st.none() | st.integers(1, 9)), min_size=1, max_size=6, unique_by=lambda p: p.id
)


@examples
@given(prompts=prompt_lists, suffix=st.sampled_from(["csv", "tsv", "json", "jsonl"]))
def test_what_is_written_is_read_back(read, prompts, suffix):
    rows = [{"id": p.id, "caption": p.text, "n_events": p.n_events} for p in prompts]
    if suffix in ("json", "jsonl"):
        content = json.dumps(rows) if suffix == "json" else "\n".join(map(json.dumps, rows))
    else:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, rows[0], delimiter="," if suffix == "csv" else "\t", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue()
    assert read(f"p.{suffix}", content) == tuple(prompts)


cells = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9) | st.lists(st.integers())
garbage = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass")),
    st.text("id,caption\tx\"'\r\n{}[]:\\ud8", max_size=60).map(lambda text: f"id,caption\n{text}".encode()),
    st.lists(st.dictionaries(st.sampled_from(["id", "caption", "n_events", "audio", "youtube_id"]), cells)).map(
        lambda rows: "\n".join(map(json.dumps, rows)).encode()
    ),
)


@examples
@given(content=garbage, suffix=st.sampled_from(["csv", "tsv", "json", "jsonl", "parquet"]))
def test_garbage_is_read_or_refused_but_never_crashes(read, content, suffix):
    with suppress(UserError):
        prompts = read(f"p.{suffix}", content)
        assert all(prompt.id and prompt.text.strip() for prompt in prompts)
        assert len({prompt.id for prompt in prompts}) == len(prompts) > 0


def test_reading_a_csv_imports_neither_pandas_nor_pyarrow_nor_torch(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,caption\nx,A dog\n")
    code = (
        "import sys; from tta_bench.prompts import folders, readers; readers.read_prompts(sys.argv[1]); "
        "print(*{'pandas', 'pyarrow', 'torch'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False, cwd=root)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_objects_by_their_ids_are_prompts_as_audiotime_has_them(tmp_path: Path) -> None:
    path = tmp_path / "ordering_caption.json"
    rows = {"syn_1": {"event": {"Cat": [[0.1, 0.9]], "Bell": [[2, 3]]}, "caption": "A cat, then a bell."}}
    path.write_text(json.dumps(rows, indent=4))
    [prompt] = read_prompts(path).prompts
    assert (prompt.id, prompt.text) == ("syn_1", "A cat, then a bell.")
    assert count_labels(prompt) == 2


def test_ritta_s_pickle_is_read_as_plain_data(tmp_path: Path) -> None:
    path = tmp_path / "eval_data.pkl"
    rows = [{"text_prompt": f"a bell, then rain {i}", "audio_name_list": ["bell", "rain"]} for i in range(2)]
    path.write_bytes(pickle.dumps({"author": "somebody", "Temporal_Order": {"before": rows}}))
    found = read_prompts(path).prompts
    assert [prompt.id for prompt in found] == ["before-000", "before-001"]
    assert found[1].text == "a bell, then rain 1"
    assert found[0].fields == {"category": "Temporal_Order", "relation": "before", "events": '["bell", "rain"]'}


class Harm:
    """What a pickle must not do when it is read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return open, ("harm.txt", "w")  # type: ignore[return-value]


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"Count": {"count": Harm()}}),
        pickle.dumps({"Count": {"count": [{"no": "prompt"}]}}),
        pickle.dumps(["a", "list"]),
        pickle.dumps({"Count": {"count": [{"text_prompt": "a bell", "audio_name_list": []}]}})[:-7],
        b"",
        b"junk",
    ],
    ids=["code", "another table", "list", "cut short", "empty", "junk"],
)
def test_a_pickle_that_is_anything_else_is_refused_and_runs_nothing(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "eval_data.pkl"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"eval_data\.pkl"):
        read_prompts(path)
    assert not (tmp_path / "harm.txt").exists()
