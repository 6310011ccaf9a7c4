"""The fuzz targets hold on their corpus, and on its inputs a little changed; and their runner says what it
lacks. Fuzzing itself is `python -m tests.fuzz`."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from random import Random

import pytest

from smppcast.smpp import CommandId, EnquireLink, SubmitSm, SubmitSmResp, decode, encode
from tests.fuzz import __main__ as runner
from tests.fuzz.all_targets import TARGETS
from tests.fuzz.seeds import seeds
from tests.fuzz.streams import COMMANDS, cuts, pdus, record

FILES_MAX, OCTETS_MAX = 300, 200_000
CHANGED = 4


def inputs(target: str) -> list[Path]:
    return sorted((runner.CORPUS / target).iterdir())


def changed(data: bytes, random: Random) -> bytes:
    """An input with one place of it changed: an octet, a piece gone, a piece twice."""
    at, to = sorted((random.randrange(len(data) + 1), random.randrange(len(data) + 1)))
    piece = (random.randbytes(1), b"", data[at:to] * 2)[random.randrange(3)]
    return data[:at] + piece + data[to:]


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_holds_on_its_corpus_and_around_it(target: str) -> None:
    random = Random(target)
    for path in inputs(target):
        data = path.read_bytes()
        TARGETS[target](data)
        for _ in range(CHANGED):
            TARGETS[target](changed(data, random))


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_holds_on_nothing_and_on_what_it_began_with(target: str) -> None:
    for data in (b"", b"\0", *seeds()[target]):
        TARGETS[target](data)


def test_the_corpus_is_small_and_of_these_targets() -> None:
    files = [path for path in runner.CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == set(TARGETS) == set(seeds())
    assert len(files) < FILES_MAX
    assert sum(path.stat().st_size for path in files) < OCTETS_MAX


def test_records_are_pdus_and_back() -> None:
    spoken = [SubmitSm(0, 2, short_message=b"x" * 200), EnquireLink(0, 9), SubmitSmResp(0x58, 7)]
    octets = [encode(pdu) for pdu in spoken]
    assert list(pdus(b"".join(map(record, octets)))) == octets
    assert [decode(pdu) for pdu in octets] == [SubmitSm(0, 2, short_message=b"x" * 200), *spoken[1:]]
    assert set(COMMANDS) > set(map(int, CommandId))


@pytest.mark.parametrize("sizes", [b"", b"\0", b"\3\40\7"])
def test_cuts_lose_nothing(sizes: bytes) -> None:
    octets = bytes(range(256))
    pieces = list(cuts(octets, sizes))
    assert b"".join(pieces) == octets
    assert len(pieces) == (1 if not sizes else 256 if sizes == b"\0" else len(pieces))


# --- the runner ---------------------------------------------------------------------------


def test_without_atheris_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert runner.main(["--seconds", "1"]) == runner.UNUSABLE
    assert "pip install -e '.[fuzz]'" in capsys.readouterr().err


def test_a_saved_input_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "crash"
    saved.write_bytes(b"\0")
    ran: list[bytes] = []
    monkeypatch.setitem(TARGETS, "codec", ran.append)
    assert runner.main(["--target", "codec", str(saved)]) == 0
    assert ran == [b"\0"]
    assert "codec: 1 input(s) ran" in capsys.readouterr().out
    assert runner.main([str(saved)]) == runner.UNUSABLE


def test_the_first_inputs_can_be_written(tmp_path: Path) -> None:
    assert runner.main(["--seeds", "--corpus", str(tmp_path), "--target", "texts"]) == 0
    assert [path.read_bytes() for path in sorted((tmp_path / "texts").iterdir())] == seeds()["texts"]


def test_what_the_runner_counts_and_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = {"codec": (1234, 0, ""), "texts": (5, 77, "Traceback of what broke")}
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(runner, "_inside", lambda target, *_: ends[target])
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **_: str(tmp_path))
    (tmp_path / "texts-crash-1").write_bytes(b"x")
    assert runner.main(["--target", "codec", "--target", "texts"]) == runner.FOUND
    told = capsys.readouterr().out
    assert "codec             1,234 inputs  nothing found" in told
    assert f"broken, see {tmp_path / 'texts-crash-1'}" in told
    assert "Traceback of what broke" in told
