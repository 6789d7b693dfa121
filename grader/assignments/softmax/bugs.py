"""Known bugs of a softmax and of its backward pass, in words for the student.

No text gives the answer away. An id that both roles know has words of its own for the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grader.assignments import behaviours
from grader.core.assignment import Bug

__all__ = ["BUGS"]

_BATCHES: Final = ("batch", "per-row-shift", "dtype", "differentiable")
_BACKWARD_ROWS: Final = ("backward-batch", "backward-stable")

_FORWARD: Final[Mapping[str, Bug]] = {
    "no-shift": Bug(
        "The exponentials are taken of the logits as they are, so large ones overflow and very "
        "negative ones all become zero.",
        "Which change to all logits of a row leaves its softmax as it is? Choose one that keeps "
        "every exponential in range.",
        shows=("stable", "per-row-shift", "dtype"),
    ),
    "global-max": Bug(
        "One maximum is taken over the whole batch. A row far below it becomes all zeros and is "
        "then divided by zero.",
        "Each row is a distribution of its own. Look at the shape of your maximum for a batch.",
        shows=_BATCHES,
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
    ),
    "inconsistent-shift": Bug(
        "Numerator and denominator are shifted by different amounts, so the ratio is no longer "
        "the softmax.",
        "A shift cancels only if the same one is applied above and below the fraction line.",
    ),
    "rescaled-input": Bug(
        "The logits are multiplied or divided before the exponential; this changes the "
        "distribution.",
        "Softmax does not change when a constant is added to a row. Does that hold for a factor?",
    ),
    "global-logits": Bug(
        "The function reads a notebook variable instead of its argument, so the answer depends "
        "on what ran before.",
        "Restart the kernel, define only this function, and call it with an input of another "
        "shape.",
    ),
    "sum-over-all": Bug(
        "The sum runs over the whole batch, so the rows together sum to one instead of each row.",
        "For a batch of B rows, how many sums do you need? Check the shape of yours.",
        shows=_BATCHES,
    ),
    "wrong-axis": Bug(
        "The reduction runs over the batch instead of over the classes of a row.",
        "Sum your result over each axis for a batch of 3 rows and 5 classes: which sums are one?",
    ),
    "missing-keepdim": Bug(
        "A reduction drops an axis, so its result is lined up with the wrong axis of the batch, "
        "or with none.",
        "Print the shapes on both sides of the subtraction and of the division for 3 rows and 5 "
        "classes, and read how broadcasting lines them up.",
        shows=_BATCHES,
    ),
    "not-normalised": Bug(
        "The result does not sum to one along a row.",
        "What is missing between positive numbers and a distribution?",
    ),
    "returns-log": Bug(
        "The result is the logarithm of the probabilities.",
        "Probabilities lie between 0 and 1. Which last step is missing, or is one too many?",
    ),
    "clamped": Bug(
        "The logits are cut off at a limit, so that different large logits become equal.",
        "Try two logits beyond your limit that differ by one. Should their probabilities differ?",
        shows=("values", "stable", "batch", "per-row-shift", "dtype"),
    ),
    "epsilon": Bug(
        "A constant is added that is large enough to change the probabilities.",
        "How small can the denominator get once the exponentials are in range? Is a constant "
        "needed at all?",
    ),
    "mutates-input": Bug(
        "The function changes the tensor it was given.",
        "Compare the input before and after the call. Which of your operations work in place?",
    ),
    "breaks-autograd": Bug(
        "Gradients do not flow back through the function, or are wrong.",
        "Where does the computation leave the tensor library, or where is a result detached?",
        shows=("differentiable",),
    ),
    "library-softmax": Bug(
        "The answer comes from a library's softmax, which was to be written by hand.",
        "Use exponentials, sums and a maximum, and handle the large logits yourself.",
    ),
    "wrong-dtype": Bug(
        "The result has another dtype than the input.",
        "Which of your constants, conversions or intermediate tensors has a fixed dtype?",
        shows=("dtype",),
    ),
    "hard-coded-shape": Bug(
        "The function works only for one number of rows or classes.",
        "Where does a fixed size stand in the code? The argument knows its own shape.",
    ),
    "wrong-shape": Bug(
        "The result has another shape than the input.",
        "Print the shape of the input and of each step for an input of 1 row and for one of 3 "
        "rows. Where do they part?",
    ),
    "missing-values": Bug(
        "A maximum along an axis gives the values and their positions together; the pair is used "
        "as if it were the values.",
        "Print what that call returns for an input of 3 rows and 5 classes, and its type.",
    ),
    "loses-precision": Bug(
        "A step inside computes in a narrower dtype than the input has, and digits are lost.",
        "Which of your conversions throws digits away, and what is it for?",
    ),
    "wrong-base": Bug(
        "The powers are taken of another number than e; this changes the distribution.",
        "Work out the ratio of two probabilities whose logits differ by one, and compare it with "
        "the ratio your function gives.",
    ),
    "forward/sign-flipped": Bug(
        "The exponent has the opposite sign: the largest logit gets the smallest probability.",
        "Which of two classes should be the more probable one? Try a row of two logits.",
    ),
}

_BEHAVIOUR: Final[Mapping[str, Bug]] = {
    "depends-on-offset": Bug(
        "Adding a constant to a whole row changes its probabilities.",
        "Call your function on a row and on the same row with 8 added to every logit. Which step "
        "gives another result?",
    ),
    "not-exponential": Bug(
        "Rows sum to one, but classes whose logits are 1 apart are not a factor of e apart.",
        "Work out by hand what a row of two classes with the logits 0 and 1 should give, and "
        "compare.",
    ),
}

_BACKWARD: Final[Mapping[str, Bug]] = {
    "diagonal-only": Bug(
        "Only the derivative of each output by its own logit is there; the outputs of a softmax "
        "depend on the other logits too.",
        "Raise one logit of a row a little and watch the probabilities of the others. Where does "
        "your derivative say how much they change?",
    ),
    "missing-correction": Bug(
        "The denominator is treated as a constant: its own dependence on the logits is missing.",
        "The same logit stands above and below the fraction line. Which rule differentiates a "
        "quotient?",
    ),
    "sign-flipped": Bug(
        "The result, or a part of it, has the opposite sign.",
        "When a logit grows, does its own probability grow or shrink, and do the others? Compare "
        "the signs of those derivatives with yours.",
    ),
    "ignores-upstream": Bug(
        "The result does not depend on the upstream gradient.",
        "A backward pass carries on what the layer after it sends back. Call yours with two "
        "different upstream gradients and compare.",
    ),
    "backward/wrong-axis": Bug(
        "The reduction runs over the batch instead of over the classes of a row.",
        "Change the upstream gradient of one row of a batch. In which rows may the result change?",
    ),
    "backward/sum-over-all": Bug(
        "The sum runs over the whole batch, so that every row's result depends on the other rows.",
        "For a batch of B rows, how many sums do you need? Compare each row with the result for "
        "that row alone.",
        shows=_BACKWARD_ROWS,
    ),
    "backward/missing-keepdim": Bug(
        "A reduction drops an axis, so its result is lined up with the wrong axis of the batch, "
        "or with none.",
        "Print the shape of each sum and of what it is combined with, for 3 rows and 5 classes, "
        "and read how broadcasting lines them up.",
        shows=_BACKWARD_ROWS,
    ),
    "backward/global-logits": Bug(
        "The backward pass reads a notebook variable instead of its arguments, so the result "
        "depends on what ran before.",
        "Restart the kernel, define only what the backward pass needs, and call it with inputs "
        "of another shape.",
    ),
    "unstable-forward": Bug(
        "The backward pass is right where its own softmax is: that one overflows or underflows "
        "for extreme logits.",
        "Print the probabilities your backward pass works with for logits near 1000.",
        shows=("backward-stable",),
    ),
    "library-autograd": Bug(
        "The gradient comes from a library's automatic differentiation, which was to be derived "
        "and written by hand.",
        "Write the derivative down on paper first; keep automatic differentiation to check it.",
    ),
    "never-called": Bug(
        "Autograd never calls the `backward` of an `nn.Module`: it differentiates `forward` by "
        "itself. The notebook's own comparison therefore compares autograd with autograd.",
        "Call your method by hand with an upstream gradient of your choice, and compare what it "
        "returns with what autograd gives for the same one.",
    ),
    "fused-cross-entropy": Bug(
        "This is the gradient of a softmax followed by a cross-entropy loss, not that of the "
        "softmax alone.",
        "Which function is differentiated here? No labels are known to a softmax layer, only an "
        "upstream gradient.",
    ),
}

BUGS: Final[Mapping[str, Bug]] = {**behaviours.WORDS, **_BEHAVIOUR, **_FORWARD, **_BACKWARD}
