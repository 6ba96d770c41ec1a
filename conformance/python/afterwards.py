"""With the server stopped, the SDK fails to connect and reaches nothing else. Not found by discovery: run.py runs it last."""

import unittest

import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

import server

CALL_SECONDS = 5


class StoppedTest(unittest.TestCase):
    def test_every_product_fails_to_connect(self):
        client = Client(
            server.setting("account_sid"), server.setting("auth_token"), http_client=TwilioHttpClient(timeout=CALL_SECONDS)
        )
        for name, call in [
            ("api", client.api.account.fetch),
            ("lookups", client.lookups.v2.phone_numbers(server.HANDSET).fetch),
            ("monitor", client.monitor.v1.alerts("NO" + "0" * 32).fetch),
            ("accounts", client.accounts.v1.secondary_auth_token().create),
        ]:
            with self.subTest(name), self.assertRaises(requests.exceptions.ProxyError) as caught:
                call()
            self.assertIn("refused", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
