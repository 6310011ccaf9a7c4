"""Dashboards beside a campaign: what twenty of them in a real browser cost it, and how often each is told.

A daemon of its own process casts a campaign at a fixed rate; then the same with the dashboards open, each in
a browser context of its own as if in a browser of its own. Rates are the SMSC's own record, updates those
that each page has shown.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from typing import Any

import anyio
from playwright.async_api import BrowserContext, Page, async_playwright

from bench._common import machine, run, table
from bench._daemon import served, start_campaign
from smppcast.smsc import SmscProcess, spawn

LOSS_MOST, PER_S_LEAST = 0.05, 1.0
WARM_S = 5.0
# Counts what the page shows, within the page: asking it each time would be a load of its own.
COUNTED = """() => {
    window.shown = {count: 0, worst: 0, last: performance.now()};
    new MutationObserver(() => {
        const now = performance.now(), shown = window.shown;
        shown.count += 1;
        shown.worst = Math.max(shown.worst, now - shown.last);
        shown.last = now;
    }).observe(document.getElementById("clock"), {attributes: true, attributeFilter: ["data-at"]});
}"""
SHOWN = """() => {
    const {count, worst, last} = window.shown;
    return {count, worst: Math.max(worst, performance.now() - last)};
}"""


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench dashboards", description=__doc__)
    parser.add_argument("--seconds", type=float, help="of each half; default 20, 3 with --quick")
    parser.add_argument("--pages", type=int, help="dashboards; default 20, 2 with --quick")
    parser.add_argument("--rate", type=int, help="segments a second; default 20,000, 2,000 with --quick")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    options.seconds = options.seconds or (3.0 if options.quick else 20.0)
    options.pages = options.pages or (2 if options.quick else 20)
    options.rate = options.rate or (2_000 if options.quick else 20_000)
    print(machine())
    print(
        f"setup: {options.rate:,} segments a second, {options.pages} pages, {options.seconds:g} s each half"
    )
    found = run(partial(_measure, options))
    return _report(found, options, judged=not options.quick)


async def _measure(options: Namespace) -> dict[str, Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("bench dashboards: chromium is not installed")
    recipients = int(options.rate * (2 * options.seconds + 4 * WARM_S + 6 * options.pages))
    async with (
        spawn("ideal") as smsc,
        served(smsc.url, operator={"window": 2000, "rate": options.rate}) as (http, token),
    ):
        await start_campaign(http, recipients)
        await anyio.sleep(WARM_S)
        alone = await _rate(smsc, options.seconds)
        async with async_playwright() as playwright:
            args = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = await playwright.chromium.launch(executable_path=chromium, args=args)
            pages = [
                await _open(await browser.new_context(), str(http.base_url), token)
                for _ in range(options.pages)
            ]
            await anyio.sleep(WARM_S)
            for page in pages:
                await page.evaluate(COUNTED)
            began = time.perf_counter()
            beside = await _rate(smsc, options.seconds)
            seconds = time.perf_counter() - began
            shown = [await page.evaluate(SHOWN) for page in pages]
            await browser.close()
        state = (await http.get("/campaigns/bench")).json()["state"]
        assert state == "running", state  # else there were too few recipients
    return {
        "alone": alone,
        "beside": beside,
        "per_s": min(each["count"] for each in shown) / seconds,
        "worst_s": max(each["worst"] for each in shown) / 1e3,
    }


async def _open(context: BrowserContext, url: str, token: str) -> Page:
    page = await context.new_page()
    await page.goto(url)
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_selector("#pulse[data-state=live]")
    return page


async def _rate(smsc: SmscProcess, seconds: float) -> float:
    before, began = (await smsc.account())["accepted"], time.perf_counter()
    await anyio.sleep(seconds)
    after = (await smsc.account())["accepted"]
    return float(after - before) / (time.perf_counter() - began)


def _report(found: dict[str, Any], options: Namespace, *, judged: bool) -> int:
    loss = 1 - found["beside"] / found["alone"]
    rows = [
        ["", "submit_sm/s", "updates/s, the slowest page", "longest without one, s"],
        ["alone", f"{found['alone']:,.0f}", "", ""],
        [
            f"{options.pages} dashboards",
            f"{found['beside']:,.0f}",
            f"{found['per_s']:.2f}",
            f"{found['worst_s']:.2f}",
        ],
    ]
    print(table(rows))
    print(f"the campaign lost {loss:.1%} of its rate")
    missed = loss > LOSS_MOST or found["per_s"] < PER_S_LEAST
    if judged and missed:
        wanted = f"a loss under {LOSS_MOST:.0%} and an update a second are wanted"
        print(f"missed: {wanted}", file=sys.stderr)
    return int(judged and missed)
