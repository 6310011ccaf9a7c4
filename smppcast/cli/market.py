"""The demonstration's world: four operators of unlike habits, their subscribers, and a text.

The names are those of a French feed; the habits are made up, each one seen at some operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from smppcast.smsc import Scenario

__all__ = ["MOST", "OPERATORS", "TEXT", "MarketOperator", "numbers", "write_feed"]

TEXT = (
    "Préfecture : vigilance rouge. Crue très rapide attendue cette nuit. Éloignez-vous de l'eau, "
    "montez à l'étage, coupez le gaz. N'allez pas à l'école : les élèves y sont protégés. "
    "Écoutez la radio."
)

# A prefix of four digits leaves seven: so many numbers has the smallest operator.
MOST = 10_000_000
_SUBSCRIBERS = 10**7


@dataclass(frozen=True, slots=True)
class MarketOperator:
    """One operator of the demonstration.

    Args:
        prefix: of its subscribers' numbers.
        share: of the market, in percent.
        settings: what the configuration file says of it beside its url.
        habits: of its SMSC, as a scenario.
    """

    name: str
    prefix: str
    share: int
    settings: Mapping[str, Any]
    habits: Mapping[str, Any]

    def centre(self, seed: int) -> Scenario:
        """Its SMSC."""
        login = {"system_id": "prefet", "password": "s3cret"}
        common = {"name": self.name, "system_id": self.name, "seed": seed, "accounts": [login]}
        return Scenario.model_validate({**common, **self.habits})


def _sender(**further: Any) -> dict[str, Any]:
    return {"source": {"addr": "PREFECTURE", "ton": "alphanumeric"}, **further}


OPERATORS = (
    MarketOperator(
        "orange",
        "3367",
        40,
        _sender(binds=2, window=1000, prefixes=["3367"]),
        {
            "response_latency": {"lognormal": (8, 0.4)},
            "receipt_latency": {"uniform": (50, 800)},
            "message_ids": {
                "start": 59113978,
                "response": "hex",
                "text": {"style": "decimal", "width": 10},
            },
            "receipts": {"form": "text"},
            "outcomes": [
                {"state": "delivered", "share": 0.97},
                {"state": "undeliverable", "share": 0.03, "err": "011"},
            ],
        },
    ),
    MarketOperator(
        "sfr",
        "3366",
        30,
        _sender(binds=1, window=2000, prefixes=["3366"]),
        {
            "response_latency": {"uniform": (5, 25)},
            "receipt_latency": {"lognormal": (200, 0.6)},
            "message_ids": {"response": "uuid"},
            "receipts": {"form": "both", "dates": "seconds", "early": 0.01, "repeated": 0.002},
            "outcomes": [
                {"state": "delivered", "share": 0.985},
                {"state": "expired", "share": 0.01, "err": "027"},
                {"state": "undeliverable", "share": 0.005, "err": "0A1"},
            ],
        },
    ),
    MarketOperator(
        "bouygues",
        "3365",
        20,
        _sender(
            binds={"transmitter": 1, "receiver": 1},
            window=500,
            rate=6000,
            prefixes=["3365"],
            long_messages="sar",
            receipt_time_zone="+01:00",
        ),
        {
            "response_latency": {"lognormal": (15, 0.3)},
            "receipt_latency": {"uniform": (100, 1000)},
            "message_ids": {"source": "random16"},
            "receipts": {"form": "tlv"},
            "numbers": [{"suffix": "77", "state": "undeliverable", "err": "001"}],
        },
    ),
    MarketOperator(
        "free",
        "3376",
        10,
        _sender(binds=1, window=100, rate=2600, prefixes=["3376"]),
        {
            "response_latency": {"lognormal": (20, 0.3)},
            "receipt_latency": {"uniform": (100, 1500)},
            "rate": {"per_s": 3000},
            "message_ids": {"start": 7, "response": {"style": "decimal", "width": 12}, "text": "decimal"},
            "receipts": {"form": "text", "dates": "century"},
            "outcomes": [
                {"state": "delivered", "share": 0.96},
                {"state": "undeliverable", "share": 0.04, "err": "DND"},
            ],
        },
    ),
)


def numbers(count: int, seed: int) -> Iterator[str]:
    """`count` different numbers, in market shares; the same for the same seed, none held in memory."""
    random = Random(seed)  # noqa: S311 - a made-up feed
    bounds = list(accumulate(operator.share for operator in OPERATORS))
    # Multiples of a number without the factors 2 and 5 come to every value below 10**7 once.
    steps = [random.randrange(1, _SUBSCRIBERS, 10) for _ in OPERATORS]
    at = [random.randrange(_SUBSCRIBERS) for _ in OPERATORS]
    for _ in range(count):
        choice = random.randrange(bounds[-1])
        which = next(index for index, bound in enumerate(bounds) if choice < bound)
        at[which] = (at[which] + steps[which]) % _SUBSCRIBERS
        yield f"{OPERATORS[which].prefix}{at[which]:07}"


def write_feed(path: Path, count: int, seed: int) -> None:
    """Writes the subscribers as a CSV."""
    with path.open("w", encoding="ascii") as file:
        file.write("msisdn\n")
        file.writelines(f"{number}\n" for number in numbers(count, seed))
