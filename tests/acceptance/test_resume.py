"""Stopped by a signal or killed, a campaign goes on where it was."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.acceptance.driver import Home, closes, csv_feed, numbers, smsc, until

COMMAND = ("cast", "--feed", "feed.csv", "--text", "Restez chez vous", "--name", "alerte", "--json")
# Slow enough to be met in the middle.
SLOW = {"response_latency": {"uniform": (20, 60)}, "receipt_latency": 50}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_the_same_command_finishes(home: Home, number: int) -> None:
    fed = numbers(1500)
    with smsc(**SLOW) as centre:
        home.configure(orange=centre.port, further="    window: 50\n")
        home.write("feed.csv", csv_feed(fed))
        process = home.start(*COMMAND)
        until(lambda: centre.submitted() > 300, "300 submits")

        process.send_signal(number)
        stopped = home.finish(process)

        assert stopped.code == 3, stopped.stderr
        assert closes(stopped.json)
        assert (stopped.json["in_flight"], stopped.json["unknown"]) == (0, 0)
        assert 0 < stopped.json["not_sent"] == 1500 - centre.submitted()
        report = home.run("report", "alerte", "--json").json
        assert report["state"] == "stopped"
        assert report["not_sent"] == stopped.json["not_sent"]

        done = home.run(*COMMAND)

        assert (done.code, done.json["delivered"]) == (0, 1500), done.stderr
        assert centre.destinations() == dict.fromkeys(fed, 1)


def test_a_second_signal_ends_at_once_and_loses_nothing_but_answers(home: Home) -> None:
    with smsc(faults={"withhold": 0.2}, response_latency=20) as centre:
        home.configure(orange=centre.port, further="    window: 20\n")
        home.write("feed.csv", csv_feed(numbers(500)))
        process = home.start(*COMMAND)
        until(lambda: centre.submitted() > 30, "30 submits")
        process.send_signal(signal.SIGINT)
        until(lambda: "stopping" in home.log(process), "the drain")

        process.send_signal(signal.SIGINT)
        stopped = home.finish(process)

        assert stopped.code == 3, stopped.stderr
        assert closes(stopped.json)
        assert stopped.json["unknown"] > 0
        centre.change(faults={"withhold": 0.0})
        done = home.run(*COMMAND)
        assert done.code == 0, done.stderr
        assert done.json["accepted"] == 500
        assert set(centre.destinations()) == set(numbers(500))


def test_killed_and_resumed_nobody_is_left_out_and_repeats_are_flagged(home: Home) -> None:
    fed = numbers(4000)
    with smsc(**SLOW) as centre:
        home.configure(orange=centre.port, further="    window: 100\n")
        home.write("feed.csv", csv_feed(fed))
        for after in (300, 1000, 1700):
            process = home.start(*COMMAND)
            until(lambda after=after: centre.submitted() > after, f"{after} submits")  # type: ignore[misc]
            process.kill()
            process.communicate()

        done = home.run(*COMMAND)

        assert done.code == 0, done.stderr
        assert closes(done.json)
        assert done.json["accepted"] == 4000
        sent = centre.destinations()
        assert set(sent) == set(fed)
        flagged = {row["msisdn"] for row in home.outcomes("alerte") if row["possible_duplicate"] == "1"}
        assert {number for number, count in sent.items() if count > 1} <= flagged
        # Three windows, and the intents ahead of them.
        assert len(flagged) <= 3 * 4196


def test_a_running_campaign_can_be_looked_at_and_is_not_run_twice(home: Home) -> None:
    with smsc(**SLOW) as centre:
        home.configure(orange=centre.port, further="    rate: 20\n")
        home.write("feed.csv", csv_feed(numbers(1000)))
        process = home.start(*COMMAND)
        until(lambda: centre.submitted() > 10, "10 submits")

        report = home.run("report", "alerte", "--json")
        twin = home.run(*COMMAND)
        process.send_signal(signal.SIGTERM)

        assert report.code == 0, report.stderr
        assert closes(report.json)
        assert (report.json["state"], report.json["fed"]) == ("running", 1000)
        assert report.json["not_sent"] > 500
        assert (twin.code, twin.stdout) == (1, "")
        assert f"written by process {process.pid}" in twin.stderr
        assert home.finish(process).code == 3


def test_standard_input_is_given_again_and_must_begin_as_it_did(home: Home) -> None:
    fed, command = numbers(600), ("cast", "--feed", "-", *COMMAND[3:])
    with smsc(**SLOW) as centre:
        home.configure(orange=centre.port, further="    window: 20\n")
        process = home.start(*command, stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(csv_feed(fed[:400]))
        process.stdin.flush()
        until(lambda: centre.submitted() > 100, "100 submits")
        process.kill()
        process.communicate()

        changed = home.run(*command, stdin=csv_feed([fed[1], fed[0], *fed[2:]]))
        shorter = home.run(*command, stdin=csv_feed(fed[:50]))
        done = home.run(*command, stdin=csv_feed(fed))
        sent = centre.destinations()

    assert (changed.code, shorter.code) == (2, 2), changed.stderr + shorter.stderr
    assert "its first 400 rows are not those that the campaign took in before" in changed.stderr
    assert "standard input: has 50 rows; the campaign took in" in shorter.stderr
    assert (done.code, done.json["accepted"]) == (0, 600), done.stderr
    assert set(sent) == set(fed)
