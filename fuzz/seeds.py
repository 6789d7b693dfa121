"""Where fuzzing starts: the shipped submissions, rubrics and fixtures, and small odd texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from grader.resources import shipped

__all__ = ["CODE", "TEXTS", "cells_of", "export", "ipynb", "percent", "submissions", "yaml_files"]

CODE: Final = (
    "import torch\nfrom torch import Tensor\nimport numpy as np, math as m\nfrom os import *\n",
    "data = torch.rand((1, 20)) + 100\nrows: int = len(data); scale, shift = 2, 0.5\n",
    "def helper(v, *rest, k=3, **more):\n    '''Doc.'''\n    return v - v.max() + k\n",
    "@torch.no_grad()\ndef target(x: Tensor) -> Tensor:\n    # TODO\n"
    "    global scale\n    scale += 1\n    return helper(x, k=scale) if x.ndim else data\n",
    "class CustomBackward(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "    def forward(self, x):\n        return target(x)\n"
    "    def backward(self, g):\n        return [g * i for i, _ in enumerate(g)]\n",
    "%matplotlib inline\n!pip install torch\n%time y = target(data)\ny?\n%%time\n",
    "try:\n    target(data)\nexcept (ValueError, TypeError) as e:\n    print(f'{e!r:>{10}}')\n"
    "else:\n    pass\nfinally:\n    del scale\n",
    "for i in range(3):\n    if i:\n        continue\n    while True:\n        break\n",
    "with torch.no_grad() as g, open('f') as h:\n    z = [a for a in data if (b := a)]\n",
    "match data:\n    case [1, *others] | {'a': others}:\n        target = lambda q: q\n",
    "globals()['target'] = target\nexec('x = 1')\ndata[::-1]\ndata.to('cuda')\n",
)
"""Code cells that hold one of everything the slicer looks at."""

TEXTS: Final = (
    "# A heading\n\nWhy is it unstable? Because exp overflows.\n",
    "tensor([[0.1, nan]])\n",
    "$\\frac{1}{n}$ and `code`: so",
)


def submissions(suffix: str) -> tuple[bytes, ...]:
    """The shipped example submissions with that suffix."""
    folder = shipped("fixtures") / "submissions"
    return tuple(path.read_bytes() for path in sorted(folder.rglob(f"*{suffix}")))


def yaml_files(kind: str) -> tuple[bytes, ...]:
    """The shipped YAML files of `rubrics` or `fixtures`."""
    return tuple(path.read_bytes() for path in sorted(shipped(kind).rglob("*.yaml")))


def ipynb(code: Sequence[str] = CODE) -> bytes:
    """A notebook of these code cells, a text behind each."""
    cells: list[dict[str, Any]] = []
    for number, source in enumerate(code):
        lines = source.splitlines(keepends=True)
        outputs = [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]
        cells.append(
            {
                "cell_type": "code",
                "execution_count": number,
                "id": f"c{number}",
                "metadata": {},
                "outputs": outputs,
                "source": lines if number % 2 else source,
            }
        )
        text = TEXTS[number % len(TEXTS)]
        cells.append({"cell_type": "markdown", "metadata": {}, "source": [text]})
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1).encode()


def export(code: Sequence[str] = CODE) -> bytes:
    """The same as a text export."""
    parts = [f"In [None]:\n{one}\n{TEXTS[at % len(TEXTS)]}" for at, one in enumerate(code)]
    return "\n".join(parts).encode()


def percent(code: Sequence[str] = CODE) -> bytes:
    """The same as a script with marked cells."""
    return "".join(f"# %% part {at}\n{one}\n" for at, one in enumerate(code)).encode()


def cells_of(data: bytes) -> list[str]:
    """The sources of a notebook's code cells."""
    found = json.loads(data).get("cells", [])
    return ["".join(cell["source"]) for cell in found if cell.get("cell_type") == "code"]
