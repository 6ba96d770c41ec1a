"""The Python SDK, unmodified: what a message can be asked for, lists and pages, opting out, redaction."""

import unittest
import uuid
from datetime import datetime, timedelta, timezone

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

import server


class OptionCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sid = server.setting("account_sid")
        cls.number = server.setting("phone_number")
        cls.client = Client(cls.sid, server.setting("auth_token"))

    def send(self, to, text="Your appointment is tomorrow.", **options):
        return self.client.messages.create(to=to, from_=self.number, body=text, **options)

    def assert_refused(self, status, code, call, /, *arguments, **options):
        with self.assertRaises(TwilioRestException) as caught:
            call(*arguments, **options)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))


class CreateTest(OptionCase):
    HANDSET = "+12025550111"

    def test_every_supported_option_is_taken(self):
        message = self.send(
            self.HANDSET,
            validity_period=3600,
            content_retention="discard",
            address_retention="obfuscate",
            smart_encoded=True,
            provide_feedback=False,
            max_price="0.05",
            attempt=1,
            force_delivery=False,
        )
        self.assertEqual(message.status, "queued")
        self.assertEqual(server.until_terminal(self.client, message.sid).status, "delivered")

    def test_segments_are_counted_by_alphabet(self):
        for name, text, segments in [
            ("160 of GSM-7", "a" * 160, "1"),
            ("161 of GSM-7", "a" * 161, "2"),
            ("306 of GSM-7", "a" * 306, "2"),
            ("307 of GSM-7", "a" * 307, "3"),
            ("80 of the extension table", "\u20ac" * 80, "1"),
            ("81 of the extension table", "\u20ac" * 81, "2"),
            ("70 of UCS-2", "\u4e2d" * 70, "1"),
            ("71 of UCS-2", "\u4e2d" * 71, "2"),
            ("35 emoji", "\U0001f600" * 35, "1"),
            ("36 emoji", "\U0001f600" * 36, "2"),
        ]:
            with self.subTest(name):
                self.assertEqual(self.send(self.HANDSET, text).num_segments, segments)

    def test_text_beyond_ascii_arrives_unchanged(self):
        text = f"\u00e9\u00df\u4e2d\u05d0 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u20ac & + % = {uuid.uuid4().hex}"
        message = self.send(self.HANDSET, text)
        self.assertEqual(message.body, text)
        server.eventually(
            "the text is on the handset",
            lambda: any(shown["body"] == text for shown in server.handset_messages(self.HANDSET)),
        )

    def test_what_a_number_decides(self):
        for digits, status, code in [
            ("9001", "failed", 30003),
            ("9004", "failed", 30004),
            ("9005", "failed", 30005),
            ("9006", "failed", 30006),
            ("9007", "failed", 30007),
            ("9008", "undelivered", 30008),
            ("0112", "delivered", None),
        ]:
            with self.subTest(digits):
                message = server.until_terminal(self.client, self.send(f"+1202555{digits}").sid)
                self.assertEqual((message.status, message.error_code), (status, code))
                self.assertEqual(message.error_message is None, code is None)

    def test_a_carrier_that_recovers_delivers(self):
        message = server.until_terminal(self.client, self.send("+12025559010").sid)
        self.assertEqual((message.status, message.error_code), ("delivered", None))


