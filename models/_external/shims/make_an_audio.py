"""Make-An-Audio: Text-to-Audio/Make-An-Audio, gen_wav.py, 0d84177. It needs a GPU."""

import math

from _speak import SETTINGS, speak
from gen_wav import SAMPLE_RATE, VocoderBigVGAN, gen_wav, initialize_model

sampler = initialize_model("configs/text_to_audio/txt2audio_args.yaml", "useful_ckpts/maa1_full.ckpt")
vocoder = VocoderBigVGAN("useful_ckpts/bigvgan", device="cuda")


def make(text, seed, duration):
    return gen_wav(sampler, vocoder, text, SETTINGS["steps"], SETTINGS["guidance"], math.ceil(duration), 1)[0]


speak(make, SAMPLE_RATE)
