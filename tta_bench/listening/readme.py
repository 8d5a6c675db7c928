"""The README of a kit: how to put it online, and what a listener could still tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEMPLATE = """\
# Listening test {test}

Open `index.html` in a browser, or put this folder on any web server: it needs nothing else. Answers are kept in the
browser as they are given, and at the end the page offers them as a file. Bring those files to
`benchmark.py listen collect`. To gather answers on a server of your own, serve this folder with
`benchmark.py listen serve`.

- {pages} pages in {lists} lists; `index.html?list=0` shows the first list, without it a listener gets one at random.
- Digest of the test: `{digest}`. Answers to another test are refused by it.
- The private key was written beside this folder, not into it. **Never upload it**, and keep it: without it the answers
  mean nothing.
- Copy the folder as it is. Files that are added are not part of the test.

## What a listener could still tell

File names, metadata, dates and levels tell nothing of who made a sound. What can be heard or measured can: its
bandwidth, a floor of noise, its length{differing}. Whoever reads the scripts of a page without a server can find its
completion code and forge answers; pay for answers only through the collection server.
"""


def readme(config: Mapping[str, Any]) -> str:
    """The text, from what the config says and nothing else."""
    lengths = sorted({round(sound["seconds"], 1) for trial in config["trials"].values() for sound in trial["stimuli"]})
    differing = f" (here {lengths[0]:g} to {lengths[-1]:g} s)" if len(lengths) > 1 else ""
    return TEMPLATE.format(
        test=config["test"],
        digest=config["digest"],
        pages=len(config["trials"]),
        lists=len(config["lists"]),
        differing=differing,
    )
