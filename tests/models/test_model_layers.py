"""What a contestant may import, by the table of docs/design.md: few of the suite's modules, and no other contestant."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

MODELS = Path(__file__).parent.parent.parent / "models"
GRANTED = {"types", "records", "audio", "mel", "weights", "hashes", "states", "text"}
TO_TRAINING = {"arrays", "prompts", "scenes", "embedders"}
BORROWS = {"audioldm": {"auffusion"}}
"""Pocket AudioLDM is to differ from pocket Auffusion in its conditioning alone."""
FILES = sorted(path for path in MODELS.rglob("*.py") if path != MODELS / "__init__.py")
NAMES = sorted(path.stem for path in MODELS.iterdir() if not path.name.startswith(("_", ".")))


def imports(path: Path) -> set[str]:
    """Full names of all that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(MODELS)))
def test_a_contestant_imports_only_what_it_is_granted(path: Path) -> None:
    names = [name.split(".") for name in imports(path)]
    contestant, *inner = path.relative_to(MODELS).with_suffix("").parts
    trains = inner[:1] in (["training"], ["train"])
    assert {parts[1] for parts in names if parts[0] == "tta_bench"} <= GRANTED | (TO_TRAINING if trains else set())
    assert {parts[1] for parts in names if parts[0] == "models"} <= {
        "_shared",
        contestant,
        *BORROWS.get(contestant, ()),
    }


def test_naming_the_contestants_costs_no_heavy_import() -> None:
    named = ", ".join(f"models.{name}" for name in NAMES)
    heavy = f"import sys, {named}; sys.exit(bool({{'torch', 'diffusers', 'transformers'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", heavy], cwd=MODELS.parent, check=False).returncode == 0
