"""How far `score` is from the floor: the bare forward passes of its networks. Run: python benchmarks/score.py CLIPS

On the clips of a folder, under the protocol `strict` with random weights of Cnn14, VGGish and CLAP (HTSAT-tiny), in
turn in one run:

    score   the whole command in a fresh store: start, checks, decoding, resampling, mel, networks, values, tables
    bare    the same networks with the same layouts and batches on log-mels that are in memory already
    peer    audioldm_eval's steps for Cnn14 and VGGish as its packages do them: file by file, batches of one
    again   1,000 clips whose features are stored: values alone, and with every interval

Needs `make peers`, which also writes the random weights. Prints a table; seconds compare within one run only.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tta_bench import arguments, checking, originals  # noqa: E402
from tta_bench.store import Store  # noqa: E402
from tta_bench.types import Clip  # noqa: E402

BATCH = 8
DURATION = 10
METRICS = "FD_PANNs,FAD_VGGish,KL_PANNs,IS_PANNs,CLAP_LAION"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="a folder of audio files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", default="floor,peer,again", help="which of them to measure")
    parser.add_argument("--bare", type=int, metavar="N", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        print(bare_seconds(arguments.bare))
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        n = write_prompts(arguments.clips, work / "prompts.csv")
        random_weights(work / "weights")
        rows: dict[str, list[float]] = {}
        if "floor" in arguments.parts:
            rows |= compare(arguments.clips, work, n, arguments.rounds)
        if "peer" in arguments.parts:
            rows |= peer(arguments.clips, work)
        if "again" in arguments.parts:
            rows |= rescore(work)
    for name, figures in rows.items():
        print(f"{name:44} min {min(figures):8.2f}  median {statistics.median(figures):8.2f}  max {max(figures):8.2f}")


def write_prompts(clips: Path, path: Path) -> int:
    """A prompt a clip; returns how many."""
    names = sorted(file.stem for file in clips.iterdir() if file.suffix in (".wav", ".flac", ".mp3", ".ogg"))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "caption"), *((name, f"the sound of {name}") for name in names)])
    return len(names)


def random_weights(folder: Path) -> None:
    """Random files in the published formats."""
    panns, vggish = folder / "Cnn14_16k_mAP=0.438.pth", folder / "vggish-10086976.pth"
    clap = folder / "clap-630k-audioset-best"
    job = {
        "tokenizer": {"task": "random_tokenizer", "folder": str(clap), "words": ["the", "sound", "of"]},
        "panns": {"task": "random_panns", "path": str(panns), "sample_rate": 16_000, "seed": 0},
        "vggish": {"task": "random_vggish", "path": str(vggish), "seed": 0},
        "clap": {
            "task": "random_laion_clap",
            "path": str(clap / "630k-audioset-best.pt"),
            "tokenizer": str(clap),
            "audio_tower": "HTSAT-tiny",
            "fusion": False,
            "seed": 0,
        },
    }
    originals.run(job, python=originals.environment(), timeout=1200)


def compare(clips: Path, work: Path, n: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of `score`, of the bare forward passes, and their ratio, round by round."""
    found: dict[str, list[float]] = {f"score, {n} clips, s": [], "bare forward passes, s": [], "score / bare": []}
    whole, bare, ratio = found.values()
    for turn in range(rounds):
        whole.append(clocked(lambda store=work / f"store{turn}": score(clips, work, store)))
        bare.append(float(subprocess.check_output([sys.executable, __file__, str(clips), "--bare", str(n)], text=True)))
        ratio.append(whole[-1] / bare[-1])
    return found


def peer(clips: Path, work: Path) -> dict[str, list[float]]:
    """Seconds of `score` without CLAP, of audioldm_eval's steps for the same networks, and their ratio."""
    ours = clocked(lambda: score(clips, work, work / "fresh", metrics=METRICS.replace(",CLAP_LAION", "")))
    theirs = clocked(lambda: peer_steps(clips, work))
    return {"score without CLAP, s": [ours], "audioldm_eval's steps, s": [theirs], "peer / score": [theirs / ours]}


