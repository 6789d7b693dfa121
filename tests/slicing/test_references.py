"""Library names a slice uses, whatever it calls them."""

from __future__ import annotations

import pytest

from .story import sliced

USES = {
    "plain": ("import torch", "torch.relu(x)", "torch.relu"),
    "alias": ("import torch.nn.functional as F", "F.relu(x)", "torch.nn.functional.relu"),
    "submodule": ("import torch.nn", "torch.nn.functional.relu(x)", "torch.nn.functional.relu"),
    "from": ("from torch import nn", "nn.ReLU()(x)", "torch.nn.ReLU"),
    "from as": ("from torch import relu as r", "r(x)", "torch.relu"),
    "assigned module": (
        "from torch import nn\nF = nn.functional",
        "F.relu(x)",
        "torch.nn.functional.relu",
    ),
    "assigned function": ("import torch\ns = torch.relu", "s(x)", "torch.relu"),
    "getattr": ("import torch", "getattr(torch, 're' + 'lu')(x)", "torch.relu"),
    "getattr by name": ("import torch\nn = 'relu'", "getattr(torch, n)(x)", "torch.relu"),
    "getattr by f-string": ("import torch\nn = 'lu'", "getattr(torch, f're{n}')(x)", "torch.relu"),
    "getattr reversed": ("import torch", "getattr(torch, 'uler'[::-1])(x)", "torch.relu"),
    "getattr joined": ("import torch", "getattr(torch, ''.join(['re', 'lu']))(x)", "torch.relu"),
    "dictionary": ("import torch", "torch.__dict__['relu'](x)", "torch.relu"),
    "vars": ("import torch", "vars(torch)['relu'](x)", "torch.relu"),
    "import_module": (
        "import importlib",
        "importlib.import_module('torch.nn').ReLU()(x)",
        "torch.nn.ReLU",
    ),
    "__import__": ("n = 1", "__import__('torch').relu(x) + n", "torch.relu"),
    "star": ("from torch.nn.functional import *", "relu(x)", "torch.nn.functional.relu"),
    "method": ("n = 1", "x.relu(1) + n", ".relu"),
    "method of a result": ("n = 1", "(x + n).exp().relu()", ".relu"),
    "getattr of a value": ("n = 1", "getattr(x, 'relu')() + n", ".relu"),
    "methodcaller": ("import operator", "operator.methodcaller('relu')(x)", ".relu"),
    "in a lambda": ("import torch\nf = lambda v: torch.relu(v)", "f(x)", "torch.relu"),
    "in a class": (
        "import torch\nclass S:\n    def go(self, x):\n        return torch.relu(x)",
        "S().go(x)",
        "torch.relu",
    ),
    "one of two branches": (
        "import torch\ntry:\n    f = torch.relu\nexcept Exception:\n    f = torch.abs",
        "f(x)",
        "torch.relu",
    ),
}


@pytest.mark.parametrize(("head", "use", "name"), USES.values(), ids=USES.keys())
def test_use_is_seen(head: str, use: str, name: str) -> None:
    found = sliced(f"{head}\n---\ndef good_softmax(x):\n    return {use}")
    used = {reference.name: reference.location for reference in found.references}
    assert name in used


NO_USES = {
    "parameter": ("def good_softmax(x, torch=None):\n    return torch.relu", "torch.relu"),
    "local": ("def good_softmax(x):\n    torch = x\n    return torch.relu", "torch.relu"),
    "import alone": ("from torch import relu\ndef good_softmax(x):\n    return x", "torch.relu"),
    "own method": (
        "class S:\n    def relu(self, x):\n        return x\n    def go(self, x):\n"
        "        return self.relu(x)\n---\ndef good_softmax(x):\n    return S().go(x)",
        ".relu",
    ),
    "comparison elsewhere": (
        "import torch\ndef good_softmax(x):\n    return x\n---\ntorch.relu(1)",
        "torch.relu",
    ),
}


@pytest.mark.parametrize(("text", "name"), NO_USES.values(), ids=NO_USES.keys())
def test_no_use(text: str, name: str) -> None:
    found = sliced("import torch\n---\n" + text)
    assert name not in {reference.name for reference in found.references}


def test_function_local_import_and_location() -> None:
    found = sliced("""
        def good_softmax(x):
            import torch.nn.functional as F
            s = F.relu
            return s(x)
        """)
    where = [(r.location.cell, r.location.line) for r in found.references if "relu" in r.name]
    assert where == [(1, 3), (1, 4)]
