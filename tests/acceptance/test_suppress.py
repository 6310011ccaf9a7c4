"""Numbers that are left out, as the command line is told of them."""

from __future__ import annotations

import gzip

from tests.acceptance.driver import Home, closes, csv_feed, numbers, smsc

COMMAND = ("cast", "--feed", "feed.csv", "--text", "Restez chez vous", "--json")


def test_lists_and_campaigns_are_left_out_by_name(home: Home) -> None:
    fed = numbers(20)
    with smsc() as centre:
        home.configure(orange=centre.port)
        home.write("smppcast.yaml", "suppress: [optout.csv]\n" + (home.folder / "smppcast.yaml").read_text())
        home.write("optout.csv", csv_feed(fed[:2]))
        home.write("more.txt.gz", gzip.compress(f"+{fed[2]}\n".encode()))
        home.write("feed.csv", csv_feed(fed[:10]))
        first = home.run(*COMMAND, "--name", "first", "--suppress", "more.txt.gz")
        home.write("feed.csv", csv_feed(fed))
        second = home.run(
            *COMMAND, "--name", "second", "--suppress-campaign", "first:delivered,awaiting_receipt"
        )

        assert (first.code, first.json["suppressed"], first.json["delivered"]) == (0, 3, 7), first.stderr
        assert (second.code, second.json["suppressed"], second.json["delivered"]) == (0, 9, 11), second.stderr
        assert closes(first.json)
        assert closes(second.json)
        rejects = (home.folder / "first.rejects.csv").read_text().splitlines()
        assert rejects == ["line,reason,row", *(f"{at + 2},suppressed,{fed[at]}" for at in range(3))]

        home.write("broken.txt", f"{fed[0]}\n{fed[1]}x\n")
        refused = home.run(*COMMAND, "--name", "third", "--suppress", "broken.txt")
        assert refused.code in (1, 2)
        assert "broken.txt:2: " in refused.stderr
        assert fed[1] not in refused.stderr
        assert centre.submitted() == 18
