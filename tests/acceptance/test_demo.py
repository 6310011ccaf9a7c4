"""The demonstration, as a newcomer runs it."""

from __future__ import annotations

from tests.acceptance.driver import Home, closes


def test_the_demonstration_ends_with_a_closed_account(home: Home) -> None:
    done = home.run("demo", "--count", "2000", "--seed", "7", "--keep", "kept", "--json")

    assert done.code == 0, done.stderr
    account = done.json
    assert closes(account)
    assert (account["fed"], account["accepted"]) == (2000, 2000)
    assert account["segments"]["accepted"] == 4000
    assert account["undelivered"] > 0
    assert account["awaiting_receipt"] == account["unknown"] == 0

    report = home.run("report", "demo", "-c", "kept/smppcast.yaml", "--json", "--outcomes", "rows.csv")

    assert report.code == 0, report.stderr
    assert set(report.json["operators"]) == {"orange", "sfr", "bouygues", "free"}
    assert report.json["delivered"] == account["delivered"]
    assert len((home.folder / "rows.csv").read_text().splitlines()) == 2001


def test_a_folder_that_holds_something_is_left_alone(home: Home) -> None:
    home.write("kept", "not a folder")

    done = home.run("demo", "--count", "10", "--keep", "kept")

    assert (done.code, done.stdout) == (2, "")
    assert "expected a new or empty folder" in done.stderr
