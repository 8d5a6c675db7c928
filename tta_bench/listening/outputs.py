"""An analysis as files: tables for programs. The same analysis gives the same bytes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, fields
from datetime import UTC, datetime
from typing import Any

from tta_bench import __version__
from tta_bench.humans import Ratings
from tta_bench.listening.analysis import Analysis
from tta_bench.listening.collect import Collection
from tta_bench.listening.design import Design
from tta_bench.listening.events import canonical
from tta_bench.listening.preferences import Position
from tta_bench.listening.ratings import Choice, Rating, Session, sessions
from tta_bench.listening.sources import JOURNAL, Quarantined
from tta_bench.listening.statistics.clustered import Estimate
from tta_bench.listening.statistics.pairs import WILCOXON, Pair

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""
ESTIMATE = ["ci95_low", "ci95_high", "se", "df", "raters", "items", "n", "method", "note"]
BOOTSTRAP = ["bootstrap_low", "bootstrap_high"]


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A csv whose cells no spreadsheet takes for formulas; None is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue()


def guarded(cell: object) -> object:
    """A cell as it can be opened: text that begins like a formula gets an apostrophe, numbers stay."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def collected_files(design: Design, found: Collection) -> dict[str, str]:
    """File name -> content of a collected folder."""
    return {
        JOURNAL: "".join(f"{canonical(event)}\n" for event in found.events),
        "sessions.csv": _sessions_csv(design, sessions(design, found.sessions)),
        "quarantine.csv": csv_text(Quarantined._fields, found.quarantined),
    }


def _sessions_csv(design: Design, found: Sequence[Session]) -> str:
    who = sorted({key for session in found for key in session.participant})
    asked = sorted({key for session in found for key in session.questionnaire})
    columns = ["session", "rater", "list", "language", "started", "finished", "answered", "trials", "events", "gaps"]
    columns += ["revised", "headphones"]
    columns += [f"participant.{key}" for key in who] + [f"questionnaire.{key}" for key in asked]
    rows = []
    for one in found:
        times = [_time(one.started), _time(one.finished)]
        counts = [len(one.answers), len(design.lists[one.list]), one.events, one.gaps, one.revised]
        row = [one.id, one.rater, one.list, one.language, *times, *counts, _headphones(design, one)]
        rows.append([*row, *(one.participant.get(key) for key in who), *(one.questionnaire.get(key) for key in asked)])
    return csv_text(columns, rows)


