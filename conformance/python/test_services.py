"""The Python SDK, unmodified: Messaging Services, their senders, and messages sent with them."""

import unittest
from datetime import date, datetime, timedelta, timezone

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

import server
from receiver import Receiver
from test_inbound import setUpModule  # noqa: F401: the clinic's authority is registered here too


class ServiceCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = Client(server.setting("account_sid"), server.setting("auth_token"))
        cls.services = cls.client.messaging.v1.services

    def service(self, **options):
        made = self.services.create(**{"friendly_name": "Reminders", **options})
        self.addCleanup(self.give_up, made.delete)
        return made

    def give_up(self, delete):
        try:
            delete()
        except TwilioRestException as error:
            self.assertEqual(error.code, 20404)

    def number(self, service=None):
        """A number of its own for the test, in the service if one is given."""
        number = self.client.incoming_phone_numbers.create(area_code="415")
        self.addCleanup(self.give_up, number.delete)
        if service:
            service.phone_numbers.create(phone_number_sid=number.sid)
        return number

    def assert_refused(self, status, code, call, /, *arguments, **options):
        with self.assertRaises(TwilioRestException) as caught:
            call(*arguments, **options)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))

    def send(self, service, to, **options):
        return self.client.messages.create(
            to=to, messaging_service_sid=service.sid, **{"body": "Your appointment is tomorrow.", **options}
        )


class ResourceTest(ServiceCase):
    def test_a_service_is_made_found_changed_and_deleted(self):
        made = self.service(status_callback="https://clinic.example/status", validity_period=600)
        self.assertRegex(made.sid, r"^MG[0-9a-f]{32}$")
        self.assertEqual(made.account_sid, server.setting("account_sid"))
        self.assertTrue(made.sticky_sender and made.smart_encoding and made.area_code_geomatch)
        self.assertIn(made.sid, [one.sid for one in self.services.stream(page_size=2)])
        changes = {
            "friendly_name": "Results",
            "inbound_request_url": "https://clinic.example/in",
            "inbound_method": "POST",
            "fallback_url": "https://clinic.example/fallback",
            "status_callback": "https://clinic.example/other",
            "sticky_sender": False,
            "smart_encoding": False,
            "area_code_geomatch": False,
            "mms_converter": False,
            "fallback_to_long_code": False,
            "scan_message_content": "disable",
            "validity_period": 60,
            "synchronous_validation": True,
            "usecase": "notifications",
            "use_inbound_webhook_on_number": True,
        }
        for shown in [made.update(**changes), self.services(made.sid).fetch()]:
            self.assertEqual({field: getattr(shown, field) for field in changes}, changes)
        self.assertTrue(made.delete())
        self.assert_refused(404, 20404, self.services(made.sid).fetch)

    def test_what_a_hipaa_project_is_refused(self):
        made = self.service()
        self.assert_refused(403, 77117, made.update, inbound_request_url="http://clinic.example/")
        self.assert_refused(403, 77288, made.update, inbound_request_url="https://clinic.example/", inbound_method="GET")
        self.assert_refused(403, 21408, made.alpha_senders.create, alpha_sender="Clinic")
        self.assert_refused(403, 77305, made.channel_senders.create, sid="XE" + "0" * 32)
        self.assert_refused(400, 20001, made.update, validity_period=36000)

    def test_bad_parameters(self):
        self.assert_refused(400, 20001, self.services.create, friendly_name="x" * 65)
        self.assert_refused(400, 21713, self.services.create, friendly_name="x", usecase="anything")
        self.assert_refused(501, 20501, self.services.create, friendly_name="x", scan_message_content="enable")

    def test_usecases(self):
        usecases = self.client.messaging.v1.usecases.fetch().usecases
        self.assertIn("notifications", [one["usecase"] for one in usecases])

    def test_numbers_join_one_service(self):
        service, other = self.service(), self.service()
        number = self.number(service)
        listed = service.phone_numbers.list()
        self.assertEqual([(one.sid, one.phone_number) for one in listed], [(number.sid, number.phone_number)])
        shown = self.services(service.sid).phone_numbers(number.sid).fetch()
        self.assertEqual((shown.country_code, shown.capabilities, shown.service_sid), ("US", ["MMS", "SMS"], service.sid))
        self.assert_refused(409, 21710, service.phone_numbers.create, phone_number_sid=number.sid)
        self.assert_refused(409, 21712, other.phone_numbers.create, phone_number_sid=number.sid)
        self.assertTrue(listed[0].delete())
        self.assertEqual(service.phone_numbers.list(), [])

    def test_what_is_not_served_says_so(self):
        service = self.service()
        self.assertEqual((service.short_codes.list(), service.channel_senders.list()), ([], []))
        self.assertEqual(self.client.short_codes.list(), [])
        self.assert_refused(404, 20404, service.short_codes.create, short_code_sid="SC" + "0" * 32)
        messaging = self.client.messaging
        zeros = "0" * 32
        self.assert_refused(404, 30114, messaging.v1.deactivations().fetch, date=date(2026, 1, 1))
        association = messaging.v1.linkshortening_messaging_service_domain_association(service.sid)
        self.assert_refused(404, 20404, association.fetch)
        self.assert_refused(501, 20501, messaging.v1.domain_config("DN" + zeros).update)
        # The SDK has another exception for lists.
        with self.assertRaisesRegex(TwilioException, "20501"):
            messaging.v2.channels_senders.list()


