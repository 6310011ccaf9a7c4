from __future__ import annotations

from pathlib import Path

from smppcast.feed import Batch, Reason, Rejects


def test_rows_are_written_with_line_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "alerte.rejects.csv"
    batch = Batch(["a", '"x\ny",b', "c"], [2, 3, 5], ["", "", ""])
    for _ in range(2):  # a resumed campaign writes the same file again
        with Rejects(path) as rejects:
            rejects.write(batch, {2: Reason.TOO_LONG, 1: Reason.NO_NUMBER})
            rejects.write(batch, {})
            rejects.write(batch, {0: Reason.TOO_LONG})
            assert rejects.counts == {"too_long": 2, "no_number": 1}
        assert path.read_text() == 'line,reason,row\n3,no_number,"""x\ny"",b"\n5,too_long,c\n2,too_long,a\n'
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_feed_without_faults_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "alerte.rejects.csv"
    with Rejects(path) as rejects:
        rejects.write(Batch(["a"], [1], ["a"]), {})
    assert not path.exists()
