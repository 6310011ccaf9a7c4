"""Keywords: which messages are some, who is suppressed by them, and who is answered."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.config.hooks import LANGUAGES, KeywordSettings
from smppcast.daemon import messages, opting
from smppcast.daemon.keywords import FIRM, WORDS, Keyword, Keywords, spelled
from smppcast.daemon.opting import ONCE_S
from smppcast.daemon.service import Daemon
from smppcast.errors import LedgerError
from tests.daemon.served import Office, office

pytestmark = pytest.mark.anyio

EVERY = Keywords(KeywordSettings(languages=LANGUAGES))
USUAL = [word for language in WORDS.values() for words in language.values() for word in words.split()]


# --- matching -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("STOP", "stop"),
        (" Stop! ", "stop"),
        ("S.T.O.P", "stop"),
        ("Arrêt", "stop"),
        ("ARRE\u0302T", "stop"),
        ("Désabonner.", "stop"),
        ("opt-out", "stop"),
        ("Stop all", "stop"),
        ("stop sms", "stop"),
        ("STOP please thanks", "stop"),
        ("\uff33\uff34\uff2f\uff30", "stop"),
        ("kündigen", "stop"),
        ("START", "start"),
        ("unstop", "start"),
        ("Help?", "help"),
        ("aide", "help"),
        ("stop it right now", None),
        ("End of story", None),
        ("Cancel my order", None),
        ("don't stop", None),
        ("nonstop", None),
        ("", None),
        ("…!?", None),
        ("\U0001f6d1", None),
        ("stop" + " " * 200, None),
    ],
)
def test_a_message_is_a_keyword(text: str, wanted: str | None) -> None:
    assert EVERY.find(text) == wanted


def test_only_the_words_of_the_languages_that_are_named_count_and_further_ones() -> None:
    english = Keywords(KeywordSettings())
    assert english.find("arret") is None
    french = Keywords(KeywordSettings(languages=("fr",), stop=("Fini !",), help=("توقف",)))
    assert (french.find("arret"), french.find("fini"), french.find("FINI.")) == ("stop", "stop", "stop")
    assert french.find("fini pour moi") is None
    assert french.find("توقف") == "help"
    assert french.find("unsubscribe") is None


def test_every_language_has_its_words_and_stop_is_stop_in_all() -> None:
    assert set(WORDS) == set(LANGUAGES)
    stops = {word for language in WORDS.values() for word in language[Keyword.STOP].split()}
    assert {"".join(spelled(word)) for word in stops} >= FIRM
    for language in LANGUAGES:
        assert Keywords(KeywordSettings(languages=(language,))).find("Stop") == "stop"


@given(
    st.sampled_from(USUAL),
    st.lists(st.booleans(), min_size=20, max_size=20),
    st.text(st.sampled_from(" \t\n.,!?-'\"*()…¡¿\u200b\u00a0"), max_size=10),
    st.text(st.sampled_from("\u0300\u0301\u0302\u0308\u0327"), max_size=2),
)
def test_case_accents_punctuation_and_blanks_change_nothing(
    word: str, upper: list[bool], around: str, accents: str
) -> None:
    cased = "".join(c.upper() if up else c for c, up in zip(word, upper, strict=False))
    written = around + cased[0] + accents + cased[1:] + around[::-1]
    assert EVERY.find(written) == EVERY.find(word) is not None
    assert EVERY.find(unicodedata.normalize("NFC", written)) == EVERY.find(word)


@given(st.text())
def test_what_is_spelled_is_spelled_the_same_again(text: str) -> None:
    words = spelled(text)
    assert spelled(" ".join(words)) == words
    assert all(word.isalnum() for word in words)


@given(st.lists(st.sampled_from([*USUAL, "order", "my", "a"]), min_size=4, max_size=8))
def test_a_sentence_is_no_keyword_unless_its_letters_are_one(words: list[str]) -> None:
    found = EVERY.find(" ".join(words))
    assert found is None or "".join(words) in USUAL


# --- the daemon ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opting, "LOOK_S", 0.01)
    # Answers are in a campaign of their hour, which may end meanwhile.
    monkeypatch.setattr(messages, "_hour", lambda: "20200317T10")


KEYWORDS = """  keywords:
    languages: [en, fr]
    answers: {stop: "Vous ne recevrez plus rien.", start: "Bon retour.", help: "service@a.example"}
