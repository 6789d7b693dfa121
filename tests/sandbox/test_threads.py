from __future__ import annotations

import os
import threading

from grader.sandbox.threads import MOST_THREADS, threads_of
from tests.sandbox.conftest import Ask


def test_threads_are_counted_from_outside() -> None:
    end = threading.Event()
    before = threads_of(_pidfd := os.pidfd_open(os.getpid()))
    started = [threading.Thread(target=end.wait) for _ in range(3)]
    for thread in started:
        thread.start()
    assert threads_of(_pidfd) == before + 3
    end.set()
    for thread in started:
        thread.join()
    os.close(_pidfd)


def test_a_process_that_is_gone_has_none() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    pidfd = os.pidfd_open(pid)
    os.waitpid(pid, 0)
    assert threads_of(pidfd) == 0
    os.close(pidfd)


def test_a_descriptor_of_something_else_has_none() -> None:
    read, write = os.pipe()
    assert threads_of(read) == 0
    os.close(read)
    os.close(write)


def test_a_child_with_too_many_is_stopped(ask: Ask) -> None:
    code = (
        "import threading, time\n"
        "threading.stack_size(32768)\n"
        "def f(x):\n"
        "    try:\n"
        "        while True:\n"
        "            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        "    except RuntimeError:\n"
        "        time.sleep(600)"
    )
    run = ask(code)
    assert run.calls["a"].outcome == "killed"
    assert any(f"more than {MOST_THREADS} threads" in note for note in run.notes)


def test_a_few_are_nobody_s_business(ask: Ask) -> None:
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def f(x):\n"
        "    with ThreadPoolExecutor(8) as pool:\n"
        "        return torch.stack(list(pool.map(lambda row: row * 2, x)))"
    )
    assert ask(code).calls["a"].outcome == "ok"
