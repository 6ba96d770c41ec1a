"""The asynchronous Python SDK. It obeys neither proxy nor certificate variables by itself.

aiohttp has a switch for the proxy variables (`trust_env`), which this SDK does not pass on, and reads only
`SSL_CERT_FILE`; both are set on the SDK's session here, as an application would have to.
"""

import os
import ssl
import unittest

from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

import server

HANDSET = "+16465550151"


class AsyncTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        http = AsyncTwilioHttpClient()
        self.addAsyncCleanup(http.close)
        if not hasattr(http.session, "_trust_env") or not hasattr(http.session.connector, "_ssl"):
            reason = "DID NOT RUN: this aiohttp keeps proxy and certificate settings elsewhere"
            print(reason)
            self.skipTest(reason)
        http.session._trust_env = True
        http.session.connector._ssl = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
        self.client = Client(server.setting("account_sid"), server.setting("auth_token"), http_client=http)

    async def test_a_message_is_sent_read_and_listed(self):
        message = await self.client.messages.create_async(
            to=HANDSET, from_=server.setting("phone_number"), body="Your appointment is tomorrow."
        )
        self.assertRegex(message.sid, r"^SM[0-9a-f]{32}$")
        fetched = await self.client.messages(message.sid).fetch_async()
        self.assertEqual(fetched.sid, message.sid)
        listed = [one.sid async for one in await self.client.messages.stream_async(to=HANDSET, page_size=1, limit=3)]
        self.assertIn(message.sid, listed)

    async def test_a_refusal_has_its_code(self):
        with self.assertRaises(TwilioRestException) as caught:
            await self.client.messages.create_async(
                to="+442079460018", from_=server.setting("phone_number"), body="Hello."
            )
        self.assertEqual((caught.exception.status, caught.exception.code), (403, 21408))


if __name__ == "__main__":
    unittest.main()
