"""What fails around a run is named, leaves nothing half written, and the same command goes on from there."""

import ctypes
import ctypes.util
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tta_bench import audio
from tta_bench import store as store_module
from tta_bench.embedding import Embedding, SoundClip, Stage, clip_shards, smallest_batch
from tta_bench.soundness import clip_report
from tta_bench.store import FeatureKey, Store, write_json
from tta_bench.types import Clip, ModelCard, Preprocessing, UserError

ROOT = Path(__file__).parent.parent
CARD = ModelCard("m", "c", "r", {}, (), "MIT", "paper")
KEY = FeatureKey("panns:cnn14-16k", "a" * 64, "b" * 64, Preprocessing(16_000), "float32").of("clip")
TONE = Clip((0.1 * np.sin(np.arange(400_000))).astype(np.float32), 16_000)
WRITES: dict[str, Callable[[Store], object]] = {
    "clip": lambda store: store.write_clip(store.clip_path(CARD, "a dog", 1, 10.0), TONE),
    "features": lambda store: store.write_features(KEY, {"frames": np.ones((500, 400))}),
    "note": lambda store: store.write_note("reports", KEY, {"text": "x" * 600_000}),
    "result": lambda store: write_json(store.root / "out" / "mine.json", ["x"] * 90_000),
}


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB; skipped where nobody may mount one."""
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    place = tmp_path / "disk"
    place.mkdir()
    if sys.platform != "linux" or libc.mount(b"tmpfs", os.fsencode(place), b"tmpfs", 0, b"size=256k"):
        pytest.skip("a disk can be mounted by the administrator of Linux only")
    yield place
    libc.umount2(os.fsencode(place), 2)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_full_disk_is_named_and_nothing_half_written_stays(tiny_disk: Path, write: Callable[[Store], object]) -> None:
    with pytest.raises(UserError, match=r"No space left on device.*--store"):
        write(Store(tiny_disk))
    assert not files(tiny_disk)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EACCES])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_is_named_by_what_it_says(
    call: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(store_module.os, call, fail)
    for write in WRITES.values():
        with pytest.raises(UserError, match=os.strerror(code)):
            write(Store(tmp_path))
    assert not files(tmp_path)


def test_a_store_where_a_file_lies_is_named(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    with pytest.raises(UserError, match=r"Cannot write .*Not a directory|Cannot write .*File exists"):
        WRITES["note"](Store(tmp_path / "store"))


DAMAGE = (b"", b"\0" * 40, b"{", b"[1]", b"null", b"\xff\xfe", b'{"a": ' * 5000)


@pytest.mark.parametrize("damage", DAMAGE, ids=range(len(DAMAGE)))
def test_a_torn_note_counts_as_none_and_goes(damage: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path)
    store.write_note("cards", KEY, {"a": 1})
    [path] = files(tmp_path)
    path.write_bytes(damage)
    assert store.note("cards", KEY) is None
    assert not files(tmp_path)
    assert "damaged" in caplog.text


def test_a_clock_that_jumps_changes_no_name_and_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, now in (("past", 0.0), ("future", 4e9)):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        for write in WRITES.values():
            write(Store(tmp_path / name))
    sides = [{p.relative_to(tmp_path / n): p.read_bytes() for p in files(tmp_path / n)} for n in ("past", "future")]
    assert sides[0] == sides[1]


def test_a_run_that_is_terminated_says_so_and_leaves_no_part(clip_folders: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmark.py"), "score", "--generated", "good", "--references", "references"]
    run = subprocess.Popen([*command, "--prompts", "prompts.csv", "--store", "store", "--out", "out"], cwd=clip_folders)
    until = time.monotonic() + 60
    while not list(clip_folders.glob("store/reports/*/*")) and time.monotonic() < until:
        time.sleep(0.01)
    run.send_signal(signal.SIGTERM)
    assert run.wait(60) == 128 + signal.SIGTERM
    assert not [path for path in files(clip_folders) if path.name.startswith(".part-")]
    assert not (clip_folders / "out").exists()


class Crowded:
    """A network that has no memory for more than two clips."""

    sample_rate = 16_000

    def embed(self, clips: list[Clip]) -> list[dict[str, np.ndarray]]:
        if len(clips) > 2:
            raise MemoryError
        return [{"embedding": clip.samples[:4]} for clip in clips]


def test_features_of_a_halved_batch_are_those_of_their_clips_and_the_batch_is_recorded(tmp_path: Path) -> None:
    clips = []
    for i in range(5):
        path = tmp_path / f"{i}.wav"
        audio.encode(path, replace(TONE, samples=(i + 1) * TONE.samples[:800]))
        clips.append(SoundClip(path, audio.file_sha256(path), clip_report(audio.decode(path))))
    key = FeatureKey("x:y", "a" * 64, "b" * 64, Preprocessing(16_000), "float32")
    stage, store = Stage(key, weights=None, device="cpu"), Store(tmp_path / "store")  # type: ignore[arg-type]

    class One:
        def of(self, _: Stage) -> Crowded:
            return Crowded()

    assert smallest_batch(stage, store) is None
    shards = clip_shards(clips, [stage], store=store, batch_size=5)
    assert list(Embedding(store, One()).perform(shards)) == [5]  # type: ignore[arg-type]
    for clip in clips:
        found = store.features(key.of(clip.sha256))
        assert found is not None
        assert np.array_equal(found["embedding"], audio.decode(clip.path).samples[:4])
    assert smallest_batch(stage, store) == 1
