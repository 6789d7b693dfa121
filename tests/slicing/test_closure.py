"""Which statements a target needs: each story names the first lines of those kept."""

from __future__ import annotations

import pytest

from .story import heads, sliced

TARGET = "def good_softmax(x):"

STORIES = {
    "imports split by alias": (
        "import torch, torchvision\n---\ndef good_softmax(x):\n    return torch.exp(x)",
        ["import torch", TARGET],
    ),
    "from-imports split by alias": (
        "from math import exp, log, floor as fl\n---\ndef good_softmax(x):\n    return fl(exp(x))",
        ["from math import exp", "from math import floor as fl", TARGET],
    ),
    "all imports below one root": (
        "import torch\nimport torch.nn\nimport torch.utils.data\nimport torch.nn.functional as F\n"
        "---\ndef good_softmax(x):\n    return torch.nn.functional.relu(x)",
        ["import torch", "import torch.nn", "import torch.utils.data", TARGET],
    ),
    "an import made again": (
        "import torch\n---\ndef good_softmax(x):\n    return torch.exp(x)\n---\nimport torch",
        ["import torch", TARGET],
    ),
    "star imports always, in order": (
        "from os import *\nimport sys\nfrom math import *\n---\ndef good_softmax(x):\n    return x",
        ["from os import *", "from math import *", TARGET],
    ),
    "guarded import": (
        "try:\n    import numpy as np\nexcept ImportError:\n    np = None\n"
        "---\ndef good_softmax(x):\n    return np.exp(x)",
        ["try:", TARGET],
    ),
    "definitions handed to a decorator of the target": (
        "import functools\n---\n@functools.singledispatch\ndef good_softmax(x):\n    raise x\n"
        "---\n@good_softmax.register\ndef _(x: float):\n    return x\n"
        "---\n@functools.cache\ndef other(x):\n    return x",
        ["import functools", "@functools.singledispatch", "@good_softmax.register"],
    ),
    "definitions handed to a registry that the target reads": (
        "class Box(dict):\n    def add(self, f):\n        self[f.__name__] = f\n---\nbox = Box()\n"
        "@box.add\ndef one(x):\n    return x\n---\ndef good_softmax(x):\n    return box['one'](x)",
        ["class Box(dict):", "box = Box()", "@box.add", TARGET],
    ),
    "helper and constant": (
        "EPS = 1e-12\nN = 3\n---\ndef shift(x):\n    return x + EPS\n---\n"
        "def other(x):\n    return N\n---\ndef good_softmax(x):\n    return shift(x)",
        ["EPS = 1e-12", "def shift(x):", TARGET],
    ),
    "helper below": (
        "def good_softmax(x):\n    return shift(x)\n---\ndef shift(x):\n    return x",
        [TARGET, "def shift(x):"],
    ),
    "last helper counts": (
        "def h(x):\n    return 1\n---\ndef good_softmax(x):\n    return h(x)\n---\n"
        "def h(y):\n    return 2",
        [TARGET, "def h(y):"],
    ),
    "default needs the value before it": (
        "e = 1\n---\ndef good_softmax(x, e=e):\n    return x + e\n---\ne = 2",
        ["e = 1", "def good_softmax(x, e=e):"],
    ),
    "constant computed from an old value": (
        "a = 1\nb = a + 1\na = 5\n---\ndef good_softmax(x):\n    return x + b",
        ["a = 1", "b = a + 1", TARGET],
    ),
    "both values of a name": (
        "a = 1\nb = a + 1\na = 5\n---\ndef good_softmax(x):\n    return x + b + a",
        ["a = 1", "b = a + 1", "a = 5", TARGET],
    ),
    "helper called at top level sees what was there": (
        "k = 2\n---\ndef h(x):\n    return x * k\n---\nc = h(3)\nk = 7\n---\n"
        "def good_softmax(x):\n    return x + c",
        ["k = 2", "def h(x):", "c = h(3)", "k = 7", TARGET],
    ),
    "aliases of modules and functions": (
        "import torch.nn as nn\nF = nn.functional\ns = F.relu\n---\ngood_softmax = lambda x: s(x)",
        [
            "import torch.nn as nn",
            "F = nn.functional",
            "s = F.relu",
            "good_softmax = lambda x: s(x)",
        ],
    ),
    "parameter called like a global": (
        "logits = 3\n---\ndef good_softmax(logits):\n    return logits",
        ["def good_softmax(logits):"],
    ),
    "local called like a builtin and a global": (
        "max = 3\n---\ndef good_softmax(x):\n    max = x + 1\n    return x - max",
        [TARGET],
    ),
    "comprehension variable": (
        "i = 3\nrow = 5\n---\ndef good_softmax(x):\n    return [i for row in x for i in row]",
        [TARGET],
    ),
    "lambda parameter": (
        "t = 3\n---\ndef good_softmax(x):\n    return map(lambda t: t + 1, x)",
        [TARGET],
    ),
    "nested function and nonlocal": (
        "m = 3\nn = 4\n---\ndef good_softmax(x):\n    m = 0\n    def inner(v):\n"
        "        nonlocal m\n        m = v\n        return n\n    return inner(x)",
        ["n = 4", TARGET],
    ),
    "class attribute is not seen by methods": (
        "scale = 3\n---\nclass S:\n    scale = 1\n    def __call__(self, x):\n"
        "        return x * scale\n---\ngood_softmax = S()",
        ["scale = 3", "class S:", "good_softmax = S()"],
    ),
    "base class, decorator, annotation": (
        "Base = object\nType = int\ndef deco(f):\n    return f\nspare = 1\n---\nclass S(Base):\n"
        "    @deco\n    def forward(self, x: Type):\n        return x\n---\n"
        "def good_softmax(x):\n    return S().forward(x)",
        ["Base = object", "Type = int", "def deco(f):", "class S(Base):", TARGET],
    ),
    "annotation of a local variable is never evaluated": (
        "Thing = 1\n---\ndef good_softmax(x):\n    y: Thing = x\n    return y",
        [TARGET],
    ),
    "in-place changes of a needed value": (
        "n = [1]\nother = []\nn.append(2)\nother.append(2)\nn[0] = 5\nn.count(2)\nprint(n)\n---\n"
        "def good_softmax(x):\n    return n",
        ["n = [1]", "n.append(2)", "n[0] = 5", TARGET],
    ),
    "augmented assignment": (
        "n = 1\nn += 2\n---\ndef good_softmax(x):\n    return n",
        ["n = 1", "n += 2", TARGET],
    ),
    "tensor methods in place": (
        "import torch\nn = torch.zeros(3)\nn.fill_(2)\nn.sum()\nn.requires_grad_()\n---\n"
        "def good_softmax(x):\n    return n",
        ["import torch", "n = torch.zeros(3)", "n.fill_(2)", "n.requires_grad_()", TARGET],
    ),
    "attribute of a configuration": (
        "class cfg: pass\ncfg.dim = 1\nsetattr(cfg, 'eps', 0)\nprint(cfg.dim)\n---\n"
        "def good_softmax(x):\n    return x.sum(cfg.dim)",
        ["class cfg: pass", "cfg.dim = 1", "setattr(cfg, 'eps', 0)", TARGET],
    ),
    "patched library": (
        "import torch.nn.functional as F\ndef mine(x):\n    return x\nF.relu = mine\n---\n"
        "def good_softmax(x):\n    return F.relu(x)",
        ["import torch.nn.functional as F", "def mine(x):", "F.relu = mine", TARGET],
    ),
    "function that changes its argument": (
        "def init(w):\n    w[0] = 1\nw = [0]\nv = [0]\ninit(w)\ninit(v)\n---\n"
        "def good_softmax(x):\n    return w",
        ["def init(w):", "w = [0]", "init(w)", TARGET],
    ),
    "method of the notebook's class that stores": (
        "class S:\n    def set(self, t):\n        self.t = t\n    def show(self):\n"
        "        return self.t\ns = S()\ns.set(2)\ns.show()\n---\n"
        "def good_softmax(x):\n    return s.t",
        ["class S:", "s = S()", "s.set(2)", TARGET],
    ),
    "if may bind": (
        "d = 1\nif d > 2:\n    d = 3\n---\ndef good_softmax(x):\n    return d",
        ["d = 1", "if d > 2:", TARGET],
    ),
    "function that assigns a global": (
        "t = 1\ndef setup():\n    global t, u\n    t = 2\ndef show():\n    return 1\n"
        "setup()\nshow()\n---\ndef good_softmax(x):\n    return x / t",
        ["t = 1", "def setup():", "setup()", TARGET],
    ),
    "function that calls one that assigns a global": (
        "t = 1\ndef a():\n    global t\n    t = 2\ndef b():\n    a()\nb()\n---\n"
        "def good_softmax(x):\n    return x / t",
        ["t = 1", "def a():", "def b():", "b()", TARGET],
    ),
    "calls of the target itself are not run": (
        "cache = {}\n---\ndef good_softmax(x):\n    cache[1] = x\n    return x\n---\n"
        "good_softmax(1)\nprint(good_softmax(2))",
        ["cache = {}", TARGET],
    ),
    "del ends a value": (
        "n = 1\n---\ndel n\n---\nn = 2\n---\ndef good_softmax(x):\n    return n",
        ["n = 2", TARGET],
    ),
    "a name after del is the builtin again": (
        "max = 5\ndel max\n---\ndef good_softmax(x):\n    return max(x)",
        ["del max", TARGET],
    ),
    "default dtype is a setting, a seed is not": (
        "import torch\ntorch.manual_seed(0)\ntorch.set_default_dtype(torch.float64)\n---\n"
        "def good_softmax(x):\n    return torch.exp(x)",
        ["import torch", "torch.set_default_dtype(torch.float64)", TARGET],
    ),
    "a setting of a library that is not used": (
        "import torch\ntorch.set_default_dtype(torch.float64)\n---\n"
        "def good_softmax(x):\n    return x",
        [TARGET],
    ),
    "the session's set-up stays out": (
        "import torch\ntorch.backends.cudnn.deterministic = True\ntorch.set_printoptions(2)\n---\n"
        "def good_softmax(x):\n    return torch.exp(x)",
        ["import torch", TARGET],
    ),
    "nothing else": (
        "from google.colab import drive\nimport matplotlib.pyplot as plt, torch, course\n"
        "drive.mount('/content')\n---\ndata = course.download()\nmodel = torch.nn.Linear(2, 2)\n"
        "while True:\n    model(data)\nplt.plot([1])\n---\ndef good_softmax(x):\n"
        "    return torch.exp(x)\n---\nplt.show()\nprint(good_softmax(data))",
        ["import matplotlib.pyplot as plt", "import torch", TARGET][1:],
    ),
    "training loop that has its own names": (
        "import torch\nw = torch.ones(2)\nfor i in range(3):\n    w = w * 2\n    z = i\n---\n"
        "def good_softmax(x):\n    return torch.exp(x)",
        ["import torch", TARGET],
    ),
    "the statements of one line": (
        "a = 1; b = 2; c = 'é'; d = 3\n---\ndef good_softmax(x):\n    return d + b",
        ["b = 2", "d = 3", TARGET],
    ),
    "a cell that does not parse": (
        "eps = 1\n---\neps = = 2\n---\ndef good_softmax(x):\n    return eps",
        ["eps = 1", TARGET],
    ),
    "import below its use in an annotation": (
        "def good_softmax(x: Array):\n    return x\n---\nfrom array import array as Array",
        ["from array import array as Array", "def good_softmax(x: Array):"],
    ),
    "loop variables are no needs of the loop": (
        "i = 5\n---\nt = 0\nfor i in range(3):\n    t += i\n---\n"
        "def good_softmax(x):\n    return t",
        ["t = 0", "for i in range(3):", TARGET],
    ),
    "with block": (
        "import torch\nwith torch.no_grad():\n    c = torch.ones(1)\n---\n"
        "def good_softmax(x):\n    return x * c",
        ["import torch", "with torch.no_grad():", TARGET],
    ),
    "decorator of the notebook": (
        "import functools\ndef timed(f):\n    @functools.wraps(f)\n    def inner(*a):\n"
        "        return f(*a)\n    return inner\n---\n@timed\ndef good_softmax(x):\n    return x",
        ["import functools", "def timed(f):", "@timed"],
    ),
    "future import stays": (
        "from __future__ import annotations\n---\ndef good_softmax(x: Nowhere):\n    return x",
        ["from __future__ import annotations", "def good_softmax(x: Nowhere):"],
    ),
    "walrus at top level": (
        "print(n := 4)\n---\ndef good_softmax(x):\n    return x + n",
        ["print(n := 4)", TARGET],
    ),
    "unpacking": (
        "a, (b, *c) = 1, (2, 3)\n---\ndef good_softmax(x):\n    return x + b",
        ["a, (b, *c) = 1, (2, 3)", TARGET],
    ),
    "except name is no binding": (
        "e = 1\ntry:\n    1 / 0\nexcept Exception as e:\n    pass\n---\n"
        "def good_softmax(x):\n    return e",
        ["e = 1", TARGET],
    ),
    "global read after being assigned in the function": (
        "m = 1\n---\ndef good_softmax(x):\n    global m\n    m = x + 1\n    return x - m",
        [TARGET],
    ),
    "lambda called where it stands": (
        "k = 1\nc = (lambda: k)()\nk = 2\n---\ndef good_softmax(x):\n    return c",
        ["k = 1", "c = (lambda: k)()", "k = 2", TARGET],
    ),
}


