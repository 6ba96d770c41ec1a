"""The Python SDK, unmodified: accounts and subaccounts, keys, and rotating auth tokens."""

import unittest
import uuid

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

import server


class AccountCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sid = server.setting("account_sid")
        cls.client = Client(cls.sid, server.setting("auth_token"))

    def subaccount(self):
        """A new subaccount, closed after the test."""
        made = self.client.api.v2010.accounts.create(friendly_name=f"ward {uuid.uuid4().hex[:8]}")
        self.addCleanup(self.close, made.sid)
        return made

    def close(self, sid):
        try:
            self.client.api.v2010.accounts(sid).update(status="closed")
        except TwilioRestException as error:
            self.assertEqual(error.code, 20409)

    def assert_refused(self, status, code, call, /, *arguments, **options):
        with self.assertRaises(TwilioRestException) as caught:
            call(*arguments, **options)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))

    def assert_opens(self, client):
        self.assertEqual(client.api.account.fetch().sid, client.account_sid)

    def assert_shut(self, client, status=401, code=20003):
        self.assert_refused(status, code, client.api.account.fetch)


class SubaccountTest(AccountCase):
    def test_a_subaccount_belongs_to_its_owner(self):
        made = self.subaccount()
        self.assertRegex(made.sid, r"^AC[0-9a-f]{32}$")
        self.assertEqual((made.owner_account_sid, made.status, made.type), (self.sid, "active", "Full"))
        self.assertTrue(made.auth_token)
        listed = [account.sid for account in self.client.api.v2010.accounts.list(friendly_name=made.friendly_name)]
        self.assertEqual(listed, [made.sid])
        everyone = [account.sid for account in self.client.api.v2010.accounts.list(page_size=1)]
        self.assertLessEqual({self.sid, made.sid}, set(everyone))
        own = Client(made.sid, made.auth_token)
        self.assertEqual([account.sid for account in own.api.v2010.accounts.list()], [made.sid])

    def test_a_subaccount_can_be_renamed(self):
        made = self.subaccount()
        renamed = self.client.api.v2010.accounts(made.sid).update(friendly_name="another name")
        self.assertEqual(renamed.friendly_name, "another name")
        self.assertEqual(self.client.api.v2010.accounts(made.sid).fetch().friendly_name, "another name")

    def test_suspended_is_shut_until_it_is_active_again_and_closed_is_for_good(self):
        made = self.subaccount()
        own = Client(made.sid, made.auth_token)
        account = self.client.api.v2010.accounts(made.sid)
        self.assert_opens(own)
        self.assertEqual(account.update(status="suspended").status, "suspended")
        self.assert_shut(own, 403, 20005)
        self.assertIn(made.sid, [one.sid for one in self.client.api.v2010.accounts.list(status="suspended")])
        self.assertEqual(account.update(status="active").status, "active")
        self.assert_opens(own)
        self.assertEqual(account.update(status="closed").status, "closed")
        with self.assertRaises(TwilioRestException):
            own.api.account.fetch()
        self.assert_refused(409, 20409, account.update, status="active")

    def test_neither_the_main_account_nor_a_stranger_is_closed(self):
        made = self.subaccount()
        with self.assertRaises(TwilioRestException):
            self.client.api.v2010.accounts(self.sid).update(status="closed")
        own = Client(made.sid, made.auth_token)
        self.assert_refused(403, 20003, own.api.v2010.accounts(made.sid).update, status="closed")
        self.assertEqual(self.client.api.account.fetch().status, "active")

    def test_a_subaccount_does_not_reach_others(self):
        one, other = self.subaccount(), self.subaccount()
        own = Client(one.sid, one.auth_token)
        for sid in [self.sid, other.sid, "AC" + "0" * 32]:
            with self.subTest(sid), self.assertRaises(TwilioRestException) as caught:
                own.api.v2010.accounts(sid).fetch()
            self.assertIn(caught.exception.status, (401, 404))
        with self.assertRaises(TwilioRestException):
            own.api.v2010.accounts.create(friendly_name="below")


class KeyTest(AccountCase):
    def assert_resource(self, create, many, one):
        """The five verbs of `keys` or `signing_keys`."""
        name = f"key {uuid.uuid4().hex[:8]}"
        made = create(friendly_name=name)
        self.assertRegex(made.sid, r"^SK[0-9a-f]{32}$")
        self.assertEqual(made.friendly_name, name)
        fetched = one(made.sid).fetch()
        self.assertEqual((fetched.sid, fetched.friendly_name), (made.sid, name))
        self.assertFalse(hasattr(fetched, "secret"))
        self.assertIn(made.sid, [key.sid for key in many.list(page_size=1)])
        self.assertEqual(one(made.sid).update(friendly_name=name + " 2").friendly_name, name + " 2")
        self.assertEqual(one(made.sid).fetch().friendly_name, name + " 2")
        as_key = Client(made.sid, made.secret, self.sid)
        as_key.messages.list(limit=1)
        # A standard key handles neither accounts nor keys.
        self.assert_refused(403, 20003, as_key.keys(made.sid).fetch)
        self.assertTrue(one(made.sid).delete())
        self.assert_refused(404, 20404, one(made.sid).fetch)
        self.assert_refused(401, 20003, as_key.messages("SM" + "0" * 32).fetch)

    def test_keys(self):
        self.assert_resource(self.client.new_keys.create, self.client.keys, self.client.keys)

    def test_signing_keys(self):
        self.assert_resource(self.client.new_signing_keys.create, self.client.signing_keys, self.client.signing_keys)

    def test_a_subaccounts_key_opens_nothing_else(self):
        made = self.subaccount()
        own = Client(made.sid, made.auth_token)
        key = own.new_keys.create(friendly_name="below")
        Client(key.sid, key.secret, made.sid).messages.list(limit=1)
        above = Client(key.sid, key.secret, self.sid)
        with self.assertRaises(TwilioRestException) as caught:
            above.messages("SM" + "0" * 32).fetch()
        self.assertIn(caught.exception.status, (401, 404))
        self.assert_refused(404, 20404, self.client.keys(key.sid).fetch)


class AuthTokenTest(AccountCase):
    def test_a_token_is_rotated_without_a_gap(self):
        made = self.subaccount()
        old = Client(made.sid, made.auth_token)
        second = old.accounts.v1.secondary_auth_token().create()
        self.assertEqual(second.account_sid, made.sid)
        new = Client(made.sid, second.secondary_auth_token)
        self.assert_opens(old)
        self.assert_opens(new)
        promoted = new.accounts.v1.auth_token_promotion().update()
        self.assertEqual((promoted.account_sid, promoted.auth_token), (made.sid, second.secondary_auth_token))
        self.assert_opens(new)
        self.assert_shut(old)

    def test_a_secondary_token_can_be_withdrawn(self):
        made = self.subaccount()
        first = Client(made.sid, made.auth_token)
        second = first.accounts.v1.secondary_auth_token().create()
        self.assert_refused(409, 20409, first.accounts.v1.secondary_auth_token().create)
        self.assertTrue(first.accounts.v1.secondary_auth_token().delete())
        self.assert_shut(Client(made.sid, second.secondary_auth_token))
        self.assert_opens(first)
        self.assert_refused(409, 20409, first.accounts.v1.auth_token_promotion().update)

    def test_the_published_parameter_is_taken(self):
        made = self.subaccount()
        own = Client(made.sid, made.auth_token)
        second = own.accounts.v1.secondary_auth_token().create(suppress_email_notification=True)
        self.assertTrue(second.secondary_auth_token)


if __name__ == "__main__":
    unittest.main()
