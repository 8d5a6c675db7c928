"""What a kit holds: balanced, blind, the same from the same seed, and a key that says all."""

import shutil
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.listening.blind import MODELS, RATE, material, spec, write_clips
from tta_bench import audio
from tta_bench.listening import building, containers, kit
from tta_bench.listening.loudness import integrated
from tta_bench.listening.spec import KINDS, Sounding
from tta_bench.types import Clip, UserError

KIND = ("ovl_rel", "multi", "mushra", "ab", "abx")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def kits(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A kit of each kind, of six prompts, two to spare."""
    folder = tmp_path_factory.mktemp("kits")
    for kind in KIND:
        heard = material(clips, references=kind not in ("ab", "abx"), n_prompts=6)
        building.build(folder / kind, spec(kind, per_list=4 * 3 if kind == "ovl_rel" else None), heard)
    return {kind: folder / kind for kind in KIND}


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    return kit.read_config(path), kit.read_key(kit.key_folder(path))


def test_there_is_a_kit_of_each_kind() -> None:
    assert set(KIND) == set(KINDS)


@pytest.mark.parametrize("kind", KIND)
def test_config_and_key_name_the_same_pages_and_sounds(kits: dict[str, Path], kind: str) -> None:
    config, key = read(kits[kind])
    assert config["trials"].keys() == key["trials"].keys()
    assert config["lists"] == key["lists"]
    assert config["digest"] == key["digest"]
    for name, trial in config["trials"].items():
        assert [sound["id"] for sound in trial["stimuli"]] == key["trials"][name]["stimuli"]
        for sound in trial["stimuli"]:
            known = key["stimuli"][sound["id"]]
            file = kits[kind] / sound["audio"]
            assert audio.file_sha256(file) == sound["sha256"] == known["sha256"]
            assert audio.decode(file).duration == pytest.approx(known["seconds"], abs=1e-6)


@pytest.mark.parametrize("kind", KIND)
def test_every_model_is_heard_equally_often_in_every_list(kits: dict[str, Path], kind: str) -> None:
    _, key = read(kits[kind])
    for pages in key["lists"]:
        main = [key["trials"][page] for page in pages if key["trials"][page]["role"] == "main"]
        heard = Counter(key["stimuli"][one]["model"] for page in main for one in page["stimuli"])
        assert len({heard[model] for model in MODELS}) == 1


@pytest.mark.parametrize("kind", KIND)
def test_every_clip_is_heard_equally_often_over_the_lists(kits: dict[str, Path], kind: str) -> None:
    _, key = read(kits[kind])
    main = [key["trials"][page] for pages in key["lists"] for page in pages if key["trials"][page]["role"] == "main"]
    clips = [key["stimuli"][one] for page in main for one in page["stimuli"] if key["stimuli"][one]["role"] == "main"]
    seen = Counter((clip["model"], clip["prompt"]) for clip in clips)
    assert len(seen) == 3 * 6
    assert len(set(seen.values())) == 1


@pytest.mark.parametrize("kind", KIND)
def test_no_prompt_is_asked_twice_in_a_row(kits: dict[str, Path], kind: str) -> None:
    _, key = read(kits[kind])
    for pages in key["lists"]:
        asked = [key["trials"][page] for page in pages if key["trials"][page]["role"] != "training"]
        assert all(a["prompt"] != b["prompt"] for a, b in pairwise(asked))


@pytest.mark.parametrize("kind", KIND)
def test_every_list_has_its_checks_and_they_look_like_any_page(kits: dict[str, Path], kind: str) -> None:
    config, key = read(kits[kind])
    lacking = {"mushra": {"mismatch"}, "ab": {"mismatch"}, "abx": {"mismatch", "trap"}}.get(kind, set())
    wanted = {"training": 2} | {one: 1 for one in ("duplicate", "trap", "gold", "mismatch") if one not in lacking}
    for pages in key["lists"]:
        roles = Counter(key["trials"][page]["role"] for page in pages)
        roles.pop("main")
        assert roles == wanted
        assert [key["trials"][page]["role"] for page in pages[:2]] == ["training", "training"]
        assert {config["trials"][page]["block"] for page in pages[2:]} == {"main"}


def test_a_duplicate_comes_late_and_has_the_clips_of_an_early_page_under_other_names(kits: dict[str, Path]) -> None:
    _, key = read(kits["multi"])
    for pages in key["lists"]:
        again = next(page for page in pages if key["trials"][page]["role"] == "duplicate")
        first = key["trials"][again]["duplicate_of"]
        assert pages.index(again) - pages.index(first) >= 3
        one, other = key["trials"][first]["stimuli"], key["trials"][again]["stimuli"]
        assert not set(one) & set(other)
        what = [[(key["stimuli"][s]["model"], key["stimuli"][s]["prompt"]) for s in each] for each in (one, other)]
        assert what[0] == what[1]


def test_copies_of_a_clip_differ_in_their_bytes(kits: dict[str, Path]) -> None:
    """Else whoever compares files knows which is X, and which page comes again."""
    for kind in KIND:
        _, key = read(kits[kind])
        hashes = [one["sha256"] for one in key["stimuli"].values()]
        assert len(set(hashes)) == len(hashes)


def test_in_abx_x_is_as_often_the_left_as_the_right_and_has_a_name_of_its_own(kits: dict[str, Path]) -> None:
    _, key = read(kits["abx"])
    main = [trial for trial in key["trials"].values() if trial["role"] == "main"]
    left = sum(trial["expected"]["choice"] == trial["stimuli"][0] for trial in main)
    assert abs(left - len(main) / 2) <= 2
    assert all(trial["reference"] not in trial["stimuli"] for trial in main)


def test_in_ab_every_model_is_as_often_left_as_right(kits: dict[str, Path]) -> None:
    _, key = read(kits["ab"])
    for pages in key["lists"]:
        main = [key["trials"][page]["stimuli"] for page in pages if key["trials"][page]["role"] == "main"]
        left, right = (Counter(key["stimuli"][pair[side]]["model"] for pair in main) for side in (0, 1))
        assert all(abs(left[model] - right[model]) <= 1 for model in MODELS), (left, right)


def test_a_mushra_page_has_a_reference_and_hidden_among_the_models_reference_and_anchors(kits: dict[str, Path]) -> None:
    config, key = read(kits["mushra"])
    for name, trial in key["trials"].items():
        if trial["role"] == "main":
            roles = Counter(key["stimuli"][one]["role"] for one in trial["stimuli"])
            assert roles == {"main": 3, "reference": 1, "anchor35": 1, "anchor70": 1}
            assert config["trials"][name]["reference"]["id"] not in trial["stimuli"]
    assert key["screening"]["hidden_reference"]["below"] == 90


def test_an_anchor_holds_nothing_above_its_cut_off(kits: dict[str, Path]) -> None:
    _, key = read(kits["mushra"])
    for role, cutoff in (("anchor35", 3500), ("anchor70", 7000)):
        known = next(one for one in key["stimuli"].values() if one["role"] == role)
        samples = audio.decode(kits["mushra"] / known["file"]).samples
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
        frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
        above, below = spectrum[frequencies > 1.05 * cutoff], spectrum[frequencies < 0.95 * cutoff]
        assert above.mean() < 1e-4 * below.mean()


def test_all_clips_are_as_loud_as_their_rivals(kits: dict[str, Path]) -> None:
    _, key = read(kits["ovl_rel"])
    for known in key["stimuli"].values():
        if known["role"] == "main":
            assert integrated(audio.decode(kits["ovl_rel"] / known["file"])) == pytest.approx(-23, abs=0.05)


def test_a_caption_that_lies_is_that_of_another_prompt_and_must_be_rated_low(kits: dict[str, Path]) -> None:
    config, key = read(kits["ovl_rel"])
    wrong = [(name, trial) for name, trial in key["trials"].items() if trial["role"] == "mismatch"]
    for name, trial in wrong:
        heard = key["stimuli"][trial["stimuli"][0]]["prompt"]
        assert heard != trial["prompt"]
        assert config["trials"][name]["prompt"] == key["prompts"][trial["prompt"]]["caption"]
        assert trial["expected"] == {"axis": "REL", "low": 1, "high": 30}


def test_a_trap_asks_for_the_number_of_its_beeps(kits: dict[str, Path]) -> None:
    config, key = read(kits["ovl_rel"])
    name, trial = next((name, one) for name, one in key["trials"].items() if one["role"] == "trap")
    samples = audio.decode(kits["ovl_rel"] / config["trials"][name]["stimuli"][0]["audio"]).samples
    envelope = np.convolve(np.abs(samples), np.ones(400) / 400, "same") > 0.02
    beeps = int(np.sum(np.diff(envelope.astype(int)) == 1))
    assert trial["expected"]["low"] <= 10 * beeps <= trial["expected"]["high"]
    assert "two beeps mean a score of 20" in config["trials"][name]["question"]["en"]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_names(clips: Path, tmp_path: Path) -> None:
    heard = material(clips, n_prompts=3)
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        building.build(tmp_path / name, spec(seed=seed), heard)
    one, two, three = (
        {path.relative_to(tmp_path / name).as_posix(): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("one", "two", "three")
    )
    assert one == two
    assert (tmp_path / "one.key/key.json").read_bytes() == (tmp_path / "two.key/key.json").read_bytes()
    assert not {name for name in one if name.startswith("audio")} & set(three)


def test_files_hold_samples_alone_and_one_date(kits: dict[str, Path]) -> None:
    files = [path for path in kits["multi"].rglob("*") if path.is_file()]
    assert {path.stat().st_mtime for path in files} == {kit.WHEN}
    assert all(not containers.extras(path) for path in files if path.parent.name == "audio")


def test_flac_holds_samples_alone(clips: Path, tmp_path: Path) -> None:
    building.build(tmp_path / "kit", spec(sounding=Sounding(suffix=".flac")), material(clips, n_prompts=3))
    files = list((tmp_path / "kit/audio").iterdir())
    assert {path.suffix for path in files} == {".flac"}
    assert all(not containers.extras(path) for path in files)


def test_the_config_says_nothing_of_models_roles_or_the_seed(kits: dict[str, Path]) -> None:
    for folder in kits.values():
        text = (folder / kit.CONFIG).read_text(encoding="utf-8")
        assert not [word for word in (*MODELS, "clip0", '"seed"', "secret", "expected", "anchor") if word in text]


def test_a_silent_clip_is_kept_and_flagged(clips: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    audio.encode(folder / "mine/clip0.wav", Clip(np.zeros(RATE, np.float32), RATE))
    key = building.build(tmp_path / "kit", spec(), material(folder))
    silent = [one for one in key["stimuli"].values() if "silent" in one["flags"]]
    assert {(one["model"], one["prompt"], one["lufs"]) for one in silent} == {("mine", "clip0", None)}


def test_a_peak_keeps_all_clips_of_its_prompt_at_one_level(clips: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    samples = 0.02 * np.random.default_rng(0).standard_normal(RATE)
    samples[RATE // 2] = 0.5
    audio.encode(folder / "mine/clip0.wav", Clip(samples.astype(np.float32), RATE))
    key = building.build(tmp_path / "kit", spec(), material(folder))
    levels = {
        (one["model"], one["prompt"]): one["lufs"] + one["gain_db"]
        for one in key["stimuli"].values() if one["role"] == "main"
    }  # fmt: skip
    assert len({round(levels[model, "clip0"], 1) for model in MODELS}) == 1
    assert -31 < levels["mine", "clip0"] < -24
    assert levels["mine", "clip1"] == pytest.approx(-23, abs=0.01)


def test_different_sample_rates_are_refused_until_one_is_named(clips: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    for path in (folder / "mine").iterdir():
        audio.encode(path, Clip(audio.decode(path).samples, 24_000))
    with pytest.raises(UserError, match=r"mine 24000.*--sample-rate 24000"):
        building.build(tmp_path / "kit", spec(), material(folder))
    assert not (tmp_path / "kit").exists()
    building.build(tmp_path / "kit", spec(sounding=Sounding(sample_rate=24_000)), material(folder, n_prompts=2))
    assert {audio.decode(path).sample_rate for path in (tmp_path / "kit/audio").iterdir()} == {24_000}


def test_clips_of_other_lengths_become_one_length(clips: Path, tmp_path: Path) -> None:
    building.build(tmp_path / "kit", spec(sounding=Sounding(seconds=0.5)), material(clips, n_prompts=2))
    _, key = read(tmp_path / "kit")
    assert {one["seconds"] for one in key["stimuli"].values() if one["role"] != "trap"} == {0.5}


def test_nothing_is_overwritten(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "kit.key").mkdir()
    with pytest.raises(UserError, match=r"kit\.key is there already"):
        building.build(tmp_path / "kit", spec(), material(clips))


def test_a_kit_that_fails_leaves_nothing_behind(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="would tell who made"):
        building.build(tmp_path / "kit", spec(title="Is tango2 better?"), material(clips))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"per_list": 7}, "multiple of 4"), ({"per_list": 4, "lists": 2}, "leave clips that nobody hears")],
)
def test_numbers_that_cannot_be_balanced_are_refused(
    clips: Path, tmp_path: Path, changed: dict[str, int], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        building.build(tmp_path / "kit", spec(**changed), material(clips))


def test_mushra_without_recordings_is_refused(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="compares with recordings"):
        building.build(tmp_path / "kit", spec("mushra"), material(clips, references=False))


def test_with_a_server_the_page_does_not_hold_the_completion_code(clips: Path, tmp_path: Path) -> None:
    wanted = replace(spec(), completion=("C0DE42", None), server=True)
    building.build(tmp_path / "kit", wanted, material(clips, n_prompts=2))
    config, key = read(tmp_path / "kit")
    assert config["completion"] == {"code": None, "url": None}
    assert key["completion"]["code"] == "C0DE42"


@pytest.mark.parametrize("kind", ["huggins", "antiphase"])
def test_the_headphone_check_has_six_times_three_sounds_and_its_answers_in_the_key(
    clips: Path, tmp_path: Path, kind: Any
) -> None:
    building.build(tmp_path / "kit", spec(headphones=kind), material(clips, n_prompts=2))
    config, key = read(tmp_path / "kit")
    trials = config["headphones"]["trials"]
    assert [len(trial["audio"]) for trial in trials] == [3] * 6
    assert key["headphones"].keys() == {trial["id"] for trial in trials}
    for trial in trials:
        differ = [_tells(audio.decode(tmp_path / "kit" / file).samples, kind) for file in trial["audio"]]
        assert int(np.argmax(differ)) == key["headphones"][trial["id"]]


def _tells(samples: np.ndarray, kind: str) -> float:
    """What only headphones give: the difference of the ears; or what loudspeakers would hide: the softest ear."""
    left, right = samples
    return float(np.std(left - right)) if kind == "huggins" else -float(np.std(left))
