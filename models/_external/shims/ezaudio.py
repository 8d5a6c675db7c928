"""EzAudio: haidog-yaqub/EzAudio, README.md and api/ezaudio.py, 1a5b1e8."""

import math

from _speak import SETTINGS, device, speak
from api.ezaudio import EzAudio

model = EzAudio(model_name=SETTINGS["model"], device=device())


def make(text, seed, duration):
    _, samples = model.generate_audio(
        text,
        length=math.ceil(duration),
        guidance_scale=SETTINGS["guidance"],
        guidance_rescale=SETTINGS["guidance_rescale"],
        ddim_steps=SETTINGS["steps"],
        eta=SETTINGS["eta"],
        random_seed=seed,
    )
    return samples


speak(make, model.params["autoencoder"]["sr"])
