"""The Python SDK, unmodified: calls to and from phones of the simulator, and SIP domains with their lists."""

import unittest
import uuid

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

import server

PHONE = "+13055550151"
BUSY = "+13055559101"
PASSWORD = "Correct-Horse-1"


class VoiceCase(unittest.TestCase):
    """A number of its own, which is given back."""

    def setUp(self):
        self.client = Client(server.setting("account_sid"), server.setting("auth_token"))
        self.number = self.client.incoming_phone_numbers.create(area_code="415")
        self.addCleanup(self.number.delete)

    def ended(self, call, status):
        server.eventually(status, lambda: self.client.calls(call.sid).fetch().status == status)
        return self.client.calls(call.sid).fetch()

    def heard(self, phone, sid):
        status, answer = server.request("GET", f"/switchward/v1/simulator/handsets/{phone}/calls")
        self.assertEqual(status, 200, answer)
        return [call["heard"] for call in answer["calls"] if call["call_sid"] == sid]

    def test_a_call_says_something_and_is_listed(self):
        word = uuid.uuid4().hex[:8]
        made = self.client.calls.create(
            to=PHONE, from_=self.number.phone_number, twiml=f"<Response><Say>{word}</Say></Response>"
        )
        self.assertEqual((made.status, made.direction), ("queued", "outbound-api"))
        call = self.ended(made, "completed")
        self.assertEqual((call.to, call._from), (PHONE, self.number.phone_number))
        self.assertIsNotNone(call.duration)
        self.assertEqual(self.heard(PHONE, made.sid), [[word]])
        listed = self.client.calls.list(to=PHONE, from_=self.number.phone_number)
        self.assertEqual([found.sid for found in listed], [made.sid])
        self.assertTrue(self.client.calls(made.sid).delete())

    def test_a_busy_phone_is_busy(self):
        made = self.client.calls.create(
            to=BUSY, from_=self.number.phone_number, twiml="<Response><Say>Hello</Say></Response>"
        )
        self.ended(made, "busy")

    def test_a_call_that_goes_on_is_ended(self):
        made = self.client.calls.create(
            to=PHONE, from_=self.number.phone_number, twiml='<Response><Pause length="600"/></Response>'
        )
        server.eventually("an answer", lambda: self.client.calls(made.sid).fetch().status == "in-progress")
        self.client.calls(made.sid).update(status="completed")
        self.ended(made, "completed")

    def test_a_caller_that_is_nobodys_is_refused(self):
        with self.assertRaises(TwilioRestException) as raised:
            self.client.calls.create(to=PHONE, from_="+13055550199", twiml="<Response/>")
        self.assertEqual((raised.exception.status, raised.exception.code), (400, 21210))

    def test_recordings_are_told_to_be_absent(self):
        with self.assertRaisesRegex(TwilioException, "20501"):
            self.client.recordings.list(limit=1)

    def test_a_domain_with_its_lists(self):
        name = f"clinic-{uuid.uuid4().hex[:8]}"
        credentials = self.client.sip.credential_lists.create(friendly_name=name)
        user = self.client.sip.credential_lists(credentials.sid).credentials.create(username="jane", password=PASSWORD)
        self.assertEqual(user.username, "jane")
        with self.assertRaises(TwilioRestException) as raised:
            self.client.sip.credential_lists(credentials.sid).credentials.create(username="john", password="weak")
        self.assertEqual(raised.exception.code, 21243)
        addresses = self.client.sip.ip_access_control_lists.create(friendly_name=name)
        office = self.client.sip.ip_access_control_lists(addresses.sid).ip_addresses.create(
            friendly_name="Office", ip_address="198.51.100.7", cidr_prefix_length=24
        )
        self.assertEqual(office.cidr_prefix_length, 24)
        domain = self.client.sip.domains.create(domain_name=f"{name}.sip.twilio.com", secure=True)
        calls = self.client.sip.domains(domain.sid).auth.calls
        calls.credential_list_mappings.create(credential_list_sid=credentials.sid)
        calls.ip_access_control_list_mappings.create(ip_access_control_list_sid=addresses.sid)
        registrations = self.client.sip.domains(domain.sid).auth.registrations
        registrations.credential_list_mappings.create(credential_list_sid=credentials.sid)
        self.assertEqual(self.client.sip.domains(domain.sid).fetch().auth_type, "IP_ACL,CREDENTIAL_LIST")
        mapped = self.client.sip.domains(domain.sid).credential_list_mappings.list()
        self.assertEqual([found.sid for found in mapped], [credentials.sid])
        self.assertTrue(self.client.sip.domains(domain.sid).delete())
        self.assertTrue(self.client.sip.credential_lists(credentials.sid).delete())
        self.assertTrue(self.client.sip.ip_access_control_lists(addresses.sid).delete())


if __name__ == "__main__":
    unittest.main()
