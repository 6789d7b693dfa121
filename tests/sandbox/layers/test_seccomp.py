"""The filter as the kernel would run it, on both machines, by an interpreter of our own."""

from __future__ import annotations

import errno
import itertools
import struct
from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.sandbox.child.layers.seccomp import program
from grader.sandbox.child.layers.syscalls import (
    ALLOWED,
    ANSWERED_ABSENT,
    ARCHITECTURES,
    FILTERED,
    OneOf,
    of_pid,
)

ALLOW: Final = "allow"
REFUSE: Final = errno.EPERM
ABSENT: Final = errno.ENOSYS
KILL: Final = "kill"
PID: Final = 4711
MACHINES: Final = sorted(ARCHITECTURES)
OTHER_ARCHITECTURE: Final = 0x40000003  # 32-bit code on the same machine


def _run(code: bytes, number: int, arguments: Sequence[int], architecture: int) -> str | int:
    """What the program answers for a call (linux/seccomp.h, linux/bpf_common.h)."""
    data = struct.pack("<IIQ6Q", number, architecture, 0, *arguments)
    steps = list(struct.iter_unpack("<HBBI", code))
    held, at = 0, 0
    while True:
        kind, if_true, if_false, operand = steps[at]
        at += 1
        if kind == 0x20:
            (held,) = struct.unpack_from("<I", data, operand)
        elif kind == 0x54:
            held &= operand
        elif kind == 0x15:
            at += if_true if held == operand else if_false
        elif kind == 0x35:
            at += if_true if held >= operand else if_false
        elif kind == 0x06:
            return _spelled(operand)
        else:
            raise AssertionError(f"instruction {kind:#x}")


def _spelled(answer: int) -> str | int:
    action, value = answer & 0xFFFF0000, answer & 0xFFFF
    return {0x7FFF0000: ALLOW, 0x80000000: KILL, 0x00050000: value}[action]


def _decided(machine: str, number: int, arguments: Sequence[int]) -> str | int:
    """The policy read directly from the tables."""
    column, _ = ARCHITECTURES[machine]
    if number in {numbers[column] for numbers in ALLOWED.values()}:
        return ALLOW
    if number in {numbers[column] for numbers in ANSWERED_ABSENT.values()}:
        return ABSENT
    for numbers, test in _tests().values():
        if numbers[column] == number:
            return ALLOW if _passes(test, arguments) else REFUSE
    return ABSENT if 463 <= number < 0x40000000 else REFUSE


def _tests(pid: int = PID) -> dict[str, tuple[tuple[int | None, int | None], OneOf]]:
    return {**FILTERED, **of_pid(pid)}


def _passes(test: OneOf, arguments: Sequence[int]) -> bool:
    return arguments[test.argument] & 0xFFFFFFFF & test.mask in test.values


_ARGUMENTS = st.lists(
    st.one_of(
        st.integers(0, 2**64 - 1),
        st.sampled_from([0, 1, PID, 8, 10, 15, 0x10000, 0x10010000, 0x3D0F00, 2**32 + PID]),
    ),
    min_size=6,
    max_size=6,
)


@pytest.mark.parametrize("machine", MACHINES)
@given(number=st.one_of(st.integers(0, 600), st.integers(0, 2**32 - 1)), arguments=_ARGUMENTS)
def test_the_program_decides_as_the_tables_say(
    machine: str, number: int, arguments: list[int]
) -> None:
    _, architecture = ARCHITECTURES[machine]
    answered = _run(program(machine, PID), number, arguments, architecture)
    assert answered == _decided(machine, number, arguments)


@pytest.mark.parametrize("machine", MACHINES)
def test_code_of_another_architecture_is_killed(machine: str) -> None:
    for number in range(500):
        assert _run(program(machine, PID), number, [0] * 6, OTHER_ARCHITECTURE) == KILL


def _number(name: str, machine: str) -> int:
    column, _ = ARCHITECTURES[machine]
    known = {
        **ALLOWED,
        **ANSWERED_ABSENT,
        **{n: numbers for n, (numbers, _) in _tests().items()},
    }
    number = known[name][column]
    assert number is not None
    return number


