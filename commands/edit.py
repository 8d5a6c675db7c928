"""`benchmark.py edit`: sounds and captions edited by a model that can; the work is done in its `tasks.py`."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from commands import edits
from commands.options import DeviceOption, DtypeOption, JsonFlag, WeightsOption, refusing

app = typer.Typer(no_args_is_help=True, help="Sound edited by text: clips, a figure, and a record that makes it again.")

SourceArgument = Annotated[Path, typer.Argument(metavar="SOURCE", help="Audio of any format, rate and channels.")]
PromptOption = Annotated[str, typer.Option("--prompt", metavar="TEXT", help="The caption.")]
WeightOption = Annotated[
    list[str],
    typer.Option("--weight", metavar="WORD=N", help="How much a word counts: 1 as ever, below 0 as its opposite."),
]
DurationOption = Annotated[float, typer.Option("--duration", metavar="S", help="Seconds.")]


@dataclass(frozen=True)
class Options:
    """What all edits are told, each field an option of the command line."""

    model: Annotated[str, typer.Option("--model", metavar="NAME", help="A model, model:checkpoint or model:DIR.")] = (
        "auffusion"
    )
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, metavar="N", help="Of the noise.")] = 0
    num_inference_steps: Annotated[
        int | None, typer.Option("--num-inference-steps", metavar="N", help="Default: the checkpoint's own.")
    ] = None
    guidance_scale: Annotated[
        float | None, typer.Option("--guidance-scale", metavar="X", help="How far the caption is followed, beyond 1.")
    ] = None
    negative_prompt: Annotated[
        str | None, typer.Option("--negative-prompt", metavar="TEXT", help="What guidance leads away from.")
    ] = None
    weights_dir: WeightsOption = None
    device: DeviceOption = "auto"
    dtype: DtypeOption = "float32"
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A .wav; figure and record lie beside it.")
    ] = None
    as_json: JsonFlag = False

    @property
    def sampling(self) -> dict[str, object]:
        """What of the checkpoint's sampling is to be otherwise."""
        names = ("num_inference_steps", "guidance_scale", "negative_prompt")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def edit(command: Callable[..., None]) -> Callable[..., None]:
    """Registers a command that takes its own options and those of `Options`, which it gets as its first argument."""
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    shared = inspect.signature(Options, eval_str=True).parameters

    def run(**given: Any) -> None:
        options = Options(**{name: given.pop(name) for name in shared})
        with refusing():
            command(options, **given)

    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *shared.values())]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # which is what typer reads
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    app.command(command.__name__, help=command.__doc__)(run)
    return command


@edit
def style(
    options: Options,
    source: SourceArgument,
    prompt: PromptOption,
    strength: Annotated[float, typer.Option(metavar="X", help="0 is the source, 1 hardly anything of it.")] = 0.5,
) -> None:
    """Give a sound another style, in its own time course.

    Example: python benchmark.py edit style bell.wav --prompt "a cat meows" --strength 0.5 --out meow.wav
    """
    carry_out("style", options, {"prompt": prompt, "strength": strength}, source=source)


@edit
def inpaint(
    options: Options,
    source: SourceArgument,
    prompt: PromptOption,
    mask: Annotated[str, typer.Option(metavar="FROM-TO", help="Seconds to be made anew; 2-2 is none.")],
    band: Annotated[str, typer.Option(metavar="FROM-TO", help="Hz to be made anew; default all.")] = "",
) -> None:
    """Make a part of a sound anew; the rest stays as it is, sample by sample.

    Example: python benchmark.py edit inpaint street.wav --prompt "a dog barks" --mask 1.5-3.0 --band 200-4000
    """
    masked = {"mask": parse_range("--mask", mask), "band": parse_range("--band", band) if band else None}
    carry_out("inpaint", options, {"prompt": prompt, **masked}, source=source)


@edit
def swap(
    options: Options,
    prompt: PromptOption,
    to: Annotated[str, typer.Option(metavar="TEXT", help="The caption after words are replaced, added or left out.")],
    weight: WeightOption = [],  # noqa: B006 (typer makes a list of its own for each run)
    blend: Annotated[
        str, typer.Option(metavar="OLD=NEW", help="Change the sound only where one of these two words is heard.")
    ] = "",
    cross_replace_steps: Annotated[
        float, typer.Option(metavar="X", help="Part of the steps in which attention to words is the source's.")
    ] = 0.8,
    self_replace_steps: Annotated[
        float, typer.Option(metavar="X", help="Part of the steps in which self-attention is the source's.")
    ] = 0.4,
    duration: DurationOption = 10.0,
) -> None:
    """Make a clip of a caption, and the same clip with other words in it.

    Example: python benchmark.py edit swap --prompt "a dog barks" --to "a cat meows"
    """
    steps = {"cross_replace_steps": cross_replace_steps, "self_replace_steps": self_replace_steps}
    check_words("--to", to)
    words = {"weights": parse_weights(weight), "blend": parse_blend(blend)}
    carry_out("swap", options, {"prompt": prompt, "edited": to, **words, **steps, "duration": duration})


