"""After a campaign: what a number was sent, who is tried again, whether the ledger is whole."""

from __future__ import annotations

import json

from tests.acceptance.driver import Home, closes, csv_feed, numbers, smsc


def test_outcomes_find_and_retry(home: Home) -> None:
    everybody = numbers(50)
    with smsc(numbers=[{"suffix": "7", "state": "expired", "err": "027"}]) as centre:
        home.configure(further='    prefixes: [""]\n', orange=centre.port)
        home.write("subscribers.csv", csv_feed(everybody))
        assert (
            home.run("cast", "--feed", "subscribers.csv", "--text", "Bonjour", "--name", "alerte").code == 0
        )

        found = home.run("find", everybody[7], "--json")
        (message,) = found.json["messages"]
        assert (message["campaign"], message["outcome"], message["error"]) == ("alerte", "expired", "027")
        assert message["submitted_at"] <= message["accepted_at"]
        nobody = home.run("find", "33699999999")
        assert (nobody.code, nobody.stdout) == (1, "no campaign has sent anything to 33699999999\n")

        centre.change(numbers=[])
        retried = home.run("retry", "alerte", "--states", "expired", "--json")
        assert retried.code == 0, retried.stderr
        assert closes(retried.json)
        assert (retried.json["campaign"], retried.json["delivered"]) == ("alerte-retry", 5)
        assert {number for number, count in centre.destinations().items() if count == 2} == set(
            everybody[7::10]
        )

        assert home.run("report", "alerte", "--outcomes", "out.ndjson").code == 0
        lines = (home.folder / "out.ndjson").read_text().splitlines()
        assert [json.loads(line)["msisdn"] for line in lines] == everybody
        checked = home.run("ledger", "check")
        assert (checked.code, "is whole" in checked.stdout) == (0, True)
