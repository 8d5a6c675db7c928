"""A folder of modules is a registry."""

import sys
from pathlib import Path

import pytest

from tta_bench import plugins
from tta_bench.types import UserError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "some_plugins"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "beta.py").write_text("VALUE = 2\n")
    (folder / "alpha.py").write_text("raise RuntimeError('imported before it was asked for')\n")
    (folder / "_private.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield "some_plugins"
    for name in [name for name in sys.modules if name.startswith("some_plugins")]:
        del sys.modules[name]


def test_names_are_the_files_without_private_ones_and_importing_none(package: str) -> None:
    assert plugins.names(package) == ["alpha", "beta"]


def test_a_module_is_imported_when_it_is_asked_for(package: str) -> None:
    assert plugins.load(package, "beta", kind="thing").VALUE == 2


def test_an_unknown_name_is_met_with_the_nearest_one(package: str) -> None:
    with pytest.raises(UserError, match=r"No thing 'betta'. Did you mean 'beta'\? There are: alpha, beta."):
        plugins.load(package, "betta", kind="thing")


def test_a_private_module_cannot_be_named(package: str) -> None:
    with pytest.raises(UserError, match="No thing '_private'"):
        plugins.load(package, "_private", kind="thing")


@pytest.fixture
def sources(package: str, tmp_path: Path) -> Path:
    """`alpha` imports `beta` by its full name, `part` by a relative one; `part` imports `_private` in a function."""
    folder = tmp_path / package
    (folder / "alpha.py").write_text(f"import os\nfrom {package}.beta import VALUE\nfrom . import part\n")
    (folder / "part.py").write_text(f"def use():\n    import {package}._private\n")
    plugins.code_sha256.cache_clear()
    return folder


def hash_of(package: str, **how: tuple[str, ...]) -> str:
    plugins.code_sha256.cache_clear()
    return plugins.code_sha256(f"{package}.alpha", **how)


@pytest.mark.parametrize("changed", ["alpha.py", "beta.py", "part.py", "_private.py"])
def test_the_hash_of_code_covers_all_that_a_module_imports(package: str, sources: Path, changed: str) -> None:
    before = hash_of(package)
    (sources / changed).write_text((sources / changed).read_text() + "# changed\n")
    assert hash_of(package) != before


def test_the_hash_of_code_leaves_out_what_it_is_told_to(package: str, sources: Path) -> None:
    before = hash_of(package, without=(f"{package}.part",))
    assert before != hash_of(package)
    for name in ("part.py", "_private.py"):
        (sources / name).write_text("CHANGED = True\n")
    assert hash_of(package, without=(f"{package}.part",)) == before
