"""Pages of `docs/` to the letter: their files are written, commands run, output compared.

A path in backticks and a colon, then a fence: that file has this text; with `Add to` before it, at
its end. A `diff` fence changes lines that must be there once. A `console` fence holds commands and
what they print; `...` stands for anything, in a line or for lines.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.stories.command import ROOT, environment

PAGES: Final = ("authoring", "ci")
KINDS: Final = {"console", "diff", "python", "toml", "yaml"}
FENCE: Final = re.compile(
    r"(?:(?P<add>Add to )?`(?P<path>[\w./-]+)`:\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
PROGRESS: Final = re.compile(r"graded \d+ of \d+, about ")
MARK: Final = "@@ end of command @@"


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def test_every_page_with_commands_is_run() -> None:
    found = {path.stem for path in (ROOT / "docs").glob("*.md") if "```" in page(path.stem)}
    assert found == set(PAGES)


@dataclass(frozen=True, slots=True)
class Block:
    """One fence of the page, and the line it begins in."""

    line: int
    kind: str
    text: str
    path: str = ""
    adds: bool = False


def blocks(text: str) -> Iterator[Block]:
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(line, found["kind"], found["text"], found["path"] or "", bool(found["add"]))


@pytest.mark.parametrize("name", PAGES)
def test_every_fence_is_understood(name: str) -> None:
    found = list(blocks(page(name)))
    assert len(found) * 2 == len(re.findall(r"^```", page(name), re.MULTILINE))
    assert {block.kind for block in found} <= KINDS
    assert any(block.kind == "console" for block in found)
    for block in found:
        assert (block.kind not in ("console", "diff")) == bool(block.path), block.line


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_true(name: str, tmp_path: Path) -> None:
    for block in blocks(page(name)):
        if block.kind == "console":
            _run(block, tmp_path, name)
        elif block.kind == "diff":
            _change(block, tmp_path, name)
        else:
            path = tmp_path / block.path
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text(encoding="utf-8") if block.adds else ""
            path.write_text(before + block.text, encoding="utf-8")


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["a", "b"], ["a"], False),
        (["...", "b"], ["x", "y", "b"], True),
        (["...", "b"], ["b"], True),
        (["b", "..."], ["x", "b"], False),
        (["one ... two"], ["one and two"], True),
        (["one ... two"], ["one and three"], False),
        (["a.b"], ["axb"], False),
        ([], [], True),
    ],
)
def test_what_is_printed_is_compared(expected: list[str], printed: list[str], same: bool) -> None:  # noqa: FBT001 - a parameter of the table above
    assert (_missing(expected, printed) is None) == same


def _change(block: Block, folder: Path, name: str) -> None:
    """Apply the one hunk of a diff, found by its text."""
    head, *lines = block.text.splitlines(keepends=True)
    assert head.startswith("--- "), block.line
    path = folder / head.removeprefix("--- ").strip()
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{name}.md:{block.line}: not once in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def _run(block: Block, folder: Path, name: str) -> None:
    commands: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append((line.removeprefix("$ "), []))
        else:
            commands[-1][1].append(line)
    script = [f'grader() {{ {shlex.quote(sys.executable)} -m grader "$@"; }}', "exec 2>&1"]
    for command, _ in commands:
        script += [command, f"status=$?; echo; echo {shlex.quote(MARK)}; (exit $status)"]
    done = subprocess.run(
        ["bash"],
        input="\n".join(script) + "\n",
        cwd=folder,
        env=environment(PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=False,
    )
    outputs = done.stdout.split(f"\n{MARK}\n")
    assert len(outputs) == len(commands) + 1, done.stdout
    for (command, expected), output in zip(commands, outputs, strict=False):
        # how far it is shows on a slow machine only
        printed = [line for line in output.splitlines() if not PROGRESS.match(line)]
        missing = _missing(expected, printed)
        where = f"{name}.md:{block.line}: $ {command}"
        assert missing is None, f"{where}\nexpected: {missing}\nprinted:\n{output}"


def _missing(expected: list[str], printed: list[str]) -> str | None:
    """The first line that is not there as it should be; None where all are."""
    at, free = 0, False
    lines = [line.rstrip() for line in printed]
    while lines and not lines[-1]:
        lines.pop()
    for line in expected:
        if line == "...":
            free = True
            continue
        pattern = re.compile(re.escape(line).replace(re.escape("..."), ".*"))
        last = len(lines) if free else min(at + 1, len(lines))
        found = next((n for n in range(at, last) if pattern.fullmatch(lines[n])), None)
        if found is None:
            return line
        at, free = found + 1, False
    return None if free or at == len(lines) else f"nothing after {lines[at - 1] if at else ''!r}"
