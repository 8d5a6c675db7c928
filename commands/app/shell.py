"""The page: the leaderboard, and a form for each thing that can be made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from nicegui import ui

from commands.app import forms
from commands.app.fields import Shelf
from commands.app.forms import Place
from commands.app.run import Run
from commands.app.stage import Bar, text
from commands.app.studio import Studio

LEADERBOARD = "/run/leaderboard.html"
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
ACCENT = "#0b5cad"
"""As on the leaderboard."""
SANDBOX = "allow-scripts allow-downloads allow-popups"
"""What the leaderboard may do: its scripts cannot reach the app."""


def show(studio: Studio, run: Run, tab: str) -> None:
    """Builds the page for one visitor, opened at a tab."""
    ui.add_css(STYLE)
    ui.colors(primary=ACCENT)
    made = _forms(studio, run)
    with ui.header().classes("head"):
        text("h1", "tta_bench")
        tabs = ui.tabs().props("no-caps inline-label mobile-arrows outside-arrows align=left").classes("tabs")
        with tabs:
            for name in ("Leaderboard", *made):
                ui.tab(name)
    bar = Bar(studio)
    shelf = Shelf(studio)

    def use(file: Path) -> None:
        shelf.put(studio.source(file))
        tabs.set_value("Style")

    place = Place(studio, shelf, bar, studio.editors(), run.duration, use)
    panels = ui.tab_panels(tabs, value=tab if tab in made else "Leaderboard", animated=False).props("keep-alive")
    with panels.classes("panels").props("role=main"):
        with ui.tab_panel("Leaderboard").classes("board"):
            frame = ui.element("iframe")
            frame.props.update(src=LEADERBOARD, title=f"Leaderboard of {run.board}", sandbox=SANDBOX)
        for name, build in made.items():
            with ui.tab_panel(name):
                build(place)
    tabs.on_value_change(lambda event: ui.navigate.history.replace(f"/?tab={event.value}"))


def _forms(studio: Studio, run: Run) -> dict[str, Callable[[Place], None]]:
    """Those for which a model is here."""
    generating = {"Generate": partial(forms.generate, run=run)} if studio.models() else {}
    edits = {
        "Style": forms.style,
        "Inpaint": forms.inpaint,
        "Swap": forms.swap,
        "Re-weight": forms.reweight,
        "Attention": forms.attention,
    }
    return {**generating, **(edits if studio.editors() else {})}
