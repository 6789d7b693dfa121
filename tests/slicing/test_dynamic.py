"""What slicing cannot see: run-time look-ups, the wide slice, devices."""

from __future__ import annotations

import pytest

from .story import sliced

LOOKUPS = [
    "return globals()['e'] + x",
    "return eval('e') + x",
    "exec('y = e')\n    return x",
    "return vars()['x']",
    "return locals()['x']",
    "import sys\n    return sys.modules['__main__'].e",
    "return __import__('__main__').e",
    "import __main__\n    return __main__.e",
    "return get_ipython().user_ns['e']",
    "return good_softmax.__globals__['e']",
]


@pytest.mark.parametrize("body", LOOKUPS)
def test_lookup_at_run_time(body: str) -> None:
    found = sliced(f"e = 1\n---\ndef good_softmax(x):\n    {body}")
    assert found.dynamic
    assert [statement.code.split("\n")[0] for statement in found.wide] == [
        "e = 1",
        "def good_softmax(x):",
    ]
    assert all(statement.tolerant for statement in found.wide)


@pytest.mark.parametrize(
    "body",
    [
        "return vars(x)",
        "return model.eval()",
        "eval = x\n    return eval",
        "if __name__ == '__main__':\n        return x\n    return x",
    ],
)
def test_what_only_looks_like_it(body: str) -> None:
    found = sliced(f"model = 1\n---\ndef good_softmax(x):\n    {body}")
    assert not found.dynamic
    assert found.wide == ()


def test_eval_of_the_notebook_is_its_own_function() -> None:
    text = "def eval(x):\n    return x\n---\ndef good_softmax(x):\n    return eval(x)"
    assert not sliced(text).dynamic


def test_wide_leaves_out_what_binds_nothing_of_use() -> None:
    found = sliced("""
        import os
        print('hello')
        ---
        for epoch in range(10**9):
            loss = epoch
        ---
        for i in range(3):
            scale = i
        ---
        globals()['e'] = 3
        exec("h = 1")
        ---
        def good_softmax(x):
            return globals()['scale'] + x
        ---
        good_softmax(3)
        good_softmax = good_softmax(3)
        os.remove('x')
        """)
    assert [statement.code.split("\n")[0] for statement in found.wide] == [
        "import os",
        "for i in range(3):",
        "globals()['e'] = 3",
        'exec("h = 1")',
        "def good_softmax(x):",
    ]


def test_a_free_name_widens_without_being_dynamic() -> None:
    found = sliced("exec('e = 1')\n---\ndef good_softmax(x):\n    return e + x")
    assert not found.dynamic
    assert found.wide[0].code == "exec('e = 1')"


def test_a_class_that_names_itself_needs_nothing_wide() -> None:
    found = sliced("""
        class S:
            def __init__(self, dim=-1):
                super(S, self).__init__()
            def __call__(self, x):
                return helper(x)
        s = S()
        s(1)
        ---
        good_softmax = S
        ---
        def helper(x):
            return x
        """)
    assert found.state == "found"
    assert found.wide == ()


DEVICES = [
    "x.cuda()",
    "x.to('cuda')",
    "x.to('cuda:0')",
    "x.to('mps')",
    "x.type('torch.cuda.FloatTensor')",
]


@pytest.mark.parametrize("use", DEVICES)
def test_device(use: str) -> None:
    found = sliced(f"import torch\ndevice = 1\ndef good_softmax(x):\n    return {use}")
    assert found.devices
    assert any("CPU" in note.text for note in found.notes)


@pytest.mark.parametrize("use", ["x.to(torch.float32)", "x.to(y)", "'a word about cuda'"])
def test_no_device(use: str) -> None:
    found = sliced(f"import torch\ny = 1\ndef good_softmax(x):\n    # cuda\n    return {use}")
    assert not found.devices