@pytest.mark.parametrize(("text", "kept"), STORIES.values(), ids=STORIES.keys())
def test_keeps_exactly(text: str, kept: list[str]) -> None:
    assert heads(text) == kept


def test_lost_imports_come_from_the_handout_first() -> None:
    found = sliced("def good_softmax(x: Tensor):\n    return torch.exp(nn.Identity()(x))")
    codes = [statement.code for statement in found.statements[:3]]
    assert codes == ["import torch", "from torch import Tensor", "from torch import nn"]
    assert {statement.filename for statement in found.statements[:3]} == {"<handout>"}
    assert found.statements[0].location.cell == 0
    assert sum("handout" in note.text for note in found.notes) == 3


def test_a_name_the_notebook_binds_is_not_supplied() -> None:
    text = "import numpy as torch\n---\ndef good_softmax(x):\n    return torch.exp(x)"
    assert heads(text) == ["import numpy as torch", "def good_softmax(x):"]


def test_failures_that_are_tolerated() -> None:
    found = sliced("""
        from os import *
        n = 0
        for i in range(3):
            n += i
        ---
        def good_softmax(x):
            return n
        """)
    assert [statement.tolerant for statement in found.statements] == [True, False, True, False]


def test_cost_grows_linearly_with_chains() -> None:
    # thousands of cells, each needing the one before: anything quadratic would take minutes
    cells = ["a0 = 1"] + [f"a{i} = a{i - 1} + 1" for i in range(1, 1000)]
    cells += [f"def f{i}(x):\n    return f{i - 1}(x)" for i in range(1, 1000)]
    cells += [f"for i in range(2):\n    t = i + {i}" for i in range(1000)]
    cells += ["def f0(x):\n    return x + t", "def good_softmax(x):\n    return f999(x) + a999"]
    assert len(sliced("\n---\n".join(cells)).statements) == 1000 + 999 + 1000 + 2
