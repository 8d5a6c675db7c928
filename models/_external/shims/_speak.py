"""What the programs here share: the protocol of docs/external-models.md, in a system's environment (Python 3.8, numpy).

A program is started in the system's folder, as `program.py SETTINGS PROMPTS OUT`; SETTINGS is the recipe's, in JSON.
"""

import json
import os
import platform
import random
import sys
import traceback
import wave

import numpy as np

sys.path[0] = os.getcwd()  # in place of this folder, whose files have the names of packages
SETTINGS = json.loads(sys.argv[1])


def device():
    """Where networks run."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def speak(make, sample_rate):
    """Answers every prompt with `make(text, seed, duration)`, samples `(n,)` or `(n_channels, n)` of full scale 1."""
    prompts, out = sys.argv[2:]
    report(out, about=versions())
    with open(prompts, encoding="utf-8") as lines:
        jobs = [json.loads(line) for line in lines]
    for job in jobs:
        print("progress:", job["id"], flush=True)
        seed_all(job["seed"])
        name = "%s.wav" % job["id"]
        try:
            write(os.path.join(out, name), make(job["text"], job["seed"], job["duration"]), sample_rate)
        except (RuntimeError, ValueError) as error:  # memory, and captions that the system cannot take
            traceback.print_exc()
            report(out, id=job["id"], error=str(error))
            continue
        report(out, id=job["id"], file=name)


def seed_all(seed):
    """Seeds whatever a system may draw from."""
    random.seed(seed)
    np.random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def versions():
    """Python and the packages that matter most."""
    found = {name: getattr(sys.modules.get(name), "__version__", None) for name in ("numpy", "torch", "transformers")}
    return {"python": platform.python_version(), "packages": found, "device": device() if found["torch"] else "cpu"}


def report(out, **line):
    """Adds a line to the manifest."""
    with open(os.path.join(out, "manifest.jsonl"), "a") as manifest:
        print(json.dumps(line), file=manifest)


def write(path, samples, sample_rate):
    """A wav of 16 bits. NaN cannot be written, and is a fault of the clip."""
    samples = np.atleast_2d(np.asarray(samples, dtype=np.float64))
    if not np.isfinite(samples).all():
        raise ValueError("NaN or infinite samples")
    with wave.open(path, "wb") as file:
        file.setparams((len(samples), 2, int(sample_rate), 0, "NONE", ""))
        file.writeframes(np.clip(np.rint(samples.T * 32768), -32768, 32767).astype("<i2").tobytes())
