"""What people do at the dashboard, from logging in to the outcomes: by mouse, and by keyboard alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from smppcast.daemon.tokens import Role
from tests.acceptance.driver import Home, csv_feed, numbers, smsc, until
from tests.acceptance.test_daemon import Served
from tests.browser.pages import DAEMON, Person, browser, now_of

RATE = 400
COUNT = 2_400
# An SMSC that answers so late is what people are faster than; to the end it answers at once.
SLOW_MS = 5_000


@pytest.fixture
def home(tmp_path: Path) -> object:
    home = Home(tmp_path)
    yield home
    home.close()


def test_a_campaign_from_the_form_to_its_outcomes(home: Home, tmp_path: Path) -> None:
    feed = tmp_path / "people.csv"
    feed.write_text(csv_feed(numbers(COUNT, 33_600_000_000)) + "nonsense\n", "utf-8")
    with smsc() as centre, browser() as chromium:
        served = Served(home, centre, further=f"    rate: {RATE}\n    window: 100\n", daemon=DAEMON)
        served.start()
        sender = Person(chromium, served, Role.SENDER)
        page = sender.log_in()

        page.get_by_role("button", name="New campaign").click()
        page.get_by_label("Name", exact=True).fill("storm")
        page.get_by_label("Text", exact=True).fill("Restez chez vous €")
        expect(page.locator("#c-segments")).to_contain_text("orange: 1 segment")
        page.get_by_label("File").set_input_files(feed)
        page.get_by_label("Test numbers").fill("33699999999")
        page.get_by_text("When, how fast, in which waves").click()
        page.get_by_label("Recipients of each wave").fill("800")
        page.get_by_label("Pause between waves").fill("1s")
        page.get_by_role("button", name="Make the draft").click()

        detail = page.get_by_role("dialog", name="storm")
        expect(detail.get_by_text("Restez chez vous €").first).to_be_visible()
        page.get_by_role("button", name="Close").click()
        expect(sender.card("storm")).to_contain_text(f"{COUNT:,} recipients")
        page.get_by_role("button", name="Details of storm").click()
        expect(detail).to_contain_text(f"{COUNT + 1:,} rows: {COUNT:,} recipients")
        expect(detail).to_contain_text("approval: needed above 100 recipients")
        assert "33600000000" not in detail.inner_text()  # samples are masked
        page.get_by_role("button", name="Close").click()
        sender.do("Test", "storm")
        expect(sender.card("storm")).to_contain_text("approval by someone else")
        expect(page.get_by_role("button", name="Start storm")).to_have_count(0)
        expect(page.get_by_role("button", name="Approve storm")).to_have_count(0)

        second = Person(chromium, served, Role.APPROVER)
        second.log_in()
        second.do("Approve", "storm")

        centre.change(response_latency=SLOW_MS)
        page.get_by_role("button", name="Start storm").click()
        asked = page.get_by_role("dialog", name="Start storm?")
        expect(asked).to_contain_text(f"{COUNT:,} recipients are sent {COUNT:,} segments")
        asked.get_by_role("button", name="Start", exact=True).click()
        card = sender.card("storm")
        expect(card.get_by_text("running", exact=True)).to_be_visible()
        until(lambda: now_of(card) > 0, "the bar to move")
        expect(card).to_contain_text("wave 1 of 2")
        expect(card).to_contain_text("left: the last message leaves about")

        sender.do("Pause", "storm")
        expect(card.get_by_text("paused", exact=True)).to_be_visible()
        expect(second.card("storm").get_by_text("paused", exact=True)).to_be_visible()  # everyone sees it
        before = now_of(card)
        assert before < 100
        sender.do("Resume", "storm")
        centre.change(response_latency=0)
        until(lambda: now_of(card) > before, "the bar to move again")

        page.get_by_text("Ended campaigns").click(timeout=60_000)
        expect(card.get_by_text("finished", exact=True)).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Details of storm").click()
        expect(detail).to_contain_text("It closes: every recipient is in it once.")
        with page.expect_download() as found:
            detail.get_by_role("link", name="Outcomes (CSV, whole numbers)").click()
        path = tmp_path / "outcomes.csv"
        found.value.save_as(path)
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == COUNT
        assert {row["outcome"] for row in rows} == {"delivered"}
        with page.expect_download() as found:
            detail.get_by_role("link", name="Rejected rows (CSV)").click()
        assert "nonsense" in Path(found.value.path()).read_text("utf-8")
        with page.expect_popup() as opened:
            detail.get_by_role("link", name="Report with pictures").click()
        report = opened.value
        expect(report.get_by_role("heading", name="Campaign storm")).to_be_visible(timeout=60_000)
        expect(report.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        assert sender.wrong == second.wrong == []
        assert served.end() == 0


class Keys:
    """A keyboard, and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, name: str, most: int = 60) -> None:
        """Goes on by Tab until what has the focus is called so."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.focused() == name:
                return
        raise AssertionError(f"Tab never came to {name!r}; it is at {self.focused()!r}")

    def focused(self) -> str:
        return str(
            self.page.evaluate(
                """() => {
                    const at = document.activeElement;
                    const label = at.labels && at.labels.length ? at.labels[0] : at;
                    return (at.getAttribute("aria-label") || label.textContent).trim();
                }"""
            )
        )

    def press(self, name: str) -> None:
        self.to(name)
        self.page.keyboard.press("Enter")

    def fill(self, name: str, text: str) -> None:
        self.to(name)
        self.page.keyboard.type(text)

    def yes(self, word: str) -> None:
        """The question has the focus on what changes nothing."""
        expect(self.page.locator("#ask-no")).to_be_focused()
        self.press(word)
        expect(self.page.locator("#ask")).to_be_hidden()


def test_a_campaign_by_keyboard_alone(home: Home) -> None:
    with smsc() as centre, browser() as chromium:
        served = Served(home, centre, further=f"    rate: {RATE}\n", daemon=DAEMON)
        http = served.start()
        feed = csv_feed(numbers(90, 33_600_000_000)).encode()
        http.put("/feeds/some", content=feed)
        sender = Person(chromium, served, Role.SENDER)
        page, keys = sender.page, Keys(sender.page)
        page.goto(served.url)
        expect(page.get_by_label("Token")).to_be_focused()
        page.keyboard.type(served.tokens[Role.SENDER])
        page.keyboard.press("Enter")
        expect(page.locator("#pulse")).to_have_text("live")

        keys.press("New campaign")
        expect(page.get_by_label("Name", exact=True)).to_be_focused()
        page.keyboard.type("keys")
        keys.fill("Text", "Bonjour")
        keys.fill("Feed", "upload:some")
        keys.press("When, how fast, in which waves")
        keys.fill("Segments a second, an operator", "20")
        keys.press("Make the draft")
        expect(page.get_by_role("dialog", name="keys")).to_be_visible()
        page.keyboard.press("Escape")
        expect(sender.card("keys")).to_contain_text("90 recipients")
        # Where a dialog has been, the focus is where it was opened.
        page.keyboard.press("Shift+Tab")
        centre.change(response_latency=SLOW_MS)
        keys.press("Start keys")
        keys.yes("Start")
        expect(sender.card("keys").get_by_text("running", exact=True)).to_be_visible()
        keys.press("Pause keys")
        keys.yes("Pause")
        expect(sender.card("keys").locator(".badge")).to_have_text("paused")
        keys.press("Resume keys")
        keys.yes("Resume")
        centre.change(response_latency=0)
        expect(page.locator("#ended-box")).to_be_visible(timeout=60_000)
        keys.press("Ended campaigns")
        keys.press("Details of keys")
        expect(page.get_by_role("dialog", name="keys")).to_contain_text("It closes")
        keys.to("Outcomes (CSV, whole numbers)")
        with page.expect_download() as found:
            page.keyboard.press("Enter")
        assert len(Path(found.value.path()).read_text("utf-8").splitlines()) == 91
        page.keyboard.press("Escape")
        keys.fill("Number", "33600000000")
        page.keyboard.press("Enter")
        expect(page.locator("#found")).to_contain_text("delivered")
        assert "33600000000" not in page.locator("#found").inner_text()
        assert sender.wrong == []
        assert served.end() == 0
