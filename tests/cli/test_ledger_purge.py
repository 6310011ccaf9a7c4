"""`smppcast ledger purge`: by name and by retention, asked and spared, and what others say then."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from smppcast.cli.app import app
from smppcast.ledger.facts import CampaignChanged, Intent, chunk_key
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import CampaignState
from tests.ledger.casting import FIRST_NUMBER, accepted, campaign_with, received, refs

CONFIG = """\
ledger: sqlite:///ledger.db
{more}
operators:
  orange: {{url: "smpp://us@127.0.0.1:1", prefixes: [""]{quota}}}
"""


def made(folder: Path, *, more: str = "", quota: str = "", at: float = 3.0) -> SqliteStore:
    (folder / "smppcast.yaml").write_text(CONFIG.format(more=more, quota=quota))
    (folder / "alert.rejects.csv").touch()
    store = SqliteStore(folder / "ledger.db", durability="relaxed")
    campaign = campaign_with(store, (4, 1))
    named = refs(campaign.id, 0, 0, 1, 2, 3)
    store.commit([Intent(chunk_key(campaign.id, 0), 4, at), accepted(named, at=at), received(named)])
    store.commit([CampaignChanged(campaign.id, at, CampaignState.FINISHED)])
    return store


def invoke(folder: Path, *arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, [*arguments, "-c", str(folder / "smppcast.yaml")], input=answer)


def test_by_name_it_asks_and_the_account_stays(tmp_path: Path) -> None:
    made(tmp_path).close()
    before = invoke(tmp_path, "report", "alert").stdout
    refused = invoke(tmp_path, "ledger", "purge", "alert", answer="n\n")
    assert (refused.exit_code, invoke(tmp_path, "report", "alert").stdout) == (1, before)
    purged = invoke(tmp_path, "ledger", "purge", "alert", answer="y\n")
    assert purged.exit_code == 0
    assert "alert: forgot 4 recipients" in purged.stdout
    assert invoke(tmp_path, "report", "alert").stdout == before.replace("finished", "purged")
    assert not (tmp_path / "alert.rejects.csv").exists()
    assert invoke(tmp_path, "find", str(FIRST_NUMBER)).exit_code == 1
    outcomes = invoke(tmp_path, "report", "alert", "--outcomes", str(tmp_path / "out.csv"))
    assert outcomes.exit_code == 2
    assert "was purged" in outcomes.stderr
    again = invoke(tmp_path, "ledger", "purge", "alert", "--yes")
    assert (again.exit_code, "was purged before" in again.stderr) == (2, True)
    unknown = invoke(tmp_path, "ledger", "purge", "nothing", "--yes")
    assert (unknown.exit_code, "no campaign nothing" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(("more", "said"), [("retention: 1d", "alert: forgot"), ("", "nothing to forget")])
def test_without_a_name_retention_decides(more: str, said: str, tmp_path: Path) -> None:
    made(tmp_path, more=more).close()
    done = invoke(tmp_path, "ledger", "purge")
    assert (done.exit_code, said in done.stdout) == (0, True)


def test_what_may_count_for_a_quota_is_spared(tmp_path: Path) -> None:
    made(tmp_path, more="retention: 1s", quota=", quota: 1000", at=time.time() - 3600).close()
    assert "nothing to forget" in invoke(tmp_path, "ledger", "purge").stdout
    named = invoke(tmp_path, "ledger", "purge", "alert", "--yes")
    assert (named.exit_code, "quota of orange" in named.stderr) == (2, True)


def test_beside_a_writer_it_is_refused(tmp_path: Path) -> None:
    with closing(made(tmp_path)):
        done = invoke(tmp_path, "ledger", "purge", "alert", "--yes")
        assert (done.exit_code, "written by process" in done.stderr) == (1, True)


def test_a_purged_campaign_is_not_cast_again(tmp_path: Path) -> None:
    made(tmp_path).close()
    invoke(tmp_path, "ledger", "purge", "alert", "--yes")
    (tmp_path / "feed.csv").write_text("msisdn\n33600000000\n")
    arguments = ("--feed", str(tmp_path / "feed.csv"), "--text", "hi", "--name", "alert")
    done = invoke(tmp_path, "cast", *arguments)
    assert (done.exit_code, "was purged" in done.stderr) == (2, True)
    done = invoke(tmp_path, "retry", "alert", "--states", "expired")
    assert (done.exit_code, "was purged" in done.stderr) == (2, True)
