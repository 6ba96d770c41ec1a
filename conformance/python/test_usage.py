"""The Python SDK, unmodified: usage records, usage triggers, and numbers that can be had."""

import datetime
import unittest
import uuid
from decimal import Decimal

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

import server

CALLBACK = "https://clinic.example/usage"


class UsageCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sid = server.setting("account_sid")
        cls.number = server.setting("phone_number")
        cls.client = Client(cls.sid, server.setting("auth_token"))

    def assert_refused(self, status, code, call, /, *arguments, **options):
        with self.assertRaises(TwilioRestException) as caught:
            call(*arguments, **options)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))


class RecordsTest(UsageCase):
    def counted(self):
        records = self.client.usage.records.all_time.list(category="sms-outbound-longcode")
        self.assertEqual(len(records), 1)
        return int(records[0].count), int(records[0].usage)

    def test_a_message_that_is_accepted_is_counted_with_its_segments(self):
        # Other tests may send meanwhile.
        count, usage = self.counted()
        self.client.messages.create(to=server.HANDSET, from_=self.number, body="x" * 200)
        after = self.counted()
        self.assertGreaterEqual(after[0], count + 1)
        self.assertGreaterEqual(after[1], usage + 2)

    def test_every_list_is_read(self):
        records = self.client.usage.records
        for listed in (
            records,
            records.all_time,
            records.daily,
            records.monthly,
            records.this_month,
            records.today,
            records.yearly,
        ):
            found = listed.list(limit=5)
            self.assertEqual(len(found), 5)
            self.assertEqual((found[0].account_sid, found[0].price), (self.sid, Decimal(0)))
            self.assertIsInstance(found[0].start_date, datetime.date)
        # The account is younger than these periods may be.
        for listed in (records.last_month, records.yesterday):
            self.assertLessEqual(len(listed.list(limit=5)), 5)

    def test_days_are_filtered_and_pages_are_followed(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        found = self.client.usage.records.daily.list(
            category="sms", start_date=today, end_date=today, include_subaccounts=False
        )
        self.assertEqual([record.category for record in found], ["sms"])
        all_categories = self.client.usage.records.today.list()
        by_pages = self.client.usage.records.today.list(page_size=7)
        names = [record.category for record in all_categories]
        self.assertEqual([record.category for record in by_pages], names)
        self.assertEqual(len(set(names)), len(names))

    def test_what_is_not_counted_says_so(self):
        # For a page the SDK has an exception without a code.
        for category, code in [("calls", 20501), ("smoke-signals", 20001)]:
            with self.assertRaisesRegex(TwilioException, f'"code":{code}'):
                self.client.usage.records.list(category=category)
        self.assert_refused(501, 20501, self.client.balance.fetch)


class TriggersTest(UsageCase):
    def make(self, **options):
        options = {"trigger_value": "+1000000", "usage_category": "sms", "callback_url": CALLBACK, **options}
        trigger = self.client.usage.triggers.create(**options)
        self.addCleanup(self.remove, trigger.sid)
        return trigger

    def remove(self, sid):
        try:
            self.client.usage.triggers(sid).delete()
        except TwilioRestException as error:
            self.assertEqual(error.code, 20404)

    def test_the_life_of_a_trigger(self):
        name = f"cap {uuid.uuid4().hex[:8]}"
        trigger = self.make(friendly_name=name, recurring="daily", trigger_by="count")
        self.assertRegex(trigger.sid, r"^UT[0-9a-f]{32}$")
        self.assertGreaterEqual(int(trigger.trigger_value), 1_000_000)
        self.assertEqual((trigger.recurring, trigger.trigger_by), ("daily", "count"))
        self.assertIsNone(trigger.date_fired)
        changed = self.client.usage.triggers(trigger.sid).update(callback_method="GET")
        self.assertEqual((changed.callback_method, changed.friendly_name), ("GET", name))
        listed = self.client.usage.triggers.list(recurring="daily", trigger_by="count", usage_category="sms")
        self.assertIn(trigger.sid, [one.sid for one in listed])
        self.assertTrue(trigger.delete())
        self.assert_refused(404, 20404, self.client.usage.triggers(trigger.sid).fetch)

    def test_what_would_never_fire_is_refused(self):
        self.assert_refused(501, 20501, self.make, trigger_by="price")
        self.assert_refused(501, 20501, self.make, usage_category="totalprice")


class AvailableTest(UsageCase):
    def test_countries_and_numbers_that_can_be_had(self):
        countries = self.client.available_phone_numbers.list()
        self.assertIn("US", [country.country_code for country in countries])
        country = self.client.available_phone_numbers("US")
        self.assertEqual(country.fetch().country, "United States")
        found = country.local.list(area_code=415, sms_enabled=True, limit=2)
        self.assertTrue(found)
        self.assertTrue(all(number.phone_number.startswith("+1415") for number in found))
        self.assertEqual(country.local.list(voice_enabled=True), [])
        for listed in (country.mobile, country.national, country.shared_cost, country.voip):
            self.assertEqual(listed.list(), [])

    def test_numbers_are_listed_by_kind(self):
        local = self.client.incoming_phone_numbers.local.list(phone_number=self.number)
        self.assertEqual([number.phone_number for number in local], [self.number])
        self.assertEqual(self.client.incoming_phone_numbers.mobile.list(), [])


if __name__ == "__main__":
    unittest.main()
