"""The official Python validator, unmodified, on the requests that the server signs: tokens, shared keys, JSON bodies."""

import json
import pathlib
import unittest
import uuid

from twilio.request_validator import SIGNATURE_SETTINGS_HEADER, RequestValidator, get_signature_algorithm
from twilio.rest import Client

import server
from test_inbound import HANDSET, InboundCase, setUpModule  # noqa: F401: registers the clinic's authority

CASES = json.loads((pathlib.Path(__file__).parent.parent / "signatures.json").read_text(encoding="utf-8"))


class Form(dict):
    """Several values of a name, as Django gives them to the validator."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs

    def getlist(self, name):
        return [value for found, value in self.pairs if found == name]


class FixtureTest(unittest.TestCase):
    """The crate that signs is tested against the same file: what is accepted here is what it makes."""

    def test_the_validator_accepts_what_is_signed(self):
        for case in CASES:
            with self.subTest(case["name"]):
                validator = RequestValidator(case["key"]["secret"])
                signature = case["headers"]["X-Twilio-Signature"]
                algorithm = get_signature_algorithm(case["headers"].get(SIGNATURE_SETTINGS_HEADER))
                content = case["body"] if "body" in case else Form(case["parameters"])
                self.assertTrue(validator.validate(case["requested"], content, signature, algorithm))
                self.assertFalse(validator.validate(case["requested"] + "x", content, signature, algorithm))
                self.assertFalse(RequestValidator("other").validate(case["requested"], content, signature, algorithm))
                if "body" in case:
                    self.assertFalse(validator.validate(case["requested"], case["body"] + " ", signature, algorithm))


class SharedKeyTest(InboundCase):
    """From a key's creation to a signed webhook, through the server."""

    def keys(self, method, path="", body=None):
        account = f"/switchward/v1/Accounts/{server.setting('account_sid')}/WebhookKeys"
        status, answer = server.request(method, account + path, body=body)
        self.assertLess(status, 300, f"{method} {path} was refused")
        return answer

    def test_a_message_arrives_signed_with_the_shared_key(self):
        key = self.keys("POST", body={"friendly_name": uuid.uuid4().hex[:8]})
        self.keys("POST", f"/{key['id']}", {"signs": True})

        def retire():
            self.keys("POST", f"/{key['id']}", {"signs": False})
            self.keys("DELETE", f"/{key['id']}")

        self.addCleanup(retire)
        receiver = self.receiver()
        self.write_in(receiver, "/sms?clinic=7")
        received = self.request_at(receiver, "/sms")
        settings = received.headers[SIGNATURE_SETTINGS_HEADER.lower()]
        self.assertIn(key["id"], settings)
        algorithm = get_signature_algorithm(settings)
        self.assertEqual(algorithm, "HMAC_SHA256")
        url, form, signature = received.url, received.form, received.signature
        self.assertTrue(RequestValidator(key["secret"]).validate(url, form, signature, algorithm))
        self.assertFalse(RequestValidator(key["secret"]).validate(url, {**form, "Extra": "1"}, signature, algorithm))
        self.assertFalse(self.validator.validate(url, form, signature, algorithm))
        self.assertFalse(self.validator.validate(url, form, signature))

    def test_the_server_says_why_a_signature_does_not_match(self):
        receiver = self.receiver()
        self.write_in(receiver)
        received = self.request_at(receiver, "/sms")
        path = f"/switchward/v1/Accounts/{server.setting('account_sid')}/WebhookSignatures/Diagnosis"
        given = {"url": received.url, "signature": received.signature, "parameters": received.form}
        status, answer = server.request("POST", path, body=given)
        self.assertEqual((status, answer), (200, {"matches": True, "findings": []}))
        given["url"] = given["url"].replace("https:", "http:")
        status, answer = server.request("POST", path, body=given)
        self.assertEqual([one["finding"] for one in answer["findings"]], ["scheme"])


del InboundCase  # its own tests are run where it stands
