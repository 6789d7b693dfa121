"""Each rule of repair: what it makes of its pattern, and what it must leave alone."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from grader import assignments
from grader.assignments.softmax.repairs import FORWARD
from grader.core.repair import Rule
from grader.core.slice import DataBasis, Location, Statement
from grader.editing import Code, apply
from grader.repairing.edits import edits_for

ASSIGNMENT = assignments.load("softmax", Path())
ROOT = Path(__file__).parent.parent.parent
RULES = {rule.name: rule for rule in FORWARD}
LIBRARY = ("softmax", "logsumexp", "log_softmax", "softmin", "sigmoid", "logaddexp")


def statement(code: str, *binds: str, data: DataBasis | None = None) -> Statement:
    return Statement(code, "<cell 1>", Location(1, 1), binds, data)


def code(body: str) -> Code:
    return Code.of(
        (
            statement("import torch"),
            statement("logits = torch.rand(1, 20)", "logits", data="random"),
            statement("m = logits.max()", "m"),
            statement(f"def f(x):\n    {body}", "f"),
        )
    )


def mended(rule: Rule, body: str) -> dict[str, str]:
    """The body with all fixes of each variant."""
    made = code(body)
    by_variant: dict[str, list[str]] = {}
    fixes = list(rule.find(made))
    for variant in dict.fromkeys(fix.variant for fix in fixes):
        chosen = [fix for fix in fixes if fix.variant == variant]
        source = apply(made.statements[-1].code, chosen)
        ast.parse(source)
        by_variant.setdefault(variant, []).append(source.removeprefix("def f(x):\n    "))
    return {variant: found for variant, (found,) in by_variant.items()}


MAX = "x.amax(dim=-1, keepdim=True)"

PAIRS = (
    ("global-logits-argument", "return torch.exp(logits) / e", "return torch.exp(x) / e"),
    ("global-logits-argument", "return x - m", "return x - x"),
    ("global-logits-shift", "return torch.exp(x - m)", f"return torch.exp(x - {MAX})"),
    ("builtin-max-builtin", "return torch.exp(x - max(x))", f"return torch.exp(x - {MAX})"),
    ("global-max-per-row", "return torch.exp(x - x.max())", f"return torch.exp(x - {MAX})"),
    ("global-max-per-row", "s = x.max().item(); return x - s", f"s = {MAX}; return x - s"),
    ("global-max-per-row", "return x - float(torch.max(x))",
     "return x - torch.amax(x, dim=-1, keepdim=True)"),
    ("global-max-per-row", "return x - x.max(1)[0].max()", f"return x - {MAX}"),
    ("sum-over-all-per-row", "return e / torch.sum(e)",
     "return e / torch.sum(e, dim=-1, keepdim=True)"),
    ("wrong-axis-last", "return e / e.sum(dim=0)", "return e / e.sum(dim=-1, keepdim=True)"),
    ("wrong-axis-builtin", "return e / sum(e)", "return e / e.sum(dim=-1, keepdim=True)"),
    ("missing-keepdim-kept", "return e / e.sum(1)", "return e / e.sum(1, keepdim=True)"),
    ("missing-values-taken", "return x - x.max(1, True)", "return x - x.max(1, True).values"),
    ("no-shift-inserted", "return torch.exp(x)", f"return torch.exp((x - {MAX}))"),
    ("no-shift-zero", "m = 0; return torch.exp(x - m)", f"m = 0; return torch.exp(x - {MAX})"),
    ("no-shift-inserted", "e = x.exp(); return e / s", f"e = (x - {MAX}).exp(); return e / s"),
    ("inconsistent-shift-same", "return torch.exp(x - x.max()) / torch.exp(x).sum()",
     f"return torch.exp(x - x.max()) / torch.exp((x - {MAX})).sum()"),
    ("wrong-shift-replaced", "return torch.exp(x - x.mean())", f"return torch.exp(x - {MAX})"),
    ("wrong-shift-replaced", "return torch.exp(x - 5)", f"return torch.exp(x - {MAX})"),
    ("wrong-shift-subtracted", "return torch.exp(x + x.max())", "return torch.exp(x - x.max())"),
    ("wrong-shift-inside", "return torch.exp(x) - x.max()", f"return torch.exp(x - {MAX})"),
    ("rescaled-input-removed", "return torch.exp(x / 10)", "return torch.exp((x))"),
    ("clamped-free", "return torch.exp(x.clamp(max=80))", "return torch.exp(x)"),
    ("clamped-shifted", "return torch.exp(torch.clip(x, -5, 5))", f"return torch.exp((x - {MAX}))"),
    ("sign-flipped-turned", "return torch.exp(-x)", "return torch.exp(x)"),
    ("sign-flipped-turned", "return torch.exp(x.max() - x)", "return torch.exp((-(x.max() - x)))"),
    ("wrong-base-euler", "return 2 ** x", "return 2.718281828459045 ** x"),
    ("wrong-base-euler", "return torch.exp2(x)", "return torch.exp(x)"),
    ("epsilon-free", "return e / (e.sum() + 1e-6)", "return e / (e.sum())"),
    ("epsilon-free", "return e / (eps + e.sum())", "return e / (e.sum())"),
    ("mutates-input-copied", "x -= x.max(); return x", "x = x - (x.max()); return x"),
    ("mutates-input-copied", "x.sub_(1); return x", "x = x.sub(1); return x"),
    ("mutates-input-copied", "x[0] = 1; return x", "x = x.clone()\n    x[0] = 1; return x"),
    ("breaks-autograd-kept", "return torch.exp(x.detach())", "return torch.exp(x)"),
    ("breaks-autograd-kept", "return torch.tensor(x)", "return (x)"),
    ("breaks-autograd-kept", "with torch.no_grad(): y = x", "with torch.enable_grad(): y = x"),
    ("wrong-dtype-cast", "return x.float()", "return x"),
    ("wrong-dtype-cast", "return torch.zeros(3)", "return torch.zeros(3, dtype=x.dtype)"),
    ("loses-precision-cast", "return x.half()", "return x"),
    ("hard-coded-shape-all", "return x[0]", "return x"),
    ("hard-coded-shape-own", "return x.view(1, 20)", "return x"),
    ("hard-coded-shape-own", "for i in range(20): x", "for i in range(x.shape[-1]): x"),
    ("returns-log-removed", "return torch.log(e)", "return (e)"),
    ("returns-log-raised", "return x - torch.log(s)", "return (x - torch.log(s)).exp()"),
    ("not-normalised-divided", "return torch.exp(x)",
     "return (torch.exp(x) / torch.exp(x).sum(dim=-1, keepdim=True))"),
    ("not-normalised-sum", "e = torch.exp(x); return e / e.max()",
     "e = torch.exp(x); return e / e.sum(dim=-1, keepdim=True)"),
    ("wrong-shape-kept", "return e.squeeze()", "return e"),
    ("wrong-shape-kept", "return e.view(-1)", "return e"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "before", "after"), PAIRS)
def test_a_pattern_is_mended_by_one_small_step(name: str, before: str, after: str) -> None:
    assert after in mended(RULES[name], before).values()


MISSES = (
    ("global-logits-argument", "logits = x; return torch.exp(logits)"),
    ("global-logits-argument", "return [logits for logits in x]"),
    ("global-logits-shift", "m = x.max(); return torch.exp(x - m)"),
    ("builtin-max-builtin", "return torch.exp(x - max(a, b))"),
    ("builtin-max-builtin", "return max(v for v in x)"),
    ("builtin-max-builtin", "max = g; return x - max(x)"),
    ("global-max-per-row", "return torch.exp(x - x.max(-1, keepdim=True)[0])"),
    ("global-max-per-row", "return torch.maximum(x, y)"),
    ("global-max-per-row", "return torch.max(x, y)"),
    ("global-max-per-row", "return x - max(x)"),
    ("sum-over-all-per-row", "return e / e.sum(1, True)"),
    ("sum-over-all-per-row", "return e / sum(e)"),
    ("wrong-axis-last", "return e / e.sum(dim=1)"),
    ("wrong-axis-last", "return e / e.sum()"),
    ("wrong-axis-last", "return e / sum(e)"),
    ("wrong-axis-builtin", "return e / sum(v for v in e)"),
    ("missing-keepdim-kept", "return e / e.sum(1, keepdim=True)"),
    ("missing-keepdim-kept", "return e / e.sum(0)"),
    ("missing-values-taken", "return x - x.amax(1)"),
    ("missing-values-taken", "return x - x.max(1)[0]"),
    ("missing-values-taken", "return x - x.max()"),
    ("no-shift-inserted", "return torch.exp(x - x.max())"),
    ("no-shift-zero", "m = 1; return torch.exp(x - m)"),
    ("wrong-shift-replaced", "m = 0; return torch.exp(x - m)"),
    ("no-shift-inserted", "x = x - 5; return torch.exp(x)"),
    ("no-shift-inserted", "return torch.exp(x / 2)"),
    ("no-shift-inserted", "return torch.exp(x.clamp(max=80))"),
    ("no-shift-inserted", "return torch.exp(g(x))"),
    ("no-shift-inserted", "x -= x.max(); return torch.exp(x)"),
    ("inconsistent-shift-same", "return torch.exp(x) / torch.exp(x).sum()"),
    ("inconsistent-shift-same", "y = x - x.max(); return torch.exp(y) / torch.exp(y).sum()"),
    ("wrong-shift-replaced", "return torch.exp(x - x.max())"),
    ("wrong-shift-replaced", "s = x.max().item(); return torch.exp(x - s)"),
    ("wrong-shift-replaced", "return torch.exp(x - float(x.max()))"),
    ("wrong-shift-replaced", "return torch.exp(x - logits.mean())"),
    ("wrong-shift-subtracted", "return torch.exp(x + 1)"),
    ("wrong-shift-inside", "return torch.exp(x) - 1"),
    ("rescaled-input-removed", "return torch.exp(x) / 10"),
    ("rescaled-input-removed", "return e / e.sum()"),
    ("clamped-free", "return torch.exp(torch.minimum(x, y))"),
    ("clamped-free", "return torch.max(x, 1)"),
    ("clamped-shifted", "return torch.exp(x).clamp(0, 1)"),
    ("sign-flipped-turned", "return -torch.exp(x)"),
    ("sign-flipped-turned", "return torch.exp(x - x.max())"),
    ("wrong-base-euler", "return torch.e ** x"),
    ("wrong-base-euler", "return 2.718281828459045 ** x"),
    ("wrong-base-euler", "return x ** 2"),
    ("epsilon-free", "return e / (e.sum() + 3)"),
    ("epsilon-free", "return x + y"),
    ("mutates-input-copied", "x = x - x.max(); return x"),
    ("mutates-input-copied", "return x.sub(1).__str__()"),
    ("breaks-autograd-kept", "return x.details()"),
    ("breaks-autograd-kept", "with torch.enable_grad(): return x"),
    ("wrong-dtype-cast", "return x.to(x.dtype)"),
    ("wrong-dtype-cast", "return torch.zeros(3, dtype=x.dtype)"),
    ("loses-precision-cast", "return x.abs()"),
    ("hard-coded-shape-all", "return e[0]"),
    ("hard-coded-shape-all", "return x[1]"),
    ("hard-coded-shape-own", "return x.view(-1, 1)"),
    ("hard-coded-shape-own", "for i in range(len(x)): x"),
    ("returns-log-removed", "return torch.log1p(e)"),
    ("returns-log-raised", "return x - e.sum()"),
    ("not-normalised-divided", "return torch.exp(x) / 2"),
    ("not-normalised-divided", "return torch.div(torch.exp(x), s)"),
    ("not-normalised-divided", "return x"),
    ("not-normalised-sum", "e = torch.exp(x); return e / e.sum()"),
    ("not-normalised-sum", "return x / x.max()"),
    ("wrong-shape-kept", "return e.view(2, 3)"),
    ("wrong-shape-kept", "return e.unsqueeze(0)"),
)


@pytest.mark.parametrize(("name", "body"), MISSES)
def test_what_only_looks_like_it_is_left_alone(name: str, body: str) -> None:
    assert mended(RULES[name], body) == {}


def test_every_rule_is_tried_here() -> None:
    assert {name for name, *_ in PAIRS} == set(RULES) == {name for name, _ in MISSES}
    assert len(RULES) == len(FORWARD)


def test_every_rule_has_an_id_with_words() -> None:
    for rule in FORWARD:
        assert rule.name.startswith(rule.bug)
        assert ASSIGNMENT.words("forward", rule.bug).message


@pytest.mark.parametrize(("name", "before", "after"), PAIRS)
def test_no_rule_writes_a_librarys_own_answer(name: str, before: str, after: str) -> None:
    """Nor more than one step of the mathematics."""
    for text in mended(RULES[name], before).values():
        assert not any(word in text for word in LIBRARY)
        steps = [_operators(each) for each in (before, text)]
        assert steps[1] <= steps[0] + 1
    assert after


def _operators(body: str) -> int:
    tree = ast.parse(f"def f(x):\n    {body}")
    steps = ast.BinOp | ast.AugAssign
    return sum(isinstance(part, steps) for part in ast.walk(tree))


# When an answer speaks for a rule. ---------------------------------------------------------------

X = {"x": np.array([[1.0, 2.0, 3.0]])}


@pytest.mark.parametrize(
    ("name", "answer", "seen"),
    [
        ("returns-log-removed", [[-1.0, -2.0, -0.5]], True),
        ("returns-log-removed", [[0.1, 0.2, 0.7]], False),
        ("returns-log-raised", [[np.nan, -2.0, 0.0]], True),
        ("not-normalised-divided", [[1.0, 2.0, 3.0]], True),
        ("not-normalised-divided", [[0.1, 0.2, 0.7]], False),
        ("not-normalised-divided", [[np.nan, 0.2, 0.7]], False),
        ("not-normalised-divided", [[np.inf, 0.2, 0.7]], False),
        ("not-normalised-sum", [[0.3, 0.6, 1.0]], True),
        ("not-normalised-sum", [0.3, 0.6, 1.0], False),
        ("not-normalised-sum", 3.0, False),
        ("wrong-shape-kept", [0.1, 0.2, 0.7], True),
        ("wrong-shape-kept", [[0.5, 0.2, 0.7]], False),
    ],
)
def test_a_rule_is_tried_where_an_answer_shows_its_bug(
    name: str, answer: object, *, seen: bool
) -> None:
    predicate = RULES[name].seen
    assert predicate is not None
    assert predicate(X, np.asarray(answer, dtype=np.float64)) == seen


# Odd sources. ------------------------------------------------------------------------------------

SOURCES = sorted(
    [
        *(ROOT / "tests/stories").rglob("*.txt"),
        *(ROOT / "tests/attacks/cases").rglob("*.txt"),
        *(ROOT / "grader/assignments").glob("*/references/**/*.py"),
    ]
)


def _cells(path: Path) -> list[Statement]:
    text = path.read_text(encoding="utf-8")
    blocks = [block for block in text.split("\n\n") if "def " in block or "lambda" in block]
    return [statement(block, "f") for block in blocks]


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES}), ids=lambda p: p.name)
def test_no_rule_stumbles_over_what_students_write(folder: Path) -> None:
    tasks = ASSIGNMENT.tasks
    for path in (each for each in SOURCES if each.parent == folder):
        cells = _cells(path)
        for some in (cells[at : at + 8] for at in range(0, len(cells), 8)):
            for task in tasks:
                edits, failed = edits_for(Code.of(some), task.repairs)
                assert failed == (), path
                for edit in edits:
                    assert {fix.statement for fix in edit.fixes} <= set(range(len(some)))
