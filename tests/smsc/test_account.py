from __future__ import annotations

from smppcast.smsc.account import BLOCK, Owner, SmscAccount, Taken

ESME = Owner("esme", b"GOUV", b"")


def taken(
    first: int, *numbers: bytes, statuses: tuple[int, ...] = (), at: float = 0.0, owner: Owner = ESME
) -> Taken:
    accepted = len(numbers) if not statuses else statuses.count(0)
    return Taken(
        first=first,
        at=at,
        now=at,
        owner=owner,
        count=len(numbers),
        destinations=b"\0".join(numbers),
        statuses=statuses,
        states=bytes(accepted),
        delays=(1.0, 2.0),
    )


def note(account: SmscAccount, batch: Taken) -> None:
    account.append(batch.at, batch.count, len(batch.states), batch.statuses, lambda: batch)


def test_counts_order_and_rates() -> None:
    account = SmscAccount(remember=100)
    assert account.order() == []
    note(account, taken(0, b"1", b"2", b"1", at=10.2))
    note(account, taken(3, b"3", b"1", statuses=(0x58, 0), at=10.9))
    note(account, taken(4, b"2", at=11.0))
    assert account.order() == ["1", "2", "1", "3", "1", "2"]
    assert account.destinations() == {"1": 3, "2": 2, "3": 1}
    assert account.destinations(accepted=True) == {"1": 3, "2": 2}
    assert (account.submitted, account.accepted, account.refused) == (6, 5, {0x58: 1})
    assert account.rates == {10: 5, 11: 1}
    assert account.totals() == {
        name: count
        for name, count in account.as_dict().items()
        if name not in ("rates", "distinct_destinations", "repeated_destinations")
    }
    told = account.as_dict(destinations=True)
    assert told["rates"] == {"10": 5, "11": 1}
    assert told["refused"] == {"88": 1}
    assert (told["distinct_destinations"], told["repeated_destinations"]) == (3, 3)
    assert told["destinations"] == {"1": 3, "2": 2, "3": 1}


def test_messages_are_found_by_their_index() -> None:
    account = SmscAccount(remember=100)
    for batch in (
        taken(0, b"1", b"2", b"3", at=100.0),
        taken(3, b"3", statuses=(1,), at=101.0),
        taken(3, b"4", at=102.0),
    ):
        note(account, batch)
    found = [account.find(index) for index in range(4)]
    assert [message.settles_at for message in found if message] == [101.0, 102.0, 101.0, 103.0]
    assert {message.owner for message in found if message} == {ESME}
    assert [message.destination for message in found if message] == ["1", "2", "3", "4"]
    assert account.find(4) is None
    assert account.find(-1) is None


def test_old_destinations_are_forgotten_by_blocks_and_totals_kept() -> None:
    account = SmscAccount(remember=3)
    for number in range(BLOCK + 3):
        note(account, taken(number, b"%d" % number))
    assert account.submitted == account.accepted == BLOCK + 3
    account.fold()
    assert account.forgotten == BLOCK
    assert account.order() == [str(number) for number in range(BLOCK, BLOCK + 3)]
    assert account.find(0) is None
    assert account.find(BLOCK) is not None


def test_pending_messages_are_those_of_a_sender_to_a_number_before_their_final_state() -> None:
    account = SmscAccount(remember=100)
    other, wap = ESME._replace(source_addr=b"OTHER"), ESME._replace(service_type=b"WAP")
    note(account, taken(0, b"1", b"2", b"1"))  # the first and the last settle at 1.0, the second at 2.0
    note(account, taken(3, b"1", b"1", statuses=(8, 0), at=5.0, owner=wap))
    note(account, taken(4, b"1", owner=other))
    assert account.pending(ESME, "1", 0.5) == [0, 2, 3]
    assert account.pending(ESME, "1", 1.5) == [3]
    assert account.pending(wap, "1", 0.0) == [3]
    assert account.pending(other, "1", 0.0) == [4]
    assert account.pending(ESME._replace(system_id="x"), "1", 0.0) == []
    assert account.pending(ESME, "11", 0.0) == []


def test_what_is_refused_without_a_destination_keeps_the_columns_in_step() -> None:
    account = SmscAccount(remember=1)
    account.refuse(ESME, [b""], 0x61, (10.0, 10.0))
    note(account, taken(0, b"1", at=11.0))
    account.refuse(ESME, [b"", b"2"], 4, (12.0, 12.0))
    account.refuse(ESME, [b""], 0x61, (13.0, 13.0))
    assert account.order() == ["", "1", "", "2", ""]
    assert account.destinations() == {"1": 1, "2": 1}
    assert account.destinations(accepted=True) == {"1": 1}
    assert (account.submitted, account.accepted, account.refused) == (5, 1, {0x61: 2, 4: 2})
    assert (account.as_dict()["distinct_destinations"], account.as_dict()["repeated_destinations"]) == (2, 0)
    found = account.find(0)
    assert found is not None
    assert (found.destination, found.owner) == ("1", ESME)
    account.refuse(ESME, [b""] * BLOCK, 4, (14.0, 14.0))
    note(account, taken(1, b"3", at=15.0))
    assert (account.order(), account.forgotten) == (["3"], BLOCK + 5)
