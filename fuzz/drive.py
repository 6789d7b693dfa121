"""One target under libFuzzer: `python -m fuzz.drive TARGET [libFuzzer's options] CORPUS`.

Needs atheris (the `fuzz` extra); everything else of `fuzz` does without.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Final

__all__ = ["dictionary", "main", "plant"]

_WORD: Final = re.compile(rb"[A-Za-z_][\w.-]{2,30}")
_MOST_WORDS: Final = 400


def plant(seeds: tuple[bytes, ...], corpus: Path) -> None:
    """Put the seeds into the corpus, each under the hash of its content."""
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:40]).write_bytes(seed)


def dictionary(seeds: tuple[bytes, ...]) -> str:
    """The seeds' commonest words as a libFuzzer dictionary: mutation alone spells no keyword."""
    counted = Counter(word for seed in seeds for word in _WORD.findall(seed))
    return "".join(f'"{word.decode("ascii")}"\n' for word, _ in counted.most_common(_MOST_WORDS))


def main(name: str, options: list[str]) -> None:
    """Fuzz until libFuzzer's limits are reached; ends the process, with a status if it found."""
    atheris = importlib.import_module("atheris")
    warnings.simplefilter("error")  # what would be printed under a student's report is a finding
    with atheris.instrument_imports(include=["grader"]):
        target = importlib.import_module(f"fuzz.targets.{name}")
        for seed in target.seeds():  # what is imported where it is used is imported now
            target.check(seed)
    corpus = Path(options[-1])
    plant(target.seeds(), corpus)
    words = corpus.with_name("words.txt")
    words.write_text(dictionary(target.seeds()), encoding="ascii")
    atheris.Setup([sys.argv[0], f"-dict={words}", *options], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
