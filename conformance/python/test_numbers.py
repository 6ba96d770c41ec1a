"""The Python SDK, unmodified: incoming phone numbers, and looking numbers up."""

import json
import unittest
import uuid

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

import server


class NumberCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = Client(server.setting("account_sid"), server.setting("auth_token"))

    def assert_refused(self, status, code, call, /, *arguments, **options):
        with self.assertRaises(TwilioRestException) as caught:
            call(*arguments, **options)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))


class IncomingTest(NumberCase):
    def buy(self, **wanted):
        number = self.client.incoming_phone_numbers.create(**wanted)
        self.addCleanup(self.give_back, number.sid)
        return number

    def give_back(self, sid):
        try:
            self.client.incoming_phone_numbers(sid).delete()
        except TwilioRestException as error:
            self.assertEqual(error.code, 20404)

    def test_a_number_is_bought_once_and_free_again_when_given_back(self):
        number = self.buy(area_code="415")
        self.assertRegex(number.phone_number, r"^\+1415\d{7}$")
        self.assertRegex(number.sid, r"^PN[0-9a-f]{32}$")
        create = self.client.incoming_phone_numbers.create
        self.assert_refused(400, 21422, create, phone_number=number.phone_number)
        self.assertTrue(number.delete())
        self.assert_refused(404, 20404, self.client.incoming_phone_numbers(number.sid).fetch)
        again = self.buy(phone_number=number.phone_number)
        self.assertEqual(again.phone_number, number.phone_number)

    def test_what_is_set_is_kept(self):
        name = f"ward {uuid.uuid4().hex[:8]}"
        number = self.buy(area_code="415", friendly_name=name)
        self.assertEqual((number.friendly_name, number.account_sid), (name, server.setting("account_sid")))
        changes = {
            "sms_url": "https://clinic.example/sms",
            "sms_method": "POST",
            "sms_fallback_url": "https://clinic.example/fallback",
            "status_callback": "https://clinic.example/status",
            "friendly_name": name + " 2",
        }
        for shown in [number.update(**changes), self.client.incoming_phone_numbers(number.sid).fetch()]:
            self.assertEqual({field: getattr(shown, field) for field in changes}, changes)
        found = self.client.incoming_phone_numbers.list(friendly_name=name + " 2")
        self.assertEqual([one.sid for one in found], [number.sid])
        found = self.client.incoming_phone_numbers.list(phone_number=number.phone_number)
        self.assertEqual([one.sid for one in found], [number.sid])
        self.assertEqual(number.update(sms_url="").sms_url or "", "")

    def test_a_plain_http_webhook_is_refused_and_changes_nothing(self):
        number = self.buy(area_code="415", sms_url="https://clinic.example/sms")
        for field in ["sms_url", "sms_fallback_url", "status_callback"]:
            with self.subTest(field):
                self.assert_refused(403, 77117, number.update, **{field: "http://clinic.example/"})
        self.assert_refused(403, 77288, number.update, sms_method="GET")
        shown = self.client.incoming_phone_numbers(number.sid).fetch()
        self.assertEqual((shown.sms_url, shown.sms_method), ("https://clinic.example/sms", "POST"))

    def test_what_cannot_be_bought(self):
        create = self.client.incoming_phone_numbers.create
        self.assert_refused(400, 21422, create, phone_number="+14155550199")
        self.assert_refused(400, 21422, create, phone_number=server.setting("phone_number"))
        self.assert_refused(400, 21421, create, phone_number="12")
        self.assert_refused(400, 21451, create, area_code="1")
        self.assert_refused(400, 21452, create, area_code="212")
        self.assert_refused(400, 20001, create)
        self.assert_refused(501, 20501, create, area_code="415", voice_receive_mode="fax")

    def test_a_message_can_be_sent_from_a_new_number_until_it_is_given_back(self):
        number = self.buy(area_code="415")
        send = {"to": "+17025550121", "from_": number.phone_number, "body": "Hello from the new ward."}
        sent = self.client.messages.create(**send)
        self.assertEqual(server.until_terminal(self.client, sent.sid).status, "delivered")
        number.delete()
        self.assert_refused(400, 21606, self.client.messages.create, **send)

    def test_the_list_has_pages(self):
        bought = {self.buy(area_code="415").sid for _ in range(3)}
        listed = [number.sid for number in self.client.incoming_phone_numbers.list(page_size=1)]
        self.assertEqual(len(listed), len(set(listed)))
        self.assertLessEqual(bought, set(listed))


class LookupTest(NumberCase):
    def test_v2_with_and_without_packages(self):
        number = self.client.lookups.v2.phone_numbers("+14155550123")
        plain = number.fetch()
        self.assertEqual((plain.valid, plain.country_code, plain.calling_country_code), (True, "US", "1"))
        self.assertEqual(plain.national_format, "(415) 555-0123")
        self.assertIsNone(plain.caller_name)
        full = number.fetch(fields="line_type_intelligence,caller_name")
        self.assertIsNotNone(full.line_type_intelligence)
        self.assertIsNotNone(full.caller_name)

    def test_v2_says_what_is_wrong_with_a_number(self):
        found = self.client.lookups.v2.phone_numbers("+1415555").fetch()
        self.assertEqual((found.valid, found.validation_errors), (False, ["TOO_SHORT"]))

    def test_v2_reads_national_format(self):
        found = self.client.lookups.v2.phone_numbers("(415) 555-0123").fetch(country_code="US")
        self.assertEqual((found.valid, found.phone_number), (True, "+14155550123"))

    def test_v1_with_and_without_types(self):
        number = self.client.lookups.v1.phone_numbers("+14155550123")
        plain = number.fetch()
        self.assertEqual((plain.phone_number, plain.country_code, plain.carrier), ("+14155550123", "US", None))
        full = number.fetch(type=["carrier", "caller-name"])
        self.assertIsNotNone(full.carrier)
        self.assertIsNotNone(full.caller_name)
        self.assert_refused(404, 20404, self.client.lookups.v1.phone_numbers("+1415555").fetch)

    def test_add_ons_are_refused_by_their_rule(self):
        number = self.client.lookups.v1.phone_numbers("+14155550123")
        self.assert_refused(403, 77435, number.fetch, add_ons=["whitepages_pro_caller_id"])
        self.assert_refused(403, 77435, number.fetch, add_ons_data={"whitepages": {"key": "value"}})
        url = "https://lookups.twilio.com/v1/PhoneNumbers/+14155550123"
        answer = self.client.request("GET", url, params={"AddOns": "whitepages_pro_caller_id"})
        self.assertEqual(json.loads(answer.text)["rule"], "LOOK-MKT-1")

    def test_packages_that_use_ai_or_are_not_listed_are_refused(self):
        number = self.client.lookups.v2.phone_numbers("+14155550123")
        for package in ["sms_pumping_risk", "sim_swap", "identity_match"]:
            with self.subTest(package), self.assertRaises(TwilioRestException) as caught:
                number.fetch(fields=package)
            self.assertEqual(caught.exception.status, 403)
        self.assert_refused(403, 77253, number.fetch, fields="no_such_package")


if __name__ == "__main__":
    unittest.main()
