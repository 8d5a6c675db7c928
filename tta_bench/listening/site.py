"""The files of a kit that a server shows, and the headers that go with them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tta_bench import paths
from tta_bench.listening.kit import CONFIG
from tta_bench.types import UserError

INDEX: Final = "index.html"
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
}
ORIGIN: Final = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d+)?|https?://\[[0-9a-f:]+\](:\d+)?")
FEATURES: Final = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")


@dataclass(frozen=True)
class File:
    """A file that may be asked for."""

    path: Path
    type: str
    sha256: str

    @property
    def headers(self) -> dict[str, str]:
        """Sounds never change under their name within a test; the page is asked for anew."""
        lasting = "private, max-age=86400" if self.type.startswith("audio/") else "no-cache"
        return {"ETag": f'"{self.sha256}"', "Cache-Control": lasting}


def files(kit: Path, config: Mapping[str, Any]) -> dict[str, File]:
    """Address -> file: the page, the config, and the sounds that the config names. Nothing else can be asked for.

    Raises UserError for a kit that lacks one, or whose sounds are not those it was built with.
    """
    names = {CONFIG, INDEX} | {path.name for path in kit.iterdir() if path.suffix in (".html", ".js", ".css", ".svg")}
    found = {name: _file(kit, name) for name in sorted(names)}
    for name, sha256 in sorted(set(sounds(config))):
        found[name] = _file(kit, name)
        if found[name].sha256 != sha256:
            raise UserError(f"{kit / name} was changed after the kit was built. Build the kit again.")
    return found | {"": found[INDEX]}


def sounds(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path within the kit, and sha256, of every sound that a config names."""
    for trial in config["trials"].values():
        for one in (*trial["stimuli"], *([trial["reference"]] if trial["reference"] else ())):
            yield one["audio"], one["sha256"]
    for trial in (config["headphones"] or {"trials": ()})["trials"]:
        yield from zip(trial["audio"], trial["sha256"], strict=True)


def _file(kit: Path, name: str) -> File:
    try:
        path = paths.below(kit, name)
    except ValueError as error:
        raise UserError(f"The config of {kit}: {error}. Build the kit again.") from error
    if not path.resolve().is_relative_to(kit.resolve()):
        raise UserError(f"{path} leads out of the kit. Build the kit again.")
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}. Build the kit again.") from error
    if path.suffix not in TYPES:
        raise UserError(f"{path} is of a kind that no kit has: {path.suffix}. Build the kit again.")
    return File(path, TYPES[path.suffix], sha256)


def security(frames: Sequence[str]) -> dict[str, str]:
    """Headers of every answer: only what the kit holds is loaded and run; only `frames` may show it within theirs."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": " ".join(frames) or "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in FEATURES),
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def check_origins(option: str, given: Sequence[str]) -> None:
    """Raises UserError for what is not the origin of a page."""
    for one in given:
        if not ORIGIN.fullmatch(one):
            raise UserError(f"{option} {one!r} is not an origin. Write scheme and host only: https://study.example.org")
