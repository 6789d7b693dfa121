"""Whether confinement holds here: acts tried by a throw-away child, and what follows for strict."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from grader.core.errors import SandboxFault
from grader.core.text import plain
from grader.sandbox import wire
from grader.sandbox.conversation import Conversation, Gone, TimedOut
from grader.sandbox.zygote import Zygote

__all__ = ["ACTS", "Trial", "attempt", "layers_missing_here", "refusal", "refusal_without"]

ACTS: Final[Mapping[str, tuple[str, str]]] = {
    "read": ("read a file of yours", "Landlock"),
    "write": ("open a file of yours for writing", "Landlock"),
    "empty": ("empty a file of yours", "seccomp"),
    "socket": ("open a socket", "seccomp"),
    "fork": ("start a process", "seccomp"),
    "signal": ("signal the grader", "seccomp"),
    "limit": ("reach the grader's resource limits", "seccomp"),
    "exec": ("run a program", "seccomp"),
}
"""What a confined child must fail to do: act -> in words, and the layer that forbids it."""

_REMEDIES: Final[Mapping[str, str]] = {
    "Landlock": (
        "Landlock comes with Linux 5.13 or later where `landlock` is among the security modules "
        "(boot with lsm=landlock,...) and a container's profile lets its system calls through"
    ),
    "seccomp": (
        "seccomp filters need a kernel with CONFIG_SECCOMP_FILTER on x86_64 or aarch64 and a "
        "container's profile that lets prctl through"
    ),
}
_WAY_OUT: Final = (
    "--isolation best-effort goes on with what there is, for submissions you trust not to attack"
)
_SECONDS: Final = 60.0
_MOST_BYTES: Final = 2**16
_PROBE: Final = "from grader.sandbox.child.confine import tell_missing; tell_missing()"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a throw-away child found: its layers, forbidden acts it could do (keys of `ACTS`), and
    why what grading needs failed (empty where it did not).
    """

    layers: tuple[str, ...]
    missing: tuple[str, ...]
    done: tuple[str, ...]
    needs: str = ""


def attempt(zygote: Zygote) -> Trial:
    """Let a child of `zygote` try. Raises SandboxFault where it cannot even be asked."""
    with tempfile.NamedTemporaryFile(prefix="grader-canary-") as canary:
        canary.write(b"canary")
        canary.flush()
        question = wire.pack(wire.SETUP, {"trial": {"canary": canary.name, "parent": os.getpid()}})
        child = zygote.spawn()
        talk = Conversation(child, output_bytes=_MOST_BYTES, frame_bytes=_MOST_BYTES)
        try:
            ready = talk.ask(None, seconds=_SECONDS, kind=wire.READY).header
            acts = dict(talk.ask(question, seconds=_SECONDS).header["acts"])
            acts |= _executed(talk)
        except (Gone, TimedOut) as error:
            raise SandboxFault(f"the trial of the confinement failed: {error}") from error
        finally:
            try:
                zygote.reap(child)
            finally:
                child.close()
    unmet = [f"{name}: {acts[name]}" for name in ("compute", "import") if acts[name]]
    return Trial(
        layers=tuple(ready["layers"]),
        missing=tuple(ready["missing"]),
        done=tuple(act for act in ACTS if not acts[act]),
        needs=plain("; ".join(unmet)),
    )


def _executed(talk: Conversation) -> dict[str, Any]:
    try:
        return dict(talk.ask(None, seconds=_SECONDS).header["acts"])
    except Gone:  # another program took the child's place
        return {"exec": ""}


def refusal(trial: Trial) -> str:
    """Why strict isolation cannot be had after `trial`, and the ways out; empty where it can."""
    if trial.needs:
        return (
            f"a confined child cannot do what grading needs ({trial.needs}); is Python where every "
            f"process of yours can read it? {_WAY_OUT}"
        )
    could = ", ".join(ACTS[act][0] for act in trial.done)
    return _refused({ACTS[act][1] for act in trial.done}, f": a confined child could {could}")


def refusal_without(missing: Collection[str]) -> str:
    """As `refusal`, by the names of layers that are `missing`: before any child is started."""
    return _refused(missing)


def _refused(missing: Collection[str], because: str = "") -> str:
    needed = [layer for layer in _REMEDIES if layer in missing]
    if not needed:
        return ""
    remedies = "; ".join(_REMEDIES[layer] for layer in needed)
    lack = f"{' and '.join(needed)} {'are' if needed[1:] else 'is'} missing"
    return f"strict isolation cannot be had here, {lack}{because}. {remedies}. {_WAY_OUT}"


def layers_missing_here() -> tuple[str, ...]:
    """Names of layers that a child would not have; found in a process of its own, without torch.

    Raises SandboxFault where no process can be started.
    """
    try:
        told = subprocess.run(  # noqa: S603 - our own interpreter and a constant
            [sys.executable, "-I", "-B", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_SECONDS,
            cwd=Path(tempfile.gettempdir()),
            env={"PATH": os.defpath},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxFault(f"no process can be confined here: {error}") from error
    return tuple(plain(told.stdout.decode("utf-8", "replace")).split("\n")[:-1])
