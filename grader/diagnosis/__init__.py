"""Naming bugs: from verdicts and evidence to diagnoses."""
