"""The Python SDK, unmodified, on the clinic's side: signatures, TwiML answers, status callbacks, alerts."""

import os
import unittest
import uuid

from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse

import server
from receiver import Receiver

HANDSET = "+13055550131"
SLOW_HANDSET = "+13055550132"
# "SSL/TLS certificate could not be validated", in the public error dictionary.
UNTRUSTED = "11237"
UNKNOWN_VERB = "12200"


def setUpModule():
    """The clinic's own authority is registered with the account, as its owner would."""
    with open(os.path.join(server.setting("webhooks"), "authority.pem"), encoding="ascii") as file:
        authority = file.read()
    path = f"/switchward/v1/Accounts/{server.setting('account_sid')}/Settings"
    status, answer = server.request("POST", path, body={"webhook_authorities": [authority]})
    if status != 200:
        raise AssertionError(f"the authority was refused: {status} {answer['code']}")


class InboundCase(unittest.TestCase):
    """A number of its own for each test, so that no test hears another's messages."""

    def setUp(self):
        self.client = Client(server.setting("account_sid"), server.setting("auth_token"))
        self.validator = RequestValidator(server.setting("auth_token"))
        self.number = self.client.incoming_phone_numbers.create(area_code="415")
        self.addCleanup(self.number.delete)
        self.text = f"Is my result there? {uuid.uuid4().hex[:8]} \u00e9\U0001f600"

    def receiver(self, certificate="trusted"):
        made = Receiver(certificate)
        self.addCleanup(made.close)
        return made

    def write_in(self, receiver, path="/sms"):
        """The handset writes to the number, whose webhook is at the receiver."""
        self.number.update(sms_url=receiver.url(path))
        server.send_from_handset(HANDSET, self.number.phone_number, self.text)

    def request_at(self, receiver, path):
        return server.eventually(f"a request at {path}", lambda: receiver.at(path))[0]

    def assert_signed(self, received):
        """The official validator accepts it, and nothing that was altered."""
        form = received.form
        self.assertTrue(self.validator.validate(received.url, form, received.signature))
        altered = {**form, "From": "+13055550199"}
        self.assertFalse(self.validator.validate(received.url, altered, received.signature))
        self.assertFalse(self.validator.validate(received.url, {**form, "Extra": "1"}, received.signature))
        self.assertFalse(self.validator.validate(received.url + "x", form, received.signature))
        first = "B" if received.signature.startswith("A") else "A"
        self.assertFalse(self.validator.validate(received.url, form, first + received.signature[1:]))
        other = RequestValidator("0" * 32)
        self.assertFalse(other.validate(received.url, form, received.signature))

    def alert(self, code):
        """The alert with this code about the number's message, once there is one."""

        def attempt():
            for alert in self.client.monitor.v1.alerts.list(log_level="error", limit=50):
                if alert.error_code == code and alert.resource_sid in self.arrived():
                    return alert
            return None

        return server.eventually(f"an alert {code}", attempt)

    def arrived(self):
        return {message.sid for message in self.client.messages.list(to=self.number.phone_number)}


