"""The commands that render scenes and train the pocket networks on them; run again, each goes on where it was."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from tta_bench.types import UserError

SCENES, TAGGER, CLAP = (Path("runs/training") / name for name in ("scenes", "tagger", "clap"))
POCKET = Path(__file__).parent.parent / "embedders" / "pocket"


def main() -> int:
    """Runs the command named on the command line; 2 if it was refused."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    # Threads that spin while they wait make a step five times as long when anything else is running on the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    arguments = parser().parse_args()
    try:
        arguments.run(arguments)
    except UserError as error:
        logging.getLogger(__name__).error("%s", error)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="python -m tta_bench.training", description=__doc__)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    data = commands.add_parser("data", help="render scenes to train on")
    data.add_argument("--out", type=Path, default=SCENES, metavar="DIR", help="default: %(default)s")
    data.add_argument("--n", type=int, default=10_000, help="scenes to train on (default: %(default)s)")
    data.add_argument("--n-held-out", type=int, default=500, help="for validation and test each (default: %(default)s)")
    data.add_argument("--seed", type=int, default=0, help="0..999 (default: %(default)s)")
    data.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    data.set_defaults(run=_data)

    tagger = commands.add_parser("tagger", help="train the tagger, and write its weights and card when it is done")
    tagger.add_argument("--run", dest="folder", type=Path, default=TAGGER, metavar="DIR", help="default: %(default)s")
    tagger.add_argument("--steps", type=int, default=5_000, help="of the whole training (default: %(default)s)")
    tagger.add_argument("--minutes", type=float, help="stop after so many; the same command goes on")
    tagger.add_argument("--seed", type=int, default=0)
    _about_weights(tagger)
    tagger.set_defaults(run=_tagger)

    export = commands.add_parser("tagger-export", help="write the weights of a training run as far as it has got")
    export.add_argument("--run", dest="folder", type=Path, default=TAGGER, metavar="DIR", help="default: %(default)s")
    _about_weights(export)
    export.set_defaults(run=_export)

    card = commands.add_parser("tagger-card", help="measure the weights and write their card")
    card.add_argument("--esc10", type=Path, metavar="DIR", help="recordings named by their class, to be measured too")
    _about_weights(card)
    card.set_defaults(run=_card)

    clap = commands.add_parser("clap", help="train the CLAP over a trained tagger, and write its weights and card")
    clap.add_argument("--run", dest="folder", type=Path, default=CLAP, metavar="DIR", help="default: %(default)s")
    clap.add_argument("--tagger", type=Path, default=POCKET / "pocket_tagger.safetensors", metavar="FILE")
    clap.add_argument("--minutes", type=float, help="stop after so many; the same command goes on")
    clap.add_argument("--seed", type=int, default=0)
    clap.add_argument("--esc10", type=Path, metavar="DIR", help="recordings named by their class, to be measured too")
    _about_weights(clap, "pocket_clap")
    clap.set_defaults(run=_clap)

    clap_card = commands.add_parser("clap-card", help="measure the CLAP's weights and write their card")
    clap_card.add_argument("--esc10", type=Path, metavar="DIR", help="recordings named by their class")
    _about_weights(clap_card, "pocket_clap")
    clap_card.set_defaults(run=_clap_card)

    board = commands.add_parser("board", help="choose the prompts of the board `pocket` and write them")
    board.set_defaults(run=_board)
    return whole


def _about_weights(command: argparse.ArgumentParser, network: str = "pocket_tagger") -> None:
    command.add_argument("--scenes", type=Path, default=SCENES, metavar="DIR", help="default: %(default)s")
    command.add_argument(
        "--weights",
        type=Path,
        default=POCKET / f"{network}.safetensors",
        metavar="FILE",
        help="default: %(default)s",
    )


def _data(arguments: argparse.Namespace) -> None:
    from tta_bench.training.data import make

    make(
        arguments.out,
        n=arguments.n,
        n_held_out=arguments.n_held_out,
        seed=arguments.seed,
        workers=arguments.workers,
    )


def _tagger(arguments: argparse.Namespace) -> None:
    from tta_bench.training._loop import Schedule
    from tta_bench.training.tagger import train_tagger

    schedule = Schedule(arguments.steps, seed=arguments.seed)
    if train_tagger(arguments.scenes, arguments.folder, schedule, minutes=arguments.minutes):
        _export(arguments)


def _export(arguments: argparse.Namespace) -> None:
    from tta_bench.training.tagger_card import write_card
    from tta_bench.training.tagger_weights import export

    export(arguments.scenes, arguments.folder, arguments.weights)
    write_card(arguments.scenes, arguments.weights)


def _card(arguments: argparse.Namespace) -> None:
    from tta_bench.training.tagger_card import write_card

    sys.stdout.write(write_card(arguments.scenes, arguments.weights, arguments.esc10).read_text(encoding="utf-8"))


def _clap(arguments: argparse.Namespace) -> None:
    from dataclasses import replace

    from tta_bench.training.clap import STAGES, read_network, train_clap, write_network

    stages = {name: replace(schedule, seed=arguments.seed) for name, schedule in STAGES.items()}
    trained = train_clap(arguments.scenes, arguments.tagger, arguments.folder, stages=stages, minutes=arguments.minutes)
    if trained:
        write_network(*read_network(trained), arguments.weights, dtype="float16")
        _clap_card(arguments)


def _clap_card(arguments: argparse.Namespace) -> None:
    from tta_bench.training.clap_card import write_card

    sys.stdout.write(write_card(arguments.scenes, arguments.weights, arguments.esc10).read_text(encoding="utf-8"))


def _board(_: argparse.Namespace) -> None:
    from tta_bench.training.board import make

    make()


if __name__ == "__main__":
    sys.exit(main())
