"""Debian's chromium, driven by Playwright: pages as a browser really shows them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, sync_playwright

_QUIET: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("GRADER_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.fail(
            "pages are tested in chromium and there is none: install Debian's package `chromium`, "
            "or name a program in GRADER_CHROMIUM"
        )
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield found
        found.close()
