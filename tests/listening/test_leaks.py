"""Whatever tells who made a sound is found, wherever it is planted."""

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.listening.blind import material, spec, write_clips
from tta_bench.listening import building, kit, leaks
from tta_bench.listening.spec import Sounding
from tta_bench.types import UserError

Plant = Callable[[Path], None]


@pytest.fixture(scope="module")
def words(clean: Path) -> frozenset[str]:
    return leaks.words_of(material(clean.parent / "clips"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leaks")
    heard = material(write_clips(folder / "clips"), n_prompts=2)
    building.build(folder / "kit", spec(), heard)
    building.build(folder / "flac", spec(sounding=Sounding(suffix=".flac")), heard)
    return folder / "kit"


def first_sound(folder: Path) -> Path:
    return sorted((folder / "audio").iterdir())[0]


def in_file_name(folder: Path) -> None:
    shutil.copyfile(first_sound(folder), folder / "audio/tango2_clip1.wav")


def in_a_folder_name(folder: Path) -> None:
    (folder / "auffusion-full").mkdir()


def in_a_tag(folder: Path) -> None:
    path = first_sound(folder)
    body = struct.pack("<4s4sI", b"INFO", b"IART", 6) + b"tango2"
    data = path.read_bytes() + struct.pack("<4sI", b"LIST", len(body)) + body
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])


def behind_the_samples(folder: Path) -> None:
    with first_sound(folder).open("ab") as file:
        file.write("made by auffusion-full".encode("utf-16-le"))


def among_the_samples(folder: Path) -> None:
    path = first_sound(folder)
    data = bytearray(path.read_bytes())
    data[100:106] = b"TANGO2"
    path.write_bytes(data)


def in_json(folder: Path) -> None:
    change(folder, lambda config: next(iter(config["trials"].values()))["stimuli"][0].update(model="tango2"))


def in_a_title(folder: Path) -> None:
    change(folder, lambda config: config.update(title="Auffusion Full and others"))


def in_a_value_that_is_no_text_of_ours(folder: Path) -> None:
    change(folder, lambda config: config["instructions"].update(en="Tango2 comes first."))


def in_the_name_of_a_sound(folder: Path) -> None:
    change(folder, lambda config: next(iter(config["trials"].values()))["stimuli"][0].update(audio="audio/mine.wav"))


def in_a_role(folder: Path) -> None:
    change(folder, lambda config: next(iter(config["trials"].values())).update(role="trap"))


def in_a_comment(folder: Path) -> None:
    with (folder / kit.CONFIG).open("a") as file:
        file.write("// tango2 is the first\n")


def in_the_readme(folder: Path) -> None:
    with (folder / kit.README).open("a") as file:
        file.write("\n<!-- mine -->\n")


def in_another_file(folder: Path) -> None:
    (folder / "app.js.map").write_text('{"sources": ["/home/me/tango2"]}')


def in_the_key_itself(folder: Path) -> None:
    shutil.copyfile(kit.key_folder(folder) / kit.KEY, folder / kit.KEY)


def in_a_time(folder: Path) -> None:
    os.utime(first_sound(folder), (kit.WHEN + 1, kit.WHEN + 1))


def in_a_link(folder: Path) -> None:
    path = first_sound(folder)
    target = folder.parent / "tango2.wav"
    shutil.copyfile(path, target)
    path.unlink()
    path.symlink_to(target)


def in_an_exchanged_sound(folder: Path) -> None:
    one, other = sorted((folder / "audio").iterdir())[:2]
    shutil.copyfile(other, one)


def change(folder: Path, how: Callable[[dict[str, object]], object]) -> None:
    """Changes the config and gives it the digest that it then has, as whoever plants something would."""
    config = kit.read_config(folder)
    how(config)
    (folder / kit.CONFIG).write_bytes(kit.config_bytes(config | {"digest": kit.digest(config)}))


PLANTED: list[Plant] = [
    in_file_name, in_a_folder_name, in_a_tag, behind_the_samples, among_the_samples, in_json, in_a_title,
    in_a_value_that_is_no_text_of_ours, in_the_name_of_a_sound, in_a_role, in_a_comment, in_the_readme, in_another_file,
    in_the_key_itself, in_a_link, in_an_exchanged_sound,
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_leak_is_found_with_all_times_set_right(
    clean: Path, words: frozenset[str], tmp_path: Path, plant: Plant
) -> None:
    folder = copy(clean, tmp_path)
    plant(folder)
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (kit.WHEN, kit.WHEN))
    with pytest.raises(UserError, match="would tell who made"):
        leaks.check(folder, words)


def test_a_modification_time_that_tells_is_found(clean: Path, words: frozenset[str], tmp_path: Path) -> None:
    folder = copy(clean, tmp_path)
    in_a_time(folder)
    with pytest.raises(UserError, match=r"audio/[0-9a-f]{32}\.wav has a modification time of its own"):
        leaks.check(folder, words)


def test_an_extended_attribute_is_found(clean: Path, words: frozenset[str], tmp_path: Path) -> None:
    folder = copy(clean, tmp_path)
    try:
        os.setxattr(first_sound(folder), "user.origin", b"tango2")
    except (AttributeError, OSError):
        pytest.skip("no extended attributes here")
    with pytest.raises(UserError, match=r"has the attribute user\.origin"):
        leaks.check(folder, words)


def test_a_comment_in_flac_is_found(clean: Path, words: frozenset[str], tmp_path: Path) -> None:
    import soundfile

    folder = copy(clean.parent / "flac", tmp_path)
    path = first_sound(folder)
    samples, rate = soundfile.read(path)
    with soundfile.SoundFile(path, "w", rate, 1, format="FLAC") as file:
        file.comment = "mine"
        file.write(samples)
    os.utime(path, (kit.WHEN, kit.WHEN))
    with pytest.raises(UserError, match="holds a comment"):
        leaks.check(folder, words)


def test_kits_as_they_are_built_tell_nothing(clean: Path, words: frozenset[str]) -> None:
    for name in ("kit", "flac"):
        leaks.check(clean.parent / name, words)


def test_a_caption_may_hold_the_name_of_a_model(tmp_path: Path) -> None:
    """It is the caption of all models, so it tells of none."""
    from dataclasses import replace

    heard = material(write_clips(tmp_path / "clips"), n_prompts=3)
    heard = replace(heard, prompts=tuple(replace(prompt, text="A dog of mine barks") for prompt in heard.prompts))
    building.build(tmp_path / "kit", spec(), heard)


def test_a_name_is_found_in_any_spelling() -> None:
    words = {"auffusion-full", "ace"}
    for text in ("AUFFUSION_FULL", "auffusion full", "x/AuffusionFull.wav", "the ACE of them"):
        assert leaks.named(text, words), text
    for text in ("peace", "a fusion of sounds, full"):
        assert not leaks.named(text, words), text


def test_a_config_that_is_no_json_is_a_leak_and_no_crash(clean: Path, words: frozenset[str], tmp_path: Path) -> None:
    folder = copy(clean, tmp_path)
    (folder / kit.CONFIG).write_text("window.KIT = " + json.dumps({"model": "tango2"}))
    with pytest.raises(UserError, match="would tell"):
        leaks.check(folder, words)


def copy(folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(kit.key_folder(folder), tmp_path / "kit.key")
    return shutil.copytree(folder, tmp_path / "kit")
