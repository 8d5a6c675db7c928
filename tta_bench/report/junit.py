"""Changes as JUnit XML, the form in which Jenkins, GitHub and GitLab read test results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from tta_bench.report.regression import Change

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold in any form."""


def junit(changes: Sequence[Change], suite: str) -> bytes:
    """A test suite of that name with a test case a metric, which fails where the metric regressed; UTF-8.

    As the schema of the Jenkins xUnit plugin (junit-10.xsd) and GitHub's readers want it. Characters that XML cannot
    hold become U+FFFD.
    """
    failed = sum(change.regressed for change in changes)
    counts = {"tests": str(len(changes)), "failures": str(failed), "errors": "0", "time": "0"}
    root = ElementTree.Element("testsuites", {"name": _held(suite), **counts})
    cases = ElementTree.SubElement(root, "testsuite", {"name": _held(suite), **counts})
    for change in changes:
        named = {"name": _held(change.metric), "classname": _held(suite), "time": "0"}
        case = ElementTree.SubElement(cases, "testcase", named)
        told = ElementTree.SubElement(case, "failure" if change.regressed else "system-out")
        told.text = _held(sentence(change))
        if change.regressed:
            told.attrib |= {"message": told.text, "type": "regression"}
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def sentence(change: Change) -> str:
    """What became of a metric, with all numbers behind it."""
    way = "worse" if change.worse_by > 0 else "better"
    return (
        f"{change.metric}: {change.baseline:.6g} before, {change.new:.6g} now, {abs(change.worse_by):.4g} {way}; "
        f"worse by at least {change.at_least:.4g} at level {change.level:.3g}, allowed {change.margin:.4g}; "
        f"p {change.p:.2g}, by Holm {change.p_holm:.2g}, {change.n} prompts"
    )


def _held(text: str) -> str:
    return NO_XML.sub("\ufffd", text)
