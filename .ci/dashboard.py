"""Whether an installed smppcast serves its dashboard: `dashboard.py COMMAND`, in an empty folder."""

import subprocess
import sys
import urllib.request
from pathlib import Path

Path("smppcast.yaml").write_text(
    "ledger: sqlite:///ledger.db\n"
    "operators: {one: {url: 'smpp://user@127.0.0.1:1', password: x, prefixes: ['']}}\n"
    "daemon: {listen: '127.0.0.1:0', disk_free: 0}\n"
)
with subprocess.Popen([sys.argv[1], "daemon"], stdout=subprocess.PIPE, text=True) as daemon:
    try:
        assert daemon.stdout is not None
        url = daemon.stdout.readline().split(": ", 1)[1].strip()
        for path in ("/", "/assets/main.js", "/assets/plotly.min.js"):
            assert urllib.request.urlopen(url + path, timeout=30).status == 200, path
    finally:
        daemon.terminate()
    assert daemon.wait(30) == 0
print("served")
