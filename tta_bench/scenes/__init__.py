"""Procedural sound scenes with a known timeline: references whose events, counts, order and times are exact.

`plan` a scene, `caption` it, `render` it.
"""

from tta_bench.scenes.captions import caption
from tta_bench.scenes.render import render
from tta_bench.scenes.scene import DURATION, Part, Scene, Split, plan

__all__ = ["DURATION", "Part", "Scene", "Split", "caption", "plan", "render"]
