"""Weights are the published bytes or are refused: found on disk, fetched from a server on this machine, verified."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tta_bench import weights
from tta_bench.checkpoints import Checkpoint, WeightFile
from tta_bench.download import download
from tta_bench.types import UserError

BODY = bytes(range(256)) * 1200


@dataclass
class Site:
    """A server's files and moods; `seen` collects (path, Range header) of each request."""

    port: int = 0
    body: bytes = BODY
    etag: str = '"v1"'
    ranges: bool = True
    honours_if_range: bool = True
    cuts: list[int] = field(default_factory=list)
    """After how many bytes the next responses are cut."""
    statuses: list[int] = field(default_factory=list)
    """What the next responses answer instead."""
    stalls: bool = False
    seen: list[tuple[str, str]] = field(default_factory=list)

    def url(self, path: str = "/lab/net/resolve/v1/net.bin") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    site: Site

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        site = self.site
        asked = self.headers.get("Range", "")
        site.seen.append((self.path, asked))
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved") or "/moved")
            self.end_headers()
            return
        if site.statuses:
            self.send_error(site.statuses.pop(0))
            return
        same = not site.honours_if_range or self.headers.get("If-Range", site.etag) == site.etag
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and site.ranges and same else 0
        if start >= len(site.body):
            self.send_error(416)
            return
        self._send(start, site.cuts.pop(0) if site.cuts else len(site.body))

    def _send(self, start: int, stop: int) -> None:
        body, site = self.site.body, self.site
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", site.etag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        if site.stalls:
            time.sleep(0.6)
        self.wfile.write(body[start : max(start, stop)])


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is no error here."""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    server = Server(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": site}))
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "net.bin"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def looks_wrong(path: Path) -> str:
    return "" if path.read_bytes() == BODY else "the bytes differ"


def leave_part(target: Path, data: bytes, etag: str) -> None:
    target.parent.mkdir(parents=True)
    target.with_name("net.bin.part").write_bytes(data)
    target.with_name("net.bin.part.etag").write_text(etag)


def checkpoint(*files: WeightFile) -> dict[str, Checkpoint]:
    return {"net:v1": Checkpoint("net:v1", files, "CC0-1.0", "https://example.org")}


def published(
    data: bytes = BODY, *, name: str = "net.bin", url: str = "https://example.org/lab/net/v1/net.bin"
) -> WeightFile:
    return WeightFile(name, url, sha256(data), len(data))


TABLE = checkpoint(published())


# Fetching one file.


def test_a_file_arrives_whole_and_leaves_nothing_else_behind(site: Site, target: Path) -> None:
    told: list[tuple[str, int, int]] = []
    download(site.url(), target, size=len(BODY), check=looks_wrong, progress=lambda *now: told.append(now))
    assert target.read_bytes() == BODY
    assert sorted(path.name for path in target.parent.iterdir()) == ["net.bin", "net.bin.lock"]
    assert told[-1] == ("net.bin", len(BODY), len(BODY))


def test_a_cut_transfer_goes_on_where_it_was_cut(site: Site, target: Path) -> None:
    site.cuts = [100_000, 200_000]
    download(site.url(), target, size=len(BODY), check=looks_wrong, pauses=())
    assert target.read_bytes() == BODY
    assert [asked for _, asked in site.seen] == ["", "bytes=100000-", "bytes=200000-"]


def test_a_part_left_by_an_earlier_process_is_continued(site: Site, target: Path) -> None:
    leave_part(target, BODY[:5000], site.etag)
    download(site.url(), target, size=len(BODY), check=looks_wrong)
    assert target.read_bytes() == BODY
    assert [asked for _, asked in site.seen] == ["bytes=5000-"]


def test_a_part_that_is_complete_is_not_fetched_again(site: Site, target: Path) -> None:
    leave_part(target, BODY, site.etag)
    download(site.url(), target, size=len(BODY), check=looks_wrong)
    assert target.read_bytes() == BODY
    assert site.seen == []


def test_a_server_is_told_which_version_is_to_be_continued(site: Site, target: Path) -> None:
    leave_part(target, b"old " * 1000, '"v0"')
    download(site.url(), target)
    assert target.read_bytes() == BODY
    assert [asked for _, asked in site.seen] == ["bytes=4000-"]


def test_a_server_that_continues_another_version_is_asked_from_the_start(site: Site, target: Path) -> None:
    site.honours_if_range = False
    leave_part(target, b"old " * 1000, '"v0"')
    download(site.url(), target, pauses=(0.0,))
    assert target.read_bytes() == BODY
    assert [asked for _, asked in site.seen] == ["bytes=4000-", ""]


def test_pieces_that_do_not_fit_together_are_fetched_from_the_start(site: Site, target: Path) -> None:
    leave_part(target, b"old " * 1000, "")
    download(site.url(), target, size=len(BODY), check=looks_wrong)
    assert target.read_bytes() == BODY
    assert [asked for _, asked in site.seen] == ["bytes=4000-", ""]


def test_a_server_without_ranges_sends_everything_again(site: Site, target: Path) -> None:
    site.ranges = False
    site.cuts = [100_000]
    download(site.url(), target, size=len(BODY), check=looks_wrong, pauses=(0.0,))
    assert target.read_bytes() == BODY
    assert [asked for _, asked in site.seen] == ["", "bytes=100000-"]


def test_a_part_longer_than_the_file_is_dropped(site: Site, target: Path) -> None:
    leave_part(target, BODY + b"more", "")
    download(site.url(), target, check=looks_wrong, pauses=(0.0,))
    assert target.read_bytes() == BODY


def test_a_redirect_is_followed(site: Site, target: Path) -> None:
    download(site.url("/moved/net.bin"), target, check=looks_wrong)
    assert target.read_bytes() == BODY


def test_a_circle_of_redirects_is_named(site: Site, target: Path) -> None:
    with pytest.raises(UserError, match="circle of redirects"):
        download(site.url("/moved"), target)


@pytest.mark.parametrize(("status", "why"), [(404, "not there"), (403, "login"), (401, "login"), (418, "teapot")])
def test_a_refusal_names_the_address_the_status_and_the_way_out(
    site: Site, target: Path, status: int, why: str
) -> None:
    site.statuses = [status]
    with pytest.raises(UserError, match=rf"127\.0\.0\.1.*{status}.*(?i:{why}).*--weights-dir"):
        download(site.url(), target, otherwise="Or pass --weights-dir DIR.", pauses=())
    assert len(site.seen) == 1, "a refusal is final"


def test_a_server_that_is_busy_is_asked_again(site: Site, target: Path) -> None:
    site.statuses = [503, 429]
    download(site.url(), target, check=looks_wrong, pauses=(0.0, 0.0))
    assert len(site.seen) == 3


def test_a_server_that_stays_busy_is_given_up_on(site: Site, target: Path) -> None:
    site.statuses = [503] * 9
    with pytest.raises(UserError, match=r"after 3 tries.*503"):
        download(site.url(), target, pauses=(0.0, 0.0))


def test_a_server_that_stays_silent_is_named(site: Site, target: Path) -> None:
    site.stalls = True
    with pytest.raises(UserError, match=r"after 1 tries.*ReadTimeout"):
        download(site.url(), target, timeout=0.1, pauses=())


def test_a_host_that_cannot_be_reached_is_named(target: Path) -> None:
    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:9/net\.bin could not be fetched.*ConnectError.*network"):
        download("http://127.0.0.1:9/net.bin", target, pauses=())


def test_another_size_is_refused_before_a_byte_is_stored(site: Site, target: Path) -> None:
    with pytest.raises(UserError, match=r"now offers 307,200 bytes; the published file has 7"):
        download(site.url(), target, size=7)
    assert not target.with_name("net.bin.part").exists()


def test_a_full_disk_is_named_and_what_has_arrived_is_kept(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_part(target, BODY[:5000], site.etag)
    opened = Path.open

    def open_on_a_full_disk(path: Path, mode: str = "r", **more: Any) -> Any:
        return opened(Path("/dev/full") if "a" in mode else path, mode, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_on_a_full_disk)
        with pytest.raises(UserError, match=r"disk of .*cache is full.*TTA_BENCH_CACHE"):
            download(site.url(), target, check=looks_wrong)
    assert target.with_name("net.bin.part").read_bytes() == BODY[:5000]
    download(site.url(), target, check=looks_wrong)
    assert target.read_bytes() == BODY


def test_a_file_that_will_not_fit_is_refused_before_it_is_stored(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**6, 10**6, 1000))
    with pytest.raises(UserError, match="is full"):
        download(site.url(), target)
    assert not target.with_name("net.bin.part").exists()


def test_a_folder_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file cannot be written"):
        download(site.url(), tmp_path / "file" / "net.bin")


def test_processes_that_want_the_same_file_fetch_it_once(site: Site, target: Path) -> None:
    site.stalls = True
    code = (
        "import pathlib, sys; from tta_bench.download import download; download(sys.argv[1], pathlib.Path(sys.argv[2]))"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, site.url(), str(target)]) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    assert target.read_bytes() == BODY
    assert len(site.seen) == 1


# Fetching a checkpoint.


def test_fetched_weights_are_the_published_ones(site: Site, tmp_path: Path) -> None:
    table = checkpoint(published(url=site.url()))
    found = weights.fetch("net:v1", cache_dir=tmp_path, table=table)
    assert found.files == {"net.bin": tmp_path / "net-v1" / "net.bin"}
    assert found.files["net.bin"].read_bytes() == BODY
    assert found.verified
    weights.fetch("net:v1", cache_dir=tmp_path, table=table)
    assert len(site.seen) == 1, "what is there is not fetched again"


def test_bytes_that_are_not_the_published_ones_are_not_kept(site: Site, tmp_path: Path) -> None:
    table = checkpoint(replace(published(url=site.url()), sha256="0" * 64))
    with pytest.raises(UserError, match=f"sha256 is {sha256(BODY)} instead of 0000.*DIR/net-v1.*--weights-dir"):
        weights.fetch("net:v1", cache_dir=tmp_path, table=table)
    assert [path.name for path in (tmp_path / "net-v1").iterdir()] == ["net.bin.lock"]


def test_a_damaged_file_in_the_cache_is_fetched_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "net-v1").mkdir()
    (tmp_path / "net-v1" / "net.bin").write_bytes(BODY[:-1] + b"?")
    found = weights.fetch("net:v1", cache_dir=tmp_path, table=checkpoint(published(url=site.url())))
    assert found.files["net.bin"].read_bytes() == BODY


# Finding a checkpoint.


@pytest.mark.parametrize("folder", ["weights/net-v1", "weights/net", "weights", "cache/net-v1"])
def test_weights_are_found_in_every_place_they_may_lie(tmp_path: Path, folder: str) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / "net.bin").write_bytes(BODY)
    found = weights.find(
        "net:v1", weights_dir=tmp_path / "weights", cache_dir=tmp_path / "cache", table=checkpoint(published())
    )
    assert found.files == {"net.bin": tmp_path / folder / "net.bin"}
    assert found.per_file == {"net.bin": sha256(BODY)}
    assert (found.verified, found.note) == (True, "")


def test_the_folder_that_the_user_names_comes_before_the_cache(tmp_path: Path) -> None:
    for folder in ("mine", "cache/net-v1"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "net.bin").write_bytes(BODY)
    found = weights.find("net:v1", weights_dir=tmp_path / "mine", cache_dir=tmp_path / "cache", table=TABLE)
    assert found.files["net.bin"] == tmp_path / "mine" / "net.bin"


def test_missing_weights_are_named_with_both_ways_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        weights.find("clap:htsat-unfused", weights_dir=tmp_path, cache_dir=tmp_path)
    for part in (
        "pytorch_model.bin (614,525,833 bytes, from https://huggingface.co/laion/clap-htsat-unfused/resolve/",
        "vocab.json",
        "`python benchmark.py weights fetch clap:htsat-unfused`",
        "put pytorch_model.bin into DIR/clap-htsat-unfused and pass --weights-dir DIR",
    ):
        assert part in str(caught.value)


def test_a_weights_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--weights-dir .*nowhere is not a folder"):
        weights.find("net:v1", weights_dir=tmp_path / "nowhere", cache_dir=tmp_path, table=TABLE)


def test_a_checkpoint_that_is_not_in_the_table_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"No checkpoint 'panns:cnn14-16'.*'panns:cnn14-16k'"):
        weights.find("panns:cnn14-16", weights_dir=None, cache_dir=tmp_path)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (BODY[:-1] + b"?", "its sha256 is [0-9a-f]{64} instead of"),
        (BODY[:-1], "it has 307,199 bytes instead of 307,200"),
    ],
    ids=["other bytes", "cut short"],
)
def test_a_file_that_is_not_the_published_one_is_refused_unless_trusted(
    tmp_path: Path, data: bytes, wrong: str
) -> None:
    (tmp_path / "net.bin").write_bytes(data)
    with pytest.raises(UserError, match=rf"not the published net\.bin of net:v1: {wrong}.*--trust-weights"):
        weights.find("net:v1", weights_dir=tmp_path, cache_dir=tmp_path / "cache", table=TABLE)
    found = weights.find("net:v1", weights_dir=tmp_path, cache_dir=tmp_path / "cache", trust=True, table=TABLE)
    assert not found.verified
    assert re.search(rf"net\.bin is NOT the published file \({wrong}.*--trust-weights", found.note)
    assert found.per_file == {"net.bin": sha256(data)}


def test_a_publisher_that_gives_only_an_md5_is_held_to_it(tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(BODY)
    right = replace(published(), sha256=None, md5=hashlib.md5(BODY).hexdigest())
    wrong = replace(right, md5="0" * 32)
    assert weights.find("net:v1", weights_dir=tmp_path, cache_dir=tmp_path, table=checkpoint(right)).verified
    with pytest.raises(UserError, match="its md5 is"):
        weights.find("net:v1", weights_dir=tmp_path, cache_dir=tmp_path, table=checkpoint(wrong))


def test_weights_without_a_published_hash_are_never_called_verified(tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(BODY)
    unknown = replace(published(), sha256=None)
    agreed = replace(published(), publisher_hash=False)
    first = weights.find("net:v1", weights_dir=tmp_path, cache_dir=tmp_path, table=checkpoint(unknown))
    second = weights.find("net:v1", weights_dir=tmp_path, cache_dir=tmp_path, table=checkpoint(agreed))
    assert (first.verified, second.verified) == (False, False)
    assert f"first-use sha256 {sha256(BODY)}" in first.note
    assert "independent copies agree" in second.note


def test_the_hash_of_the_whole_follows_every_byte_and_no_path(tmp_path: Path) -> None:
    def whole(folder: str, extra: bytes) -> str:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.bin").write_bytes(BODY)
        (tmp_path / folder / "vocab.json").write_bytes(extra)
        table = checkpoint(published(), published(b"{}", name="vocab.json"))
        kept = {"weights_dir": tmp_path / folder, "cache_dir": tmp_path, "trust": True, "table": table}
        return weights.find("net:v1", **kept).sha256

    assert whole("a", b"{}") == whole("b", b"{}") != whole("c", b"[]")


# Remembered hashes.


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that runs a minute ahead, so that files just written count as settled."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 60 * 10**9)


def find_net(tmp_path: Path) -> weights.Weights:
    return weights.find("net:v1", weights_dir=tmp_path, cache_dir=tmp_path / "cache", table=TABLE)


@pytest.mark.usefixtures("settled")
def test_a_hash_is_remembered_and_verify_does_not_believe_it(tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(BODY)
    find_net(tmp_path)
    memory = tmp_path / "cache" / "hashes.json"
    [(stamp, hashes)] = json.loads(memory.read_text()).items()
    assert hashes == {"sha256": sha256(BODY)}
    memory.write_text(json.dumps({stamp: {"sha256": "f" * 64}}))
    with pytest.raises(UserError, match="ffff"):
        find_net(tmp_path)
    where = {"weights_dir": tmp_path, "cache_dir": tmp_path / "cache", "table": TABLE}
    assert not weights.status(**where)[0].verified
    assert weights.verify(**where)[0].verified


@pytest.mark.usefixtures("settled")
def test_a_file_replaced_in_place_is_hashed_again_though_its_size_and_time_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "net.bin"
    path.write_bytes(BODY)
    before = path.stat()
    find_net(tmp_path)
    time.sleep(0.02)
    with path.open("r+b") as stream:
        stream.write(b"?")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    same = ("st_ino", "st_size", "st_mtime_ns")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
    with pytest.raises(UserError, match="not the published"):
        find_net(tmp_path)


def test_the_hash_of_a_file_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(BODY)
    find_net(tmp_path)
    assert not (tmp_path / "cache" / "hashes.json").exists()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_memory_costs_time_only(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "net.bin").write_bytes(BODY)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "hashes.json").write_bytes(junk)
    assert find_net(tmp_path).verified
    assert sha256(BODY) in (tmp_path / "cache" / "hashes.json").read_text()


@pytest.mark.usefixtures("settled")
def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(BODY)
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert find_net(tmp_path).verified


# The table.


def test_aisfx_is_located_in_the_installed_package_without_importing_it(tmp_path: Path) -> None:
    imported = "aisfx" in sys.modules
    found = weights.find("aisfx:sfx-0.1.2", weights_dir=None, cache_dir=tmp_path)
    assert found.verified
    assert found.files["checkpoint.pth"].stat().st_size == 24900277
    assert ("aisfx" in sys.modules) == imported


def test_a_package_that_is_not_installed_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    table = checkpoint(published(url="package:no-such-package==1.0/no_such_package/net.bin"))
    for look in (weights.fetch, lambda name, **where: weights.find(name, weights_dir=None, **where)):
        with pytest.raises(UserError, match=r"pip install --no-deps --force-reinstall no-such-package==1.0"):
            look("net:v1", cache_dir=tmp_path, table=table)


@pytest.mark.parametrize("row", weights.CHECKPOINTS.values(), ids=lambda row: row.name)
def test_every_row_pins_what_it_names(row: Checkpoint) -> None:
    assert weights.CHECKPOINTS[row.name] is row
    assert len({file.name for file in row.files}) == len(row.files)
    assert row.licence
    ours = Path(weights.__file__).parent / row.source
    assert "https://" in row.source or ours.is_file()
    for file in row.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256 or "")
        assert file.md5 is None or re.fullmatch("[0-9a-f]{32}", file.md5)
        assert file.size
        assert file.url.startswith(("https://", "package:", "ours:"))
        assert "/main/" not in file.url, "a branch is not a pin"


def test_status_tells_missing_wrong_and_published_apart(tmp_path: Path) -> None:
    table = {}
    for name, data in (("a:right", BODY), ("b:wrong", b"wrong"), ("c:missing", None)):
        table |= {name: Checkpoint(name, (published(),), "CC0-1.0", "https://example.org")}
        if data is not None:
            (tmp_path / name.replace(":", "-")).mkdir()
            (tmp_path / name.replace(":", "-") / "net.bin").write_bytes(data)
    rows = weights.status(weights_dir=None, cache_dir=tmp_path, table=table)
    seen = [(row.present, row.wrong, row.verified) for row in rows]
    assert seen == [(True, False, True), (True, True, False), (False, False, False)]
    assert rows[0].note == ""
    assert "5 bytes instead of 307,200" in rows[1].note
    assert rows[2].note == "not here: net.bin"
    only = weights.status(["b:wrong"], weights_dir=None, cache_dir=tmp_path, table=table)
    assert [row.checkpoint.name for row in only] == ["b:wrong"]


def test_the_cache_lies_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTA_BENCH_CACHE", str(tmp_path))
    assert weights.default_cache_dir() == tmp_path / "weights"
    monkeypatch.delenv("TTA_BENCH_CACHE")
    assert weights.default_cache_dir().parts[-2:] == ("tta_bench", "weights")


def test_looking_for_weights_loads_neither_torch_nor_an_http_client() -> None:
    code = "import sys, tta_bench.weights; print(sorted({'torch', 'httpx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"[]"
