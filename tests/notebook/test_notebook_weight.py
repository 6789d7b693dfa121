from __future__ import annotations

import json

import pytest

from grader.core.errors import Ungradable
from grader.notebook import read
from grader.notebook.weight import MOST_CODE, MOST_WEIGHT, too_large, weight

ORDINARY = (
    "def normalised(values, axis):\n    # the largest becomes zero\n    return values / 2\n\n"
)
GOOD = "def f(x):\n    return x\n"


def _ipynb(*sources: str) -> bytes:
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def test_words_signs_and_statements_weigh() -> None:
    assert weight("") == 0
    assert weight("a") == 1
    assert weight("a = 'b c'") == 6
    assert weight("a\n") == weight("a;") - 1 == 5


def test_a_large_notebook_is_read_and_a_picture_in_a_string_weighs_nothing() -> None:
    assert not too_large(ORDINARY * 1_500)  # six thousand lines
    assert not too_large("picture = '" + "iVBORw0KGgo" * 80_000 + "'")
    cells = [f"# cell {number}\n{GOOD}" for number in range(1_000)]
    assert len(read(_ipynb(*cells), "a.ipynb").code_cells) == 1_000


DENSE = {
    "statements": "a\n",
    "semicolons": "a;",
    "numbers": "1,",
    "brackets": "()",
    "dots": ".a",
    "letters of two bytes": "é=1\n",
    "f-strings": "f'{a}'\n",
}


@pytest.mark.parametrize("kind", DENSE)
def test_dense_code_is_refused_before_it_is_parsed(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("cells", "ipynb", "magics", "recover", "script", "source"):
        monkeypatch.setattr(f"grader.notebook.{module}.parse", lambda _: pytest.fail("parsed"))
    code = DENSE[kind] * (2 * MOST_WEIGHT // len(DENSE[kind]))
    assert too_large(code)
    with pytest.raises(Ungradable, match="more code than is read"):
        read(_ipynb(code), "a.ipynb")
    with pytest.raises(Ungradable, match="more code than is read"):
        read(code.encode(), "a.py")


def test_many_cells_are_weighed_together() -> None:
    with pytest.raises(Ungradable, match="more code than is read"):
        read(_ipynb(*["a = 1 + 1 + 1"] * 9_999), "a.ipynb")
    with pytest.raises(Ungradable, match="more than 1 MB of code"):
        read(_ipynb("a = '" + "a" * MOST_CODE + "'"), "a.ipynb")


def test_one_string_of_many_fields_is_refused() -> None:
    assert too_large("x = f'" + "{a}" * 6_000 + "'")
    assert too_large('x = rF"""' + "{a}" * 6_000 + '"""')
    assert not too_large("x = [" + "{0: 1}, " * 6_000 + "]")
