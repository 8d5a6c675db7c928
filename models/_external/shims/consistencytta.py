"""ConsistencyTTA: Bai-YT/ConsistencyTTA, easy_inference/inference.py and easy_inference/consistencytta.py, 8ea43b6."""

import os
import sys

import torch
from _speak import SETTINGS, device, speak

os.chdir("easy_inference")
sys.path[0] = os.getcwd()
from consistencytta import ConsistencyTTA  # noqa: E402

SAMPLE_RATE = 16000
model = ConsistencyTTA().to(device()).eval()
model.requires_grad_(False)


@torch.no_grad()
def make(text, seed, duration):
    with torch.autocast(device_type="cuda", dtype=torch.bfloat16, enabled=torch.cuda.is_available()):
        return model(
            [text],
            num_steps=SETTINGS["steps"],
            cfg_scale_input=SETTINGS["guidance"],
            cfg_scale_post=1.0,
            sr=SAMPLE_RATE,
        )


speak(make, SAMPLE_RATE)
