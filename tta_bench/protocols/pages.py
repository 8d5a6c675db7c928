"""Protocols and metrics to read: every knob, and why."""

from __future__ import annotations

from dataclasses import asdict

from tta_bench.protocols import PROTOCOLS
from tta_bench.types import BenchmarkProtocol, Preprocessing


def page(protocol: BenchmarkProtocol) -> dict[str, object]:
    """Every knob of a protocol, and why, as plain values."""
    metrics = [
        {
            "name": metric.name,
            "embedder": metric.embedder,
            "layer": metric.layer,
            "against": metric.against,
            "better": metric.better,
            "definition": metric.paper,
            "preprocessing": asdict(metric.preprocessing),
        }
        for metric in protocol.metrics
    ]
    return {"name": protocol.name, "summary": protocol.summary, "why": dict(protocol.why), "metrics": metrics}


def page_text(protocol: BenchmarkProtocol) -> str:
    """A protocol as a page to read: what it is, why its knobs stand as they do, and each metric with every knob."""
    lines = [protocol.name, "=" * len(protocol.name), protocol.summary, "", "Why:"]
    lines += [f"  {knob}: {reason}" for knob, reason in protocol.why.items()]
    for metric in protocol.metrics:
        against = f"against each clip's {metric.against}" if metric.per_clip else f"against the {metric.against} set"
        lines += ["", f"{metric.name} ({metric.better} is better), {metric.embedder}, layer {metric.layer}, "]
        lines[-1] += against if metric.against else "of the generated clips alone"
        lines += [f"  defined by: {metric.paper}", f"  clips: {preprocessing_text(metric.preprocessing)}"]
    return "\n".join(lines)


def preprocessing_text(p: Preprocessing) -> str:
    """What happens to a clip, as one line in the order in which it happens."""
    steps = [f"channel {p.mono}", "DC removed" if p.remove_dc else "DC kept", f"{p.resampler} to {p.sample_rate} Hz"]
    steps += [f"the {p.long} {p.max_duration:g} s" if p.max_duration else "never cut"]
    steps += [f"level {p.peak}", f"quantised {p.quantise}"]
    short = "left out" if p.pad == "none" else f"padded ({p.pad})"
    steps += [f"under {p.min_duration:g} s {short}" if p.min_duration else "never padded"]
    if p.window:
        steps += [f"windows of {p.window:g} s every {p.window_hop:g} s, merged by {p.merge}"]
    return ", ".join(steps)


def metric_rows() -> list[dict[str, str]]:
    """Each metric name with its networks, the protocols that have it, its direction and its definitions."""
    names = sorted({metric.name for protocol in PROTOCOLS for metric in protocol.metrics})
    rows = []
    for name in names:
        found = [(p.name, metric) for p in PROTOCOLS for metric in p.metrics if metric.name == name]
        row = {"metric": name, "better": found[0][1].better}
        row["network"] = ", ".join(sorted({metric.embedder for _, metric in found}))
        row["protocols"] = ", ".join(protocol for protocol, _ in found)
        row["definition"] = "; ".join(dict.fromkeys(metric.paper for _, metric in found))
        rows.append(row)
    return rows
