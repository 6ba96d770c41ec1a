"""The server is killed (`kill -9`) while it takes events: what it acknowledged is there, in order, and once."""

import http.client
import json
import pathlib
import random
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import server

KILLS = 6
SENDERS = 4
BATCH = 20
START_SECONDS = 20
LONGEST_LOAD = 0.8


class Server:
    """A server of its own, whose data outlives it."""

    def __init__(self, folder):
        self.binary = server.setting("binary")
        self.data = str(folder / "data")
        made = subprocess.run(
            [self.binary, "init", "--data", self.data, "--json"], capture_output=True, text=True, check=True, timeout=60
        )
        identity = json.loads(made.stdout)
        self.auth = (identity["account_sid"], identity["auth_token"])
        self.log = folder / "log"
        self.process = None

    def start(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", "--simulator"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                if self.request("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise AssertionError("the server does not start: " + self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            headers = {"Authorization": server.basic(*self.auth)}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()


class Sender(threading.Thread):
    """Sends one batch after the other, of one person, until it is not answered any more."""

    def __init__(self, port, key, name):
        super().__init__()
        self.port, self.key, self.prefix = port, key, name
        self.sent, self.acknowledged = [], []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            for number in range(100_000):
                ids = [f"{self.prefix}-{number}-{place}" for place in range(BATCH)]
                batch = [{"type": "track", "event": "e", "userId": self.prefix, "messageId": one} for one in ids]
                self.sent.append(ids)
                connection.request("POST", "/v1/batch", json.dumps({"writeKey": self.key, "batch": batch}))
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.acknowledged.append(ids)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()


class Kill(unittest.TestCase):
    def test_nothing_acknowledged_is_lost(self):
        with tempfile.TemporaryDirectory() as folder:
            self.drive(Server(pathlib.Path(folder)))

    def drive(self, site):
        site.start()
        try:
            account = f"/switchward/v1/Accounts/{site.auth[0]}"
            _, workspace = site.request("POST", f"{account}/Workspaces", {"name": "Clinic"})
            _, source = site.request("POST", f"{account}/Workspaces/{workspace['sid']}/Sources", {"name": "Website"})
            everything, acknowledged = [], 0
            for kill in range(KILLS):
                key = source["write_keys"][0]
                senders = [Sender(site.port, key, f"k{kill}-s{number}") for number in range(SENDERS)]
                for sender in senders:
                    sender.start()
                time.sleep(random.uniform(0.1, LONGEST_LOAD))
                site.kill()
                for sender in senders:
                    sender.join(30)
                site.start()
                self.everything_is_there(site, f"{account}/Sources/{source['sid']}/Events", senders)
                acknowledged += sum(len(sender.acknowledged) for sender in senders)
                everything += senders
            self.assertGreater(acknowledged, KILLS, "there was something to lose")
            # What is sent once more is known, also what was written and never acknowledged.
            last = everything[-1]
            batch = [
                {"type": "track", "event": "e", "userId": last.prefix, "messageId": one}
                for one in last.acknowledged[-1]
            ]
            site.request("POST", "/v1/batch", {"writeKey": source["write_keys"][0], "batch": batch})
            self.everything_is_there(site, f"{account}/Sources/{source['sid']}/Events", everything)
        finally:
            site.kill()

    def everything_is_there(self, site, path, senders):
        kept, after = [], 0
        while after is not None:
            status, page = site.request("GET", f"{path}?After={after}")
            self.assertEqual(status, 200)
            kept += [event["messageId"] for event in page["events"]]
            after = page["next_after"]
        self.assertEqual(len(kept), len(set(kept)), "nothing is there twice")
        for sender in senders:
            own = [one for one in kept if one.startswith(sender.prefix + "-")]
            flat = [one for ids in sender.sent for one in ids]
            self.assertEqual(own, flat[: len(own)], "in the order in which they were sent")
            known = sum(len(ids) for ids in sender.acknowledged)
            self.assertGreaterEqual(len(own), known, "everything that was acknowledged")
            self.assertEqual(len(own) % BATCH, 0, "a batch as a whole or not at all")