class SendTest(ServiceCase):
    def test_a_message_goes_out_with_a_sender_of_the_service(self):
        service = self.service()
        number = self.number(service)
        message = self.send(service, "+13475550181")
        self.assertEqual((message.messaging_service_sid, message.from_), (service.sid, number.phone_number))
        ended = server.until_terminal(self.client, message.sid)
        self.assertEqual((ended.status, ended.messaging_service_sid), ("delivered", service.sid))

    def test_a_recipient_keeps_its_sender_under_redaction(self):
        service = self.service()
        for _ in range(2):
            self.number(service)
        first = self.send(service, "+13475550182")
        self.assertEqual(server.until_terminal(self.client, first.sid).to, "+1347555XXXX")
        for _ in range(2):
            self.number(service)
        self.assertEqual({self.send(service, "+13475550182").from_ for _ in range(4)}, {first.from_})

    def test_without_a_sender_there_is_no_message(self):
        service = self.service()
        self.assert_refused(400, 21704, self.send, service, "+13475550183")
        self.assert_refused(400, 21711, self.send, self.joined(service), "+13475550183", from_=server.setting("phone_number"))
        create = self.client.messages.create
        self.assert_refused(400, 21701, create, to="+13475550183", messaging_service_sid="MG" + "0" * 32, body="x")
        self.assert_refused(400, 21705, create, to="+13475550183", messaging_service_sid="MG1", body="x")

    def joined(self, service):
        self.number(service)
        return service

    def test_typographic_characters_are_replaced_when_the_service_says_so(self):
        service = self.joined(self.service())
        typed = "\u201cDon\u2019t forget\u201d \u2013 " + "a" * 100
        message = self.send(service, "+13475550184", body=typed)
        self.assertEqual((message.body[:16], message.num_segments), ("\"Don't forget\" -", "1"))
        service.update(smart_encoding=False)
        message = self.send(service, "+13475550184", body=typed)
        self.assertEqual((message.body, message.num_segments), (typed, "2"))

    def test_the_service_is_told_and_stopped_as_a_whole(self):
        receiver = Receiver("trusted")
        self.addCleanup(receiver.close)
        service = self.service(
            inbound_request_url=receiver.url("/in"), status_callback=receiver.url("/status")
        )
        one, other = self.number(service), self.number(service)
        handset = "+13475550185"
        message = self.send(service, handset, from_=one.phone_number)
        server.until_terminal(self.client, message.sid)
        told = server.eventually("the states are told", lambda: receiver.at("/status"))[0]
        self.assertEqual(told.form["MessagingServiceSid"], service.sid)
        server.send_from_handset(handset, one.phone_number, "STOP")
        asked = server.eventually("the service is asked", lambda: receiver.at("/in"))[0]
        self.assertEqual((asked.form["MessagingServiceSid"], asked.form["OptOutType"]), (service.sid, "STOP"))
        for number in (one, other):
            self.assert_refused(400, 21610, self.send, service, handset, from_=number.phone_number)

    def test_a_message_is_scheduled_with_a_service_and_canceled(self):
        service = self.joined(self.service())
        at = datetime.now(timezone.utc) + timedelta(minutes=16)
        message = self.send(service, "+13475550186", schedule_type="fixed", send_at=at)
        self.assertEqual(message.status, "scheduled")
        self.assertEqual(self.client.messages(message.sid).update(status="canceled").status, "canceled")
        early = datetime.now(timezone.utc) + timedelta(minutes=14)
        self.assert_refused(400, 35114, self.send, service, "+13475550186", schedule_type="fixed", send_at=early)

    def test_feedback_is_taken_under_redaction(self):
        service = self.joined(self.service())
        message = self.send(service, "+13475550187", provide_feedback=True)
        server.until_terminal(self.client, message.sid)
        for outcome in ["unconfirmed", "confirmed"]:
            feedback = self.client.messages(message.sid).feedback.create(outcome=outcome)
            self.assertEqual((feedback.outcome, feedback.message_sid), (outcome, message.sid))


if __name__ == "__main__":
    unittest.main()
