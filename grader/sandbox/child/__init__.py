"""Beyond the trust boundary: what runs in the zygote and in its forked children.

Nothing here may know a rubric, an expected value or another submission.
"""
