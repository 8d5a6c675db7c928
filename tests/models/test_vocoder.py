"""HiFi-GAN, against the authors' Generator with the same random weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.auffusion.vocoder import HiFiGAN, VocoderSettings, fold_weight_norm, settings_of
from tta_bench.types import UserError

GOLDEN = np.load(Path(__file__).parent.parent / "golden" / "auffusion_vocoder.npz")


def vocoder(maker: Any, name: str) -> HiFiGAN:
    network = HiFiGAN(settings_of(maker.VOCODERS[name], name)).eval()
    network.load_state_dict(fold_weight_norm(maker.vocoder_state(maker.VOCODERS[name])))
    return network


@pytest.mark.parametrize("name", ["even", "odd"])
def test_samples_are_the_authors(maker: Any, name: str) -> None:
    """Both kinds of residual block, and kernels longer than their rate by an even and by an odd number."""
    network = vocoder(maker, name)
    with torch.no_grad():
        samples = network(maker.log_mel(network.settings.num_mels))
    assert samples.shape == (1, 24 * network.settings.hop_length)
    assert np.abs(samples[0].numpy() - GOLDEN[f"vocoder-{name}"]).max() < 1e-5


@pytest.mark.parametrize("name", ["even", "odd"])
def test_the_published_layout_is_the_authors(maker: Any, name: str) -> None:
    made = maker.vocoder_state(maker.VOCODERS[name])
    assert [f"{key} {tuple(made[key].shape)}" for key in sorted(made)] == GOLDEN[f"layout-{name}"].tolist()


def test_both_of_torchs_weight_norms_fold_to_the_weight_that_they_stand_for() -> None:
    layer = torch.nn.ConvTranspose1d(4, 6, 3)
    weight = layer.weight.detach().clone()
    modern = torch.nn.utils.parametrizations.weight_norm(layer).state_dict()
    old = {"bias": modern["bias"]}
    old |= {"weight_g": modern["parametrizations.weight.original0"]}
    old |= {"weight_v": 3 * modern["parametrizations.weight.original1"]}
    for state in (modern, old):
        folded = fold_weight_norm({f"up.{key}": tensor for key, tensor in state.items()})
        assert set(folded) == {"up.weight", "up.bias"}
        assert torch.allclose(folded["up.weight"], weight, atol=1e-6)


def test_weights_without_norm_stay_as_they_are(maker: Any) -> None:
    folded = fold_weight_norm(maker.vocoder_state(maker.VOCODERS["odd"]))
    assert fold_weight_norm(folded) == folded


def test_a_norm_without_its_direction_is_refused() -> None:
    with pytest.raises(UserError, match=r"conv\.weight_v"):
        fold_weight_norm({"conv.weight_g": torch.ones(2, 1, 1)})


def test_a_sound_does_not_depend_on_its_neighbours(maker: Any) -> None:
    network = vocoder(maker, "odd")
    mels = maker.log_mel(20)
    with torch.no_grad():
        together, alone = network(torch.cat([mels, mels.flip(2)])), network(mels)
    assert torch.allclose(together[:1], alone, atol=1e-6)


def test_sizes_that_a_file_does_not_state_are_named(maker: Any) -> None:
    config = dict(maker.VOCODERS["even"])
    del config["upsample_rates"]
    with pytest.raises(UserError, match=r"vocoder/config\.json does not state upsample_rates"):
        settings_of(config, "vocoder/config.json")


def test_sizes_are_read_as_they_are_stated(maker: Any) -> None:
    settings = settings_of({**maker.VOCODERS["even"], "learning_rate": 2e-4}, "config.json")
    assert isinstance(settings, VocoderSettings)
    assert settings.hop_length == 160
    assert settings.resblock_dilation_sizes == ((1, 3, 5), (1, 3, 5))
