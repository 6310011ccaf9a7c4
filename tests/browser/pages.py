"""A real browser before a daemon's dashboard, with a context of its own for each person."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from smppcast.daemon.tokens import Role
from tests.acceptance.test_daemon import Served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_MS = 30_000
# Above it, someone else has to approve.
APPROVAL_ABOVE = 100
DAEMON = f"  approval_above: {APPROVAL_ABOVE}\n"

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    # Root may not use its sandbox; the pages are ours.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        try:
            yield found
        finally:
            found.close()


class Person:
    """Someone at a browser of their own; whatever goes wrong in the page is remembered."""

    def __init__(self, browser: Browser, served: Served, role: Role, **more: Any) -> None:
        self.served, self.role = served, role
        self.context = browser.new_context(accept_downloads=True, **more)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda told: self.wrong.append(told.text) if told.type == "error" else None)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def log_in(self) -> Page:
        page = self.page
        page.goto(self.served.url)
        page.get_by_label("Token").fill(self.served.tokens[self.role])
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Campaigns", exact=True)).to_be_visible()
        expect(page.locator("#pulse")).to_have_text("live")
        return page

    def card(self, name: str) -> Locator:
        return self.page.get_by_role("article", name=name)

    def do(self, action: str, name: str) -> None:
        """Presses a campaign's button, and says yes to what it asks."""
        self.page.get_by_role("button", name=f"{action} {name}", exact=True).click()
        asked = self.page.get_by_role("dialog", name=f"{action} {name}?")
        expect(asked).to_be_visible()
        asked.locator("#ask-yes").click()
        expect(asked).to_be_hidden()


def now_of(card: Locator) -> int:
    """How far its bar is, in hundredths."""
    return int(card.get_by_role("progressbar").first.get_attribute("aria-valuenow") or 0)
