"""Verified repair: which small edits of a wrong target are tried, and when a set of them holds."""
