"""The two shapes seen in real submissions, and what every slice promises."""

from __future__ import annotations

from grader.slicing import cut

from .story import WANTED, notebook, sliced

GLOBAL_IN_DENOMINATOR = """
    import torch
    from torch import Tensor
    ---
    logits = torch.rand((1, 20)) + 100
    ---
    def bad_softmax(x: Tensor) -> Tensor:
        return torch.exp(x) / torch.sum(torch.exp(logits), axis=1)
    ---
    bad_softmax(logits)
    ---
    def good_softmax(x: Tensor) -> Tensor:
        # TODO: more stable
        z = x - torch.max(x)
        return torch.exp(z) / torch.sum(torch.exp(logits - torch.max(x)), axis=1)
    ---
    torch.sum(good_softmax(logits))
    ---
    # def good_softmax(x: Tensor) -> Tensor:
    #     return x - torch.log(torch.sum(torch.exp(logits), axis=1))
    """

PYTHON_MAX = """
    import torch
    from torch import Tensor
    ---
    logits = torch.rand((1, 20)) + 100
    ---
    def good_softmax(x: Tensor) -> Tensor:
        ####
      z = x - max(x)
      softmax = torch.exp(z) / torch.sum(torch.exp(z))
      return softmax
    ---
    import torch

    class CustomSoftmax(torch.nn.Module):
        def forward(self, x):
            return torch.exp(x)
    ---
    module = CustomSoftmax()
    logits = torch.rand(1, 20, requires_grad=True)
    loss = module(logits).sum()
    loss.backward()
    """


def test_global_in_the_denominator() -> None:
    found = sliced(GLOBAL_IN_DENOMINATOR)
    kept = [(statement.filename, statement.data) for statement in found.statements]
    assert kept == [
        ("<cell 1>", None),
        ("<cell 1>", None),
        ("<cell 2>", "random"),
        ("<cell 5>", None),
    ]
    assert found.location is not None
    assert (found.location.cell, found.location.line) == (5, 1)
    assert found.notes == ()


def test_python_max_needs_the_imports_alone() -> None:
    found = sliced(PYTHON_MAX)
    assert [statement.code.split("\n")[0] for statement in found.statements] == [
        "import torch",
        "from torch import Tensor",
        "def good_softmax(x: Tensor) -> Tensor:",
    ]
    assert [statement.location.cell for statement in found.statements] == [1, 1, 3]
    assert {r.name for r in found.references} == {"torch.Tensor", "torch.exp", "torch.sum"}


def test_same_in_same_out() -> None:
    book = notebook(GLOBAL_IN_DENOMINATOR)
    assert cut(book, WANTED) == cut(book, WANTED)
    assert cut(book, WANTED).digest == cut(book, WANTED).digest


def test_cells_elsewhere_do_not_change_what_runs() -> None:
    more = GLOBAL_IN_DENOMINATOR.rstrip() + "\n    ---\n    x = = 1\n    ---\n    y = 2\n"
    assert sliced(more).digest == sliced(GLOBAL_IN_DENOMINATOR).digest
