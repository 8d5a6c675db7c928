"""A folder of modules is a registry: the name of a thing is the name of its file, imported when it is first used."""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from tta_bench.types import UserError


def folder(package: str) -> Path:
    """Where a package's modules lie. Does not import the modules."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"{package!r} is not a package with modules")
    return Path(next(iter(spec.submodule_search_locations)))


def source_file(name: str) -> Path | None:
    """The file of a module of ours, without importing it; None if there is no such module."""
    path = folder(name.partition(".")[0]).parent.joinpath(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def code_sha256(*modules: str, without: tuple[str, ...] = ()) -> str:
    """Hash of the source of modules of ours and of all that they import of ours, but for the modules `without` and what
    only these import. They are read, not imported."""
    ours = {"tta_bench", *(name.partition(".")[0] for name in modules)}
    todo, seen = list(modules), dict[str, bytes]()
    while todo:
        name = todo.pop()
        path = source_file(name)
        if path is None or name in seen or name in without:
            continue
        seen[name] = path.read_bytes()
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        todo += [found for found in _imported(seen[name], package) if found.partition(".")[0] in ours]
    return hashlib.sha256(b"".join(seen[name] for name in sorted(seen))).hexdigest()


def _imported(source: bytes, package: str) -> Iterator[str]:
    """Every name that a module of a package imports: modules, and what may be a module or a thing in one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))


def names(package: str) -> list[str]:
    """Sorted names of the modules and packages in a package; those that begin with `_` are not registered."""
    return sorted(m.name for m in pkgutil.iter_modules([str(folder(package))]) if not m.name.startswith("_"))


def load(package: str, name: str, *, kind: str) -> ModuleType:
    """The module `name` of a package, imported now. Raises UserError with the nearest names if there is none."""
    choose(name, names(package), kind=kind)
    return importlib.import_module(f"{package}.{name}")


def choose(name: str, known: Iterable[str], *, kind: str, also: str = "") -> str:
    """`name`, if it is known; else a UserError that says what was meant and what there is, and `also` what else."""
    known = sorted(known)
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    raise UserError(f"No {kind} {name!r}.{meant} There are: {', '.join(known)}{also}.")
