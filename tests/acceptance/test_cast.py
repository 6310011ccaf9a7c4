"""A cast from its feed to its account, and what the second run of the same command does."""

from __future__ import annotations

import gzip
import json

from tests.acceptance.driver import Home, closes, csv_feed, numbers, smsc

TEXT = ("--text", "Restez chez vous")


def test_the_same_command_finds_a_finished_campaign_finished(home: Home) -> None:
    with smsc() as centre:
        home.configure(orange=centre.port)
        home.write("feed.csv", csv_feed(numbers(1000)))
        command = ("cast", "-c", "smppcast.yaml", "--feed", "feed.csv", *TEXT, "--json")

        first, second = home.run(*command), home.run(*command)

        assert (first.code, second.code) == (0, 0), first.stderr + second.stderr
        assert closes(first.json)
        assert first.json["delivered"] == 1000
        assert {**second.json, "seconds": 0} == {**first.json, "seconds": 0}
        assert "nothing was sent" in second.stderr
        assert centre.destinations() == dict.fromkeys(numbers(1000), 1)

        third = home.run(*command, "--again")

        assert third.code == 0
        assert third.json["campaign"] == f"{first.json['campaign']}-2"
        assert centre.destinations() == dict.fromkeys(numbers(1000), 2)


def test_another_text_or_feed_under_the_same_name_is_refused(home: Home) -> None:
    fed = numbers(50)
    feeds = {
        "feed.csv": fed,
        "row.csv": [*fed[:20], "33699999999", *fed[21:]],
        "longer.csv": [*fed, "33699999999"],
        "shorter.csv": fed[:40],
    }
    for name, rows in feeds.items():
        home.write(name, csv_feed(rows))
    with smsc() as centre:
        home.configure(orange=centre.port)
        command = ("cast", "--name", "alerte", "--json", "--feed")
        assert home.run(*command, "feed.csv", *TEXT).code == 0

        refused = [home.run(*command, feed, *TEXT) for feed in list(feeds)[1:]]
        refused.append(home.run(*command, "feed.csv", "--text", "Sortez"))

        for done in refused:
            assert (done.code, done.stdout) == (2, "")
            assert done.stderr.splitlines()[-1].startswith("smppcast: ")
            assert "Traceback" not in done.stderr
        assert centre.submitted() == 50


def test_bad_rows_are_counted_by_reason_and_written_down(home: Home) -> None:
    rows = [
        "33670000001",
        "abc",
        "123",
        "",
        "33670000001",
        "1234567890123456",
        "0670000002",
        "44 7700 900123",
    ]
    with smsc() as centre:
        home.configure(orange=centre.port, further='    prefixes: ["336"]\n')
        home.write(
            "feed.csv", b"\xef\xbb\xbf" + "\r\n".join(["msisdn,x", *(f'"{r}",y' for r in rows)]).encode()
        )

        done = home.run("cast", "--feed", "feed.csv", *TEXT, "--name", "mauvais", "--json")

        assert done.code == 0, done.stderr
        account = done.json
        assert closes(account)
        assert (account["fed"], account["duplicate"], account["delivered"]) == (8, 1, 1)
        assert account["invalid_reasons"] == {
            "not_a_number": 1,
            "too_short": 1,
            "too_long": 1,
            "no_number": 1,
            "national_format": 1,
            "unroutable": 1,
        }
        rejects = (home.folder / "mauvais.rejects.csv").read_text().splitlines()
        assert rejects[:2] == ["line,reason,row", '3,not_a_number,"""abc"",y"']
        assert len(rejects) == 7


