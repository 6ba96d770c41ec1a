"""Segment's Python SDK, unmodified and unconfigured: the environment alone leads it here."""

import datetime
import unittest

from segment.analytics.client import Client

import server


def workspaces(rest=""):
    return f"/switchward/v1/Accounts/{server.setting('account_sid')}/Workspaces{rest}"


def make(path):
    status, made = server.request("POST", path, body={"name": "Clinic"})
    if status != 201:
        raise AssertionError(f"{path} was answered with {status}")
    return made


class Events(unittest.TestCase):
    def setUp(self):
        self.workspace = make(workspaces())["sid"]
        self.source = make(workspaces(f"/{self.workspace}/Sources"))
        self.errors = []

    def client(self, **options):
        on_error = lambda error, batch: self.errors.append(error)
        client = Client(self.source["write_keys"][0], on_error=on_error, upload_interval=0.1, **options)
        if not options.get("sync_mode"):
            self.addCleanup(client.shutdown)
        return client

    def events(self):
        account = server.setting("account_sid")
        path = f"/switchward/v1/Accounts/{account}/Sources/{self.source['sid']}/Events"
        status, answer = server.request("GET", path)
        self.assertEqual(status, 200)
        return answer["events"]

    def sent(self, client, count):
        client.flush()
        self.assertEqual(self.errors, [])
        events = server.eventually(f"{count} events", lambda: len(self.events()) >= count and self.events())
        self.assertEqual(len(events), count)
        return events

    def test_every_call_arrives_in_order(self):
        client = self.client()
        client.identify("u-1", {"plan": "gold"})
        client.track("u-1", "Booked", {"ward": 4}, message_id="m-1")
        client.page("u-1", "Docs", "Start", {"path": "/"})
        client.screen("u-1", "Phone", "Start")
        client.group("u-1", "g-1", {"beds": 7})
        client.alias("u-0", "u-1")
        events = self.sent(client, 6)
        self.assertEqual([event["type"] for event in events], ["identify", "track", "page", "screen", "group", "alias"])
        self.assertEqual(events[0]["traits"], {"plan": "gold"})
        self.assertEqual((events[1]["messageId"], events[1]["properties"]), ("m-1", {"ward": 4}))
        self.assertEqual(events[1]["context"]["library"]["name"], "analytics-python")
        self.assertEqual(events[5]["previousId"], "u-0")

    def test_compressed_batches_and_corrected_times(self):
        client = self.client(gzip=True, upload_size=50)
        past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
        for number in range(120):
            client.track("u-1", f"Step {number}", timestamp=past)
        names = [event["event"] for event in self.sent(client, 120)]
        self.assertEqual(names, [f"Step {number}" for number in range(120)])
        # This machine's clock is right, so nothing is corrected.
        self.assertTrue(self.events()[0]["timestamp"].startswith("2020-01-0"), self.events()[0]["timestamp"])

    def test_the_same_message_is_kept_once(self):
        client = self.client(sync_mode=True)
        for _ in range(3):
            client.track("u-1", "Once", message_id="the-same")
        self.assertEqual(len(self.sent(client, 1)), 1)

    def test_who_is_suppressed_is_not_kept(self):
        status, _ = server.request(
            "POST",
            workspaces(f"/{self.workspace}/Regulations"),
            body={"regulation_type": "SUPPRESS_WITH_DELETE", "user_ids": ["u-1"]},
        )
        self.assertEqual(status, 201)
        client = self.client(sync_mode=True)
        client.track("u-1", "Hidden")
        client.track("u-2", "Shown")
        self.assertEqual([event["event"] for event in self.sent(client, 1)], ["Shown"])

    def test_an_unknown_write_key_raises_nothing(self):
        client = Client("nobody", on_error=lambda error, batch: self.errors.append(error), sync_mode=True)
        client.track("u-1", "Lost")
        self.assertEqual((self.errors, self.events()), ([], []))
