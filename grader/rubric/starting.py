"""A rubric to start from: a worked example under names of one's own, whole from the first minute.

The files of `template` are copied. In their text `@name@`, `@function@`, `@x@` (the first argument)
and the like stand for what was asked for; a line with `@other@` is repeated for every further
argument, and left out where there is none.
"""

from __future__ import annotations

import keyword
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.core.errors import StorageError, UsageError
from grader.rubric.loading import shipped_names

__all__ = ["Start", "files", "plan", "write"]

_TEMPLATE: Final = Path(__file__).resolve().parent / "template"
_SUFFIX: Final = ".in"  # no tool takes a template for the Python or YAML that it becomes
_RUBRIC: Final = "rubric.yaml"

_LONGEST: Final = 60
_NAME: Final = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_PYTHON: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACE: Final = re.compile(r"@([a-z]+)@")

_CONSTANTS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off"})
"""Words that readers of YAML take for something other than a text."""

_TAKEN: Final = frozenset({"Tensor", "abs", "cls", "ctx", "max", "self", "sum", "torch"})
_LOCAL: Final = "row_"
"""How all names begin that the example programs give to values of their own."""


@dataclass(frozen=True, slots=True)
class Start:
    """What is to be started: the rubric's id, the students' function, its arguments in order."""

    name: str
    function: str
    arguments: tuple[str, ...]


def plan(name: str, function: str | None = None, arguments: Iterable[str] = ()) -> Start:
    """What is to be started; `good_NAME(x)` where no function or argument is named.

    UsageError where a name cannot be used, with one that can where that is clear.
    """
    _check_name(name)
    made = Start(name, function or f"good_{name.replace('-', '_')}", tuple(arguments) or ("x",))
    _check_python("--function", made.function)
    for at, argument in enumerate(made.arguments):
        _check_python("--argument", argument)
        if argument in made.arguments[:at]:
            raise UsageError(f"--argument {argument}: expected each argument once")
        if argument == made.function:
            raise UsageError(f"--argument {argument}: expected another name than the function's")
    return made


def files(start: Start) -> dict[str, str]:
    """Text by path of every file, the rubric first; paths have `/` and are relative."""
    texts = {
        path.relative_to(_TEMPLATE).as_posix().removesuffix(_SUFFIX): path.read_text("utf-8")
        for path in sorted(_TEMPLATE.rglob(f"*{_SUFFIX}"))
    }
    rubric = {f"{start.name}.yaml": texts.pop(_RUBRIC)}
    rest = {f"{start.name}/{path}": text for path, text in texts.items()}
    return {path: _filled(text, start) for path, text in (rubric | rest).items()}


def write(start: Start, folder: Path) -> tuple[str, ...]:
    """Write the files into `folder`, made where it is not there; their paths, relative to it.

    Nothing is overwritten: UsageError where the rubric or its folder is there in any form, and
    nothing is written then. StorageError where the disk refuses; what was begun is removed.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    own, rubric = folder / start.name, folder / f"{start.name}.yaml"
    for path in (rubric, own):
        if path.exists() or path.is_symlink():
            raise UsageError(
                f"{path} is in the way, and nothing was written: take another name, or another "
                "folder with --into"
            )
    made = files(start)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own.mkdir()
        try:
            _fill(folder, made)
        except OSError:
            shutil.rmtree(own, ignore_errors=True)
            rubric.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(f"cannot write {error.filename or folder}: {reason}") from error
    return tuple(made)


def _fill(folder: Path, texts: dict[str, str]) -> None:
    # the rubric comes last: where it is, all that it needs is there too
    for name, text in reversed(texts.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)


def _filled(text: str, start: Start) -> str:
    first, *others = start.arguments
    words = {
        "name": start.name,
        "title": f"{start.name}, written by hand",
        "function": start.function,
        "x": first,
        "arguments": ", ".join(start.arguments),
        "typed": ", ".join(f"{each}: Tensor" for each in start.arguments),
        "quoted": ", ".join(f'"{each}"' for each in start.arguments) + ("" if others else ","),
        "times": "".join(f" * {each}" for each in others),
    }
    return "".join(_lines(text, words, others))


def _lines(text: str, words: dict[str, str], others: Iterable[str]) -> Iterator[str]:
    for line in text.splitlines(keepends=True):
        repeated = others if "@other@" in line else ("",)
        yield from (_placed(line, {**words, "other": other}) for other in repeated)


def _placed(line: str, words: dict[str, str]) -> str:
    return _PLACE.sub(lambda found: words[found[1]], line)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or name in _CONSTANTS:
        stem = Path(name).name.removesuffix(".yaml").removesuffix(".yml")
        near = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_0123456789")[:_LONGEST].strip("_")
        hint = f", for example `{near}`" if _NAME.fullmatch(near) and near != name else ""
        where = "; --into says in which folder" if "/" in name else ""
        raise UsageError(
            f"`{name}` is no name for a rubric: expected small letters and digits, in words joined "
            f"by - or _{hint}{where}"
        )
    if name in shipped_names():
        raise UsageError(
            f"`{name}` is the name of a rubric that comes with the grader: take another, for "
            f"example `my_{name}`"
        )


def _check_python(option: str, name: str) -> None:
    if not _PYTHON.fullmatch(name) or keyword.iskeyword(name) or len(name) > _LONGEST:
        near = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_").lstrip("0123456789")
        usable = _PYTHON.fullmatch(near) and not keyword.iskeyword(near) and near != name
        hint = f", for example `{near[:_LONGEST]}`" if usable else ""
        raise UsageError(f"{option} {name}: expected a Python name in plain letters{hint}")
    if name in _TAKEN or name in _CONSTANTS or name.startswith(_LOCAL):
        raise UsageError(
            f"{option} {name}: the example's own files use this word: take another now, and change "
            "it in the files afterwards"
        )
