"""A trial of the confinement, in a child that is then thrown away: what it could do and could not.

Each act is tried in its mildest form, so that one that succeeds does no harm.
"""

from __future__ import annotations

import importlib
import os
import resource
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

__all__ = ["attempt"]


def attempt(canary: str, parent: int) -> Iterator[dict[str, Any]]:
    """Answers for the parent: act -> "" where it was done, else why it was not. `exec` comes last.

    `canary` is a file that anyone may read; `parent` a process that must not be reached.
    """
    acts: Mapping[str, Callable[[], object]] = {
        "read": lambda: os.close(os.open(canary, os.O_RDONLY)),
        "write": lambda: os.close(os.open(canary, os.O_WRONLY)),
        "empty": lambda: os.close(os.open(canary, 3 | os.O_TRUNC)),
        "socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "fork": _fork,
        "signal": lambda: os.kill(parent, 0),
        "limit": lambda: resource.prlimit(parent, resource.RLIMIT_CPU),
        "compute": _compute,
        "import": lambda: importlib.import_module("colorsys"),
    }
    yield {"outcome": "ok", "acts": {name: _outcome(act) for name, act in acts.items()}}
    # Where this succeeds nobody is left to answer.
    executed = _outcome(lambda: os.execv(sys.executable, [sys.executable, "-S", "-c", ""]))  # noqa: S606 - that no program can be run is what is tried
    yield {"outcome": "ok", "acts": {"exec": executed}}


def _outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever it is, the act was not done
        return f"{type(error).__name__}: {error}"
    return ""


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _compute() -> None:
    x = torch.arange(6, dtype=torch.float64).reshape(2, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(torch.exp(x).sum(), x)
    if not torch.equal(gradient, torch.exp(x.detach())):
        raise ArithmeticError("a wrong gradient")
