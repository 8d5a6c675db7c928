"""SoundCTM, the U-Net at 16 kHz: sony/soundctm, ctm_inference.py and ctm_inference.sh, 84c5770.

That script reads the averaged weights too, but never puts them into the network; neither does this.
"""

import json

import torch
from _speak import SETTINGS, device, speak
from ctm.inference_sampling import karras_sample
from ctm.script_util import create_model_and_diffusion
from tango_edm.models_edm import build_pretrained_models


class Arguments(dict):
    """What it was trained with; a name that is not there is None."""

    __getattr__ = dict.get


with open("soundctm_ckpt/030000/summary.jsonl") as file:
    trained = Arguments(json.loads(file.readline()))
vae = build_pretrained_models("audioldm-s-full", "ckpt/audioldm-s-full.ckpt")[0].to(device())
model, diffusion = create_model_and_diffusion(trained, teacher=False)
model.load_state_dict(torch.load("soundctm_ckpt/030000/pytorch_model.bin", map_location=device()))
model = model.to(device()).eval()


@torch.no_grad()
def make(text, seed, duration):
    latents = karras_sample(
        diffusion=diffusion,
        model=model,
        shape=(1, trained.latent_channels, trained.latent_t_size, trained.latent_f_size),
        steps=SETTINGS["steps"],
        cond=[text],
        nu=SETTINGS["nu"],
        model_kwargs={},
        device=device(),
        omega=SETTINGS["omega"],
        sampler="determinisitc",  # sic
        gamma=0.0,
        sigma_min=trained.sigma_min,
        sigma_max=trained.sigma_max,
    )
    return vae.decode_to_waveform(vae.decode_first_stage(latents)).cpu().numpy()


speak(make, 16000)
