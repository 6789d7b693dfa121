"""Repositories made for a test, with commits of any date, and clones fetched at any time."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from pathlib import Path

__all__ = ["Repository", "fetch", "git"]


def git(folder: Path, *command: str, when: datetime | None = None) -> str:
    """Run git there as a student or the course would, at that time."""
    date = {} if when is None else dict.fromkeys(
        ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), when.isoformat()
    )  # fmt: skip
    settings = ("user.name=Ada", "user.email=ada@example.org", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *(part for one in settings for part in ("-c", one)), *command],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            **date,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


class Repository:
    """A student's repository on the server."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        git(folder, "init", "--quiet")

    def commit(self, files: dict[str, str], when: datetime) -> str:
        """Add a commit of that date; returns its name."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message=work", when=when)
        return git(self.folder, "rev-parse", "HEAD")


def fetch(repository: Repository, clone: Path, when: datetime) -> None:
    """Clone, or fetch into the clone, as if it were that time."""
    if clone.exists():
        git(clone, "fetch", "--quiet", when=when)
    else:
        clone.parent.mkdir(parents=True, exist_ok=True)
        git(clone.parent, "clone", "--quiet", str(repository.folder), str(clone), when=when)
