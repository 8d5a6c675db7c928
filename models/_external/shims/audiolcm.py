"""AudioLCM: Text-to-Audio/AudioLCM, pythonscripts/InferAPI.py, 51db10c. It needs a GPU; clips last 10 s.

InferAPI fixes two steps and a guidance of 5, and describes a caption as one event of the whole clip.
"""

import os
import tempfile

import soundfile
import torch
from _speak import speak
from omegaconf import OmegaConf
from pythonscripts.InferAPI import GenSamples, LCMSampler, VocoderBigVGAN, load_model_from_config

config = OmegaConf.load("configs/audiolcm.yaml")
model = load_model_from_config(config, "ckpts/audiolcm.ckpt")
vocoder = VocoderBigVGAN("vocoder/logs/bigvnat16k93.5w", torch.device("cuda"))


@torch.no_grad()
def make(text, seed, duration):
    with tempfile.TemporaryDirectory() as folder, model.ema_scope():
        steps = config.model.params.num_ddim_timesteps
        maker = GenSamples(LCMSampler(model), model, folder, vocoder, save_mel=False, original_inference_steps=steps)
        maker.gen_test_sample({"ori_caption": text, "struct_caption": "<%s& all>" % text}, wav_name="clip")
        return soundfile.read(os.path.join(folder, "clip_0.wav"))[0]


speak(make, 16000)
