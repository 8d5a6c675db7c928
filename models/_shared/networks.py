"""Networks of diffusers and transformers, with their tokenizers and schedulers, out of a checkpoint's files.

All are frozen and in evaluation mode. What is missing, damaged or another network's is refused by name.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import diffusers
import torch
from torch import Tensor, nn
from transformers import AutoTokenizer

from models._shared.folders import DIFFUSERS_WEIGHTS, TRANSFORMERS_WEIGHTS
from models._shared.states import read_json, read_state
from tta_bench.states import DAMAGED, fill, why
from tta_bench.types import UserError

Files = Mapping[str, Path]
"""Name inside the published folder -> where it is on this disk."""

Part = TypeVar("Part", bound=nn.Module)
DTYPES = ("float32", "bfloat16", "float16")
OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""Names in the VAE of diffusers before 0.18, and today's."""


def precision(name: str) -> torch.dtype:
    """The precision of that name. Raises UserError if there is none."""
    if name not in DTYPES:
        raise UserError(f"No precision {name!r}. There are: {', '.join(DTYPES)}.")
    found: torch.dtype = getattr(torch, name)
    return found


def path_of(files: Files, *names: str) -> Path:
    """The first of these files that is there. Raises UserError if none is."""
    found = next((files[name] for name in names if name in files), None)
    if found is None:
        raise UserError(
            f"The checkpoint has no {' and no '.join(names)}: it is incomplete or another model's. It has "
            f"{len(files)} files: {', '.join(sorted(files)[:5])} ... Fetch the whole folder."
        )
    return found


def read_network(files: Files, folder: str, class_name: str, dtype: torch.dtype = torch.float32) -> Any:
    """The network of diffusers whose configuration and weights lie in `folder`, with channels last."""
    config_path = path_of(files, f"{folder}/config.json")
    config = read_json(config_path)
    described = config.get("_class_name") if isinstance(config, dict) else type(config).__name__
    if described != class_name:
        raise UserError(f"{config_path} describes a {described}, not a {class_name}. Fetch the published folder again.")
    weights = path_of(files, *(f"{folder}/{name}" for name in DIFFUSERS_WEIGHTS))
    try:
        built = unfilled(class_name, config)
    except DAMAGED as error:
        raise UserError(f"{config_path} describes no network ({why(error)}). Fetch the file again.") from error
    if {name for name, _ in built.named_buffers()} - built.state_dict().keys():
        # It works out numbers that are not among its weights.
        built = getattr(diffusers, class_name).from_config(config)
    filled = fill(built, _today(read_state(weights)), str(weights), dtype=dtype)
    return filled.to(memory_format=torch.channels_last)


def unfilled(class_name: str, config: Mapping[str, Any]) -> Any:
    """A network of diffusers without weights, on the device "meta"."""
    with torch.device("meta"), warnings.catch_warnings():
        # diffusers 0.42.1 builds the VAE of waveforms with a weight norm that torch gives up; published weights bear
        # its names.
        warnings.filterwarnings("ignore", ".*weight_norm", FutureWarning)
        return getattr(diffusers, class_name).from_config(config)


def _today(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names that diffusers has given them since 0.18."""
    old = re.compile(rf"(?<=\.attentions\.)(\d+)\.({'|'.join(OLD_ATTENTION)})(?=\.)")
    return {old.sub(lambda m: f"{m[1]}.{OLD_ATTENTION[m[2]]}", key): tensor for key, tensor in state.items()}


def read_transformer(files: Files, folder: str, network_class: Any, config: Mapping[str, Any] | None = None) -> Any:
    """The network of transformers whose weights lie in `folder`, in float32, as its `config.json` says, or `config`.

    Weights of a larger network will do, of which it is a part.
    """
    stated = read_json(path_of(files, f"{folder}/config.json")) if config is None else config
    names = [f"{folder}/{name}" for name in TRANSFORMERS_WEIGHTS]
    found = next((name for name in names if name in files), None)
    if found is None:
        raise UserError(f"The network in {folder} has no weights: neither {' nor '.join(names)} is there.")
    return with_state(network_class, stated, read_state(files[found]), f"{found} does not fit {folder}/config.json")


def with_state(network_class: Any, config: Mapping[str, Any], state: Mapping[str, Tensor], complaint: str) -> Any:
    """A network of transformers with these tensors in float32. Raises UserError that begins with `complaint`."""
    network, report = network_class.from_pretrained(
        None,
        config=network_class.config_class.from_dict(config),
        state_dict=dict(state),
        dtype=torch.float32,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
    )
    return filled_and_frozen(network, report, complaint)


def filled_and_frozen(network: Any, report: Mapping[str, Any], complaint: str) -> Any:
    """A network that transformers has loaded, by its report. UserError, beginning with `complaint`, if it lacks any."""
    wrong = sorted(report["missing_keys"]) + sorted(str(key) for key in report["mismatched_keys"])
    if wrong:
        raise UserError(
            f"{complaint}: {len(wrong)} tensors are missing or of another shape, first {wrong[0]!r}. Fetch the "
            "published folder again."
        )
    return network.eval().requires_grad_(False)


def read_part(kind: Callable[..., Part], files: Files, folder: str, name: str) -> Part:
    """A network of our own, frozen: `config.json` of `folder` has its arguments, the file `name` there its weights.

    Raises UserError for what is missing or damaged.
    """
    config: Mapping[str, Any] = read_json(path_of(files, f"{folder}/config.json"))
    weights = path_of(files, f"{folder}/{name}")
    with torch.device("meta"):
        network = kind(**config)
    return fill(network, read_state(weights), str(weights), dtype=torch.float32)


def read_tokenizer(files: Files, folder: str = "") -> Any:
    """The tokenizer whose files lie in `folder`, or beside everything else."""
    name = f"{folder}/tokenizer_config.json" if folder else "tokenizer_config.json"
    return AutoTokenizer.from_pretrained(path_of(files, name).parent, local_files_only=True)


def read_scheduler(files: Files, scheduler_class: Any) -> Any:
    """A scheduler of this class with what the checkpoint's configuration states, whichever class that names."""
    return scheduler_class.from_config(read_json(path_of(files, "scheduler/scheduler_config.json")))
