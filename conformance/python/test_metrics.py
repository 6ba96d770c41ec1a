"""Prometheus's own parser reads the metrics, and what they say is coherent and about nobody."""

import re
import unittest
import urllib.request

from prometheus_client.parser import text_string_to_metric_families
from twilio.rest import Client

import server

LABELS = {"product", "method", "route", "status", "queue", "outcome", "limit", "part", "bind", "kind", "version", "le"}
# SIDs and telephone numbers, in any form.
SOMEBODY = re.compile(r"[A-Z]{2}[0-9a-f]{32}|\+?1?[2-9]\d{9}")


def scrape():
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(server.setting("operations") + "/metrics", timeout=server.REQUEST_SECONDS) as response:
        kind, text = response.headers["Content-Type"], response.read().decode()
    return kind, text, {family.name: family for family in text_string_to_metric_families(text)}


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        client = Client(server.setting("account_sid"), server.setting("auth_token"))
        message = client.messages.create(to="+14155550167", from_=server.setting("phone_number"), body="Tomorrow at 9.")
        server.until_terminal(client, message.sid)
        cls.kind, cls.text, cls.families = scrape()

    def test_the_format_is_named(self):
        self.assertEqual(self.kind, "text/plain; version=0.0.4; charset=utf-8")

    def test_every_family_has_a_type_help_and_samples_of_its_own(self):
        self.assertGreater(len(self.families), 15)
        self.assertEqual(self.text.count("# TYPE "), len(self.families), "a family is there once")
        seen = set()
        for family in self.families.values():
            self.assertTrue(family.documentation, family.name)
            self.assertIn(family.type, {"counter", "gauge", "histogram"}, family.name)
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                self.assertNotIn(key, seen)
                seen.add(key)

    def test_histograms_only_rise(self):
        for family in self.families.values():
            if family.type != "histogram":
                continue
            last = {}
            for sample in family.samples:
                labels = {name: value for name, value in sample.labels.items() if name != "le"}
                key = tuple(sorted(labels.items()))
                if sample.name.endswith("_bucket"):
                    self.assertGreaterEqual(sample.value, last.get(key, 0), family.name)
                    last[key] = sample.value
                elif sample.name.endswith("_count"):
                    self.assertEqual(sample.value, last[key], family.name)

    def test_a_delivered_message_is_counted(self):
        outcomes = {s.labels["outcome"]: s.value for s in self.families["switchward_messages"].samples}
        for outcome in ("queued", "sending", "sent", "delivered"):
            self.assertGreaterEqual(outcomes[outcome], 1, outcome)

    def test_labels_are_known_and_name_nobody(self):
        for family in self.families.values():
            for sample in family.samples:
                self.assertLessEqual(set(sample.labels), LABELS, sample.name)
                for value in sample.labels.values():
                    self.assertIsNone(SOMEBODY.search(value), f"{sample.name}: {value}")


if __name__ == "__main__":
    unittest.main()
