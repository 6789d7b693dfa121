"""The table of exporters: a new receiving system is a new line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from grader.export.canvas import canvas
from grader.export.canvas_api import canvas_api
from grader.export.feedback import canvas_feedback, moodle_feedback
from grader.export.gradescope import gradescope
from grader.export.junit import junit
from grader.export.lti import lti_ags
from grader.export.model import Exporter
from grader.export.moodle import moodle
from grader.export.spreadsheet import spreadsheet

__all__ = ["EXPORTERS"]

_ALL: Final = (
    Exporter(
        "canvas",
        "Canvas's gradebook CSV, filled in",
        canvas,
        needs_template=True,
    ),
    Exporter(
        "canvas-api",
        "JSON for Canvas's bulk update of grades, with comments",
        canvas_api,
        takes_rubric_ids=True,
    ),
    Exporter(
        "canvas-feedback",
        "zip of the students' pages under the names of Canvas's download",
        canvas_feedback,
        needs_pages=True,
        takes_partial=False,
        second=False,
    ),
    Exporter(
        "moodle",
        "Moodle's offline grading worksheet, filled in",
        moodle,
        needs_template=True,
    ),
    Exporter(
        "moodle-feedback",
        "zip of the students' pages in the folders of Moodle's download",
        moodle_feedback,
        needs_pages=True,
        takes_partial=False,
        second=False,
    ),
    Exporter(
        "gradescope",
        "results.json of one submission, or a zip of them for a class",
        gradescope,
    ),
    Exporter(
        "lti-ags",
        "LTI Advantage scores: a JSON document a student, and an index",
        lti_ags,
        needs_at=True,
    ),
    Exporter(
        "csv",
        "everything for a spreadsheet: a row a student, a column a criterion",
        spreadsheet,
        second=False,
    ),
    Exporter(
        "junit",
        "JUnit XML: a suite a submission, a test case a criterion",
        junit,
        second=False,
    ),
)
EXPORTERS: Final[Mapping[str, Exporter]] = MappingProxyType({one.name: one for one in _ALL})
