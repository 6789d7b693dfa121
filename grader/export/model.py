"""What an exporter is given, what it makes, and what it needs, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook

__all__ = ["Export", "Exporter", "Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a person or the command line adds to a gradebook.

    template    the CSV file that Canvas or Moodle gave
    assignment  title or id of the receiver's assignment; None: the rubric's title
    rubric_ids  criterion -> id of the criterion in the receiver's rubric
    pages       id of a report -> the student's page, HTML
    partial     what is decided so far goes out where there is no final mark
    at          ISO 8601 with a zone: when this export is made; must grow from one to the next
    user_ids    which kind of `Student.ids` the receiver knows students by; None: its own
    columns     `identifier`, `grade`, `maximum`, `changeable` or `feedback` -> the name of that
                column in the template, for templates that cannot be told apart
    """

    template: bytes | None = None
    assignment: str | None = None
    rubric_ids: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, bytes] = field(default_factory=dict)
    partial: bool = False
    at: str | None = None
    user_ids: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Export:
    """Files by name (relative, `/` between folders), and what whoever uploads them should know."""

    files: Mapping[str, bytes]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exporter:
    """One receiving system: what it takes, and what has to be given for it.

    about   one line for the help text
    second  whether the receiver may have a policy on lateness of its own
    """

    name: str
    about: str
    make_files: Callable[[Gradebook, Options], Export]
    needs_template: bool = False
    needs_pages: bool = False
    needs_at: bool = False
    takes_rubric_ids: bool = False
    takes_partial: bool = True
    second: bool = True

    def lacking(self, options: Options) -> tuple[str, ...]:
        """The names of the options that are needed and not given."""
        needed = {
            "template": self.needs_template and options.template is None,
            "pages": self.needs_pages and not options.pages,
            "at": self.needs_at and options.at is None,
        }
        return tuple(name for name, lacks in needed.items() if lacks)

    def make(self, book: Gradebook, options: Options) -> Export:
        """The files for the receiver.

        UsageError names the students where the receiver would refuse the class, misread a mark or
        make something new without a word, and says which options are missing.
        """
        from grader.export.marks import notices  # noqa: PLC0415 - a table is read without it

        lacks = self.lacking(options)
        if lacks:
            raise UsageError(f"{self.name} cannot be made without: {', '.join(lacks)}")
        made = self.make_files(book, options)
        told = notices(book, options, second=self.second, partial=self.takes_partial)
        return Export(made.files, (*told, *made.warnings))
