from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import ConfigError
from smppcast.feed import Reason
from smppcast.operators.routing import Router

prefixes = st.text("123", min_size=1, max_size=9)


@given(
    owners=st.dictionaries(prefixes, st.sampled_from(["orange", "sfr", "free"]), max_size=8),
    numbers=st.lists(st.just(0) | st.text("123", min_size=7, max_size=10).map(int), max_size=20),
    same_length=st.booleans(),
)
def test_the_longest_prefix_wins(owners: dict[str, str], numbers: list[int], *, same_length: bool) -> None:
    if same_length:
        numbers = [int(str(number).ljust(10, "1")) for number in numbers if number]
    router = Router(
        {name: [prefix for prefix in owners if owners[prefix] == name] for name in ("orange", "sfr", "free")}
    )
    for _ in range(2):  # the second time from the cache
        routes, bad = router.route(None, array("q", numbers))
        for at, number in enumerate(numbers):
            fitting = [prefix for prefix in owners if str(number).startswith(prefix)]
            assert routes[at] == (owners[max(fitting, key=len)] if fitting else None)
        assert bad == {
            at: Reason.UNROUTABLE for at, route in enumerate(routes) if route is None and numbers[at]
        }


def test_the_column_comes_first() -> None:
    router = Router({"orange": ["336"], "sfr": []})
    numbers = array("q", [33612345678, 33612345678, 33712345678, 33612345678, 0])
    routes, bad = router.route(["sfr", "", "", "bouygues", "sfr"], numbers)
    assert routes == ["sfr", "orange", None, None, None]
    assert bad == {2: Reason.UNROUTABLE, 3: Reason.UNKNOWN_OPERATOR}


def test_spaces_around_a_name_do_not_count() -> None:
    routes, bad = Router({"orange": []}).route([" orange ", " "], array("q", [33612345678] * 2))
    assert (routes, bad) == (["orange", "orange"], {})


def test_the_only_operator_takes_all_unless_it_names_prefixes() -> None:
    numbers = array("q", [33612345678, 447912345678])
    assert Router({"orange": []}).route(None, numbers)[0] == ["orange"] * 2
    assert Router({"orange": ["33"]}).route(None, numbers)[0] == ["orange", None]
    assert Router({"orange": [], "sfr": []}).route(None, numbers)[0] == [None, None]


def test_an_empty_prefix_takes_what_no_other_does() -> None:
    router = Router({"orange": ["33"], "rest": [""]})
    assert router.route(None, array("q", [33612345678, 447912345678]))[0] == ["orange", "rest"]


def test_one_prefix_has_one_owner() -> None:
    with pytest.raises(ConfigError, match=r"operators.sfr.prefixes = '336': orange has it too"):
        Router({"orange": ["336"], "sfr": ["336"]})