@edit
def reweight(
    options: Options,
    prompt: PromptOption,
    weight: WeightOption,
    duration: DurationOption = 10.0,
) -> None:
    """Make a clip of a caption, and the same clip with words that count more or less.

    Example: python benchmark.py edit reweight --prompt "a dog barks in the rain" --weight rain=2.0 --weight dog=-0.5
    """
    carry_out("reweight", options, {"prompt": prompt, "weights": parse_weights(weight), "duration": duration})


@edit
def attention(
    options: Options,
    prompt: PromptOption,
    duration: DurationOption = 10.0,
) -> None:
    """Make a clip of a caption, and show where in it the model looked for each word.

    Example: python benchmark.py edit attention --prompt "a dog barks, then rain falls" --out dog.wav
    """
    carry_out("attention", options, {"prompt": prompt, "duration": duration})


def carry_out(task: str, options: Options, arguments: Mapping[str, Any], *, source: Path | None = None) -> None:
    """Checks, edits, writes, and says what was written. Raises UserError before any network runs, where it can."""
    from tta_bench.arguments import choose_device, choose_dtype

    check_words("--prompt", arguments["prompt"])
    out = options.out or Path("runs/edits") / f"{task}.wav"
    check_out(out, source)
    device, dtype = choose_device(options.device), choose_dtype(options.dtype)
    heard = None if source is None else edits.read_source(source)
    generator = edits.find(options.model, options.weights_dir)
    loaded = edits.Loaded(generator, generator.load(device, dtype), device, dtype)
    drawn = edits.Drawn(options.seed, options.sampling)
    made, record = edits.carry_out(task, loaded, arguments, drawn, source=heard)
    files = edits.write(made, out, record)
    print(json.dumps({**record, "files": files}, indent=1, ensure_ascii=False) if options.as_json else "\n".join(files))


def check_words(option: str, text: str) -> None:
    """Raises UserError for a text without any letter or digit."""
    from tta_bench.types import UserError

    if not re.search(r"\w", text):
        raise UserError(f"{option} is {text!r}, which says nothing. Describe the sound in words.")


def check_out(out: Path, source: Path | None) -> None:
    """Raises UserError for an output that is no wav, or would take the place of the source."""
    from tta_bench.types import UserError

    if out.suffix.lower() != ".wav":
        raise UserError(f"--out is {str(out)!r}; name a file that ends in .wav.")
    if source is not None and out.resolve() == source.resolve():
        raise UserError(f"--out is {str(out)!r}, the source itself. Name another file.")


def parse_range(option: str, text: str) -> tuple[float, float]:
    """Two numbers with a dash between them, the second not below the first."""
    from tta_bench.types import UserError

    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)-(\d+\.?\d*|\.\d+)", text.replace(" ", ""), re.ASCII)
    if not found:
        raise UserError(f"{option} is {text!r}; write it as FROM-TO, such as {option} 1.5-3.0.")
    start, stop = float(found[1]), float(found[2])
    if stop < start:
        raise UserError(f"{option} is {text!r}, which ends before it begins. Write {found[2]}-{found[1]}?")
    return start, stop


def parse_weights(given: list[str]) -> dict[str, float]:
    """Word -> weight, of `WORD=N` each."""
    from tta_bench.types import UserError

    weights: dict[str, float] = {}
    for text in given:
        word, equals, number = text.rpartition("=")
        word = word.strip().lower()
        weight = _number(number)
        if not equals or not word or weight is None:
            raise UserError(f"--weight is {text!r}; write it as WORD=NUMBER, such as --weight rain=2.0.")
        if word in weights:
            raise UserError(f"--weight names {word!r} twice, with {weights[word]:g} and {weight:g}. Leave one out.")
        weights[word] = weight
    return weights


def _number(text: str) -> float | None:
    """A finite number, or None for what is not one."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def parse_blend(text: str) -> tuple[str, str] | None:
    """The two words of `OLD=NEW`; None if there is no text."""
    from tta_bench.types import UserError

    if not text:
        return None
    old, _, new = (part.strip() for part in text.partition("="))
    if not old or not new:
        raise UserError(f"--blend is {text!r}; write it as OLD=NEW, such as --blend dog=cat.")
    return old, new
