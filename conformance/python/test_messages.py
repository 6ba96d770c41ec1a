"""The Python SDK, unmodified: the life of a message, and the first account."""

import unittest
import uuid

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

import server


def body():
    """A text like a clinic's, different each time so that it can be found again."""
    return f"Your lab result {uuid.uuid4().hex[:8]} is ready. Please call the clinic."


class MessageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sid = server.setting("account_sid")
        cls.number = server.setting("phone_number")
        cls.client = Client(cls.sid, server.setting("auth_token"))

    def send(self, text, to=server.HANDSET):
        return self.client.messages.create(to=to, from_=self.number, body=text)

    def until_terminal(self, sid):
        return server.until_terminal(self.client, sid)

    def assert_refused(self, status, code, call):
        with self.assertRaises(TwilioRestException) as caught:
            call()
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))

    def test_a_created_message_answers_with_its_own_fields(self):
        text = body()
        message = self.send(text)
        self.assertRegex(message.sid, r"^SM[0-9a-f]{32}$")
        self.assertEqual(message.account_sid, self.sid)
        self.assertEqual((message.to, message.from_, message.body), (server.HANDSET, self.number, text))
        self.assertEqual(message.direction, "outbound-api")
        self.assertEqual(message.num_segments, "1")
        self.assertIsNotNone(message.date_created.tzinfo)

    def test_the_body_arrives_at_the_handset(self):
        text = body()
        message = self.send(text)
        server.eventually(
            "the text is on the handset",
            lambda: any(shown["body"] == text for shown in server.handset_messages(server.HANDSET)),
        )
        self.assertEqual(self.until_terminal(message.sid).status, "delivered")

    def test_a_message_can_be_fetched(self):
        message = self.send(body())
        fetched = self.client.messages(message.sid).fetch()
        self.assertEqual(fetched.sid, message.sid)
        self.assertEqual(fetched.date_created, message.date_created)

    def test_a_list_holds_only_the_recipient_asked_for(self):
        one = self.send(body(), to=server.OTHER_HANDSET)
        other = self.send(body(), to=server.HANDSET)
        listed = [message.sid for message in self.client.messages.list(to=server.OTHER_HANDSET, page_size=1)]
        self.assertIn(one.sid, listed)
        self.assertNotIn(other.sid, listed)

    def test_an_empty_body_redacts_the_message(self):
        message = self.send(body())
        self.until_terminal(message.sid)
        self.assertEqual(self.client.messages(message.sid).update(body="").body, "")
        self.assertEqual(self.client.messages(message.sid).fetch().body, "")

    def test_a_deleted_message_is_gone(self):
        message = self.send(body())
        self.until_terminal(message.sid)
        self.assertTrue(self.client.messages(message.sid).delete())
        self.assert_refused(404, 20404, self.client.messages(message.sid).fetch)

    def test_an_unknown_message_is_not_found(self):
        unknown = f"SM{uuid.uuid4().hex}"
        self.assert_refused(404, 20404, self.client.messages(unknown).fetch)

    def test_a_plain_http_callback_is_refused(self):
        def call():
            self.client.messages.create(
                to=server.HANDSET, from_=self.number, body=body(), status_callback="http://example.com/status"
            )

        self.assert_refused(403, 77117, call)

    def test_wrong_credentials_are_refused(self):
        # A fetch, not a list: for a list the SDK keeps the answer's code to itself.
        stranger = Client(self.sid, "0" * 32)
        self.assert_refused(401, 20003, stranger.api.accounts(self.sid).fetch)


class AccountTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sid = server.setting("account_sid")
        cls.number = server.setting("phone_number")
        cls.client = Client(cls.sid, server.setting("auth_token"))

    def test_the_account_can_be_fetched(self):
        account = self.client.api.account.fetch()
        self.assertEqual((account.sid, account.status), (self.sid, "active"))

    def test_the_accounts_number_is_listed(self):
        numbers = [number.phone_number for number in self.client.incoming_phone_numbers.list()]
        self.assertIn(self.number, numbers)

    def test_the_first_api_key_works(self):
        key = Client(server.setting("api_key_sid"), server.setting("api_key_secret"), self.sid)
        key.messages.list(limit=1)


if __name__ == "__main__":
    unittest.main()
