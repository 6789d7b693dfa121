"""Many submissions: finding them, and grading them on several workers."""