def _time(milliseconds: int | None) -> str | None:
    """By the clock of the rater's machine, which may be wrong; what no calendar holds stays a number."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds") if milliseconds else None
    except (ValueError, OverflowError, OSError):
        return str(milliseconds)


def _headphones(design: Design, session: Session) -> str | None:
    """Right answers of the headphone check, of how many."""
    if not session.headphones:
        return None
    right = sum(design.headphones.get(trial) == answer for trial, answer in session.headphones.items())
    return f"{right} of {len(design.headphones)}"


def files(found: Analysis) -> dict[str, str]:
    """File name -> content of every table."""
    design = found.design
    chosen = {"choices.csv": _records(Choice, found.choices)} if design.chooses else {}
    tables = {
        "ratings.csv": _records(Rating, found.ratings),
        "screening.csv": _screening(found),
        "means.csv": _means(found, strata=False),
        "strata.csv": _means(found, strata=True),
        "pairs.csv": _pairs(found),
        "reliability.json": _reliability(found),
    }
    human = {f"human-{axis}.csv": human_csv(ratings) for axis, ratings in found.human.items()}
    return {**tables, **chosen, **human}


def human_csv(ratings: Ratings) -> str:
    """Mean scores as `score --human` reads them: a clip a row, or a system a row."""
    return csv_text(["model", "id", "score"], [[model, prompt, score] for (model, prompt), score in ratings.items()])


def _records(kind: type, rows: Sequence[Any]) -> str:
    return csv_text([field.name for field in fields(kind)], (astuple(row) for row in rows))


def _screening(found: Analysis) -> str:
    rows: list[Sequence[object]] = [
        (one.session, one.rater, "excluded", one.rule, one.detail) for one in found.exclusions
    ]
    rows += [
        (one.id, one.rater, "kept", None, _consensus(found.consensus.get(one.id)))
        for one in found.sessions
        if one.id not in found.excluded
    ]
    return csv_text(["session", "rater", "verdict", "rule", "detail"], sorted(rows, key=str))


def _consensus(r: float | None) -> str | None:
    return None if r is None else f"correlates {r:.2f} with the mean of the others"


def _means(found: Analysis, *, strata: bool) -> str:
    columns = ["test", "screened", "axis", "system", "control", "bucket", "mean", *ESTIMATE, "median", *BOOTSTRAP]
    rows = []
    for row in found.strata if strata else found.means:
        head = [found.design.test, row.screened, row.axis, row.system, row.control, row.bucket]
        tail = [row.median, *(row.bootstrap or (None, None)), row.group]
        rows.append([*head, *_estimate(row.estimate), *tail])
    if not strata:
        for one in found.strengths:
            head = [found.design.test, one.screened, "preference", one.system, False, None, one.value]
            interval = [
                *(one.ci95 or (None, None)),
                None,
                None,
                one.raters,
                one.items,
                one.wins + one.ties + one.losses,
            ]
            rows.append([*head, *interval, one.method, one.note, None, None, None, one.group])
        rows += [[found.design.test, row.screened, "correct", pair, False, None, *_estimate(row.share), *[None] * 4]
                 for pair, row in found.abx]  # fmt: skip
    return csv_text([*columns, "group"], rows)


def _pairs(found: Analysis) -> str:
    columns = ["test", "screened", "axis", "a", "b", "difference", *ESTIMATE, "p", "p_holm", *BOOTSTRAP]
    columns += ["second_p", "second_p_holm", "second_items", "second_method", "wins", "ties", "losses"]
    columns += ["raters_for_a", "raters_for_b", "majority_p"]
    rows: list[list[object]] = []
    for row in found.pairs:
        head = [found.design.test, row.screened, row.axis, row.a, row.b]
        rows.append([*head, *_tested(row.test, row.bootstrap), *[None] * 6])
    for one in found.wins:
        head = [found.design.test, one.screened, "preference", one.a, one.b]
        tail = [one.wins, one.ties, one.losses, one.raters_for_a, one.raters_for_b, one.majority_p]
        rows.append([*head, *_tested(one.test, None), *tail])
    return csv_text(columns, rows)


def _tested(test: Pair, bootstrap: tuple[float, float] | None) -> list[object]:
    second = [test.wilcoxon_p, test.wilcoxon_p_holm, test.wilcoxon_items, WILCOXON]
    return [*_estimate(test.estimate), test.p, test.p_holm, *(bootstrap or (None, None)), *second]


def _estimate(one: Estimate) -> list[object]:
    return [one.value, *(one.ci95 or (None, None)), one.se, one.df, one.raters, one.items, one.n, one.method, one.note]


def _reliability(found: Analysis) -> str:
    content = {
        **provenance(found),
        "reliability": [asdict(row) for row in found.reliability],
        "retest": [asdict(row) for row in found.retest],
        "position": [_position(row) for row in found.positions],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _position(row: Position) -> Mapping[str, object]:
    return {"screened": row.screened, "share_of_first": asdict(row.share), "p_of_one_half": row.p}


def provenance(found: Analysis) -> dict[str, object]:
    """What the numbers were made from."""
    design = found.design
    scales = {axis.id: [axis.low, axis.high] for axis in design.axes.values()}
    told = {"schema": 1, "test": design.test, "kit_digest": design.digest, "kind": design.kind, "scales": scales}
    counts = {"sessions": len(found.sessions), "excluded": len(found.excluded)}
    return {**told, "models": list(design.models), "seed": design.seed, "version": __version__, **counts}
