"""The Python SDK's ValidationClient, unmodified: an account that accepts only signed requests."""

import json
import os
import unittest
import urllib.parse
import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from twilio.base.exceptions import TwilioRestException
from twilio.http.validation_client import ValidationClient
from twilio.rest import Client

import schemas
import server

# Characters that clients escape in different ways.
ODD_NAME = "a b+c~d*e'f%41=g"

UNKNOWN = "SM" + "0" * 32


def public_key():
    """A fresh private key, and its public half, both in PEM."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret.decode(), public.decode()


@unittest.skipUnless(schemas.folder(), "DID NOT RUN: no OpenAPI documents (set SWITCHWARD_OAI)")
class AnswerTest(unittest.TestCase):
    """Raw answers have exactly the keys, types, patterns and dates of the published documents."""

    def check(self, name, product, template, method, form=None, sid=None, query=""):
        path = f"/{product}{template.replace('{Sid}', sid or '')}{query}"
        status, answer = server.request(method.upper(), path, form)
        self.assertLess(status, 300, f"{method} {template} was refused with code {(answer or {}).get('code')}")
        self.assertEqual(schemas.problems(name, template, method, status, answer), [])
        return answer

    def check_all(self, name, product, many, form, query=""):
        made = self.check(name, product, many, "post", form)
        one = many + "/{Sid}"
        self.check(name, product, many, "get", query=query)
        self.check(name, product, one, "get", sid=made["sid"])
        self.check(name, product, one, "post", {"FriendlyName": "renamed"}, sid=made["sid"])
        self.check(name, product, one, "delete", sid=made["sid"])

    def test_public_keys(self):
        form = {"PublicKey": public_key()[1], "FriendlyName": "signs"}
        self.check_all("accounts_v1", "accounts", "/v1/Credentials/PublicKeys", form)

    def test_keys(self):
        account = {"AccountSid": server.setting("account_sid")}
        query = "?" + urllib.parse.urlencode(account)
        policy = json.dumps({"allow": ["/switchward/messages/read"]})
        for form in [account, {**account, "KeyType": "restricted", "Policy": policy}]:
            self.check_all("iam_v1", "iam", "/v1/Keys", form, query)


class ValidationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        above = Client(server.setting("account_sid"), server.setting("auth_token"))
        made = above.api.v2010.accounts.create(friendly_name=f"signed {uuid.uuid4().hex[:8]}")
        cls.sid, cls.token = made.sid, made.auth_token
        cls.unsigned = Client(cls.sid, cls.token)
        cls.private_key, public = public_key()
        cls.credential = cls.unsigned.accounts.v1.credentials.public_key.create(public_key=public)
        path = f"/switchward/v1/Accounts/{cls.sid}"
        auth = (cls.sid, cls.token)
        status, cls.key = server.request("POST", f"{path}/Keys", body={"key_type": "main"}, auth=auth)
        assert status == 201, status
        enforce = {"enforce_client_validation": True}
        status, _ = server.request("POST", f"{path}/Settings", body=enforce, auth=auth)
        assert status == 200, status
        cls.client = cls.signing(cls.private_key)

    @classmethod
    def signing(cls, private_key):
        http_client = ValidationClient(cls.sid, cls.key["sid"], cls.credential.sid, private_key)
        # This client obeys HTTPS_PROXY but not REQUESTS_CA_BUNDLE.
        http_client.session.verify = os.environ["REQUESTS_CA_BUNDLE"]
        return Client(cls.key["sid"], cls.key["secret"], cls.sid, http_client=http_client)

    def assert_refused(self, code, call):
        with self.assertRaises(TwilioRestException) as caught:
            call()
        self.assertEqual((caught.exception.status, caught.exception.code), (403, code))

    def test_an_unsigned_request_is_refused(self):
        for client in [self.unsigned, Client(self.key["sid"], self.key["secret"], self.sid)]:
            self.assert_refused(70052, client.messages(UNKNOWN).fetch)

    def test_signed_requests_are_carried_out(self):
        self.assertEqual(self.client.messages.list(to="+14155550123", limit=1), [])
        made = self.client.iam.v1.new_api_key.create(account_sid=self.sid, friendly_name=ODD_NAME)
        self.assertEqual(made.friendly_name, ODD_NAME)
        fetched = self.client.iam.v1.api_key(made.sid).fetch()
        self.assertEqual(fetched.friendly_name, ODD_NAME)
        self.assertTrue(self.client.iam.v1.api_key(made.sid).delete())
        renamed = self.client.api.v2010.accounts(self.sid).update(friendly_name=ODD_NAME)
        self.assertEqual(renamed.friendly_name, ODD_NAME)
        self.client.api.v2010.accounts.list(friendly_name=ODD_NAME, limit=1)

    def test_signed_pages_follow_each_other(self):
        made = {self.client.iam.v1.new_api_key.create(account_sid=self.sid).sid for _ in range(3)}
        listed = self.client.iam.v1.get_api_keys.list(account_sid=self.sid, page_size=1)
        self.assertLessEqual(made, {key.sid for key in listed})
        self.assertLessEqual(made, {key.sid for key in self.client.keys.list(page_size=1)})

    def test_an_altered_body_is_refused(self):
        client = self.signing(self.private_key)
        session = client.http_client.session
        send = session.send

        def alter(request, **options):
            request.body = request.body.replace("before", "behind")
            return send(request, **options)

        session.send = alter
        create = client.iam.v1.new_api_key.create
        self.assert_refused(70156, lambda: create(account_sid=self.sid, friendly_name="before"))

    def test_another_private_key_is_refused(self):
        client = self.signing(public_key()[0])
        self.assert_refused(20151, client.messages(UNKNOWN).fetch)
