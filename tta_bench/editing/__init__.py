"""How well does a model edit sound? Tasks built on scenes, whose truth is known, and a table for each model.

No published protocol exists. measure = build items -> edit -> hear; render = the table of what was heard.
"""

from tta_bench.editing.editor import Editor
from tta_bench.editing.report import markdown, scores
from tta_bench.editing.tasks import TASKS, Outcome, measure

__all__ = ["TASKS", "Editor", "Outcome", "markdown", "measure", "scores"]
