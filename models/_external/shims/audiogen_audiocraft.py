"""AudioGen in audiocraft: facebookresearch/audiocraft, docs/AUDIOGEN.md and audiocraft/models/audiogen.py, 896ec7c."""

from _speak import SETTINGS, speak
from audiocraft.models import AudioGen

model = AudioGen.get_pretrained(SETTINGS["weights"])


def make(text, seed, duration):
    model.set_generation_params(
        duration=duration,
        top_k=SETTINGS["top_k"],
        temperature=SETTINGS["temperature"],
        cfg_coef=SETTINGS["guidance"],
        extend_stride=SETTINGS["extend_stride"],
    )
    return model.generate([text])[0].cpu().numpy()


speak(make, model.sample_rate)
