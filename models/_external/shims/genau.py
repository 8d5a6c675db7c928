"""GenAU: snap-research/GenAU, GenAU/scripts/text_to_audio.py and GenAU/src/models/genau_ddpm.py, 88f4280."""

import os
import sys
import tempfile

import soundfile
import torch
from _speak import SETTINGS, speak

os.chdir("GenAU")
sys.path[0] = os.getcwd()
from src.tools.configuration import Configuration  # noqa: E402
from src.utilities.model.model_util import instantiate_from_config  # noqa: E402

stem = "pretrained_models/genau/" + SETTINGS["model"]
config = Configuration(stem + ".yaml").get_config()
config["model"]["params"]["ckpt_path"] = stem + ".ckpt"
model = instantiate_from_config(config["model"]).eval().cuda()


@torch.no_grad()
def make(text, seed, duration):
    with tempfile.TemporaryDirectory() as folder:
        # The first noise is drawn from the name of the file, the rest from torch.
        path = model.text_to_audio(
            text,
            fname="seed%d" % seed,
            waveform_save_dir=folder,
            ddim_steps=SETTINGS["steps"],
            unconditional_guidance_scale=SETTINGS["guidance"],
            n_gen=SETTINGS["candidates"],
            use_ema=config.get("force_use_ema", False),
        )
        return soundfile.read(path)[0]


speak(make, 16000)