class ScheduleTest(OptionCase):
    HANDSET = "+12025550113"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.client.messaging.v1.services.create(friendly_name="Reminders")
        own = cls.client.incoming_phone_numbers.create(area_code="415")
        cls.addClassCleanup(own.delete)
        cls.addClassCleanup(cls.service.delete)
        cls.service.phone_numbers.create(phone_number_sid=own.sid)

    def schedule(self, ahead, **options):
        """Scheduling takes a service."""
        at = datetime.now(timezone.utc) + ahead
        fields = {"messaging_service_sid": self.service.sid, "schedule_type": "fixed", "send_at": at, **options}
        return self.client.messages.create(to=self.HANDSET, body="Your appointment is tomorrow.", **fields)

    def test_a_scheduled_message_can_be_canceled_once(self):
        message = self.schedule(timedelta(hours=1))
        self.assertEqual((message.status, message.date_sent), ("scheduled", None))
        canceled = self.client.messages(message.sid).update(status="canceled")
        self.assertEqual((canceled.sid, canceled.status), (message.sid, "canceled"))
        self.assertEqual(self.client.messages(message.sid).fetch().status, "canceled")
        self.assert_refused(409, 30409, self.client.messages(message.sid).update, status="canceled")

    def test_a_canceled_message_is_redacted(self):
        sid = self.schedule(timedelta(hours=1)).sid
        self.client.messages(sid).update(status="canceled")
        message = self.client.messages(sid).fetch()
        self.assertEqual((message.body, message.to), ("", "+1202555XXXX"))

    def test_a_scheduled_message_is_neither_redacted_nor_deleted(self):
        sid = self.schedule(timedelta(hours=1)).sid
        self.assert_refused(400, 20009, self.client.messages(sid).update, body="")
        self.assert_refused(400, 20009, self.client.messages(sid).delete)
        self.client.messages(sid).update(status="canceled")
        self.assertTrue(self.client.messages(sid).delete())

    def test_a_time_out_of_range_is_refused(self):
        for ahead in [timedelta(minutes=-5), timedelta(minutes=1), timedelta(days=36)]:
            with self.subTest(str(ahead)):
                self.assert_refused(400, 35114, self.schedule, ahead)

    def test_time_and_type_belong_together(self):
        self.assert_refused(400, 35111, self.send, self.HANDSET, schedule_type="fixed")
        at = datetime.now(timezone.utc) + timedelta(hours=1)
        self.assert_refused(400, 35111, self.send, self.HANDSET, send_at=at)

    def test_a_number_alone_cannot_schedule(self):
        at = datetime.now(timezone.utc) + timedelta(hours=1)
        self.assert_refused(400, 35118, self.send, self.HANDSET, schedule_type="fixed", send_at=at)

    def test_a_sent_message_cannot_be_canceled(self):
        message = server.until_terminal(self.client, self.send(self.HANDSET).sid)
        self.assert_refused(409, 30409, self.client.messages(message.sid).update, status="canceled")


class ListTest(OptionCase):
    HANDSET = "+12025550114"
    COUNT = 7

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create = cls.client.messages.create
        sent = [create(to=cls.HANDSET, from_=cls.number, body=f"Reminder {one}").sid for one in range(cls.COUNT)]
        for sid in sent:
            server.until_terminal(cls.client, sid)
        cls.newest_first = sent[::-1]

    def sids(self, **filters):
        return [message.sid for message in self.client.messages.list(**filters)]

    def test_a_list_runs_over_all_pages(self):
        self.assertEqual(self.sids(to=self.HANDSET, page_size=2), self.newest_first)
        self.assertEqual(self.sids(to=self.HANDSET, page_size=self.COUNT), self.newest_first)
        self.assertEqual(self.sids(to=self.HANDSET, from_=self.number, page_size=3), self.newest_first)

    def test_a_stream_and_a_limit_stop_in_time(self):
        streamed = [message.sid for message in self.client.messages.stream(to=self.HANDSET, page_size=2, limit=5)]
        self.assertEqual(streamed, self.newest_first[:5])
        self.assertEqual(self.sids(to=self.HANDSET, limit=3), self.newest_first[:3])

    def test_pages_lead_forth_and_back(self):
        first = self.client.messages.page(to=self.HANDSET, page_size=3)
        self.assertEqual([message.sid for message in first], self.newest_first[:3])
        second = first.next_page()
        self.assertEqual([message.sid for message in second], self.newest_first[3:6])
        last = second.next_page()
        self.assertEqual([message.sid for message in last], self.newest_first[6:])
        self.assertIsNone(last.next_page())
        self.assertEqual([message.sid for message in last.previous_page()], self.newest_first[3:6])
        self.assertIsNone(first.previous_page())
        again = self.client.messages.get_page(second.next_page_url)
        self.assertEqual([message.sid for message in again], self.newest_first[6:])

    def test_no_number_stands_in_a_link(self):
        page = self.client.messages.page(to=self.HANDSET, page_size=2)
        self.assertNotIn(self.HANDSET.lstrip("+"), page.next_page_url)

    def test_lists_by_date(self):
        now = datetime.now(timezone.utc)
        for name, filters, found in [
            ("today", {"date_sent": now}, True),
            ("yesterday", {"date_sent": now - timedelta(days=1)}, False),
            ("after yesterday", {"date_sent_after": now - timedelta(days=1)}, True),
            ("after tomorrow", {"date_sent_after": now + timedelta(days=1)}, False),
            ("before tomorrow", {"date_sent_before": now + timedelta(days=1)}, True),
            ("before yesterday", {"date_sent_before": now - timedelta(days=1)}, False),
        ]:
            with self.subTest(name):
                self.assertEqual(self.sids(to=self.HANDSET, **filters), self.newest_first if found else [])

    def test_an_unknown_party_has_no_messages(self):
        self.assertEqual(self.sids(to="+12025550199"), [])
        self.assertEqual(self.sids(to=self.HANDSET, from_="+12025550199"), [])


