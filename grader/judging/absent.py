"""Packages a target needs and this machine does not have: then the grader cannot judge."""

from __future__ import annotations

import re
from typing import Final

from grader.core.observation import Exchange, Fault

__all__ = ["absent_packages"]

_IMPORTS: Final = ("ModuleNotFoundError", "ImportError")
_QUOTED: Final = re.compile(r"'([\w.]+)'")


def absent_packages(exchange: Exchange) -> tuple[str, ...]:
    """Names of what could not be imported and was then missed, in order; empty where nothing was.

    An import that failed and that no call reached for says nothing: notebooks import much that
    the target never uses.
    """
    statements, run = exchange.program.statements, exchange.run
    faults = [call.fault for call in run.calls.values() if call.fault is not None]
    faults += [fault for _, fault in run.setup.faults]
    missed = {fault.missing_name for fault in faults if fault.missing_name}
    found = {
        _package(call.fault): None
        for call in run.calls.values()
        if call.fault is not None and call.fault.type in _IMPORTS
    }
    for number, fault in run.setup.faults:
        binds = statements[number].binds if 0 <= number < len(statements) else ()
        if fault.type in _IMPORTS and missed & set(binds):
            found[_package(fault)] = None
    return tuple(found)


def _package(fault: Fault) -> str:
    quoted = _QUOTED.findall(fault.message)
    return quoted[-1] if quoted else fault.message
