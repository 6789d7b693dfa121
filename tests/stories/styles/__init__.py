"""Short submissions in many styles, and what the head of each says it must lose.

`lost=stable~ dtype-` names every criterion that does not pass: `-` failed, `~` partial, `.`
skipped, `?` not applicable. `named=crashes` names every diagnosis. What is not there passes, or is
not named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.stories.telling import Story

__all__ = ["file_of", "lost", "named"]

_HEAD: Final = "import torch\nfrom torch import Tensor\n"
_STATUSES: Final = {"-": "failed", "~": "partial", ".": "skipped", "?": "not_applicable"}


def file_of(story: Story) -> tuple[str, bytes]:
    """File name and bytes: the handout's imports, and the story below them."""
    return f"{story.name}.py", f"{_HEAD}{story.text}\n".encode()


def lost(story: Story) -> Mapping[str, str]:
    """Status by criterion, of those that do not pass."""
    return {word[:-1]: _STATUSES[word[-1]] for word in story.says.get("lost", "").split()}


def named(story: Story) -> list[str]:
    """Ids of the diagnoses."""
    return story.says.get("named", "").split()
