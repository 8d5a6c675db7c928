"""Make-An-Audio 2: bytedance/Make-An-Audio-2, scripts/gen_wav.py, f02ec0a. It needs a GPU.

Where the paper asks ChatGPT for the events of a caption, this gives the caption as one event of the whole clip, as the
authors' ldm/data/joinaudiodataset_struct_anylen.py does with captions that nobody structured.
"""

import math

from _speak import SETTINGS, speak
from scripts.gen_wav import SAMPLE_RATE, VocoderBigVGAN, gen_wav, initialize_model

config = "configs/text2audio-ConcatDiT-ae1dnat_Skl20d2_struct2MLPanylen.yaml"
sampler = initialize_model(config, "useful_ckpts/maa2.ckpt")
vocoder = VocoderBigVGAN("useful_ckpts/bigvgan", device="cuda")


def make(text, seed, duration):
    events = "<%s& all>" % text
    steps, guidance = SETTINGS["steps"], SETTINGS["guidance"]
    return gen_wav(sampler, vocoder, text, events, steps, guidance, math.ceil(duration), 1)[0]


speak(make, SAMPLE_RATE)
