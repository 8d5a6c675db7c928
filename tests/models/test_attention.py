"""Attention under control, against diffusers' own processors."""

from typing import Any

import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor

from models._shared.latents import Grid
from models.auffusion.attention import AttentionControl, AttentionEdit, controlled
from models.auffusion.maps import AttentionMaps, Blend, blended
from models.auffusion.pipeline import AuffusionPipeline

GRID = Grid(32, 4)
N_TOKENS = 77


def run(pipeline: AuffusionPipeline, control: AttentionControl | None, *, n: int = 2) -> torch.Tensor:
    """The U-Net's answer to `n` captions beside as many rows without one."""
    torch.manual_seed(0)
    latents, states = torch.randn(2 * n, 4, *GRID), torch.randn(2 * n, N_TOKENS, 32)
    with torch.no_grad():
        if control is None:
            return pipeline.unet(latents, 500, encoder_hidden_states=states).sample
        with controlled(pipeline.unet, control):
            return pipeline.unet(latents, 500, encoder_hidden_states=states).sample


def edit(**changes: Any) -> AttentionEdit:
    """Row 1 takes the attention of row 0 as it is, but for changes."""
    parts: dict[str, Any] = {
        "rows": torch.tensor([1]),
        "sources": torch.tensor([0]),
        "mappers": torch.eye(N_TOKENS)[None],
        "taken": torch.ones(1, N_TOKENS),
        "weights": torch.ones(1, N_TOKENS),
        "cross_steps": range(5),
        "self_steps": range(0),
    }
    return AttentionEdit(**{**parts, **changes})


def with_edit(**changes: Any) -> AttentionControl:
    control = AttentionControl(2, GRID)
    control.edit = edit(**changes)
    return control


def test_watching_changes_no_bit(pipeline: AuffusionPipeline) -> None:
    stock = run(pipeline, None)
    assert torch.equal(run(pipeline, AttentionControl(2, GRID)), stock)
    assert torch.equal(run(pipeline, AttentionControl(2, GRID, maps=AttentionMaps(GRID))), stock)


def test_afterwards_the_processors_are_as_before(pipeline: AuffusionPipeline) -> None:
    before = {name: id(processor) for name, processor in pipeline.unet.attn_processors.items()}
    run(pipeline, with_edit(self_steps=range(5)))
    with pytest.raises(RuntimeError, match="midway"), controlled(pipeline.unet, with_edit()):
        raise RuntimeError("midway")
    assert {name: id(processor) for name, processor in pipeline.unet.attn_processors.items()} == before


def test_an_edit_changes_the_rows_that_it_names_and_no_bit_of_others(pipeline: AuffusionPipeline) -> None:
    stock, edited = run(pipeline, None), run(pipeline, with_edit())
    assert torch.equal(edited[:3], stock[:3])
    assert not torch.allclose(edited[3], stock[3], atol=1e-3)


def test_a_row_that_takes_its_own_attention_stays_as_it_is(pipeline: AuffusionPipeline) -> None:
    own = with_edit(sources=torch.tensor([1]), self_steps=range(5))
    assert torch.allclose(run(pipeline, own), run(pipeline, None), atol=1e-5)
    untaken = with_edit(taken=torch.zeros(1, N_TOKENS))
    assert torch.allclose(run(pipeline, untaken), run(pipeline, None), atol=1e-5)


def test_edits_end_with_their_steps(pipeline: AuffusionPipeline) -> None:
    control = with_edit(cross_steps=range(2), self_steps=range(2))
    assert not torch.equal(run(pipeline, control), run(pipeline, None))
    control.after_step(1, torch.zeros(1))
    assert torch.equal(run(pipeline, control), run(pipeline, None))


def test_only_coarse_self_attention_is_taken_over(pipeline: AuffusionPipeline) -> None:
    """The tiny U-Net's coarsest layers have a quarter of the cells: not coarse enough, until the grid says so."""
    control = with_edit(cross_steps=range(0), self_steps=range(5))
    assert torch.equal(run(pipeline, control), run(pipeline, None))
    control.grid = Grid(64, 8)
    assert not torch.equal(run(pipeline, control), run(pipeline, None))