def _cases() -> Iterator[tuple[str, tuple[int, ...], str | int]]:
    thread = 0x3D0F00  # what the C library asks for in pthread_create
    yield "clone", (thread,), ALLOW
    yield "clone", (0x11,), REFUSE  # fork: only a signal to send
    yield "clone", (0x4111,), REFUSE  # vfork
    for namespace in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        yield "clone", (thread | namespace,), REFUSE
    yield "clone3", (), ABSENT
    yield "kill", (PID, 9), ALLOW
    yield "kill", (PID + 1, 0), REFUSE
    yield "kill", (0, 9), REFUSE
    yield "kill", (2**64 - 1, 9), REFUSE
    yield "tgkill", (PID, PID, 6), ALLOW
    yield "tgkill", (1, 1, 9), REFUSE
    yield "prlimit64", (0, 7), ALLOW
    yield "prlimit64", (1, 0), REFUSE
    yield "sched_setaffinity", (0,), ALLOW
    yield "sched_setaffinity", (1,), REFUSE
    for flags, answer in {
        "O_RDONLY": (0, ALLOW),
        "O_WRONLY": (1, ALLOW),
        "O_RDWR | O_CLOEXEC": (0o2000002, ALLOW),
        "O_DIRECTORY | O_CLOEXEC": (0o2200000, ALLOW),
        "3": (3, REFUSE),
        "O_CREAT": (0o101, REFUSE),
        "O_TRUNC": (0o1001, REFUSE),
        "3 | O_TRUNC": (0o1003, REFUSE),
        "O_TMPFILE": (0o20200002, REFUSE),
    }.values():
        yield "openat", (2**64 - 100, 0, flags), answer
    for command, answer in {
        "F_DUPFD": (0, ALLOW),
        "F_SETFL": (4, ALLOW),
        "F_SETOWN": (8, REFUSE),
        "F_SETSIG": (10, REFUSE),
        "F_SETOWN_EX": (15, REFUSE),
        "F_SETLEASE": (1024, REFUSE),
        "F_NOTIFY": (1026, REFUSE),
        "F_DUPFD_CLOEXEC": (1030, ALLOW),
        "F_SETPIPE_SZ": (1031, REFUSE),
    }.values():
        yield "fcntl", (1, command), answer
    for request, answer in {
        "TCGETS": (0x5401, ALLOW),
        "TIOCSTI": (0x5412, REFUSE),
        "FIOSETOWN": (0x8901, REFUSE),
        "FIOASYNC": (0x5452, REFUSE),
        "TIOCLINUX": (0x541C, REFUSE),
    }.values():
        yield "ioctl", (0, request), answer
    for advice, answer in {
        "MADV_DONTNEED": (4, ALLOW),
        "MADV_FREE": (8, ALLOW),
        "MADV_WILLNEED": (3, REFUSE),
        "MADV_MERGEABLE": (12, REFUSE),
        "MADV_COLD": (20, REFUSE),
        "MADV_PAGEOUT": (21, REFUSE),
    }.values():
        yield "madvise", (0, 4096, advice), answer
    for option, answer in {
        "PR_SET_PDEATHSIG": (1, REFUSE),
        "PR_SET_DUMPABLE": (4, REFUSE),
        "PR_SET_NAME": (15, ALLOW),
        "PR_SET_SECCOMP": (22, REFUSE),
        "PR_SET_NO_NEW_PRIVS": (38, REFUSE),
        "PR_SET_PTRACER": (0x59616D61, REFUSE),
    }.values():
        yield "prctl", (option,), answer


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("name", "arguments", "answer"), list(_cases()))
def test_arguments_that_matter(
    machine: str, name: str, arguments: tuple[int, ...], answer: str | int
) -> None:
    _, architecture = ARCHITECTURES[machine]
    padded = list(itertools.islice(itertools.chain(arguments, itertools.repeat(0)), 6))
    assert _run(program(machine, PID), _number(name, machine), padded, architecture) == answer


FORBIDDEN: Final = (  # noqa: SIM905 - a hundred names read better so
    "fork vfork execve execveat socket socketpair connect bind sendto sendmsg sendmmsg recvmsg "
    "ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal tkill "
    "rt_sigqueueinfo rt_tgsigqueueinfo unshare setns mount umount2 pivot_root chroot bpf "
    "perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key "
    "request_key memfd_create memfd_secret shmget shmat semget msgget mq_open open_by_handle_at "
    "name_to_handle_at link linkat symlink symlinkat rename renameat renameat2 unlink unlinkat "
    "mkdir mkdirat rmdir mknod mknodat chmod fchmod fchmodat chown fchown fchownat lchown truncate "
    "ftruncate fallocate utimensat setxattr fsetxattr chdir fchdir seccomp landlock_create_ruleset "
    "landlock_add_rule landlock_restrict_self setuid setgid setresuid setgroups capset setpriority "
    "ioprio_set sched_setscheduler sched_setattr setpgid setsid personality process_madvise "
    "process_mrelease splice tee vmsplice sendfile copy_file_range pipe pipe2 eventfd2 signalfd4 "
    "timerfd_create timer_create inotify_init1 fanotify_init kcmp init_module finit_module "
    "delete_module kexec_load reboot swapon sethostname acct quotactl syslog openat2 pkey_mprotect "
    "wait4 waitid modify_ldt iopl ioperm mincore preadv2 fadvise64 readahead cachestat"
).split()


def test_what_no_computation_needs_is_in_no_table() -> None:
    known = {*ALLOWED, *ANSWERED_ABSENT, *_tests()}
    assert known.isdisjoint(FORBIDDEN)


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_libseccomp(machine: str) -> None:
    """An independent table: a wrong number would allow another call than the one that is named."""
    try:
        import pyseccomp  # noqa: PLC0415 - fails where the C library is missing
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"libseccomp is not installed: {error}")
    independent = {"x86_64": pyseccomp.Arch.X86_64, "aarch64": pyseccomp.Arch.AARCH64}[machine]
    column, _ = ARCHITECTURES[machine]
    tables = {**ALLOWED, **ANSWERED_ABSENT}
    tables |= {name: numbers for name, (numbers, _) in _tests().items()}
    for name, numbers in tables.items():
        found = pyseccomp.resolve_syscall(independent, name)
        assert numbers[column] == (found if found >= 0 else None), name
    allowed = {numbers[column] for numbers in tables.values()}
    for name in FORBIDDEN:
        assert pyseccomp.resolve_syscall(independent, name) not in allowed, name


def test_a_program_fits_the_kernel() -> None:
    for machine in MACHINES:
        assert len(program(machine, PID)) % 8 == 0
        assert len(program(machine, PID)) // 8 <= 4096


def test_an_unknown_machine_has_no_program() -> None:
    with pytest.raises(KeyError):
        program("riscv64", PID)
