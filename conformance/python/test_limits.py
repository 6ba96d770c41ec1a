"""The Python SDK, unmodified: who asks for too much is told so in a way that the SDK understands."""

import time
import unittest

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

import server

# More than enough requests to use up what comes at once, even on a slow machine.
ATTEMPTS = 200


class LimitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        owner = Client(server.setting("account_sid"), server.setting("auth_token"))
        cls.account = owner.api.v2010.accounts.create(friendly_name="limits")
        cls.addClassCleanup(owner.api.v2010.accounts(cls.account.sid).update, status="closed")
        server.limit(cls.account.sid, requests_per_second=2, concurrent_requests=4)

    def setUp(self):
        # Whatever another test has used up is there again.
        time.sleep(1.1)
        self.http = TwilioHttpClient()
        self.client = Client(self.account.sid, self.account.auth_token, http_client=self.http)

    def refused(self):
        """Fetches the account until that is refused; the exception."""
        for _ in range(ATTEMPTS):
            try:
                self.client.api.v2010.accounts(self.account.sid).fetch()
            except TwilioRestException as error:
                return error
        self.fail("nothing was refused")

    def test_the_exception_has_twilios_code(self):
        error = self.refused()
        self.assertEqual((error.status, error.code), (429, 20429))
        self.assertIn("Retry-After", error.msg)

    def test_who_waits_as_told_is_served(self):
        self.refused()
        uri = f"https://api.twilio.com/2010-04-01/Accounts/{self.account.sid}.json"
        for _ in range(ATTEMPTS):
            answer = self.http.request("GET", uri, auth=(self.account.sid, self.account.auth_token))
            if answer.status_code == 429:
                break
        self.assertEqual(answer.status_code, 429)
        self.assertEqual(answer.headers["Twilio-Concurrent-Requests"], "1")
        time.sleep(int(answer.headers["Retry-After"]))
        self.assertEqual(self.client.api.v2010.accounts(self.account.sid).fetch().sid, self.account.sid)


if __name__ == "__main__":
    unittest.main()
