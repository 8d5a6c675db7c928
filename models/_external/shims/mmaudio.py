"""MMAudio from text alone: hkchengrex/MMAudio, demo.py without a video, and mmaudio/eval_utils.py, 974010a."""

import torch
from _speak import SETTINGS, device, speak
from mmaudio.eval_utils import all_model_cfg, generate
from mmaudio.model.flow_matching import FlowMatching
from mmaudio.model.networks import get_my_mmaudio
from mmaudio.model.utils.features_utils import FeaturesUtils

place, precision = device(), torch.bfloat16
config = all_model_cfg[SETTINGS["variant"]]
network = get_my_mmaudio(config.model_name).to(place, precision).eval()
network.load_weights(torch.load(config.model_path, map_location=place, weights_only=True))
features = FeaturesUtils(
    tod_vae_ckpt=config.vae_path,
    synchformer_ckpt=config.synchformer_ckpt,
    enable_conditions=True,
    mode=config.mode,
    bigvgan_vocoder_ckpt=config.bigvgan_16k_path,
    need_vae_encoder=False,
)
features = features.to(place, precision).eval()
flow = FlowMatching(min_sigma=0, inference_mode="euler", num_steps=SETTINGS["steps"])


@torch.inference_mode()
def make(text, seed, duration):
    lengths = config.seq_cfg
    lengths.duration = duration
    network.update_seq_lengths(lengths.latent_seq_len, lengths.clip_seq_len, lengths.sync_seq_len)
    clips = generate(
        None,
        None,
        [text],
        negative_text=[""],
        feature_utils=features,
        net=network,
        fm=flow,
        rng=torch.Generator(device=place).manual_seed(seed),
        cfg_strength=SETTINGS["guidance"],
    )
    return clips.float().cpu()[0].numpy()


speak(make, config.seq_cfg.sampling_rate)
