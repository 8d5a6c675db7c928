"""A set of short noisy clips, and a recipe of networks that are as small as networks can be."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.auffusion.training.recipe import Recipe, read_recipe
from models.auffusion.training.shards import ClipSet, Example, make

TINY = """
duration = 0.512
coordinates = ["time"]
unconditional = "empty"

[data]
n_held_out = 2

[mel]
n_fft = 1024
hop_length = 256
n_mels = 32
floor = 1e-4
ceiling = 20.0
channels = 1
flipped = false
peak = "none"

[[conditions]]
condition_type = "all-MiniLM-L6-v2_tokens"
condition_adapter_name = "condition_adapter_0"
condition_max_length = 12
condition_dim = 384
cross_attention_dim = 16
attention_mask = true

[[conditions]]
condition_type = "events"
text_encoder_name = "reader"
condition_adapter_name = "condition_adapter_1"
condition_max_length = 3
condition_dim = 74
cross_attention_dim = 16
attention_mask = true

[reader]
data = { n = 6, n_held_out = 2 }
network = { n_slots = 3, width = 8, n_layers = 1, n_heads = 2, dropout = 0.1 }
schedule = { steps = 4, batch_size = 2 }

[vae.network]
in_channels = 64
out_channels = 64
latent_channels = 4
block_out_channels = [32]
down_block_types = ["DownEncoderBlock2D"]
up_block_types = ["UpDecoderBlock2D"]
norm_num_groups = 4
mid_block_add_attention = false

[vae.schedule]
steps = 4
batch_size = 2
warm_up = 2

[vae.losses]
fooling = 0.1
matching = 0.1
judged_from = 2

[vocoder.network]
num_mels = 32
upsample_rates = [16, 16]
upsample_kernel_sizes = [32, 32]
upsample_initial_channel = 8
resblock = "2"
resblock_kernel_sizes = [3]
resblock_dilation_sizes = [[1, 2]]

[vocoder.schedule]
steps = 4
batch_size = 2
betas = [0.8, 0.99]

[vocoder.losses]
judged_from = 2
crop = 8

[unet.network]
in_channels = 5
out_channels = 4
block_out_channels = [16, 16]
down_block_types = ["DownBlock2D", "CrossAttnDownBlock2D"]
up_block_types = ["CrossAttnUpBlock2D", "UpBlock2D"]
layers_per_block = 1
cross_attention_dim = 16
attention_head_dim = 2
norm_num_groups = 4

[unet.schedule]
steps = 4
batch_size = 4
accumulate = 2

[unet.diffusion]
snr_cap = 5.0
no_caption = 0.5
token_noise = 0.5
token_dropout = 0.2

[scheduler]
_class_name = "DPMSolverMultistepScheduler"
num_train_timesteps = 1000
beta_schedule = "scaled_linear"
beta_start = 0.00085
beta_end = 0.012
prediction_type = "v_prediction"
timestep_spacing = "trailing"

[sampling]
num_inference_steps = 2
guidance_scale = 2.0
"""


@dataclass(frozen=True)
class Noises:
    """Noise that is louder in every clip, said in one or two ways; see `shards.Source`."""

    n: int
    seed: int = 0

    def __len__(self) -> int:
        return self.n

    def example(self, index: int) -> Example:
        """0.512 s."""
        rng = np.random.default_rng([self.seed, index])
        swell = np.sin(np.linspace(0, 3 * (1 + index), 8192)) * 0.05 * (1 + index)
        samples = (swell * rng.standard_normal(8192)).astype(np.float32)
        return Example(samples, ("noise", "a hiss")[: 1 + index % 2])

    def identity(self, index: int) -> str:
        """`noise 3 of seed 0`."""
        return f"noise {index} of seed {self.seed}"


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sets `train` and `validation`."""
    folder = tmp_path_factory.mktemp("data")
    make(folder / "train", Noises(6), shard_size=4)
    make(folder / "validation", Noises(2, seed=1))
    return folder


@pytest.fixture
def clips(data: Path) -> ClipSet:
    """The set to train on."""
    return ClipSet(data / "train")


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """The recipe `TINY`."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(TINY)
    return read_recipe(str(path))
