"""Protocols: the named settings under which numbers can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tta_bench import plugins
from tta_bench.protocols import pocket, published
from tta_bench.types import BenchmarkProtocol

__all__ = ["PROTOCOLS", "find", "only"]

PROTOCOLS = (pocket.PROTOCOL, *published.PROTOCOLS)


def find(name: str) -> BenchmarkProtocol:
    """The protocol of that name. Raises UserError with the nearest names if there is none."""
    known = {protocol.name: protocol for protocol in PROTOCOLS}
    return known[plugins.choose(name, known, kind="protocol")]


def only(protocol: BenchmarkProtocol, names: Sequence[str]) -> BenchmarkProtocol:
    """The protocol with some of its metrics, in its own order; with all of them if none is named."""
    known = [metric.name for metric in protocol.metrics]
    wanted = {plugins.choose(name, known, kind=f"metric in protocol {protocol.name}") for name in names}
    return replace(protocol, metrics=tuple(m for m in protocol.metrics if not wanted or m.name in wanted))
