"""The forms of the page: one for each thing that can be made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from nicegui import ui

from commands.app import asking
from commands.app.fields import Drawing, Shelf, SourceView, caption_field, model_field, slider, submit
from commands.app.job import Job
from commands.app.marking import MarkFields
from commands.app.stage import Bar, Stage, text
from commands.app.studio import TITLES, Studio, Take
from commands.edits import Drawn, Source
from tta_bench.types import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from commands.app.run import Run

EXAMPLE = "A dog barks, then rain falls"
HEAVIEST = 3.0
"""Weight of a word at the right end of its slider; the left end is its opposite."""


class Place(NamedTuple):
    """What every form is given."""

    studio: Studio
    shelf: Shelf
    bar: Bar
    models: list[str]
    """That can edit, `name:checkpoint`."""
    duration: float
    """Seconds of a clip where nobody says otherwise."""
    use: Callable[[Path], None]
    """Takes the clip that somebody wants to edit further."""

    def stage(self, hint: str) -> Stage:
        """A place for what a form makes."""
        return Stage(self.studio, hint=hint, use=self.use)


def generate(place: Place, run: Run) -> None:
    """Clips of a caption, by each model that is chosen."""
    form, stage = _panel(place, "Type a caption, choose models, and listen.")
    with form:
        prompts = _prompts_field(run)
        caption = caption_field("Caption", EXAMPLE)
        chosen = _model_boxes(place)
        drawing = Drawing(duration=place.duration)
        told = text("p", "", "told")

        def take_prompt() -> None:
            told.set_text("")
            if prompts.value:
                caption.set_value(run.captions[prompts.value])
                drawing.take_from_board(run.seed(prompts.value), run.duration)
                told.set_text(f"Seed and seconds of {prompts.value} in the run: the same clip, up to rounding.")

        prompts.on_value_change(take_prompt)

        async def press() -> None:
            wanted = [model for model, box in chosen.items() if box.value]
            if not wanted:
                stage.say("No model is chosen. Choose one or more.")
            for model in wanted:
                if not await stage.carry_out(partial(_generated, place, model, caption, drawing)):
                    break

        submit("Generate", place.bar, press)


def _prompts_field(run: Run) -> ui.select:
    """The prompts of the run's board, where it is known."""
    label = f"A prompt of the board {run.board}"
    field = ui.select(dict(run.captions), label=label, with_input=True, clearable=True)
    field.props("outlined dense").classes("wide").set_visibility(bool(run.captions))
    return field


def _model_boxes(place: Place) -> dict[str, ui.checkbox]:
    """A box for each model that is here; one that can edit too is chosen at first."""
    names = [state.model for state in place.studio.models()]
    first = next(iter([*place.models, *names]))
    with ui.element("fieldset"):
        text("legend", "Models")
        return {name: ui.checkbox(name, value=name == first) for name in names}


def _generated(place: Place, model: str, caption: ui.textarea, drawing: Drawing) -> tuple[str, Callable[[Job], Take]]:
    asked = asking.caption(caption.value), drawing.duration(), drawing.drawn()
    return f"{model}: generating", lambda job: place.studio.generate(job, model, *asked)


def style(place: Place) -> None:
    """A sound in another style."""
    hint = "Choose a clip, say how it is to sound, and set how far it may change."
    _, form, stage = _source_panel(place, hint)
    with form:
        caption = caption_field("Caption", EXAMPLE)
        strength = slider("Strength", low=0, high=1, step=0.05, value=0.5)
        text("p", "0 is the clip itself, 1 hardly anything of it.", "told")

        def ask() -> tuple[Mapping[str, Any], Source]:
            return {"prompt": asking.caption(caption.value), "strength": float(strength.value)}, place.shelf.source()

        _editing(place, stage, "style", "Restyle", ask)


def inpaint(place: Place) -> None:
    """A part of a sound made anew."""
    hint = "Choose a clip, drag over its spectrogram, and say what is to be heard there."
    view, form, stage = _source_panel(place, hint)
    with form:
        caption = caption_field("Caption of the new sound", EXAMPLE)
        marked = MarkFields(view.region)
        place.shelf.tell(marked.clear)

        def ask() -> tuple[Mapping[str, Any], Source]:
            prompt = asking.caption(caption.value, "The caption of the new sound")
            source = place.shelf.source()
            return {"prompt": prompt, "mask": marked.mask(), "band": marked.band()}, source

        _editing(place, stage, "inpaint", "Inpaint", ask)


