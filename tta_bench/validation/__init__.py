"""What sees what? Graded degradations of a board's references against every metric of its protocol.

study = degrade -> embed -> score; render = what it found as a table, a csv file and a figure
"""

from tta_bench.validation.findings import Finding, findings
from tta_bench.validation.report import figure_of, render
from tta_bench.validation.studies import Study, study

__all__ = ["Finding", "Study", "figure_of", "findings", "render", "study"]
