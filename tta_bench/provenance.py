"""What made a result: enough to make it again. But for what the clips have cost, nothing changes from run to run."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import tta_bench
from tta_bench.checking import Gathered, Settings
from tta_bench.costs import Cost
from tta_bench.embedding import smallest_batch
from tta_bench.store import digest
from tta_bench.types import Board, Result

PACKAGES = ("diffusers", "numpy", "scipy", "soundfile", "soxr", "torch", "transformers")


def provenance(gathered: Gathered, settings: Settings, command: Mapping[str, object]) -> dict[str, object]:
    """Code, versions, device, protocol with every knob, weights and data by hash, and the command."""
    board = gathered.board
    references = {prompt: clip.sha256 for prompt, clip in gathered.references.items()}
    return {
        "command": dict(command),
        **surroundings(),
        "device": settings.device,
        "dtype": settings.dtype,
        "batch_size": settings.batch_size,
        "board": {
            "name": board.name,
            "n_prompts": len(board.prompts.prompts),
            "remark": board.remark,
            "dataset": board.dataset,
            "protocol": board.protocol.summary,
            "prompts_sha256": board.prompts.sha256,
            "n_events": {prompt.id: prompt.n_events for prompt in board.prompts.prompts if prompt.n_events},
            **told_apart(board),
            "references_sha256": digest(references),
            "board_sha256": digest([board.prompts.sha256, digest(references), board.protocol.name]),
        },
        "metrics": {
            metric.name: {
                "embedder": metric.embedder,
                "layer": metric.layer,
                "better": metric.better,
                "paper": metric.paper,
                "preprocessing": asdict(metric.preprocessing),
            }
            for metric in board.protocol.metrics
        },
        "weights": {
            stage.key.embedder: {
                "sha256": stage.weights.sha256,
                "verified": stage.weights.verified,
                "note": stage.weights.note,
                "code_sha256": stage.key.code_sha256,
                **({"smaller_batches": smaller} if (smaller := smallest_batch(stage, settings.store)) else {}),
            }
            for stage in gathered.stages.values()
        },
    }


def with_costs(results: Sequence[Result], spent: Mapping[str, Sequence[Cost]]) -> list[Result]:
    """The same with what the clips of each row have cost, on each machine that made some."""
    costs = {row: [asdict(cost) for cost in each] for row, each in spent.items() if each}
    return [
        replace(result, provenance={**result.provenance, "costs": costs[result.model]})
        if result.model in costs
        else result
        for result in results
    ]


def told_apart(board: Board) -> dict[str, object]:
    """By what a board tells its prompts apart, as far as they say anything of it.

    And, where there are any, which captions are perturbed, how, and from which; and captions of one recording.
    """
    prompts = board.prompts.prompts

    def said(name: str) -> dict[str, str]:
        return {prompt.id: found for prompt in prompts if (found := prompt.fields.get(name))}

    fields = {name: found for name in dict.fromkeys([*board.by, *board.gaps]) if (found := said(name))}
    bases, recordings = said("base"), said("youtube_id")
    kinds = next((found for name in PERTURBATIONS if (found := said(name))), {})
    kept: dict[str, object] = {"fields": fields, "gaps": list(board.gaps)}
    kept |= {"perturbed": {"base": bases, "kind": kinds}} if bases and kinds else {}
    kept |= {"recordings": recordings} if len(set(recordings.values())) < len(recordings) else {}
    return kept


PERTURBATIONS = ("perturbation", "perturbation_type")
"""Columns that say in which way a caption is perturbed."""


def surroundings() -> dict[str, object]:
    """Code, versions and machine."""
    return {
        "code": {"version": tta_bench.__version__, **_git()},
        "packages": {name: _version(name) for name in PACKAGES},
        "machine": {"python": platform.python_version(), "system": platform.system(), "processor": platform.machine()},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _git() -> dict[str, object]:
    """Commit of the checkout and whether it was changed since; nothing where the package is not in a checkout."""
    here = Path(__file__).parent.parent
    if not (here / ".git").exists():
        return {}
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
        changes = ["git", "status", "--porcelain", "--untracked-files=no"]
        dirty = subprocess.run(changes, cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"commit": commit.stdout.strip(), "dirty": bool(dirty.stdout.strip())}
