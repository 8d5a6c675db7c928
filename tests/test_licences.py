"""What `requirements.lock` installs may be used beside Apache-2.0: nothing of it is under the GPL."""

import re
from importlib.metadata import PackageNotFoundError, files, metadata
from pathlib import Path

import pytest

LOCK = Path(__file__).parent.parent / "requirements.lock"
NAMES = [line.partition("==")[0] for line in LOCK.read_text().splitlines() if "==" in line and line[0] != "#"]
GPL = re.compile(r"\b(A|Affero )?(GPL|General Public Licen[cs]e)", re.IGNORECASE)
LESSER = re.compile(r"\b(LGPL[\w.+-]*|GNU (Lesser|Library) General Public Licen[cs]e[^\n]*)", re.IGNORECASE)


EXEMPT = {"docutils": "an Emacs mode of its source, which the wheel lacks"}
"""What of a package is under the GPL, and does not come with it."""


def licences(name: str) -> list[str]:
    """What a package says of its licence, one line each; skips the test where the package is not installed."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed here")
    classified = [line for line in found.get_all("Classifier", []) if line.startswith("License ::")]
    stated = [found.get("License-Expression") or "", (found.get("License") or "").strip().partition("\n")[0]]
    return [line for line in (*stated, *classified) if line]


@pytest.mark.parametrize("name", NAMES)
def test_no_package_is_under_the_gpl(name: str) -> None:
    said = licences(name)
    bound = [line for line in said if GPL.search(LESSER.sub("", line)) and " OR " not in line]
    assert not bound or name in EXEMPT, f"{name}: {bound}"


def test_what_is_exempt_is_not_installed() -> None:
    assert not [path for path in files("docutils") or () if path.suffix == ".el"]


@pytest.mark.parametrize(
    ("line", "bound"),
    [
        ("GPL-3.0-only", True),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", True),
        ("AGPL-3.0", True),
        ("LGPL-2.1-or-later", False),
        ("License :: OSI Approved :: GNU Lesser General Public License v2 or later (LGPLv2+)", False),
        ("MIT", False),
    ],
)
def test_the_gpl_is_told_from_the_lesser_one(line: str, bound: bool) -> None:
    assert bool(GPL.search(LESSER.sub("", line))) == bound
