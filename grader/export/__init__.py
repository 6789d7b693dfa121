"""A class as each receiving system takes it."""

from __future__ import annotations

from grader.export.model import Export, Exporter, Options
from grader.export.package import package_gradescope
from grader.export.table import EXPORTERS

__all__ = ["EXPORTERS", "Export", "Exporter", "Options", "package_gradescope"]