def clocked(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def score(clips: Path, work: Path, store: Path, *more: str, metrics: str = METRICS) -> None:
    """The command; clips are their own references, so each is embedded once."""
    files = ["--generated", f"model={clips}", "--references", clips, "--prompts", work / "prompts.csv"]
    where = ["--store", store, "--out", work / "out", "--weights-dir", work / "weights", "--trust-weights"]
    how = ["--protocol", "strict", "--metrics", metrics, "--batch-size", BATCH, "--json", *more]
    command = [sys.executable, ROOT / "benchmark.py", "score", *files, *where, *how]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def bare_seconds(n: int) -> float:
    """Seconds for n clips of 10 s through the three networks, from log-mels in memory, in batches of `BATCH`."""
    import torch

    from tta_bench.embedders import clap, panns, vggish
    from tta_bench.embedding import keep_freed_memory

    keep_freed_memory()
    torch.manual_seed(0)
    cnn14 = panns.Cnn14(
        panns.PublishedCnn14(512).eval(), panns.VARIANTS["cnn14-16k"], device="cpu", dtype=torch.float32
    )
    patches = vggish.VggishNetwork().eval().to(memory_format=torch.channels_last)
    tiny = clap.ClapNetwork(clap.HTSAT_TINY).eval()
    inputs = [torch.randn(BATCH, 64, 1001), torch.randn(10 * BATCH, 96, 64), torch.randn(BATCH, 64, 1001)]
    caption = torch.randint(4, 50_000, (BATCH, 10)), torch.ones(BATCH, 10, dtype=torch.bool)

    def cnn14_forward(log_mel: torch.Tensor) -> torch.Tensor:
        x = cnn14._features(log_mel)
        return cnn14._head(cnn14._hidden(x.amax(dim=2) + x.mean(dim=2)))

    def clap_forward(log_mel: torch.Tensor) -> None:
        tiny.embed_audio(log_mel)
        tiny.embed_text(*caption)

    forwards = [cnn14_forward, patches, clap_forward]
    with torch.inference_mode():
        for _ in range(3):  # until memory is mapped and kernels are chosen
            for forward, batch in zip(forwards, inputs, strict=True):
                forward(batch)
        start = time.perf_counter()
        for _ in range(n // BATCH):
            for forward, batch in zip(forwards, inputs, strict=True):
                forward(batch)
        return time.perf_counter() - start


def peer_steps(clips: Path, work: Path) -> None:
    """FD, KL, IS and FAD by the packages of audioldm_eval's steps, the clips as their own references."""
    files = [str(file) for file in sorted(clips.iterdir()) if file.suffix in (".wav", ".flac", ".mp3", ".ogg")]
    panns = {"checkpoint": str(work / "weights" / "Cnn14_16k_mAP=0.438.pth"), "sample_rate": 16_000}
    vggish = {"checkpoint": str(work / "weights" / "vggish-10086976.pth")}
    job = {
        "panns": {"task": "score_panns", "generated": files, "reference": [], **panns},
        "vggish": {"task": "vggish", "files": files, **vggish},
    }
    originals.run(job, python=originals.environment(), timeout=3600)


def rescore(work: Path, n: int = 1000) -> dict[str, list[float]]:
    """Seconds to score n clips, against n others, from stored features: values alone, and with every interval."""
    rng = np.random.default_rng(0)
    store = Store(work / "again")
    from tta_bench import audio

    for folder in ("generated", "references"):
        (work / folder).mkdir()
        for i in range(n):
            clip = Clip(rng.standard_normal(16_000).astype(np.float32) / 10, 16_000)
            audio.encode(work / folder / f"clip{i}.wav", clip)
    (work / "prompts.csv").write_text("id,caption\n" + "".join(f"clip{i},caption {i}\n" for i in range(n)))
    fill(store, work, rng)
    os.sync()  # what was written to prepare this is not part of it
    found: dict[str, list[float]] = {}
    for name, flag in (("values", "--no-intervals"), ("values and intervals", "--intervals")):
        files = ["--generated", work / "generated", "--references", work / "references"]
        files += ["--prompts", work / "prompts.csv", "--store", store.root, "--out", work / "out"]
        how = ["--weights-dir", work / "weights", "--trust-weights", "--protocol", "strict", "--metrics", METRICS, flag]
        command = [str(part) for part in [sys.executable, ROOT / "benchmark.py", "score", *files, *how, "--json"]]
        run = lambda command=command: subprocess.run(command, check=True, capture_output=True)  # noqa: E731
        found[f"again, {n} clips, {name}, s"] = [clocked(run) for _ in range(3)]
    return found


def fill(store: Store, work: Path, rng: np.random.Generator) -> None:
    """Random features for every clip and caption, under the keys that `score` looks for."""
    settings = checking.Settings(store, weights_dir=work / "weights", trust_weights=True)
    board = arguments.make_board(work / "prompts.csv", "strict", METRICS)
    folders = {"generated": work / "generated"}
    gathered = checking.gather(board, folders, work / "references", [], settings, lambda *_: None)
    layers = {
        "panns": {"embedding": (2048,), "logits": (527,)},
        "vggish": {"frames": (10, 128)},
        "clap": {"embedding": (512,)},
    }
    clips = [*gathered.references.values(), *gathered.contestants[0].clips.values()]
    for stage in dict.fromkeys(gathered.stages.values()):
        shapes = layers[stage.key.embedder.partition(":")[0]]
        keys = [stage.key.of(clip.sha256) for clip in clips]
        for key in keys:
            store.write_features(key, {name: rng.standard_normal(shape) for name, shape in shapes.items()})
        for prompt in board.prompts.prompts if "clap" in stage.key.embedder else ():
            store.write_features(stage.text_key(prompt.text), {"embedding": rng.standard_normal(512)})


if __name__ == "__main__":
    main()
