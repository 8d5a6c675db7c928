"""The protocol of the board `pocket`: networks that come with the suite, and prompts whose events are known."""

from __future__ import annotations

from tta_bench.metrics import divergence, events
from tta_bench.metrics.segments import Detector
from tta_bench.protocols.columns import clap, event_metric, fd, inception, kl
from tta_bench.protocols.published import AISFX_44K
from tta_bench.types import BenchmarkProtocol, Preprocessing

AISFX, TAGGER, CLAP = "aisfx:sfx-0.1.2", "pocket_tagger:v1", "pocket_clap:v1"
POCKET_16K = Preprocessing(16_000, "mean", False, "soxr_vhq", pad="zero", min_duration=0.96)


def detector() -> Detector:
    """How the pocket tagger's probabilities become segments: its own classes, 12.5 frames a second, threshold 0.5."""
    from tta_bench.scenes.sounds import SOUNDS  # late, because other protocols need no synthesiser

    return Detector(tuple(SOUNDS), 12.5)


PROTOCOL = BenchmarkProtocol(
    "pocket",
    (
        fd("FD_AISFX", AISFX, AISFX_44K, paper="AISFX; FD as audioldm_eval"),
        kl("KL_AISFX", AISFX, AISFX_44K, paper="AISFX; KL as audioldm_eval", compute=divergence.kl_softmax),
        inception("IS_AISFX", AISFX, AISFX_44K, paper="AISFX; IS as audioldm_eval"),
        fd("FAD_pocket", TAGGER, POCKET_16K, paper="FAD over the pocket tagger's windows of 0.96 s", layer="frames"),
        clap(CLAP, POCKET_16K, paper="cosine of pocket_clap's embeddings", name="CLAP_pocket"),
        *(
            event_metric(compute, TAGGER, POCKET_16K, detector=detector, applies=applies)
            for compute, applies in (
                (events.event_recall, events.has_events),
                (events.event_precision, events.has_events),
                (events.event_f1, events.has_events),
                (events.event_count, events.is_counted),
                (events.event_order, events.has_order),
                (events.event_relation, events.has_relation),
            )
        ),
    ),
    "The board `pocket`: small networks trained by this suite on its own scenes, and prompts whose events are known.",
    {
        "comparison": "with other numbers of the board `pocket` only: the networks know rendered scenes, no recordings",
        "events": "judged by the pocket tagger, which errs too: read them beside the row `recordings`",
        "count, order, relation": "over the prompts that count something, tell an order, or tell what sounds at once",
    },
)
