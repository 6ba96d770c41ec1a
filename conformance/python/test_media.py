"""The Python SDK, unmodified: media out and in, the Media resource, and the bytes with HTTP Basic."""

import base64
import os
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

import server
from receiver import Receiver

HANDSET = "+13055550141"
PICTURE = b"\x89PNG\r\n\x1a\n a picture of nobody"


def setUpModule():
    """The clinic's own authority is registered with the account, as its owner would."""
    with open(os.path.join(server.setting("webhooks"), "authority.pem"), encoding="ascii") as file:
        authority = file.read()
    path = f"/switchward/v1/Accounts/{server.setting('account_sid')}/Settings"
    status, answer = server.request("POST", path, body={"webhook_authorities": [authority]})
    if status != 200:
        raise AssertionError(f"the authority was refused: {status} {answer['code']}")


def read(path, auth=None, extent=None):
    """The bytes at a path of the API: (status, headers, bytes)."""
    call = urllib.request.Request(server.setting("url") + path)
    if auth:
        call.add_header("Authorization", server.basic(*auth))
    if extent:
        call.add_header("Range", extent)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(call, timeout=server.REQUEST_SECONDS) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


class MediaTest(unittest.TestCase):
    def setUp(self):
        self.auth = (server.setting("account_sid"), server.setting("auth_token"))
        self.client = Client(*self.auth)
        self.number = self.client.incoming_phone_numbers.create(area_code="415")
        self.addCleanup(self.number.delete)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def arrived(self):
        """A picture from the handset: what the webhook was told."""
        self.number.update(sms_url=self.receiver.url("/mms"))
        path = f"/switchward/v1/simulator/handsets/{urllib.parse.quote(HANDSET)}/messages"
        picture = base64.b64encode(PICTURE).decode()
        status, _ = server.request("POST", path, body={"to": self.number.phone_number, "media": [picture]})
        self.assertEqual(status, 201)
        return server.eventually("the webhook is asked", lambda: self.receiver.at("/mms"))[0].form

    def test_media_reach_the_handset_and_are_destroyed_when_delivered(self):
        card = f"BEGIN:VCARD\nVERSION:4.0\nFN:{uuid.uuid4().hex}\nEND:VCARD\n"
        self.receiver.answers["/card"] = card
        message = self.client.messages.create(
            to=HANDSET, from_=self.number.phone_number, media_url=[self.receiver.url("/card")]
        )
        self.assertEqual((message.num_media, message.num_segments, message.body), ("1", "1", ""))
        self.assertEqual(server.until_terminal(self.client, message.sid).status, "delivered")
        shown = [one for one in server.handset_messages(HANDSET) if one["sid"] == message.sid]
        self.assertEqual([one["content_type"] for one in shown[0]["media"]], ["text/vcard"])

        self.assertEqual(self.client.messages(message.sid).media.list(), [])

    def test_media_are_listed_fetched_read_and_deleted(self):
        form = self.arrived()
        self.assertEqual((form["NumMedia"], form["MediaContentType0"], form["Body"]), ("1", "image/png", ""))
        path = urllib.parse.urlsplit(form["MediaUrl0"]).path
        message = self.client.messages(form["MessageSid"])
        (media,) = message.media.list()
        self.assertEqual((media.content_type, media.parent_sid), ("image/png", form["MessageSid"]))
        fetched = message.media(media.sid).fetch()
        self.assertEqual(fetched.uri, f"{path}.json")

        self.assertEqual(read(path)[0], 401)
        status, headers, read_back = read(path, self.auth)
        self.assertEqual((status, headers["Content-Type"], read_back), (200, "image/png", PICTURE))
        status, headers, part = read(path, self.auth, "bytes=0-3")
        self.assertEqual((status, part), (206, PICTURE[:4]))
        self.assertEqual(headers["Content-Range"], f"bytes 0-3/{len(PICTURE)}")

        self.assertTrue(message.media(media.sid).delete())
        self.assertEqual(message.media.list(), [])
        self.assertEqual(read(path, self.auth)[0], 404)

    def test_what_is_no_medium_fails_the_message(self):
        self.receiver.answers["/page"] = "<html></html>"
        message = self.client.messages.create(
            to=HANDSET, from_=self.number.phone_number, body="x", media_url=[self.receiver.url("/page")]
        )
        failed = server.until_terminal(self.client, message.sid)
        self.assertEqual((failed.status, failed.error_code), ("failed", 12300))

    def test_more_than_ten_are_refused(self):
        with self.assertRaises(TwilioRestException) as caught:
            self.client.messages.create(
                to=HANDSET, from_=self.number.phone_number, media_url=[self.receiver.url("/card")] * 11
            )
        self.assertEqual((caught.exception.status, caught.exception.code), (400, 21623))


if __name__ == "__main__":
    unittest.main()
