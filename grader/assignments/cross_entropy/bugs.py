"""Known bugs of a cross-entropy and of its gradient, in words for the student.

No text gives the answer away. An id that both roles know has words of its own for the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grader.core.assignment import Bug

__all__ = ["BUGS"]

_EXTREME: Final = ("stable", "unlikely", "per-row-shift")
_BATCHES: Final = ("batch", "per-row-shift")

_FORWARD: Final[Mapping[str, Bug]] = {
    "no-shift": Bug(
        "The exponentials are taken of the logits as they are, so large ones overflow and very "
        "negative ones all become zero.",
        "Which change to all logits of a row leaves its loss as it is? Choose one that keeps "
        "every exponential in range.",
        _EXTREME,
    ),
    "log-of-softmax": Bug(
        "The logarithm is taken of probabilities that have already been rounded to zero, so a "
        "confident mistake costs inf.",
        "Write the logarithm of the quotient down on paper and simplify it before you compute "
        "anything.",
        _EXTREME,
    ),
    "global-max": Bug(
        "One maximum is taken over the whole batch. In a row far below it every exponential "
        "vanishes, and so does their sum.",
        "Each row is a distribution of its own. Look at the shape of your maximum for a batch.",
        ("per-row-shift",),
    ),
    "builtin-max": Bug(
        "Python's own `max` compares the rows of a tensor, not its entries: for a single row it "
        "returns that row, for a batch it fails.",
        "Print what `max(x)` gives for an input of shape (1, 20), and compare with the tensor "
        "library's own reductions.",
    ),
    "wrong-shift": Bug(
        "What is subtracted before the exponential does not keep it in range for every input.",
        "Which number of a row, subtracted from it, makes sure that no exponential can overflow "
        "and that not all of them vanish?",
        _EXTREME,
    ),
    "inconsistent-shift": Bug(
        "The logits are shifted in one place and not in the other, so the shift does not cancel.",
        "Follow what is subtracted through your formula: where must it be made good again?",
    ),
    "global-logits": Bug(
        "The function reads a notebook variable instead of its arguments, so the answer depends "
        "on what ran before.",
        "Restart the kernel, define only this function, and call it with inputs of another shape.",
    ),
    "sum-over-all": Bug(
        "The sum of the exponentials runs over the whole batch, so the rows together are one "
        "distribution.",
        "For a batch of B rows, how many sums of exponentials do you need?",
        _BATCHES,
    ),
    "wrong-axis": Bug(
        "A reduction runs over the batch instead of over the classes of a row.",
        "Over which axis do your probabilities sum to one, for 3 rows and 5 classes?",
    ),
    "missing-keepdim": Bug(
        "A reduction drops an axis, so its result is lined up with the wrong axis of the batch, "
        "or with none.",
        "Print the shapes on both sides of each subtraction for 3 rows and 5 classes, and read "
        "how broadcasting lines them up.",
        _BATCHES,
    ),
    "sum-not-mean": Bug(
        "The losses of the rows are added up instead of averaged.",
        "Repeat every row of a batch: should the loss be twice as large?",
        _BATCHES,
    ),
    "mean-over-entries": Bug(
        "The mean is taken over all entries of the batch instead of over its rows.",
        "How many losses does a batch of B rows and N classes have? By what do you divide?",
    ),
    "per-row": Bug(
        "The losses of the single rows are returned, not one number for the batch.",
        "Which shape should a loss have for `backward()` to be called on it?",
    ),
    "wrong-target": Bug(
        "For some rows the loss is that of another class than the target.",
        "Print which entries your indexing picks for 2 rows and 3 classes. Which ones should it?",
    ),
    "ignores-target": Bug(
        "The result does not depend on the targets.",
        "Call your function twice with the same logits and different targets.",
    ),
    "missing-minus": Bug(
        "The result is the right one with the opposite sign.",
        "Should a loss grow or shrink when the right class becomes more likely?",
    ),
    "missing-log": Bug(
        "Probabilities are averaged where their logarithms should be.",
        "What does a prediction that is almost certainly wrong cost? Is there a limit to it?",
    ),
    "log-base": Bug(
        "The logarithm is one of another base than that of the exponentials.",
        "Which logarithm undoes `exp`? Print yours for exp(1).",
    ),
    "not-normalised": Bug(
        "The scores of the targets are averaged as if they were logarithms of probabilities.",
        "Which term of the formula depends on all logits of a row, and where is it in your code?",
    ),
    "clamped": Bug(
        "Numbers are cut off at a limit, so that different logits give the same loss.",
        "Try two logits beyond your limit that differ by one. Should the loss differ?",
    ),
    "epsilon": Bug(
        "A constant is added before the logarithm that is large enough to change the loss.",
        "How likely is a class whose logit is 50 below the largest? Compare that with your "
        "constant.",
    ),
    "mutates-input": Bug(
        "The function changes a tensor it was given.",
        "Compare the arguments before and after the call. Which of your operations work in place?",
        ("pure",),
    ),
    "breaks-autograd": Bug(
        "Gradients do not flow back through the function, or are wrong.",
        "Where does the computation leave the tensor library, or where is a result detached?",
        ("gradient",),
    ),
    "library-cross-entropy": Bug(
        "The answer comes from a library's cross-entropy or one of its relatives, which was to be "
        "written by hand.",
        "Use exponentials, sums, logarithms and a maximum, and handle the large logits yourself.",
        ("from-scratch",),
    ),
    "wrong-dtype": Bug(
        "The result has another dtype than the logits.",
        "Which of your constants, conversions or intermediate tensors has a fixed dtype?",
        ("dtype",),
    ),
    "hard-coded-shape": Bug(
        "The function works only for one number of rows or classes.",
        "Where does a fixed size stand in the code? The arguments know their own shape.",
    ),
}

_BACKWARD: Final[Mapping[str, Bug]] = {
    "missing-average": Bug(
        "The gradient is not that of a mean over the rows of the batch.",
        "What is the last step of the loss? Each row's gradient passes through it.",
    ),
    "backward/mean-over-entries": Bug(
        "The gradient is divided by the number of entries of the batch instead of by its rows.",
        "How many losses are averaged for a batch of B rows and N classes?",
    ),
    "missing-one-hot": Bug(
        "The gradient has the probabilities and leaves the targets out.",
        "Differentiate both terms of a row's loss. Which of them knows the target?",
    ),
    "stops-at-probabilities": Bug(
        "This is the derivative by the probabilities, not by the logits.",
        "The probabilities are made from the logits: which rule takes the derivative further?",
    ),
    "sign-flipped": Bug(
        "The result is the right one with the opposite sign.",
        "When the target's logit grows, does the loss grow or shrink? Compare with your sign.",
    ),
    "ignores-upstream": Bug(
        "The result does not depend on the upstream gradient.",
        "Call yours with two different upstream gradients and compare.",
    ),
    "unstable-forward": Bug(
        "The gradient is right where its own softmax is: that one overflows or underflows for "
        "extreme logits.",
        "Print the probabilities your gradient works with for logits near 1000.",
    ),
    "backward/wrong-target": Bug(
        "In some rows something is subtracted at another class than the target.",
        "Print where your one-hot rows are 1 for the targets 0, 1, 2.",
    ),
    "backward/ignores-target": Bug(
        "The result does not depend on the targets.",
        "Call yours twice with the same logits and different targets.",
    ),
    "backward/wrong-axis": Bug(
        "The softmax runs over the batch instead of over the classes of a row.",
        "Over which axis should a row's gradient sum to zero?",
    ),
    "backward/sum-over-all": Bug(
        "The sum of the exponentials runs over the whole batch, so that every row depends on the "
        "others.",
        "Compare each row of a batch with the result for that row alone, times the number of rows.",
    ),
    "backward/global-logits": Bug(
        "The gradient reads a notebook variable instead of its arguments, so the result depends "
        "on what ran before.",
        "Restart the kernel, define only what the gradient needs, and call it with inputs of "
        "another shape.",
    ),
    "library-autograd": Bug(
        "The gradient comes from a library's automatic differentiation, which was to be derived "
        "and written by hand.",
        "Write the derivative down on paper first; keep automatic differentiation to check it.",
    ),
    "never-called": Bug(
        "Autograd never calls the `backward` of an `nn.Module`: it differentiates `forward` by "
        "itself. The notebook's own comparison therefore compares autograd with autograd.",
        "Call your method by hand and compare what it returns with what autograd gives.",
    ),
}

BUGS: Final[Mapping[str, Bug]] = {**_FORWARD, **_BACKWARD}
