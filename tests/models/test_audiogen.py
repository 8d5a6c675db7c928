"""AudioGen: audiocraft's packages in transformers' networks, against its own code, and its clips one by one."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml  # type: ignore[import-untyped]
from numpy.typing import NDArray
from transformers import MusicgenDecoderConfig, MusicgenForCausalLM, T5Config, T5EncoderModel

from models import audiogen
from models._shared.codes import CodeWriter
from models._shared.folders import files_in
from tests.golden.make_audiogen import SEANET, TEXT_WIDTH, WRITER, random_state
from tests.models import tiny
from tta_bench.types import UserError

CAPTIONS = ["a dog barks, then rain falls on a tin roof", "rain"]
GOLDEN = Path(__file__).parent.parent / "golden" / "audiogen.npz"
PATTERN = {"modeling": "delay", "delay": {"delays": [0, 1, 2, 3]}}


def pack(path: Path, state: dict[str, Any], config: dict[str, Any]) -> None:
    """As `export_lm` and `export_encodec` of audiocraft do."""
    torch.save({"best_state": state, "xp.cfg": yaml.dump(config), "version": "1.3.0", "exported": True}, path)


@pytest.fixture(scope="module")
def golden() -> dict[str, NDArray[Any]]:
    return dict(np.load(GOLDEN))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, golden: dict[str, NDArray[Any]]) -> Path:
    """A folder with facebook/audiogen-medium's two files and a T5."""
    root = tmp_path_factory.mktemp("audiogen")
    states = {name: random_state(json.loads(str(golden[name]))) for name in ("writer", "codec")}
    pack(root / audiogen.WRITER, states["writer"], {"transformer_lm": WRITER, "codebooks_pattern": PATTERN})
    codec = {
        "sample_rate": 1600,
        "channels": 1,
        "encodec": {"causal": SEANET["causal"]},
        "seanet": SEANET | {"channels": "${channels}", "decoder": {"trim_right_ratio": 1.0}},
        "rvq": {"n_q": WRITER["n_q"], "bins": WRITER["card"]},
    }
    pack(root / audiogen.CODEC, states["codec"], codec)
    n_words = tiny.write_t5_tokenizer(root / audiogen.TEXT)
    text = T5Config(d_model=TEXT_WIDTH, d_kv=8, d_ff=32, num_layers=2, num_heads=2, vocab_size=n_words)
    tiny.write_transformers(root / audiogen.TEXT, T5EncoderModel(text), 4)
    return root


@pytest.fixture(scope="module")
def model(folder: Path) -> CodeWriter:
    return audiogen.load(str(folder), files_in(folder))


@torch.no_grad()
def test_the_writer_says_of_what_follows_what_audiocraft_says(
    model: CodeWriter, golden: dict[str, NDArray[Any]]
) -> None:
    told = model.network.enc_to_dec_proj(torch.from_numpy(golden["told"]))
    codes = torch.from_numpy(golden["codes"])
    found = model.network.decoder(input_ids=codes.flatten(0, 1), encoder_hidden_states=told).logits
    ours = found.unflatten(0, (2, WRITER["n_q"])).numpy()
    assert np.abs(golden["logits"]).max() > 1
    assert np.abs(ours - golden["logits"]).max() < 1e-4


@torch.no_grad()
def test_codes_sound_as_in_audiocraft(model: CodeWriter, golden: dict[str, NDArray[Any]]) -> None:
    ours = model.network.audio_encoder.decode(torch.from_numpy(golden["codes"])[None], [None])[0].numpy()
    assert np.abs(golden["samples"]).max() > 0.05
    assert np.abs(ours - golden["samples"]).max() < 1e-4


def test_a_clip_is_the_same_alone_and_in_a_batch_and_each_seed_and_caption_makes_its_own(model: CodeWriter) -> None:
    together = model.generate(CAPTIONS, [1, 2], 0.25)
    assert [(clip.samples.shape, clip.sample_rate) for clip in together] == [((400,), 1600)] * 2
    alone, other = (model.generate(CAPTIONS[1:], [seed], 0.25)[0] for seed in (2, 3))
    assert np.abs(alone.samples - together[1].samples).max() < 1e-4
    assert np.abs(other.samples - alone.samples).max() > 1e-4
    another = model.generate(CAPTIONS[:1], [2], 0.25)[0]
    assert np.abs(another.samples - alone.samples).max() > 1e-4


def test_more_than_it_was_trained_on_is_refused(model: CodeWriter) -> None:
    with pytest.raises(UserError, match=r"at most 10\.00 s, not of 11\.00 s"):
        model.generate(["rain"], [1], 11.0)


def test_the_shapes_and_parameters_of_the_published_decoder() -> None:
    """`audiogen_lm.yaml` and `model_scale/medium.yaml` of audiocraft, commit 896ec7c."""
    published = {"n_q": 4, "card": 2048, "dim": 1536, "num_heads": 24, "num_layers": 48, "hidden_scale": 4}
    config = audiogen._writer_config(
        {"transformer_lm": {**published, "activation": "gelu"}, "codebooks_pattern": PATTERN}
    )
    with torch.device("meta"):
        decoder = MusicgenForCausalLM(MusicgenDecoderConfig(**config))
    assert sum(weight.numel() for weight in decoder.parameters()) == audiogen.CHECKPOINTS["medium"].parameters
    assert decoder.state_dict()["lm_heads.3.weight"].shape == (2048, 1536)


def copy_with(folder: Path, target: Path, name: str, content: Any) -> Path:
    """The folder with another file of that name."""
    shutil.copytree(folder, target)
    torch.save(content, target / name)
    return target


def test_what_is_damaged_or_another_network_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    whole = torch.load(folder / audiogen.WRITER, weights_only=True)
    less = {key: tensor for key, tensor in whole["best_state"].items() if "layers.1" not in key}
    cases = {
        "partial": ({**whole, "best_state": less}, r"state_dict\.bin does not fit .* tensors are missing"),
        "unpacked": (whole["best_state"], r"state_dict\.bin has no best_state and xp\.cfg"),
        "parallel": (
            {**whole, "xp.cfg": yaml.dump({"transformer_lm": WRITER, "codebooks_pattern": {"modeling": "parallel"}})},
            "delayed by one step a book",
        ),
    }
    for name, (content, complaint) in cases.items():
        broken = copy_with(folder, tmp_path / name, audiogen.WRITER, content)
        with pytest.raises(UserError, match=complaint):
            audiogen.load(str(broken), files_in(broken))
    cut = copy_with(folder, tmp_path / "cut", audiogen.CODEC, {})
    (cut / audiogen.CODEC).write_bytes((folder / audiogen.CODEC).read_bytes()[:5000])
    with pytest.raises(UserError, match=r"compression_state_dict\.bin cannot be read as weights"):
        audiogen.load(str(cut), files_in(cut))
    shutil.rmtree(cut / audiogen.TEXT)
    with pytest.raises(UserError, match=r"no t5/config\.json"):
        audiogen.find(str(cut), cache_dir=tmp_path)
