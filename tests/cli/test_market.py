"""The demonstration's world."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from smppcast.cli.market import OPERATORS, TEXT, numbers, write_feed
from smppcast.operators.settings import OperatorSettings
from smppcast.smsc import Scenario
from smppcast.text import split


def test_the_text_is_accented_and_takes_two_segments() -> None:
    cut = split(TEXT)

    assert (cut.encoding, len(cut.segments)) == ("gsm", 2)
    assert set("éèàÉ") <= set(TEXT)


def test_numbers_differ_follow_the_seed_and_keep_to_the_market_shares() -> None:
    made = list(numbers(20_000, seed=1))

    assert len(set(made)) == 20_000
    assert made == list(numbers(20_000, seed=1)) != list(numbers(20_000, seed=2))
    assert made[:100] == list(numbers(100, seed=1))
    shares = Counter(number[:4] for number in made)
    for operator in OPERATORS:
        assert abs(shares[operator.prefix] / 200 - operator.share) < 1.5


def test_every_number_has_its_operator() -> None:
    assert {number[:4] for number in numbers(1000, seed=3)} <= {each.prefix for each in OPERATORS}
    assert sum(operator.share for operator in OPERATORS) == 100


def test_the_habits_are_scenarios_and_the_settings_settings() -> None:
    for operator in OPERATORS:
        assert isinstance(operator.centre(5), Scenario)
        OperatorSettings.model_validate({"url": "smpp://a@b", **operator.settings})


def test_the_feed_is_a_csv(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed.csv", 3, seed=1)

    assert (tmp_path / "feed.csv").read_text().splitlines() == ["msisdn", *numbers(3, seed=1)]