def test_attention_is_the_stock_processors_with_attention_written_out() -> None:
    """An edit of one layer, against diffusers' slow processor, which multiplies attention out, and a mask."""
    from diffusers.models.attention_processor import Attention

    torch.manual_seed(0)
    layer = Attention(query_dim=16, cross_attention_dim=8, heads=4, dim_head=4, processor=AttnProcessor()).eval()
    unet = torch.nn.ModuleDict({"attn2": layer})
    cells, states = torch.randn(4, GRID.freq * GRID.time, 16), torch.randn(4, 5, 8)
    bias = torch.zeros(4, 1, 5)
    bias[:, :, 3:] = -10000.0
    weights = torch.tensor([[1.0, -2.0, 0.0, 1.0, 1.0]])
    control = with_edit(mappers=torch.eye(5).flip(0)[None], taken=torch.tensor([[1.0, 1, 0, 1, 1]]), weights=weights)
    with torch.no_grad():
        with controlled(unet, control):
            found = layer(cells, encoder_hidden_states=states, attention_mask=bias)
        query, key, value = (
            layer.head_to_batch_dim(part(given).clone())
            for part, given in ((layer.to_q, cells), (layer.to_k, states), (layer.to_v, states))
        )
        seen = layer.get_attention_scores(query, key, bias.repeat_interleave(4, 0)).view(4, 4, -1, 5)
        mixed = seen[2].flip(-1) * torch.tensor([1.0, 1, 0, 1, 1]) + seen[3] * torch.tensor([0.0, 0, 1, 0, 0])
        heard = (mixed * weights[0]) @ value.view(4, 4, 5, 4)[3]
        by_hand = layer.to_out[0](heard.transpose(0, 1).reshape(1, -1, 16))
        stock = layer(cells, encoder_hidden_states=states, attention_mask=bias)
    assert torch.allclose(found[3:], by_hand, atol=1e-5)
    assert torch.equal(found[:3], stock[:3])


def test_maps_add_up_to_1_in_every_cell_of_every_layer_and_step(pipeline: AuffusionPipeline) -> None:
    maps = AttentionMaps(GRID, each_step=True)
    control = AttentionControl(2, GRID, maps=maps)
    for step in range(2):
        run(pipeline, control)
        control.after_step(step, torch.zeros(1))
    assert maps.steps == [0, 1]
    assert len(maps.layers) == sum(name.endswith("attn2.processor") for name in pipeline.unet.attn_processors)
    for layer in maps.layers:
        for step in maps.steps:
            everything = maps.of(1, range(N_TOKENS), layers=[layer], steps=[step])
            assert everything.shape == GRID
            assert torch.allclose(everything, torch.ones(GRID), atol=1e-5)
    assert torch.allclose(maps.of(0, range(N_TOKENS)), torch.ones(GRID), atol=1e-5)


def test_maps_lie_on_the_latents_own_grid() -> None:
    """32 x 128 latents, watched by a layer of a quarter of that: an event in the first eighth of time stays there."""
    maps = AttentionMaps(Grid(32, 128))
    attention = torch.zeros(1, 8, 32, 2)
    attention[:, :, :4, 1] = 1.0
    maps.add(0, "mid", attention.view(1, 8 * 32, 2))
    seen = maps.of(0, [1])
    assert seen[:, :16].unique().tolist() == [1]
    assert seen[:, 16:].unique().tolist() == [0]


def test_maps_are_means_over_steps_and_layers() -> None:
    maps = AttentionMaps(Grid(1, 2))
    for step, value in enumerate((0.2, 0.4)):
        maps.add(step, "fine", torch.full((1, 2, 1), value))
    maps.add(0, "other", torch.full((1, 2, 1), 0.9))
    assert maps.of(0, [0]).tolist() == [pytest.approx([0.6, 0.6])]
    assert maps.of(0, [0], layers=["fine"]).tolist() == [pytest.approx([0.3, 0.3])]
    with pytest.raises(ValueError, match="there are"):
        maps.of(0, [0], layers=["none"])


def test_blending_changes_latents_only_where_a_word_is_heard() -> None:
    maps = AttentionMaps(Grid(4, 8))
    attention = torch.full((2, 4, 8, 2), 0.01)
    attention[0, :, 0, 0] = 0.9
    attention[1, :, 7, 1] = 0.9
    maps.add(0, "mid", attention.view(2, 32, 2))
    latents = torch.stack([torch.zeros(3, 4, 8), torch.ones(3, 4, 8)])
    changed = blended(latents, maps, [Blend(1, 0, [1], [0])])
    assert torch.equal(changed[0], latents[0])
    assert changed[1, 0, 0].tolist() == [1, 1, 0, 0, 0, 0, 1, 1]