"""
WHO = "33600000001"


def counted(desk: Office, **wanted: int) -> Any:
    return desk.until(lambda: wanted.items() <= desk.daemon.opting.counts.items())


async def test_who_writes_stop_is_suppressed_answered_once_and_comes_back_with_start(tmp_path: Path) -> None:
    async with office(tmp_path, daemon=KEYWORDS) as desk:
        desk.smsc.inject("Stop !", source=WHO, to="36000")
        await counted(desk, stop=1, answers=1)
        assert desk.daemon.lists.read("opt-out") == {int(WHO)}
        body = {"messages": [{"to": WHO, "text": "a"}]}
        (refused,) = (await desk.sender.post("/messages", body))["messages"]
        assert refused["error"] == "suppressed"
        sent = (await desk.sender.get(f"/numbers/+{WHO}"))["messages"]
        assert len(sent) == 1
        assert sent[0]["campaign"].startswith("messages-urgent-")
        assert ".from.36000." in sent[0]["campaign"]
        await desk.until(lambda: desk.smsc.account.destinations().get(WHO) == 1)
        desk.smsc.inject("STOP", source=WHO, to="36000")
        await counted(desk, stop=2)
        desk.smsc.inject("Quand livrez-vous ?", source=WHO, to="36000")
        desk.smsc.inject("start", source=WHO, to="36000")
        await counted(desk, stop=2, start=1, answers=2)
        assert desk.daemon.lists.read("opt-out") == set()
        (taken,) = (await desk.sender.post("/messages", body))["messages"]
        assert "id" in taken
        desk.smsc.inject("info", source=WHO, to="36000")
        desk.smsc.inject("STOP", source="BANK", to="36000")
        await counted(desk, help=1, answers=3, strangers=1)
        entries = (await desk.admin.get("/audit"))["entries"]
        told = [(each["action"], each["about"]) for each in entries if each["who"] == "keywords"]
        about = "3360…01"
        assert told == [("opt out", about), ("opt out", about), ("opt in", about), ("help", about)]
        metrics = (await desk.viewer.ask("GET", "/metrics")).text
        assert 'smppcast_keywords_total{keyword="stop"} 2.0' in metrics
        assert (await desk.viewer.get("/status"))["keywords"]["answers"] == 3


async def test_the_answer_comes_from_the_number_that_was_written_to(tmp_path: Path) -> None:
    async with office(tmp_path, daemon=KEYWORDS) as desk:
        desk.smsc.inject("HELP", source=WHO, to="36000")
        await counted(desk, help=1, answers=1)
        (name,) = (each for each in desk.daemon.engine.campaigns if ".from." in each)
        sender = desk.daemon.engine.campaigns[name]._senders["orange"]
        assert sender._wording.source_addr == "36000"
        # The same number again is the same office, and a number that is none of ours is the operator's own.
        desk.smsc.inject("HELP", source="33600000002", to="36000")
        desk.smsc.inject("HELP", source="33600000003", to="A B C")
        await counted(desk, help=3, answers=3)
        assert sum(".from." in each for each in desk.daemon.engine.campaigns) == 1
        config = desk.daemon.config
    async with Daemon.open(config) as again:
        assert name in again.engine.campaigns
        assert again.engine.campaigns[name]._senders["orange"]._wording.source_addr == "36000"


async def test_a_campaign_that_runs_leaves_out_who_writes_stop_before_their_row(tmp_path: Path) -> None:
    async with office(tmp_path, daemon=KEYWORDS + "  approval_above: 1000000\n") as desk:
        feed = tmp_path / "ledger.db.daemon" / "uploads" / "slow"
        first = 33_600_000_000
        feed.write_text("msisdn\n" + "".join(f"{first + at}\n" for at in range(400_000)))
        await desk.sender.post("/campaigns", {"name": "alert", "text": "a", "feed": "upload:slow"})
        await desk.until(lambda: desk.daemon.campaigns.draft("alert").facts.get("count"))
        last = str(first + 399_999)
        await desk.sender.post("/campaigns/alert/start")
        desk.smsc.inject("STOP", source=last, to="36000")
        await counted(desk, stop=1)
        campaign = desk.daemon.engine.campaigns["alert"]
        suppression = campaign.intake.suppression  # type: ignore[union-attr]
        assert len(suppression) == 1
        await desk.sender.post("/campaigns/alert/cancel")
        await desk.until_state("alert", "cancelled")
        assert campaign.account().closes


async def test_the_list_holds_for_campaigns_that_do_not_name_it(tmp_path: Path) -> None:
    async with office(tmp_path, daemon=KEYWORDS) as desk:
        desk.smsc.inject("STOP", source=WHO, to="36000")
        await counted(desk, stop=1, answers=1)
        await desk.draft(count=5)
        await desk.sender.post("/campaigns/alert/start")
        await desk.until_state("alert", "finished")
        account = await desk.viewer.get("/campaigns/alert/account")
        assert (account["fed"], account["suppressed"], account["delivered"]) == (5, 1, 4)
        assert account["closes"]


async def test_without_keywords_nobody_looks_and_a_reload_begins_from_there(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        desk.smsc.inject("STOP", source=WHO, to="36000")
        await desk.until(lambda: desk.daemon.engine.lanes["orange"].statistics().inbound == 1)
        assert desk.daemon.opting.counts == {}
        config = desk.daemon.config
        config.write_text(config.read_text() + KEYWORDS)
        await desk.daemon.reload()
        desk.smsc.inject("STOP", source="33600000002", to="36000")
        await counted(desk, stop=1)
        assert desk.daemon.lists.read("opt-out") == {33_600_000_002}


async def test_between_suppressing_and_answering_the_place_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash before it suppresses twice and answers once; one behind it answers nobody."""
    async with office(tmp_path, daemon=KEYWORDS) as desk:
        follower, done, seen = desk.daemon.opting, list[str](), anyio.Event()

        async def rest(seconds: float) -> None:
            await (seen.wait() if follower.problem else anyio.sleep(seconds))

        def move(*_: Any) -> None:
            done.append("moved")
            if len(done) < 3:
                raise LedgerError("the disk is full")

        async def answer(*_: Any, **__: Any) -> bool:
            done.append("answered")
            return True

        change = desk.daemon.lists.change

        def changes(*args: Any) -> int:
            done.append("suppressed")
            return change(*args)

        monkeypatch.setattr(follower, "_parts", replace(follower._parts, sleep=rest))
        monkeypatch.setattr(follower._cursors, "move", move)
        monkeypatch.setattr(desk.daemon.messages, "answer", answer)
        monkeypatch.setattr(desk.daemon.lists, "change", changes)
        desk.smsc.inject("STOP", source=WHO, to="36000")
        await desk.until(lambda: follower.problem)
        assert "keywords: the disk is full" in desk.daemon.troubles()
        seen.set()
        await counted(desk, answers=1)
        assert done == ["suppressed", "moved", "suppressed", "moved", "answered"]
        await desk.until(lambda: not follower.problem)


async def test_one_answer_an_hour_and_none_for_what_is_old(tmp_path: Path) -> None:
    async with office(tmp_path, daemon=KEYWORDS) as desk:
        follower = desk.daemon.opting
        desk.smsc.inject("help", source=WHO, to="36000")
        await counted(desk, help=1, answers=1)
        desk.smsc.inject("help", source=WHO, to="36000")
        await counted(desk, help=2)
        assert follower.counts["answers"] == 1
        ((key, at),) = follower._answered.items()
        follower._answered[key] = at - ONCE_S
        desk.smsc.inject("help", source=WHO, to="36000")
        await counted(desk, help=3, answers=2)


async def test_lists_are_changed_in_turn(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        lists = desk.daemon.lists
        assert lists.change("a", {1, 2}, set()) == 2
        assert lists.change("a", {3}, {1}) == 2
        assert lists.read("a") == {2, 3}
