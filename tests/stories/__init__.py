"""Whole submissions in many styles, graded from text to report."""
