"""Diffsound: yangdongchao/Text-to-sound-Synthesis, Diffsound/evaluation/generate_samples_batch.py, 66d3839.

It needs a GPU; clips last about 10 s.
"""

import os
import sys

import torch
from _speak import SETTINGS, speak

os.chdir("Diffsound")
sys.path[0] = os.getcwd()
from evaluation.generate_samples_batch import Diffsound  # noqa: E402

system = Diffsound(config="evaluation/caps_text.yaml", path="ckpt/diffsound.pth", ckpt_vocoder="ckpt/vocoder")


@torch.no_grad()
def make(text, seed, duration):
    made = system.model.generate_content(
        batch={"text": [text], "image": None},
        filter_ratio=0,
        replicate=1,
        content_ratio=1,
        return_att_weight=False,
        sample_type="top%sr" % SETTINGS["truncation_rate"],
    )
    spectrogram = (made["content"][0].squeeze(0) + 1) / 2
    return system.vocoder(spectrogram.unsqueeze(0).cuda().float()).squeeze().cpu().numpy()


speak(make, 22050)
