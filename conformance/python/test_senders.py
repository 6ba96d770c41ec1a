"""The Python SDK, unmodified: short codes, names for one country, safe numbers, notifications and words of other
languages."""

import random
import time
import unittest

import server
from test_services import ServiceCase, setUpModule  # noqa: F401

OPERATOR = "operator"
PATIENCE = 20
# Handsets of this file alone.
HANDSET = "+14155550161"
SPANISH = "+14155550162"


def ours(method, path, body=None):
    """A request of our own API, as the operator."""
    return server.request(method, f"/switchward/v1/{path}", body=body, auth=(OPERATOR, server.setting("operator_token")))


class SenderCase(ServiceCase):
    def account(self, path):
        return f"Accounts/{server.setting('account_sid')}/{path}"

    def short_code(self):
        """A short code that the operator brings in, and takes back after the test."""
        body = {"number": str(random.randrange(200_000, 999_999)), "account_sid": server.setting("account_sid")}
        status, made = ours("POST", "Numbers", body)
        self.assertEqual(status, 201)
        self.addCleanup(ours, "DELETE", self.account(f"ShortCodes/{made['sid']}"))
        return self.client.short_codes(made["sid"]).fetch()

    def ended(self, message, status):
        until = time.monotonic() + PATIENCE
        while True:
            found = message.fetch()
            if found.status == status:
                return found
            self.assertLess(time.monotonic(), until, f"still {found.status}")
            time.sleep(0.1)

    def received(self, handset, count):
        until = time.monotonic() + PATIENCE
        while len(server.handset_messages(handset)) < count:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        return server.handset_messages(handset)


class ShortCodeTest(SenderCase):
    def test_a_short_code_is_configured_and_sends(self):
        code = self.short_code()
        self.assertRegex(code.sid, r"^SC[0-9a-f]{32}$")
        self.assertIn(code.sid, [one.sid for one in self.client.short_codes.list(short_code=code.short_code)])
        code = code.update(friendly_name="Reminders", sms_url="https://clinic.example/in", sms_method="POST")
        self.assertEqual((code.friendly_name, code.sms_url), ("Reminders", "https://clinic.example/in"))
        code.update(sms_url="")
        message = self.client.messages.create(to=HANDSET, from_=code.short_code, body="From a short code")
        self.assertEqual(self.ended(message, "delivered").from_, code.short_code)
        abroad = {"to": "+14165550177", "from_": code.short_code, "body": "x"}
        # A HIPAA project sends to the United States alone (SMS-GEO-1).
        self.assert_refused(403, 21408, self.client.messages.create, **abroad)

    def test_a_short_code_joins_and_leaves_a_service(self):
        service, code = self.service(), self.short_code()
        joined = service.short_codes.create(short_code_sid=code.sid)
        self.assertEqual((joined.short_code, joined.country_code), (code.short_code, "US"))
        self.assertEqual([one.sid for one in service.short_codes.list()], [code.sid])
        self.assertEqual(self.send(service, "+14155550164").from_, code.short_code)
        service.short_codes(code.sid).delete()
        self.assertEqual(service.short_codes.list(), [])


class NameTest(SenderCase):
    def test_a_hipaa_project_has_no_names(self):
        names = self.service().destination_alpha_senders
        self.assert_refused(403, 21408, names.create, alpha_sender="Praxis", iso_country_code="DE")
        self.assertEqual(names.list(), [])


class WordTest(SenderCase):
    def test_a_service_answers_in_the_language_of_the_word(self):
        service = self.service()
        number = self.number(service)
        path = self.account(f"MessagingServices/{service.sid}/OptOut")
        status, words = ours("POST", path, {"variants": [{"language": "es"}]})
        self.assertEqual(status, 200)
        server.send_from_handset(SPANISH, number.phone_number, "Alto")
        answer = self.received(SPANISH, 1)[-1]["body"]
        self.assertEqual(answer, words["variants"][0]["stop"]["reply"])
        self.assert_refused(400, 21610, self.send, service, SPANISH)


class RestTest(SenderCase):
    def test_a_safe_number_is_kept(self):
        numbers = self.client.accounts.v1.safelist
        made = numbers.create(phone_number="+14155550165")
        self.assertRegex(made.sid, r"^GN[0-9a-f]{32}$")
        self.assertEqual(numbers.fetch(phone_number="+14155550165").sid, made.sid)
        self.assertTrue(numbers.delete(phone_number="+14155550165"))
        self.assert_refused(404, 20404, numbers.fetch, phone_number="+14155550165")

    def test_alerts_are_notifications_too(self):
        alerts = self.client.monitor.v1.alerts.list(limit=5)
        notifications = self.client.notifications.list(limit=5)
        self.assertEqual([one.sid for one in notifications], [one.sid for one in alerts])
        for one in notifications:
            self.assertEqual(self.client.notifications(one.sid).fetch().error_code, one.error_code)


if __name__ == "__main__":
    unittest.main()
