"""Scenes of the suite as training clips: planned so that single sounds and sequences are common, and said several ways.

Only the split for training is used; pairs and wordings that the boards ask for never occur in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.auffusion.training.shards import Example
from tta_bench.scenes import Scene, caption, plan, render

TRIES = 24
"""Plans that are drawn for one scene, at most."""
STRIDE = 1_000_003
"""From one wording's seed to the next: a prime, so that scenes of neighbouring seeds do not share their draws."""
FIRST_SEED = 3_000_000_000
"""Far from the scenes that the suite's own networks are trained on."""


@dataclass(frozen=True)
class Mix:
    """What kinds of scenes there are."""

    n_events: tuple[float, ...] = (0.3, 0.3, 0.2, 0.12, 0.08)
    """Share of the scenes with 1, 2, ... 5 events."""
    sequences: float = 0.65
    """Share of the scenes of several events that are to be plain sequences; where plans allow, they are."""
    captions: int = 2
    """Wordings of each scene."""


@dataclass(frozen=True)
class SceneSource:
    """`n` scenes from a seed; see `shards.Source`."""

    n: int
    seed: int
    duration: float
    mix: Mix

    def __len__(self) -> int:
        return self.n

    def plan(self, index: int) -> Scene:
        """The plan of a scene."""
        first = FIRST_SEED + self.seed * 100_000_000 + index * TRIES
        rng = np.random.default_rng([self.seed, index])
        share = np.array(self.mix.n_events) / sum(self.mix.n_events)
        n_events = 1 + int(rng.choice(len(share), p=share))
        wanted = n_events > 1 and rng.random() < self.mix.sequences
        plans = [plan(first, n_events=n_events, duration=self.duration)]
        while wanted and plans[-1].relation != "sequence" and len(plans) < TRIES:
            plans.append(plan(first + len(plans), n_events=n_events, duration=self.duration))
        return plans[-1]

    def example(self, index: int) -> Example:
        """The scene rendered, with distinct captions."""
        scene = self.plan(index)
        return Example(render(scene)[0], self.captions(scene))

    def captions(self, scene: Scene) -> tuple[str, ...]:
        """Distinct ones, in all the words that training may use."""
        seeds = [(scene.seed + k * STRIDE) % 2**32 for k in range(self.mix.captions)]
        return tuple(dict.fromkeys(caption(replace(scene, seed=seed), wordings="rich") for seed in seeds))

    def identity(self, index: int) -> str:
        """`scene 17 of seed 0, 5.12 s, Mix(...), rich wordings`."""
        return f"scene {index} of seed {self.seed}, {self.duration} s, {self.mix}, rich wordings"
