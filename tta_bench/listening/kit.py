"""The two files that make a test: `config.js`, which everyone may read, and `key.json`, which no listener sees."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tta_bench import records
from tta_bench.listening.events import canonical
from tta_bench.types import UserError

SCHEMA: Final = 1
CONFIG: Final = "config.js"
KEY: Final = "key.json"
README: Final = "README.md"
PAGE: Final = Path(__file__).parent / "page"
"""Every file of it is copied into every kit."""
WHEN: Final = 946_684_800
"""Modification time of all files of all kits, the first second of 2000: true ones would tell what was made together."""
HEAD, TAIL = b"window.KIT = ", b";\n"


def digest(config: Mapping[str, Any]) -> str:
    """sha256 of a config without its own digest; it holds the hashes of all sounds, so it covers them."""
    said = canonical({key: value for key, value in config.items() if key != "digest"})
    return hashlib.sha256(said.encode()).hexdigest()


def config_bytes(config: Mapping[str, Any]) -> bytes:
    """What `config.js` holds. A script that sets a variable, because browsers fetch no JSON beside a local page."""
    # A closing tag or a line separator within a text must end neither the script nor its line.
    text = canonical(config).replace("</", "<\\/").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return HEAD + text.encode() + TAIL


def key_bytes(key: Mapping[str, Any]) -> bytes:
    """What `key.json` holds."""
    return canonical(key).encode()


def read_config(kit: Path) -> dict[str, Any]:
    """The config of a kit. Raises UserError if it is missing, or not what `listen build` wrote."""
    path = kit / CONFIG
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}. Give the folder that `listen build` made.") from error
    try:
        config = records.parse(data.removeprefix(HEAD).removesuffix(TAIL))
    except ValueError as error:
        raise UserError(f"{path} is not the config of a kit: {error}. Build the kit again.") from error
    if not isinstance(config, dict) or config.get("schema") != SCHEMA or config.get("digest") != digest(config):
        raise UserError(f"{path} was changed after it was built, or by another version. Build the kit again.")
    return config


def key_folder(kit: Path) -> Path:
    """Where the private key of a kit lies: beside it, never in it."""
    return kit.with_name(f"{kit.name}.key")


def read_key(folder: Path) -> dict[str, Any]:
    """The private key in a folder `KIT.key`. Raises UserError if it is missing or not one."""
    path = folder / KEY
    try:
        key = records.parse(path.read_bytes())
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}. It lies beside the kit that it belongs to.") from error
    except ValueError as error:
        raise UserError(f"{path} is not the key of a kit: {error}. Build the kit again.") from error
    if not isinstance(key, dict) or key.get("schema") != SCHEMA:
        raise UserError(f"{path} is not the key of a kit of schema {SCHEMA}. Build the kit again.")
    return key
