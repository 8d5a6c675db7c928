"""Batches that do not fit into memory are halved until they do, and whoever asked learns how small they became.

A clip of a smaller batch is the same within rounding only, so the size is recorded with what was made.
"""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from tta_bench.store import Store
from tta_bench.types import UserError

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Made = TypeVar("Made")
HALVED = "halved"
"""Of notes in the store: the size of a batch that was smaller than planned, for want of memory."""
CPU_REFUSED = "can't allocate memory"
"""In what torch says where the machine's own memory runs out."""


def in_halves(
    run: Callable[[Sequence[Item]], Sequence[Made]], items: Sequence[Item], what: str
) -> tuple[list[Made], int]:
    """What `run` makes of the items, in order, and the size of the smallest batch that it took for that.

    Raises UserError if not even one item fits, and if the GPU fails; `what` names in it, and in warnings, what is made.
    """
    try:
        return list(run(items)), len(items)
    except (MemoryError, RuntimeError) as error:
        _check(error, len(items), what)
    _give_back()
    middle = (len(items) + 1) // 2
    log.warning("%s: no memory for a batch of %d; made in batches of %d, which is recorded", what, len(items), middle)
    first, n_first = in_halves(run, items[:middle], what)
    second, n_second = in_halves(run, items[middle:], what)
    return [*first, *second], min(n_first, n_second)


def note_batch(store: Store, key: str, size: int) -> None:
    """Records the batch that what lies under a key was made in."""
    store.write_note(HALVED, key, {"batch_size": size})


def noted_batch(store: Store, key: str) -> int | None:
    """What `note_batch` recorded; None if there was enough memory."""
    note = store.note(HALVED, key)
    return None if note is None else int(str(note["batch_size"]))


def _check(error: Exception, n_items: int, what: str) -> None:
    """Raises the error again, or as UserError, unless half as many items may fit."""
    torch = sys.modules.get("torch")
    full = torch is not None and isinstance(error, torch.OutOfMemoryError)
    if full or isinstance(error, MemoryError) or CPU_REFUSED in str(error):
        if n_items > 1:
            return
        raise UserError(
            f"{what}: there is no memory for even one at a time. End what else uses it, or choose another --device; "
            "what was made so far is kept, and the same command goes on from there."
        ) from error
    if "CUDA error" in str(error):
        raise UserError(
            f"{what}: the GPU failed ({str(error).splitlines()[0]}). What was made so far is kept: the same command "
            "goes on from there, and with --device cpu without the GPU."
        ) from error
    raise error


def _give_back() -> None:
    """Frees what the failed batch held: for the next one, and for others on the GPU."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
