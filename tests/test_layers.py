"""The ruler does not know the contestants: who may import whom, by the table of docs/design.md."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tta_bench"

LAYERS = {
    "types": set(),
    "plugins": {"types"},
    "resample": {"types"},
    "mel": set(),
    "records": set(),
    "paths": set(),
    "memory": {"types", "store"},
    "arrays": set(),
    "states": {"types"},
    "audio": {"types", "resample"},
    "soundness": {"types"},
    "hashes": {"types"},
    "download": {"types"},
    "checkpoints": {"types"},
    "weights": {"types", "plugins", "hashes", "download", "checkpoints"},
    "metrics": {"types"},
    "protocols": {"types", "plugins", "metrics", "scenes"},
    "datasets": {"types", "plugins", "weights", "audio", "download", "prompts"},
    "boards": {"types", "records", "paths", "plugins", "protocols", "prompts", "datasets"},
    "references": {"types", "plugins", "scenes", "store", "text"},
    "prompts": {"types", "audio"},
    "controls": {"types", "audio"},
    "scenes": {"types", "audio"},
    "store": {"types", "audio", "records"},
    "text": {"types", "weights", "states"},
    "embedders": {"types", "records", "audio", "mel", "weights", "text", "states"},
    "training": {
        "types", "arrays", "audio", "mel", "text", "weights", "metrics", "scenes", "store", "embedders", "boards",
    },
    "selftest": {"types"},
    "embedding": {"types", "memory", "selftest", "audio", "soundness", "store", "plugins", "weights", "executors"},
    "executors": {"types"},
    "scoring": {"types", "metrics"},
    "checking": {
        "types", "audio", "soundness", "store", "plugins", "prompts", "controls", "weights", "embedding",
        "originals", "references", "executors",
    },
    "generators": {"types", "plugins", "hashes", "weights"},
    "watching": set(),
    "programs": {"types", "audio", "watching"},
    "recipes": {"types", "records", "plugins", "hashes", "weights", "store", "generators", "programs"},
    "costs": {"types", "store"},
    "making": {"types", "memory", "store", "embedding", "executors", "checking", "costs", "generators", "programs"},
    "generating": {
        "types", "results", "store", "embedding", "checking", "costs", "generators", "programs", "executors", "making",
    },
    "arguments": {
        "types", "plugins", "boards", "controls", "generators", "programs", "recipes", "protocols", "prompts",
        "results",
    },
    "planning": {
        "types", "audio", "prompts", "references", "embedding", "checking", "costs", "generators", "programs",
        "generating", "arguments",
    },
    "harness": {"types", "originals", "store", "checking", "embedding", "scoring", "executors"},
    "validation": {
        "types", "audio", "store", "plugins", "metrics", "scenes", "controls", "embedding", "checking", "harness",
        "report", "results", "references",
    },
    "editing": {"types", "audio", "weights", "metrics", "protocols", "scenes", "embedding", "validation"},
    "provenance": {"types", "embedding", "store", "checking", "costs"},
    "results": {"types", "records"},
    "runs": {"types", "records"},
    "report": {"types", "metrics", "results", "runs", "audio", "mel", "resample"},
    "listening": {
        "types", "records", "paths", "audio", "mel", "resample", "store", "metrics", "results", "runs", "report",
        "prompts", "humans",
    },
    "humans": {"types", "metrics", "results", "report"},
    "originals": {"types"},
    "parity": {"types", "audio", "weights", "metrics", "embedders", "originals", "plugins", "protocols"},
    "doctor": {"types", "selftest", "plugins", "store", "weights", "embedding", "protocols", "checking"},
}  # fmt: skip
WITHOUT_TORCH = {
    "types", "plugins", "prompts", "metrics", "report", "store", "harness", "results", "humans", "scoring", "protocols",
    "controls", "audio", "weights", "provenance", "scenes", "validation", "generators", "generating", "planning",
    "programs", "recipes", "costs", "datasets", "boards", "listening", "runs", "records",
    "paths", "executors", "making",
}  # fmt: skip


def imports(path: Path) -> set[str]:
    """Full names of all modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("tta_bench.")} - {"__version__"}
    assert ours - {layer(path)} <= LAYERS[layer(path)]


@pytest.mark.parametrize(
    "path", [p for p in FILES if layer(p) in WITHOUT_TORCH], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_light_modules_never_import_torch(path: Path) -> None:
    assert not {name for name in imports(path) if name.split(".")[0] in {"torch", "transformers"}}


def test_the_ruler_never_imports_a_contestant() -> None:
    assert not [path for path in FILES if any(name.split(".")[0] == "models" for name in imports(path))]


def test_the_layers_have_no_cycle() -> None:
    reached: dict[str, set[str]] = {}

    def below(name: str, above: tuple[str, ...] = ()) -> set[str]:
        assert name not in above, f"cycle: {' -> '.join([*above, name])}"
        if name not in reached:
            reached[name] = set().union(*({low} | below(low, (*above, name)) for low in LAYERS[name]))
        return reached[name]

    for name in LAYERS:
        below(name)


def test_everything_imported_is_declared() -> None:
    """A dependency that is installed only by chance breaks on someone else's machine."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [
        *project["dependencies"],
        *project["optional-dependencies"]["app"],
        *project["optional-dependencies"]["ray"],
    ]
    imported_as = {"pillow": "PIL"}
    names = {name.partition(">")[0].partition("=")[0] for name in declared}
    names = {imported_as.get(name, name) for name in names}
    originals = {
        "laion_clap",
        "panns_inference",
        "frechet_audio_distance",
        "torchvggish",
        "torchaudio",
        "audioldm_eval",
    }
    seen = {
        name.split(".")[0]
        for path in [*FILES, ROOT / "benchmark.py", *(ROOT / "commands").rglob("*.py")]
        if layer_is_ours(path)
        for name in imports(path)
    }
    assert seen - set(sys.stdlib_module_names) - {"tta_bench", "commands"} - originals <= names


def layer_is_ours(path: Path) -> bool:
    """Not the worker, which runs in the originals' environment."""
    return "originals" not in path.parts


def test_only_the_app_imports_the_library_that_it_is_made_with() -> None:
    app = ROOT / "commands" / "app"
    others = [*FILES, ROOT / "benchmark.py", *(p for p in (ROOT / "commands").rglob("*.py") if app not in p.parents)]
    assert not [path for path in others if any(name.split(".")[0] == "nicegui" for name in imports(path))]