def test_every_kind_of_feed(home: Home) -> None:
    fed = numbers(20)
    ndjson = "".join(json.dumps({"msisdn": number}) + "\n" for number in fed)
    home.write("feed.csv.gz", gzip.compress(csv_feed(fed).encode()))
    home.write("feed.ndjson.gz", gzip.compress(ndjson.encode()))
    with smsc() as centre:
        home.configure(orange=centre.port)

        for feed in ("feed.csv.gz", "feed.ndjson.gz"):
            done = home.run("cast", "--feed", feed, *TEXT, "--name", feed, "--json")
            assert (done.code, done.json["delivered"]) == (0, 20), done.stderr
        piped = home.run("cast", "--feed", "-", *TEXT, "--name", "piped", "--json", stdin=csv_feed(fed))

        assert (piped.code, piped.json["delivered"]) == (0, 20), piped.stderr
        assert centre.destinations() == dict.fromkeys(fed, 3)
        nameless = home.run("cast", "--feed", "-", *TEXT, stdin=csv_feed(fed))
        assert nameless.code == 2
        assert "give the campaign a name" in nameless.stderr


def test_the_feed_names_operators_and_columns_of_the_text(home: Home) -> None:
    with smsc() as one, smsc() as other:
        home.configure(orange=one.port, sfr=other.port)
        home.write(
            "feed.csv",
            "msisdn,operator,prenom\n33670000001,sfr,Zoé\n33670000002,orange,Łukasz\n33670000003,free,X\n",
        )

        home.write("text.txt", "Bonjour {prenom}\n")
        done = home.run("cast", "--feed", "feed.csv", "--text-file", "text.txt", "--json")

        assert done.code == 0, done.stderr
        assert done.json["invalid_reasons"] == {"unknown_operator": 1}
        assert (one.destinations(), other.destinations()) == ({"33670000002": 1}, {"33670000001": 1})


def test_a_wrong_password_everywhere_fails(home: Home) -> None:
    with smsc(accounts=[{"system_id": "user", "password": "another"}]) as centre:
        home.configure(orange=centre.port)
        home.write("feed.csv", csv_feed(numbers(10)))

        done = home.run("cast", "--feed", "feed.csv", *TEXT, "--json")

        assert done.code == 1
        last = done.stderr.splitlines()[-1]
        assert last.startswith("smppcast: orange: bind_transceiver refused: ESME_RINVPASWD")
        assert "Traceback" not in done.stderr


def test_a_wrong_configuration_names_file_line_key_and_value(home: Home) -> None:
    home.configure(further="    window: many\n    rate: -3\n", orange=2775)
    home.write("feed.csv", csv_feed(numbers(1)))

    done = home.run("cast", "--feed", "feed.csv", *TEXT)

    assert (done.code, done.stdout) == (2, "")
    assert "smppcast.yaml:6: operators.orange.window = 'many'" in done.stderr
    assert "smppcast.yaml:7: operators.orange.rate = '-3'" in done.stderr
    assert "s3cret" not in done.stderr


def test_bad_usage(home: Home) -> None:
    home.configure(orange=2775)
    missing = home.run("cast", "--feed", "none.csv", *TEXT)
    neither = home.run("cast", "--feed", "none.csv")
    unknown = home.run("cast", "--fed", "none.csv")

    assert [done.code for done in (missing, neither, unknown)] == [2, 2, 2]
    assert "none.csv: cannot be read" in missing.stderr
    assert "expected either --text or --text-file" in neither.stderr


def test_receipts_that_never_come_are_awaited_no_longer_than_asked_and_taken_in_later(home: Home) -> None:
    with smsc(receipt_latency=600_000) as centre:
        home.configure(orange=centre.port)
        home.write("feed.csv", csv_feed(numbers(30)))

        done = home.run("cast", "--feed", "feed.csv", *TEXT, "--name", "tard", "--settle", "50ms", "--json")

        assert done.code == 0, done.stderr
        assert closes(done.json)
        assert (done.json["accepted"], done.json["awaiting_receipt"]) == (30, 30)
        centre.pass_time(600)
        listened = home.run("listen", "--for", "2s")
        assert listened.code == 0, listened.stderr
        assert home.run("report", "tard", "--json").json["delivered"] == 30
