"""Numbers of other packages, and the tables that they are of; tests/golden/make_listening.py made them."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parent.parent / "golden"


def expected() -> dict[str, Any]:
    """What the packages say."""
    return json.loads((FOLDER / "listening.json").read_text())


def inputs() -> ModuleType:
    """The script, for its tables."""
    spec = importlib.util.spec_from_file_location("make_listening", FOLDER / "make_listening.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
