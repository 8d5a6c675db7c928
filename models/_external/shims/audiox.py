"""AudioX from text alone: ZeyueT/AudioX, README.md and stable_audio_tools/inference/generation.py, ca179cc."""

import json

import torch
from _speak import SETTINGS, device, speak
from stable_audio_tools.inference.generation import generate_diffusion_cond
from stable_audio_tools.models.factory import create_model_from_config
from stable_audio_tools.models.utils import load_ckpt_state_dict

SECONDS = 10  # that it was trained on
with open("model/config.json") as file:
    config = json.load(file)
model = create_model_from_config(config)
model.load_state_dict(load_ckpt_state_dict("model/model.ckpt"))
model = model.to(device())
video = torch.zeros(1, SECONDS * config["video_fps"], 3, 224, 224)
sound = torch.zeros(1, 2, SECONDS * config["sample_rate"])


def make(text, seed, duration):
    prompt = {"video_prompt": [video], "text_prompt": text, "audio_prompt": sound}
    clips = generate_diffusion_cond(
        model,
        conditioning=[{**prompt, "seconds_start": 0, "seconds_total": SECONDS}],
        steps=SETTINGS["steps"],
        cfg_scale=SETTINGS["guidance"],
        sigma_min=SETTINGS["sigma_min"],
        sigma_max=SETTINGS["sigma_max"],
        sampler_type=SETTINGS["sampler"],
        sample_size=config["sample_size"],
        seed=seed,
        device=device(),
    )
    return clips[0].float().cpu().numpy()[:, : SECONDS * config["sample_rate"]]


speak(make, config["sample_rate"])
