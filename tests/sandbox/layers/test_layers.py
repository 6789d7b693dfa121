"""What each layer is for: acts that are refused with all of them and done with that one away."""

from __future__ import annotations

import functools
import os
import sysconfig
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from grader.core.observation import Program
from grader.sandbox.parent import Sandbox
from grader.sandbox.trial import layers_missing_here
from tests.sandbox.conftest import call, statement

Try = Callable[..., float]

IMPORTS = "import ctypes, mmap, os, resource, socket, struct, sys, torch\nlibc = ctypes.CDLL(None)"


def _without(*layers: str) -> AbstractContextManager[Sandbox]:
    return Sandbox("best-effort", without=frozenset(layers))


@pytest.fixture(scope="module")
def attempt() -> Iterator[Try]:
    """The number that an expression gives in a child without the layers named; -1 if it raises."""
    with ExitStack() as stack:
        running: dict[tuple[str, ...], Sandbox] = {}

        def run(expression: str, *without: str) -> float:
            if without not in running:
                running[without] = stack.enter_context(_without(*without))
            code = (
                f"def f(x):\n    try:\n        return float({expression})\n"
                "    except (OSError, ValueError, MemoryError):\n        return -1.0"
            )
            program = Program((statement(IMPORTS), statement(code, cell=2)), "f")
            answer = running[without].run(program, [call()]).calls["a"]
            assert answer.value is not None, answer
            return float(answer.value.numbers())

        yield run


REFUSED = -1.0


@functools.cache
def _missing_here() -> frozenset[str]:
    return frozenset(layers_missing_here())


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text("expected values", encoding="utf-8")
    return path


def test_landlock_alone_stops_reading(attempt: Try, secret: Path) -> None:
    act = f"len(open({str(secret)!r}).read())"
    assert attempt(act) == REFUSED
    assert attempt(act, "Landlock") == len("expected values")


def test_landlock_alone_stops_listing(attempt: Try, secret: Path) -> None:
    act = f"len(os.listdir({str(secret.parent)!r}))"
    assert attempt(act) == REFUSED
    assert attempt(act, "Landlock") == 1


def test_opening_for_writing_is_stopped_by_landlock_and_by_namespaces(
    attempt: Try, secret: Path
) -> None:
    act = f"os.open({str(secret)!r}, os.O_WRONLY)"
    assert attempt(act) == REFUSED
    assert attempt(act, "namespaces") == REFUSED
    assert attempt(act, "Landlock", "namespaces") > 2


def test_making_a_file_is_stopped_likewise(attempt: Try, tmp_path: Path) -> None:
    made = tmp_path / "made"
    act = f"os.open({str(made)!r}, os.O_CREAT | os.O_WRONLY)"
    assert attempt(act) == REFUSED
    assert not made.exists()
    assert attempt(act, "namespaces") == REFUSED
    assert attempt(act, "Landlock", "namespaces") == REFUSED
    assert not made.exists()
    assert attempt(act, "Landlock", "namespaces", "seccomp") > 2
    assert made.exists()


def test_a_mode_that_landlock_does_not_know_is_stopped_by_seccomp(
    attempt: Try, secret: Path
) -> None:
    act = f"os.open({str(secret)!r}, 3)"
    assert attempt(act) == REFUSED
    assert attempt(act, "namespaces") == REFUSED
    assert attempt(act, "seccomp", "namespaces") > 2


@pytest.mark.parametrize(
    "act",
    [
        "socket.socket(socket.AF_INET, socket.SOCK_STREAM).fileno()",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).fileno()",
        "socket.socket(socket.AF_UNIX).fileno()",
        "socket.socketpair()[0].fileno()",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).fileno()",
        "os.pipe()[0]",
        "os.memfd_create('fill')",
        "os.fork() or os._exit(0)",
        "os.setpriority(os.PRIO_PROCESS, 0, 10) is None",
        "os.pidfd_open(os.getpid())",
        "os.umask(0o22) >= 0",
    ],
)
def test_seccomp_alone_stops_calls_that_compute_nothing(attempt: Try, act: str) -> None:
    assert attempt(act) == REFUSED
    assert attempt(act, "seccomp") != REFUSED


def test_changing_files_of_the_same_user_is_stopped_by_seccomp_and_by_namespaces(
    attempt: Try, secret: Path
) -> None:
    act = f"os.chmod({str(secret)!r}, 0o777) is None"
    before = secret.stat().st_mode
    assert attempt(act) == REFUSED
    assert secret.stat().st_mode == before
    assert attempt(act, "namespaces") == REFUSED
    assert secret.stat().st_mode == before
    assert attempt(act, "seccomp", "namespaces") == 1
    assert secret.stat().st_mode != before


