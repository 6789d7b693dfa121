"""One reader a module: `seeds()` to start from, and `check(data)`, which raises what is a finding.

A check passes the reader's documented error and holds everything else it gives to `fuzz.holds`.
"""
