"""How the dashboard is for everyone: small and large, light and dark, read aloud, and shut to others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from smppcast.daemon.tokens import Role
from tests.acceptance.driver import Home, csv_feed, numbers, smsc, until
from tests.acceptance.test_daemon import ALONE, Served, campaign
from tests.browser.pages import Person, browser
from tests.ports import free_port

SCREENS = {"phone": (360, 740), "laptop": (1280, 800), "wall": (2560, 1440)}
SERIOUS = ("serious", "critical")
DEAD_HOOK = "  webhooks:\n    shop: {url: 'http://127.0.0.1:1/', secret: '0123456789abcdef01234567'}\n"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = Home(tmp_path_factory.mktemp("daemon"))
    try:
        with smsc() as centre:
            down = "  free:\n    url: smpp://user@127.0.0.1:1\n    password: x\n    prefixes: ['3366']\n"
            served = Served(home, centre, further=f"    rate: 50\n{down}", daemon=ALONE + DEAD_HOOK)
            http = served.start()
            # It runs for as long as anybody looks.
            campaign(http, "running", 50_000, 33_600_000_000, plan={"waves": {"sizes": [1_000], "gap": "1s"}})
            campaign(http, "ended", 20, 33_700_000_000)
            feed = http.put("/feeds/draft", content=csv_feed(numbers(10, 33_800_000_000)).encode())
            body = {"name": "draft", "text": "Bonjour", "feed": feed.json()["feed"]}
            assert http.post("/campaigns", json=body).status_code == 201
            until(lambda: http.get("/campaigns/ended").json()["state"] == "finished", "the short one to end")
            yield served
            served.end()
    finally:
        home.close()


def serious(person: Person) -> list[str]:
    """What axe finds that would keep someone out."""
    found: dict[str, Any] = Axe().run(person.page).response
    return [
        f"{each['id']}: {node['target']} {node.get('failureSummary')}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_serious_and_nothing_sticks_out(
    chromium: Browser, served: Served, screen: str, scheme: str
) -> None:
    width, height = SCREENS[screen]
    more: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    person = Person(chromium, served, Role.ADMIN, **more)
    person.page.goto(served.url)
    expect(person.page.get_by_label("Token")).to_be_visible()
    assert serious(person) == []
    page = person.log_in()
    expect(page.locator("#charts .main-svg").first).to_be_attached(timeout=60_000)
    page.get_by_text("Ended campaigns").click()
    assert serious(person) == []
    for opens in ("Details of draft", "Details of ended", "New campaign", "Cancel running", "Drain orange"):
        page.get_by_role("button", name=opens).click()
        expect(page.locator("dialog[open]")).to_be_visible()
        expect(page.locator("#detail-body > p[role=status]")).to_have_count(0)
        assert serious(person) == [], opens
        inside = "document.querySelector('dialog[open]')"
        assert page.evaluate(f"{inside}.scrollWidth <= {inside}.clientWidth"), opens
        page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert person.wrong == []
    person.context.close()


def test_a_dead_webhook_is_shown(chromium: Browser, served: Served) -> None:
    person = Person(chromium, served, Role.VIEWER)
    person.log_in()
    card = person.card("shop")
    expect(card.get_by_text("failing", exact=True)).to_be_visible()
    expect(card).to_contain_text("last error")
    person.context.close()


def test_nothing_comes_from_elsewhere_and_no_token_stays_in_the_page(
    chromium: Browser, served: Served
) -> None:
    person = Person(chromium, served, Role.ADMIN)
    page = person.log_in()
    expect(page.locator("#charts .main-svg").first).to_be_attached(timeout=60_000)
    token = served.tokens[Role.ADMIN]
    assert {urlsplit(url).netloc for url in person.asked} == {urlsplit(served.url).netloc}
    assert not any("smppcast_" in url for url in person.asked)
    (cookie,) = person.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert cookie["value"] not in token
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert kept == '[{},{},""]'
    assert token not in page.content()
    assert person.wrong == []
    person.context.close()


def test_no_other_page_shows_it_in_a_frame(chromium: Browser, served: Served, tmp_path: Path) -> None:
    person = Person(chromium, served, Role.VIEWER)
    person.log_in()
    trap = tmp_path / "trap.html"
    trap.write_text(f'<iframe src="{served.url}/" width="800" height="600"></iframe>', "utf-8")
    page = person.context.new_page()
    page.goto(trap.as_uri())
    frame = page.frames[1]
    assert frame.locator("#board").count() == 0
    assert frame.locator("#login").count() == 0
    person.context.close()


def test_a_viewer_is_offered_nothing_that_changes_anything(chromium: Browser, served: Served) -> None:
    person = Person(chromium, served, Role.VIEWER)
    page = person.log_in()
    expect(person.card("running")).to_be_visible()
    offered = {words.split()[0] for words in page.locator("button:visible").all_inner_texts()}
    assert offered == {"Log", "Details"}
    assert not page.locator("#lookup").is_visible()
    person.context.close()


def test_the_cookie_outlives_the_page_until_one_logs_out(chromium: Browser, served: Served) -> None:
    person = Person(chromium, served, Role.VIEWER)
    page = person.log_in()
    page.reload()
    expect(page.locator("#pulse")).to_have_text("live")
    expect(page.locator("#board")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Token")).to_be_visible()
    person.context.close()


def test_a_daemon_that_restarts_is_found_again_and_nobody_logs_in_anew(
    chromium: Browser, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    try:
        with smsc() as centre:
            served = Served(home, centre)
            # One that nobody else is given while it is down.
            written = served.config.read_text("utf-8").replace("127.0.0.1:0\n", f"127.0.0.1:{free_port()}\n")
            served.config.write_text(written, "utf-8")
            served.start()
            person = Person(chromium, served, Role.VIEWER)
            page = person.log_in()
            assert served.end() == 0  # its streams do not hold it up
            expect(page.locator("#pulse")).to_have_text("connection lost: trying again")
            served.start()
            expect(page.locator("#pulse")).to_have_text("live", timeout=60_000)
            expect(page.locator("#board")).to_be_visible()
            served.end()
    finally:
        home.close()
