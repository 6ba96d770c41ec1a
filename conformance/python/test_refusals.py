"""The Python SDK, unmodified: what the guide forbids is refused by its rule, what is not built says so."""

import json
import unittest

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

import server

HANDSET = "+13055550141"
ERROR_KEYS = {"code", "message", "more_info", "status"}


class RefusalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sid = server.setting("account_sid")
        cls.number = server.setting("phone_number")
        cls.client = Client(cls.sid, server.setting("auth_token"))

    def assert_refused(self, status, code, rule, client=None, **changes):
        """The SDK's exception has status and code; the body, read through the same client, names the rule."""
        client = client or self.client
        message = {"to": HANDSET, "from_": self.number, "body": "Your appointment is tomorrow.", **changes}
        with self.assertRaises(TwilioRestException) as caught:
            client.messages.create(**{name: value for name, value in message.items() if value is not None})
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))
        self.assert_raw(status, code, rule, client, message)

    def assert_raw(self, status, code, rule, client, message):
        answer = json.loads(self.raw(client, message).text)
        self.assertEqual(answer.pop("rule", None), rule)
        self.assertEqual(answer.keys(), ERROR_KEYS)
        self.assertEqual((answer["status"], answer["code"]), (status, code))
        self.assertEqual(answer["more_info"], f"https://www.twilio.com/docs/errors/{code}")
        self.assertNotIn(HANDSET, json.dumps(answer))

    def raw(self, client, message):
        # `from_` is `From` on the wire, `media_url` is `MediaUrl`.
        names = {name: "".join(part.capitalize() for part in name.split("_")) for name in message}
        form = {names[name]: value for name, value in message.items() if value is not None}
        url = f"https://api.twilio.com/2010-04-01/Accounts/{client.account_sid}/Messages.json"
        return client.request("POST", url, data=form)

    def test_the_guides_refusals(self):
        for name, code, rule, changes in [
            ("a British number", 21408, "SMS-GEO-1", {"to": "+442079460018"}),
            ("a Canadian number", 21408, "SMS-GEO-1", {"to": "+14165550123"}),
            ("a WhatsApp recipient", 77305, "SMS-CHAN-1", {"to": f"whatsapp:{HANDSET}"}),
            ("a WhatsApp sender", 77305, "SMS-CHAN-1", {"from_": f"whatsapp:{self.number}"}),
            ("a plain http callback", 77117, "GEN-HTTPS-2", {"status_callback": "http://clinic.example/status"}),
            ("a name in a callback", 77004, "ART-RESTR-TRACK", {"status_callback": "https://clinic.example/?patient_name=x"}),
            ("media over plain http", 77117, "GEN-HTTPS-2", {"media_url": "http://clinic.example/x.png"}),
            ("kept text", 77287, "SMS-REDACT-3", {"content_retention": "retain"}),
            ("kept numbers", 77287, "SMS-REDACT-3", {"address_retention": "retain"}),
            ("a risk check", 77093, "AI-GEN-1", {"risk_check": "enable"}),
        ]:
            with self.subTest(name):
                self.assert_refused(403, code, rule, **changes)

    def test_tags_are_refused_though_this_sdk_cannot_ask_for_them(self):
        message = {"to": HANDSET, "from": self.number, "body": "Hello.", "tags": '{"ward":"3"}'}
        self.assert_raw(403, 77309, "SMS-TAG-1", self.client, message)

    def test_what_is_not_built_says_so(self):
        for name, changes in [
            ("a content template", {"content_sid": "HX" + "0" * 32, "body": None}),
        ]:
            with self.subTest(name):
                self.assert_refused(501, 20501, None, **changes)

    def test_ordinary_errors_have_twilios_codes(self):
        for name, code, changes in [
            ("no recipient", 21604, {"to": ""}),
            ("no sender", 21603, {"from_": ""}),
            ("no body", 21602, {"body": ""}),
            ("a long body", 21617, {"body": "x" * 1601}),
            ("a bad recipient", 21211, {"to": "not a number!"}),
            ("a bad sender", 21212, {"from_": "!"}),
            ("somebody else's sender", 21606, {"from_": "+14155550199"}),
            ("a bad medium", 21620, {"media_url": "no url"}),
            ("a bad callback", 21609, {"status_callback": "no url"}),
        ]:
            with self.subTest(name):
                self.assert_refused(400, code, None, **changes)

    def test_an_account_that_is_not_designated_sends_nothing(self):
        made = self.client.api.v2010.accounts.create(friendly_name="refusals")
        self.addCleanup(self.client.api.v2010.accounts(made.sid).update, status="closed")
        for name, client in [
            ("its own credentials", Client(made.sid, made.auth_token)),
            ("its owner's", Client(self.sid, server.setting("auth_token"), made.sid)),
        ]:
            with self.subTest(name):
                self.assert_refused(403, 77064, "DES-SCOPE-1", client=client)


if __name__ == "__main__":
    unittest.main()
