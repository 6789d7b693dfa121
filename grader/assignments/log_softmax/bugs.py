"""Known bugs of a log-softmax, in words for the student. No text gives the answer away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grader.core.assignment import Bug

__all__ = ["BUGS"]

_EXTREME: Final = ("stable", "per-row-shift")
_BATCHES: Final = ("batch", "per-row-shift")

BUGS: Final[Mapping[str, Bug]] = {
    "no-shift": Bug(
        "The exponentials are taken of the logits as they are, so large ones overflow and very "
        "negative ones all become zero.",
        "Which change to all logits of a row leaves its log-softmax as it is? Choose one that "
        "keeps every exponential in range.",
        _EXTREME,
    ),
    "log-of-softmax": Bug(
        "The logarithm is taken of probabilities that have already been rounded to zero, so "
        "unlikely classes come out as -inf or lose their digits.",
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
        "The function reads a notebook variable instead of its argument, so the answer depends "
        "on what ran before.",
        "Restart the kernel, define only this function, and call it with an input of another "
        "shape.",
    ),
    "sum-over-all": Bug(
        "The sum runs over the whole batch, so the rows together are one distribution.",
        "For a batch of B rows, how many sums do you need? Check the shape of yours.",
        _BATCHES,
    ),
    "wrong-axis": Bug(
        "A reduction runs over the batch instead of over the classes of a row.",
        "Take the exponential of your result and sum it over each axis for a batch of 3 rows and "
        "5 classes: which sums are one?",
    ),
    "missing-keepdim": Bug(
        "A reduction drops an axis, so its result is lined up with the wrong axis of the batch, "
        "or with none.",
        "Print the shapes on both sides of each subtraction for 3 rows and 5 classes, and read "
        "how broadcasting lines them up.",
        _BATCHES,
    ),
    "returns-probabilities": Bug(
        "The result is the probabilities, not their logarithms.",
        "What is the sign of the logarithm of a number below one? Compare with your result.",
    ),
    "log-base": Bug(
        "The logarithm is one of another base than that of the exponentials.",
        "Which logarithm undoes `exp`? Print yours for exp(1).",
    ),
    "sign-flipped": Bug(
        "The result is the right one with the opposite sign.",
        "Can the logarithm of a probability be positive?",
    ),
    "not-normalised": Bug(
        "The exponentials of the result do not sum to one along a row.",
        "Which term of the formula depends on all logits of a row, and where is it in your code?",
    ),
    "clamped": Bug(
        "Numbers are cut off at a limit, so that different logits give the same answer.",
        "Try two logits beyond your limit that differ by one. Should their log-probabilities "
        "differ?",
    ),
    "epsilon": Bug(
        "A constant is added before the logarithm that is large enough to change the result.",
        "How likely is a class whose logit is 50 below the largest? Compare that with your "
        "constant.",
    ),
    "mutates-input": Bug(
        "The function changes the tensor it was given.",
        "Compare the input before and after the call. Which of your operations work in place?",
        ("pure",),
    ),
    "breaks-autograd": Bug(
        "Gradients do not flow back through the function, or are wrong.",
        "Where does the computation leave the tensor library, or where is a result detached?",
        ("gradient",),
    ),
    "library-log-softmax": Bug(
        "The answer comes from a library's log-softmax or one of its relatives, which was to be "
        "written by hand.",
        "Use exponentials, sums, logarithms and a maximum, and handle the large logits yourself.",
        ("from-scratch",),
    ),
    "wrong-dtype": Bug(
        "The result has another dtype than the input.",
        "Which of your constants, conversions or intermediate tensors has a fixed dtype?",
        ("dtype",),
    ),
    "hard-coded-shape": Bug(
        "The function works only for one number of rows or classes.",
        "Where does a fixed size stand in the code? The argument knows its own shape.",
    ),
}