def test_running_a_program_is_stopped_by_landlock_and_by_seccomp(attempt: Try) -> None:
    act = "os.execv(sys.executable, [sys.executable, '-c', '']) is None"
    assert attempt(act) == REFUSED
    assert attempt(act, "seccomp") == REFUSED
    assert attempt(act, "Landlock") == REFUSED


def test_a_signal_to_the_grader_is_stopped_by_any_of_three(attempt: Try) -> None:
    act = f"os.kill({os.getpid()}, 0) is None"
    assert attempt(act) == REFUSED
    walls = {"namespaces", "Landlock", "seccomp"}
    for left in walls - _missing_here():
        assert attempt(act, *sorted(walls - {left})) == REFUSED, left
    assert attempt(act, *sorted(walls), "no capabilities") == 1


def test_namespaces_hide_every_other_process(attempt: Try) -> None:
    here = os.getpid()
    seen = f"os.getsid({here}) >= 0"  # asks about a process, and seccomp lets it
    if "namespaces" in _missing_here():
        pytest.skip("this kernel refuses namespaces: what they hide is forbidden anyway")
    assert attempt("os.getpid()") == 1
    assert attempt(seen) == REFUSED
    assert attempt("os.getpid()", "namespaces") > 1
    assert attempt(seen, "namespaces") == 1


@pytest.fixture
def old_file() -> Iterator[Path]:
    """A file that a child may read, last read long ago."""
    path = Path(sysconfig.get_path("purelib")) / f"grader_test_{uuid.uuid4().hex}.txt"
    try:
        path.write_text("read me", encoding="utf-8")
    except OSError:
        pytest.skip("no file can be put beside Python's packages")
    os.utime(path, (0, 0))
    yield path
    path.unlink()


def test_namespaces_alone_leave_no_trace_of_reading(attempt: Try, old_file: Path) -> None:
    if "namespaces" in _missing_here():
        pytest.skip("this kernel refuses namespaces: docs/security.md says what is left open")
    act = f"len(open({str(old_file)!r}).read())"
    assert attempt(act) == len("read me")
    assert old_file.stat().st_atime == 0
    assert attempt(act, "namespaces") == len("read me")
    assert old_file.stat().st_atime > 0


def test_limits_alone_stop_a_large_allocation(attempt: Try) -> None:
    act = "len(mmap.mmap(-1, 6 << 30, prot=mmap.PROT_READ))"
    assert attempt(act) == REFUSED
    assert attempt(act, "resource limits") == 6 << 30


def test_limits_alone_stop_many_descriptors(attempt: Try) -> None:
    act = "len([os.dup(1) for _ in range(200)])"
    assert attempt(act) == REFUSED
    assert attempt(act, "resource limits") == 200


EFFECTIVE = (
    "(lambda data: libc.syscall({number}, struct.pack('=Ii', 0x20080522, 0), data) or "
    "sum(struct.unpack('=6I', data.raw)[::3]))(ctypes.create_string_buffer(24))"
).format(number={"x86_64": 125, "aarch64": 90}[os.uname().machine])
"""The effective capabilities, as the kernel tells the child itself."""


def test_no_capability_is_left(attempt: Try) -> None:
    assert attempt(EFFECTIVE) == 0
    has_some = int(_told("CapEff"), 16) > 0 or "namespaces" not in _missing_here()
    assert (attempt(EFFECTIVE, "no capabilities") > 0) == has_some


def test_capabilities_alone_would_let_root_raise_its_limits(attempt: Try) -> None:
    act = "resource.setrlimit(resource.RLIMIT_NOFILE, (4000, 4000)) is None"
    assert attempt(act) == REFUSED
    assert attempt(act, "no capabilities") == (1 if _is_real_root() else REFUSED)


def _is_real_root() -> bool:
    """Whether we have CAP_SYS_RESOURCE of the machine, not only of a user namespace."""
    return bool(int(_told("CapEff"), 16) >> 24 & 1)


def _told(name: str) -> str:
    """A line of what the kernel says of this process."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return status.partition(f"{name}:")[2].split()[0]


def test_no_new_privileges_stands_before_what_needs_it(attempt: Try) -> None:
    # Landlock and seccomp need it of anyone but root, so that it is seen without them.
    act = "libc.prctl(39, 0, 0, 0, 0)"
    assert attempt(act, "Landlock", "seccomp") == 1
    inherited = int(_told("NoNewPrivs"))
    assert attempt(act, "Landlock", "seccomp", "no new privileges") == inherited


def test_nobody_may_look_into_a_child(attempt: Try) -> None:
    act = "libc.prctl(3, 0, 0, 0, 0)"
    assert attempt(act) == 0
    assert attempt(act, "undumpable") == 1
