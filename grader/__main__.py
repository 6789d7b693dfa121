"""`python -m grader`: the command line where no `grader` script is on the path."""

from __future__ import annotations

from grader.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
