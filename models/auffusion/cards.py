"""What is known of each checkpoint: where it is published, on what it was trained, under which licence.

From the README and inference.py of happylittlecat2333/Auffusion, commit f44233d. The training sets of the full
checkpoints are named by later papers only, and their list may be longer.
"""

from __future__ import annotations

from collections.abc import Mapping

from models._shared.cards import Published

PAPER = "Xue et al., Auffusion, IEEE/ACM TASLP 32 (2024), https://arxiv.org/abs/2401.01044"
NON_COMMERCIAL = "CC-BY-NC-SA-4.0 (the repository's; the weights' page may say more)"
REPORTED = " (reported by later papers, not by the authors)"
FULL = ("AudioCaps", "WavCaps" + REPORTED, "MACS" + REPORTED)


def _published(repository: str, trained_on: tuple[str, ...], remark: str = "") -> Published:
    return Published(
        repository,
        trained_on,
        NON_COMMERCIAL,
        remark,
        commercial="No: non-commercial use only.",
        gigabytes=5,
        parameters=859_520_964,
        sample_rate=16000,
        duration=10.24,
        text_encoder="CLIP ViT-L/14",
        settings={"num_inference_steps": 100, "guidance_scale": 7.5, "scheduler": "PNDM", "candidates": 1},
    )


CHECKPOINTS: Mapping[str, Published] = {
    "auffusion": _published("auffusion/auffusion", ("AudioCaps",)),
    "full": _published("auffusion/auffusion-full", FULL),
    "full-no-adapter": _published(
        "auffusion/auffusion-full-no-adapter",
        FULL,
        "Laid out as Stable Diffusion: no adapter, captions filled up to 77 tokens, the empty caption as none.",
    ),
    "pocket": Published(
        None,
        ("scenes of tta_bench, split training",),
        "Apache-2.0",
        "Small enough for two CPU cores; compare it on the board `pocket` only.",
        commercial="Yes, under the terms of the licence.",
        sample_rate=16000,
        text_encoder="all-MiniLM-L6-v2",
        verified=True,
    ),
}
