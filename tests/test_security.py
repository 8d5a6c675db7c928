"""What SECURITY.md promises of the code as a whole."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import commands.app.server
import commands.listen_serve

ROOT = Path(__file__).parent.parent
OURS = [
    path
    for folder in ("tta_bench", "models", "commands")
    for path in (ROOT / folder).rglob("*.py")
    if not {"shims", "worker"} & set(path.parts)  # these run in environments of others
]
RUNS_CODE = {"pickle.load", "pickle.loads", "yaml.load", "yaml.unsafe_load", "eval", "exec", "os.system", "np.load"}
ASKS = {"httpx", "requests", "urllib.request", "aiohttp", "socket", "http.client"}
MAY_ASK = {"tta_bench/download.py", "tta_bench/listening/serving.py", "commands/app/server.py"}
"""The first fetches what it is told to; the others listen."""
OWN = ("processes.py", "pickle.loads")
"""What a process gives a worker that it started itself, through memory."""


def calls(path: Path) -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """Every call in a file: what is called, and its named arguments."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {one.arg: one.value for one in node.keywords if one.arg}


def stated(arguments: dict[str, ast.expr], name: str) -> object:
    value = arguments.get(name)
    return value.value if isinstance(value, ast.Constant) else None


def test_nothing_of_a_file_is_run() -> None:
    found = [(path.name, name, given) for path in OURS for name, given in calls(path)]
    assert [path for path, name, _ in found if name == "torch.load"]
    assert not [path for path, name, given in found if name == "torch.load" and not stated(given, "weights_only")]
    assert not [path for path, name, given in found if name == "np.load" and stated(given, "allow_pickle")]
    assert not [(path, name) for path, name, _ in found if name in RUNS_CODE - {"np.load"} and (path, name) != OWN]
    assert not [path for path, _, given in found if stated(given, "shell") or stated(given, "trust_remote_code")]


def test_few_modules_can_ask_the_network() -> None:
    for path in OURS:
        tree = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {name for node in tree if isinstance(node, ast.Import) for name in (one.name for one in node.names)}
        names |= {node.module or "" for node in tree if isinstance(node, ast.ImportFrom)}
        assert not names & ASKS or str(path.relative_to(ROOT)) in MAY_ASK, path


def test_servers_listen_to_this_machine_alone() -> None:
    assert commands.app.server.HOST == "127.0.0.1"
    assert inspect.signature(commands.listen_serve.serve).parameters["host"].default == "127.0.0.1"


def test_every_promise_names_a_test_that_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text())
    assert len(named) >= 10
    for file, test in named:
        assert f"def {test}" in (ROOT / file).read_text()
