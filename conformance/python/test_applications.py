"""The Python SDK, unmodified: applications and addresses, and a message that is answered by a TwiML Bin."""

import unittest
import uuid

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

import server

HANDSET = "+13055550141"


class ApplicationsCase(unittest.TestCase):
    """A number of its own, which is given back."""

    def setUp(self):
        self.client = Client(server.setting("account_sid"), server.setting("auth_token"))
        self.number = self.client.incoming_phone_numbers.create(area_code="415")
        self.addCleanup(self.number.delete)

    def bin(self, twiml):
        path = f"/switchward/v1/Accounts/{server.setting('account_sid')}/TwimlBins"
        status, answer = server.request("POST", path, body={"friendly_name": "Thanks", "twiml": twiml})
        self.assertEqual(status, 201, answer)
        self.addCleanup(server.request, "DELETE", f"{path}/{answer['sid']}")
        return answer["url"]

    def test_an_application_is_made_listed_changed_and_deleted(self):
        name = f"Reminders {uuid.uuid4().hex[:8]}"
        made = self.client.applications.create(
            friendly_name=name, sms_url="https://example.com/sms", voice_url="https://example.com/voice"
        )
        self.assertEqual(made.friendly_name, name)
        self.assertEqual([found.sid for found in self.client.applications.list(friendly_name=name)], [made.sid])
        changed = self.client.applications(made.sid).update(message_status_callback="https://example.com/status")
        self.assertEqual(changed.message_status_callback, "https://example.com/status")
        self.assertEqual(self.client.applications(made.sid).fetch().sms_url, "https://example.com/sms")
        self.assertTrue(self.client.applications(made.sid).delete())
        with self.assertRaises(TwilioRestException) as raised:
            self.client.applications(made.sid).fetch()
        self.assertEqual(raised.exception.status, 404)

    def test_a_bin_answers_for_the_application_of_a_number(self):
        word = uuid.uuid4().hex[:8]
        url = self.bin(f"<Response><Message>{word}: {{{{Body}}}}</Message></Response>")
        application = self.client.applications.create(friendly_name="Bin", sms_url=url)
        self.addCleanup(application.delete)
        self.number.update(sms_application_sid=application.sid)
        server.send_from_handset(HANDSET, self.number.phone_number, "1 < 2 & more")
        expected = f"{word}: 1 < 2 & more"

        def answered():
            return [shown for shown in server.handset_messages(HANDSET) if shown["body"] == expected]

        # Where texts are redacted, the list has it no more.
        server.eventually("the bin's answer", answered)

    def test_an_address_that_a_number_names_stays(self):
        made = self.client.addresses.create(
            customer_name="Clinic",
            street="1 Main St",
            city="Boston",
            region="MA",
            postal_code="02108",
            iso_country="US",
            friendly_name="Front desk",
        )
        self.assertFalse(made.validated)
        changed = self.client.addresses(made.sid).update(street_secondary="Suite 3")
        self.assertEqual((changed.street, changed.street_secondary), ("1 Main St", "Suite 3"))
        self.assertIn(made.sid, [found.sid for found in self.client.addresses.list(customer_name="Clinic")])
        self.number.update(address_sid=made.sid)
        dependent = self.client.addresses(made.sid).dependent_phone_numbers.list()
        self.assertEqual([number.sid for number in dependent], [self.number.sid])
        with self.assertRaises(TwilioRestException) as raised:
            self.client.addresses(made.sid).delete()
        self.assertEqual(raised.exception.status, 409)
        self.number.update(address_sid="")
        self.assertTrue(self.client.addresses(made.sid).delete())


if __name__ == "__main__":
    unittest.main()
