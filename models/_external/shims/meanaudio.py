"""MeanAudio: xiquan-li/MeanAudio, infer.py, scripts/meanflow/eval_meanflow.sh and meanaudio/eval_utils.py, 8740a3e."""

import torch
from _speak import SETTINGS, device, speak
from meanaudio.eval_utils import all_model_cfg, generate_mf
from meanaudio.model.mean_flow import MeanFlow
from meanaudio.model.networks import get_mean_audio
from meanaudio.model.utils.features_utils import FeaturesUtils

place = device()
config = all_model_cfg[SETTINGS["variant"]]
network = get_mean_audio(config.model_name, use_rope=True, text_c_dim=512).to(place).eval()
network.load_weights(torch.load(SETTINGS["weights"], map_location=place, weights_only=True))
features = FeaturesUtils(
    tod_vae_ckpt=config.vae_path,
    enable_conditions=True,
    encoder_name="t5_clap",
    mode=config.mode,
    bigvgan_vocoder_ckpt=config.bigvgan_16k_path,
    need_vae_encoder=False,
)
features = features.to(place).eval()
flow = MeanFlow(steps=SETTINGS["steps"])


@torch.inference_mode()
def make(text, seed, duration):
    config.seq_cfg.duration = duration
    network.update_seq_lengths(config.seq_cfg.latent_seq_len)
    clips = generate_mf(
        [text],
        negative_text=[""],
        feature_utils=features,
        net=network,
        mf=flow,
        rng=torch.Generator(device=place).manual_seed(seed),
        cfg_strength=SETTINGS["guidance"],
    )
    return clips.float().cpu()[0].numpy()


speak(make, config.seq_cfg.sampling_rate)