class ArrivalTest(InboundCase):
    def test_a_message_arrives_with_a_valid_signature(self):
        receiver = self.receiver()
        self.write_in(receiver, "/sms?clinic=7")
        received = self.request_at(receiver, "/sms")
        self.assertEqual(received.method, "POST")
        form = received.form
        expected = {
            "AccountSid": server.setting("account_sid"),
            "From": HANDSET,
            "To": self.number.phone_number,
            "Body": self.text,
            "NumMedia": "0",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        self.assertEqual({name: form.get(name) for name in expected}, expected)
        self.assertRegex(form["MessageSid"], r"^SM[0-9a-f]{32}$")
        self.assertEqual(form["SmsMessageSid"], form["MessageSid"])
        self.assert_signed(received)

    def test_the_arrived_message_is_in_the_api_and_redacted_after_the_answer(self):
        receiver = self.receiver()
        self.write_in(receiver)
        sid = self.request_at(receiver, "/sms").form["MessageSid"]

        def redacted():
            message = self.client.messages(sid).fetch()
            return message if message.body == "" else None

        message = server.eventually("the text is destroyed", redacted)
        self.assertEqual((message.direction, message.status), ("inbound", "received"))
        self.assertEqual((message.to, message.from_), (self.number.phone_number, "+1305555XXXX"))

    def test_the_answer_of_the_sdk_reaches_the_handset(self):
        receiver = self.receiver()
        answer = MessagingResponse()
        first, second = f"Thank you {uuid.uuid4().hex[:8]} & <bye>", f"Second {uuid.uuid4().hex[:8]} \U0001f600"
        answer.message(first)
        answer.message(second)
        receiver.answers["/sms"] = str(answer)
        self.write_in(receiver)

        def shown():
            messages = server.handset_messages(HANDSET)
            return [one["body"] for one in messages if one["from"] == self.number.phone_number]

        server.eventually("both answers are on the handset", lambda: len(shown()) == 2)
        self.assertEqual(shown(), [first, second])

    def test_a_redirect_is_followed_and_signed_for_its_own_url(self):
        receiver = self.receiver()
        answer = MessagingResponse()
        answer.redirect("/next?step=2")
        receiver.answers["/sms"] = str(answer)
        self.write_in(receiver)
        received = self.request_at(receiver, "/next")
        self.assertEqual(received.url, receiver.url("/next?step=2"))
        self.assert_signed(received)

    def test_an_unknown_verb_raises_an_alert(self):
        receiver = self.receiver()
        receiver.answers["/sms"] = "<Response><Shout>hello</Shout></Response>"
        self.write_in(receiver)
        alert = self.alert(UNKNOWN_VERB)
        self.assertEqual((alert.log_level, alert.request_url), ("error", receiver.url("/sms")))
        fetched = self.client.monitor.v1.alerts(alert.sid).fetch()
        self.assertEqual((fetched.sid, fetched.error_code), (alert.sid, UNKNOWN_VERB))
        # What the request and the answer said may be protected (RT-DEBUG-1).
        self.assertIsNone(fetched.request_variables)
        self.assertIsNone(fetched.response_body)


class DistrustTest(InboundCase):
    def assert_distrusted(self, certificate):
        receiver = self.receiver(certificate)
        self.write_in(receiver)
        self.alert(UNTRUSTED)
        self.assertEqual(receiver.received, [])

    def test_a_self_signed_receiver_sees_no_request(self):
        self.assert_distrusted("self-signed")

    def test_a_receiver_that_is_its_own_authority_sees_no_request(self):
        self.assert_distrusted("self-signed-authority")


class StatusTest(InboundCase):
    def send(self, receiver, to):
        return self.client.messages.create(
            to=to, from_=server.setting("phone_number"), body=self.text, status_callback=receiver.url("/status?x=1")
        )

    def callbacks(self, receiver, sid):
        return [one for one in receiver.at("/status") if one.form["MessageSid"] == sid]

    def test_the_series_of_states_is_told_in_order(self):
        receiver = self.receiver()
        # The receipt comes late, so that "sent" is surely a state of its own.
        server.script_fault(kind="delay", delay_ms=500, to=SLOW_HANDSET)
        sid = self.send(receiver, SLOW_HANDSET).sid
        server.eventually("three callbacks", lambda: len(self.callbacks(receiver, sid)) >= 3)
        series = self.callbacks(receiver, sid)
        self.assertEqual([one.form["MessageStatus"] for one in series], ["queued", "sent", "delivered"])
        for one in series:
            self.assertEqual(one.form["SmsStatus"], one.form["MessageStatus"])
            self.assertEqual((one.form["From"], one.form["To"]), (server.setting("phone_number"), SLOW_HANDSET))
            self.assertEqual(one.form["AccountSid"], server.setting("account_sid"))
            self.assertNotIn(self.text, one.body)
            self.assert_signed(one)

    def test_a_failure_is_told_with_its_code(self):
        receiver = self.receiver()
        sid = self.send(receiver, "+13055559006").sid
        server.eventually(
            "failed is told", lambda: any(one.form["MessageStatus"] == "failed" for one in self.callbacks(receiver, sid))
        )
        last = self.callbacks(receiver, sid)[-1]
        self.assertEqual(last.form.get("ErrorCode"), "30006")
        self.assert_signed(last)


if __name__ == "__main__":
    unittest.main()
