"""Confining a child before its first line of student code.

`prepare` finds out by trial, in throw-away processes, what the machine has, and makes ready once
what children share; `confine` puts it in force in a child. Order matters: descriptors ->
capabilities -> limits -> no new privileges -> undumpable -> Landlock -> seccomp, each able to
forbid what the next ones need. Namespaces come before all, when the child is forked.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from typing import Final

from grader.sandbox.child.layers import landlock, namespaces, seccomp
from grader.sandbox.child.layers.descriptors import arrange
from grader.sandbox.child.layers.limits import limit, mapped_bytes
from grader.sandbox.child.layers.privileges import (
    become_undumpable,
    die_with_parent,
    drop_capabilities,
    refuse_new_privileges,
)
from grader.sandbox.child.layers.readable import readable

__all__ = ["Confinement", "confine", "prepare", "tell_missing", "with_namespaces"]

_ALWAYS: Final = ("separate process", "clean environment", "closed descriptors")
_OWN: Final = ("no capabilities", "resource limits", "no new privileges", "undumpable")


@dataclass(frozen=True, slots=True)
class Confinement:
    """The layers a child will have, and an open Landlock ruleset."""

    layers: tuple[str, ...]
    missing: tuple[str, ...]
    ruleset: int | None = None

    def has(self, layer: str) -> bool:
        """Whether `layer` is in force; its name may be followed by what it covers."""
        return any(one.partition(" (")[0] == layer for one in self.layers)


def with_namespaces(
    before_waiting: Callable[[], None], afterwards: Callable[[], None], without: Set[str]
) -> bool:
    """Go on in new namespaces where that works; see `namespaces.enter`."""
    if "namespaces" in without or not _passes(namespaces.work_here):
        return False
    namespaces.enter(before_waiting, afterwards)
    return True


def prepare(*, namespaced: bool, without: Set[str] = frozenset()) -> Confinement:
    """What this machine has of the layers, but those named in `without`.

    To be called in the zygote while it has one thread.
    """
    layers = [*_ALWAYS, *(one for one in _OWN if one not in without)]
    missing = []
    if namespaced:
        layers.append("namespaces")
    else:
        missing.append("namespaces")
    ruleset = None if "Landlock" in without else _landlock()
    if ruleset is not None:
        layers.append(f"Landlock ({', '.join(ruleset.covers)})")
    else:
        missing.append("Landlock")
    if "seccomp" not in without and _passes(_filter_works):
        seccomp.same_for_all(os.uname().machine)  # made once, here
        layers.append("seccomp")
    else:
        missing.append("seccomp")
    missing.extend(one for one in _OWN if one in without)
    descriptor = None if ruleset is None else ruleset.descriptor
    return Confinement(tuple(layers), tuple(missing), descriptor)


def _landlock() -> landlock.Ruleset | None:
    try:
        ruleset = landlock.make(readable())
    except OSError:
        return None
    covers = tuple(
        one for one in ruleset.covers if _passes(functools.partial(landlock.holds, ruleset, one))
    )
    return replace(ruleset, covers=covers) if "files" in covers else None


def _filter_works() -> bool:
    refuse_new_privileges()
    return seccomp.works_here()


def _passes(trial: Callable[[], bool]) -> bool:
    """Whether `trial` is true in a process that ends with it."""
    pid = os.fork()
    if pid == 0:
        passed = False
        try:
            passed = trial()
        finally:
            os._exit(not passed)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def confine(found: Confinement, conversation: int, stdout: int, stderr: int) -> tuple[int, int]:
    """Put every layer of `found` in force in this process, a fresh child.

    Returns the descriptor of the conversation with the parent, and the bytes of address space
    mapped before. Raises OSError where a layer cannot be put in force; the caller must then exit.
    """
    os.setsid()
    die_with_parent()
    talk, ruleset = arrange(conversation, stdout, stderr, found.ruleset)
    mapped = mapped_bytes()
    if found.has("no capabilities"):
        drop_capabilities(os.uname().machine)
    if found.has("resource limits"):
        limit()
    if found.has("no new privileges"):
        refuse_new_privileges()
    if found.has("undumpable"):
        become_undumpable()
    if found.has("Landlock"):
        landlock.restrict(ruleset)
        os.close(ruleset)
    if found.has("seccomp"):
        seccomp.install()
    return talk, mapped


def tell_missing() -> None:
    """Write the layers that cannot be had here to standard output, one a line."""
    namespaced = _passes(namespaces.work_here)
    for layer in prepare(namespaced=namespaced).missing:
        sys.stdout.write(f"{layer}\n")
