"""Which values of a slice are sample data: a constant called data would accuse the innocent."""

from __future__ import annotations

import pytest

from .story import data_of

HEAD = "import torch\nimport numpy as np\nimport random\nfrom torch import rand as draw\n"
USE = "\n---\ndef good_softmax(x):\n    return x + d\n---\n"

RANDOM = [
    "d = torch.rand((1, 20)) + 100",
    "d = torch.randn(3)",
    "d = torch.randint(0, 5, (3,))",
    "d = torch.normal(0., 1., (3,))",
    "d = torch.rand_like(torch.ones(3))",
    "d = draw(3)",
    "t = torch\nd = t.rand(3)",
    "d = np.random.rand(3)",
    "d = np.random.uniform(0, 1, 3)",
    "d = torch.from_numpy(np.random.randn(3))",
    "d = [random.random() for _ in range(3)]",
    "g = torch.Generator().manual_seed(0)\nd = torch.rand(3, generator=g)",
    "r = np.random.default_rng(0)\nd = r.normal(size=3)",
    "d = np.random.default_rng(0).normal(size=3)",
    "r = random.Random(0)\nd = [r.random(), r.random()]",
    "d = torch.empty(3).uniform_()",
    "d = torch.FloatTensor(3).normal_()",
    "d = torch.empty(3)\nd.uniform_()",
    "d = torch.empty(3)\ntorch.nn.init.normal_(d)",
    "c = torch.rand(3)\nd = c * 2",
    "c = torch.rand(3)\nd = c.view(1, -1).clone()",
    "c = torch.rand(3)\nd = torch.cat([c, c])",
    "d = torch.rand(3)\nd += 100",
    "def make():\n    return torch.rand(3)\nd = make()",
    "d = torch.distributions.Normal(0., 1.).sample((3,))",
    "d, e = torch.rand(3), torch.rand(3)",
    "d = torch.nn.Parameter(torch.randn(3))",
    "with torch.no_grad():\n    d = torch.rand(3)",
]


@pytest.mark.parametrize("text", RANDOM)
def test_drawn(text: str) -> None:
    assert data_of(HEAD + text + USE)["d"] == "random"


PASSED = [
    ("d = torch.tensor([1000., 1001.])", "good_softmax(d)"),
    ("d = torch.tensor([1000, 1001], dtype=torch.float32)", "good_softmax(d)"),
    ("d = torch.tensor([1000, 1001])", "print(good_softmax(d))"),
    ("d = [1.0, 2.0]", "torch.sum(good_softmax(torch.tensor(d)))\ngood_softmax(d)"),
    ("d = np.array([[1.5, 2.5]])", "y = good_softmax(x=d)"),
    ("d = torch.load('file.pt')", "good_softmax(d.float())"),
    ("d = torch.tensor([1., 2.]) + 1000", "for i in range(3):\n    good_softmax(d[None])"),
]


@pytest.mark.parametrize(("text", "use"), PASSED)
def test_passed_to_the_target(text: str, use: str) -> None:
    assert data_of(HEAD + text + USE + use)["d"] == "passed"


LITERAL = [
    ("d = torch.tensor([1000., 1001.])", "def bad(x):\n    return x\nbad(d)"),
    ("d = [0.5, -1.5]", "bad = lambda x: x\nprint(bad(d))"),
    ("d = torch.Tensor([[1, 2, 3]])", "torch.sum(d)"),
    ("d = np.array([1.0, 2.0])", "torch.sigmoid(torch.from_numpy(d))"),
]


@pytest.mark.parametrize(("text", "use"), LITERAL)
def test_literal_floats_used_as_data(text: str, use: str) -> None:
    assert data_of(HEAD + text + USE + use)["d"] == "literal"


NEVER = [
    "d = torch.eye(3)",
    "d = torch.ones(3) * 100",
    "d = torch.zeros(3)",
    "d = torch.arange(3.)",
    "d = torch.linspace(0., 1., 3)",
    "d = torch.full((3,), 2.5)",
    "d = np.ones(3)",
    "d = 1e-6",
    "d = 3",
    "d = -1.5",
    "d = 'text'",
    "d = torch.tensor(1.0)",
    "d = torch.tensor([1.0])",
    "d = float('-inf')",
    "d = torch.finfo(torch.float32).eps",
    "d = np.log(2.0)",
    "d = lambda x: x",
    "d = torch",
    "d = torch.exp",
    "c = torch.rand(3)\nd = c.shape[0]",
    "c = torch.rand(3)\nd = torch.ones_like(c)",
    "c = torch.rand(3)\nd = torch.eye(c.size(0))",
    "c = torch.rand(3)\nd = len(c)",
    "d = torch.randperm(3)",
    "d = torch.nn.Linear(2, 2)",
    "def f(x):\n    return x\nd = f",
    "class d:\n    pass",
    "d = torch.Generator()",
    "d = range(3)",
    "d = torch.ones(2, 3).cuda().view(6)",
]


@pytest.mark.parametrize("text", NEVER)
def test_constants_are_never_data(text: str) -> None:
    use = "def bad(x):\n    return x\nbad(d)\ngood_softmax(d)\ntorch.sum(d)"
    assert "d" not in data_of(HEAD + text + USE + use)


UNUSED = [
    ("d = [1.0, 0.5, 0.1666]", ""),
    ("d = [1.0, 0.5, 0.1666]", "print(d)"),
    ("d = [1.0, 0.5, 0.1666]", "len(d)"),
    ("d = torch.tensor([1.0, 0.5])", "e = torch.sum(d)"),
    ("d = torch.tensor([1.0, 0.5])", "np.polyval(d, torch.rand(2))"),
    ("d = torch.tensor([1.0, 0.5])", "def f(x, c):\n    return x\nf(torch.rand(3), d)"),
    ("d = [0, 1]", "good_softmax(torch.rand(3), d)"),
    ("d = torch.tensor([1.0, 0.5])", "def f(x):\n    return good_softmax(d)"),
    ("d = [1, 2, 3]", "def f(x):\n    return x\nf(d)"),
    ("d, e = [1.0, 2.0], 3", "good_softmax(d)"),
    ("d = torch.tensor([1.0, 2.0])", "import matplotlib.pyplot as plt\nplt.plot(d)"),
]


@pytest.mark.parametrize(("text", "use"), UNUSED)
def test_tables_and_settings_are_not_data(text: str, use: str) -> None:
    assert "d" not in data_of(HEAD + text + USE + use)


def test_names_of_the_target_are_never_data() -> None:
    text = HEAD + "c = torch.rand(3)\ndef make(c):\n    return lambda x: x + c\n---\n"
    assert data_of(text + "good_softmax = make(c)") == {"c": "random"}