class RedactionTest(OptionCase):
    HANDSET = "+12025550115"

    def test_after_delivery_text_and_number_are_gone(self):
        message = self.send(self.HANDSET)
        self.assertEqual(message.to, self.HANDSET)
        ended = server.until_terminal(self.client, message.sid)
        self.assertEqual((ended.status, ended.body, ended.to), ("delivered", "", "+1202555XXXX"))
        self.assertEqual(ended.from_, self.number)
        self.assertIsNotNone(ended.date_sent)
        listed = [one for one in self.client.messages.list(to=self.HANDSET) if one.sid == message.sid]
        self.assertEqual([(one.body, one.to) for one in listed], [("", "+1202555XXXX")])

    def test_a_body_cannot_be_changed_only_emptied(self):
        sid = server.until_terminal(self.client, self.send(self.HANDSET).sid).sid
        self.assertEqual(self.client.messages(sid).update(body="").body, "")
        self.assert_refused(400, 20001, self.client.messages(sid).update, body="another text")
        self.assert_refused(400, 20001, self.client.messages(sid).update)


class OptOutTest(OptionCase):
    HANDSET = "+12025550116"

    def said(self):
        return len(server.handset_messages(self.HANDSET))

    def say(self, word):
        """The handset says a keyword, and has its confirmation."""
        before = self.said()
        server.send_from_handset(self.HANDSET, self.number, word)
        server.eventually(f"{word} is confirmed", lambda: self.said() > before)

    def test_stop_is_obeyed_until_start(self):
        self.addCleanup(server.send_from_handset, self.HANDSET, self.number, "START")
        self.say("Stop ")
        self.assert_refused(400, 21610, self.send, self.HANDSET)
        self.say("START")
        message = server.until_terminal(self.client, self.send(self.HANDSET).sid)
        self.assertEqual(message.status, "delivered")

    def test_a_stop_counts_for_its_own_handset_only(self):
        other = "+12025550117"
        self.addCleanup(server.send_from_handset, other, self.number, "START")
        before = len(server.handset_messages(other))
        server.send_from_handset(other, self.number, "UNSUBSCRIBE")
        server.eventually("it is confirmed", lambda: len(server.handset_messages(other)) > before)
        self.assert_refused(400, 21610, self.send, other)
        self.assertEqual(server.until_terminal(self.client, self.send("+12025550118").sid).status, "delivered")


if __name__ == "__main__":
    unittest.main()
