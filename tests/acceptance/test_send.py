"""One text to some numbers, and the other small commands against a real SMSC."""

from __future__ import annotations

import signal

from tests.acceptance.driver import Home, smsc


def test_send_waits_for_receipts_when_asked(home: Home) -> None:
    with smsc(numbers=[{"suffix": "2", "state": "undeliverable", "err": "011"}]) as centre:
        home.configure(orange=centre.port)

        done = home.run("send", "--to", "33670000001,33670000002", "Bonjour {vous}", "--wait", "--json")

        assert done.code == 0, done.stderr
        outcomes = {message["msisdn"]: message["outcome"] for message in done.json["messages"]}
        assert outcomes == {"33670000001": "delivered", "33670000002": "undelivered"}
        assert home.run("send", "--to", "33670000001", "Bonjour").code == 0
        assert centre.destinations() == {"33670000001": 2, "33670000002": 1}


def test_send_tells_what_was_refused(home: Home) -> None:
    with smsc(numbers=[{"match": "^", "status": "ESME_RINVDSTADR"}]) as centre:
        home.configure(orange=centre.port)

        refused = home.run("send", "--to", "33670000001", "Bonjour", "--json")
        invalid = home.run("send", "--to", "33670000001,abc", "Bonjour")

        assert (refused.code, refused.json["rejected"]) == (1, 1)
        assert refused.json["messages"][0]["outcome"] == "rejected"
        assert (invalid.code, "abc (not_a_number)" in invalid.stderr) == (2, True)
        assert centre.submitted() == 1


def test_send_without_a_configuration(home: Home) -> None:
    with smsc(numbers=[{"suffix": "2", "status": "ESME_RINVDSTADR"}]) as centre:
        url = f"smpp://user:s3cret@127.0.0.1:{centre.port}"

        done = home.run(
            "send", "--url", url, "--to", "33670000001,33670000002", "Bonjour", "--wait", "--json"
        )

        assert done.code == 1, done.stderr
        outcomes = {message["msisdn"]: message["outcome"] for message in done.json["messages"]}
        assert outcomes == {"33670000001": "delivered", "33670000002": "rejected"}
        assert home.run("send", "--url", url, "--to", "33670000001", "Bonjour").code == 0


def test_check_tells_what_each_smsc_says_of_itself(home: Home) -> None:
    with smsc(system_id="centre") as good, smsc(accounts=[{"system_id": "x", "password": "y"}]) as bad:
        home.configure(orange=good.port, sfr=bad.port)

        done = home.run("check")

        assert done.code == 1
        assert "orange: bound as transceiver" in done.stdout
        assert "system_id centre, sc_interface_version 5.0" in done.stdout
        assert "sfr: FAILED: bind_transceiver refused: ESME_RINV" in done.stdout
        assert home.run("check", "--operator", "orange").code == 0


def test_the_simulated_smsc_prints_its_url_and_at_last_its_account(home: Home) -> None:
    process = home.start("smsc", "--port", "0", "--scenario", "hex-ids", "--json")
    assert process.stdout is not None
    port = int(process.stdout.readline().rpartition(":")[2])
    home.configure(orange=port)
    assert home.run("send", "--to", "33670000001", "Bonjour").code == 0

    process.send_signal(signal.SIGTERM)
    done = home.finish(process)

    assert (done.code, done.json["accepted"]) == (0, 1)


def test_report_lists_and_names_what_there_is(home: Home) -> None:
    home.configure(orange=2775)
    nothing = home.run("report")
    assert (nothing.code, "there is no such ledger" in nothing.stderr) == (1, True)
