from __future__ import annotations

from smppcast.smsc.account import SmscAccount, Taken


def taken(first: int, *numbers: bytes, statuses: tuple[int, ...] = (), at: float = 0.0) -> Taken:
    accepted = len(numbers) if not statuses else statuses.count(0)
    return Taken(
        first=first,
        at=at,
        now=at,
        system_id="esme",
        count=len(numbers),
        destinations=b"\0".join(numbers),
        statuses=statuses,
        states=bytes(accepted),
        delays=(1.0, 2.0),
    )


def test_counts_order_and_rates() -> None:
    account = SmscAccount(remember=100)
    assert account.order() == []
    account.append(taken(0, b"1", b"2", b"1", at=10.2))
    account.append(taken(3, b"3", b"1", statuses=(0x58, 0), at=10.9))
    account.append(taken(4, b"2", at=11.0))
    assert account.order() == ["1", "2", "1", "3", "1", "2"]
    assert account.destinations() == {"1": 3, "2": 2, "3": 1}
    assert account.destinations(accepted=True) == {"1": 3, "2": 2}
    assert (account.submitted, account.accepted, account.refused) == (6, 5, {0x58: 1})
    assert account.rates == {10: 5, 11: 1}
    told = account.as_dict(destinations=True)
    assert told["refused"] == {"88": 1}
    assert (told["distinct_destinations"], told["repeated_destinations"]) == (3, 3)
    assert told["destinations"] == {"1": 3, "2": 2, "3": 1}


def test_messages_are_found_by_their_index() -> None:
    account = SmscAccount(remember=100)
    first, refused, last = taken(0, b"1", b"2"), taken(2, b"3", statuses=(1,)), taken(2, b"4")
    for batch in (first, refused, last, taken(3, b"5", statuses=(1,))):
        account.append(batch)
    found = account.find(1)
    assert found == (first, 1)
    assert found is not None
    assert found[0].settled_at(1) == 2.0
    assert account.find(2) == (last, 0)
    assert account.find(3) is None


def test_old_destinations_are_forgotten_and_totals_kept() -> None:
    account = SmscAccount(remember=3)
    for number in range(5):
        account.append(taken(2 * number, b"%d" % number, b"x"))
    assert account.submitted == 10
    assert account.forgotten == 8
    assert account.order() == ["4", "x"]
    assert account.find(0) is None