def swap(place: Place) -> None:
    """Other words in the same clip."""
    form, stage = _panel(place, "The clip of a caption, and the same clip with other words in it.")
    with form:
        before = caption_field("Caption", EXAMPLE)
        after = caption_field("Caption with other words", "A cat meows, then rain falls")
        with ui.expansion("How much of the clip is kept").classes("more"):
            cross = slider("Attention to words", low=0, high=1, step=0.05, value=0.8)
            own = slider("Attention to the sound", low=0, high=1, step=0.05, value=0.4)
            text("p", "Parts of the steps in which attention is the first caption’s.", "told")
            with ui.element("div").classes("row-of-fields"):
                old = ui.input("Only where this word is heard").props("outlined dense")
                new = ui.input("or this new one").props("outlined dense")

        def ask() -> tuple[Mapping[str, Any], None]:
            words = (old.value.strip(), new.value.strip())
            if any(words) and not all(words):
                raise UserError("One of the two words is empty. Name the old and the new one, or none.")
            return {
                "prompt": asking.caption(before.value),
                "edited": asking.caption(after.value, "The caption with other words"),
                "weights": {},
                "blend": words if all(words) else None,
                "cross_replace_steps": float(cross.value),
                "self_replace_steps": float(own.value),
            }, None

        _editing(place, stage, "swap", "Swap words", ask, duration=place.duration)


def reweight(place: Place) -> None:
    """Words that count more or less."""
    form, stage = _panel(place, "The clip of a caption, and the same clip with words that count more or less.")
    sliders: dict[str, ui.slider] = {}
    with form:
        caption = caption_field("Caption", EXAMPLE)
        text("p", "1 is as ever, 0 not at all, below 0 the opposite.", "told")
        words = ui.element("div").classes("words")

        def show() -> None:
            kept = {word: each.value for word, each in sliders.items()}
            sliders.clear()
            words.clear()
            with words:
                for word in asking.words(caption.value):
                    value = kept.get(word, 1.0)
                    sliders[word] = slider(word, low=-HEAVIEST, high=HEAVIEST, step=0.1, value=value)

        show()
        caption.on("blur", show)

        def ask() -> tuple[Mapping[str, Any], None]:
            prompt = asking.caption(caption.value)
            there = asking.words(prompt)
            weights = {word: float(each.value) for word, each in sliders.items() if each.value != 1 and word in there}
            if not weights:
                raise UserError("Every word has weight 1, which changes nothing. Move a slider.")
            return {"prompt": prompt, "weights": weights}, None

        _editing(place, stage, "reweight", "Re-weight", ask, duration=place.duration)


def attention(place: Place) -> None:
    """Where the model looked for each word."""
    form, stage = _panel(place, "The clip of a caption, and where in it the model looked for each word.")
    with form:
        caption = caption_field("Caption", EXAMPLE)
        _editing(
            place,
            stage,
            "attention",
            "Show attention",
            lambda: ({"prompt": asking.caption(caption.value)}, None),
            duration=place.duration,
        )


def _panel(place: Place, hint: str) -> tuple[ui.element, Stage]:
    with ui.element("div").classes("panel"):
        return ui.element("div").classes("form"), place.stage(hint)


def _source_panel(place: Place, hint: str) -> tuple[SourceView, ui.element, Stage]:
    above = ui.element("div").classes("wide")
    form, stage = _panel(place, hint)
    with above:
        return SourceView(place.studio, place.shelf, stage.say), form, stage


Asked = Callable[[], tuple[Mapping[str, Any], Source | None]]
"""The arguments of a task, as a form says, and the sound that it edits. Raises UserError for what cannot be meant."""


def _editing(place: Place, stage: Stage, task: str, label: str, ask: Asked, *, duration: float | None = None) -> None:
    """The fields that all edits have, and their button. With `duration`, clips are made of nothing but a caption."""
    model = model_field(place.models)
    drawing = Drawing(duration=duration)

    def asked() -> tuple[str, Callable[[Job], Take]]:
        arguments, source = ask()
        lasting = {} if duration is None else {"duration": drawing.duration()}
        drawn: Drawn = drawing.drawn()

        def work(job: Job) -> Take:
            return place.studio.edit(job, task, model.value, {**arguments, **lasting}, drawn, source=source)

        return TITLES[task], work

    submit(label, place.bar, lambda: stage.carry_out(asked))
