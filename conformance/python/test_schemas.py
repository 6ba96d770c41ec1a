"""Raw answers have exactly the keys, types, patterns and dates of the published documents."""

import copy
import unittest
import urllib.parse

import schemas
import server

NO_DOCUMENTS = "DID NOT RUN: no OpenAPI documents (set SWITCHWARD_OAI)"
MESSAGE = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


@unittest.skipUnless(schemas.folder(), NO_DOCUMENTS)
class CheckerTest(unittest.TestCase):
    """The checker itself, on the document's own example: a check that cannot fail is worth nothing."""

    def setUp(self):
        response = schemas.document("api_v2010")["paths"][MESSAGE]["get"]["responses"]["200"]
        self.example = copy.deepcopy(response["content"]["application/json"]["examples"]["fetch"]["value"])

    def found(self, **changes):
        return schemas.problems("api_v2010", MESSAGE, "get", 200, {**self.example, **changes})

    def test_accepts_the_documents_own_example(self):
        self.assertEqual(self.found(), [])

    def test_accepts_an_unset_sid_in_both_spellings(self):
        self.assertEqual(self.found(messaging_service_sid=None), [])
        self.assertEqual(self.found(messaging_service_sid=""), [])

    def test_rejects_an_absent_or_a_new_key(self):
        self.assertEqual(self.found(extra=1), ["$: has `extra`, which the document does not"])
        del self.example["price"]
        self.assertEqual(self.found(), ["$: lacks `price`"])

    def test_rejects_what_does_not_fit(self):
        for key, value in [
            ("sid", "SM12"),
            ("date_sent", "2019-05-24T17:18:28Z"),
            ("date_sent", "Thu, 24 May 2019 17:18:28 +0000"),
            ("num_media", 0),
            ("error_code", "30007"),
            ("error_code", True),
            ("status", "on its way"),
            ("price_unit", "dollars"),
            ("subresource_uris", []),
        ]:
            with self.subTest(key=key, value=value):
                self.assertEqual(len(self.found(**{key: value})), 1)

    def test_rejects_a_status_the_document_does_not_have(self):
        self.assertEqual(len(schemas.problems("api_v2010", MESSAGE, "get", 202, self.example)), 1)
        self.assertEqual(schemas.problems("api_v2010", MESSAGE, "delete", 204, None), [])
        self.assertEqual(len(schemas.problems("api_v2010", MESSAGE, "delete", 204, {})), 1)

    def test_reads_iso_dates_in_whole_seconds_only(self):
        for value, valid in [
            ("2015-07-30T20:00:00Z", True),
            ("2015-07-30T20:00:00.5Z", False),
            ("2015-07-30T20:00:00+00:00", False),
            ("2015-13-30T20:00:00Z", False),
        ]:
            self.assertEqual(schemas.is_iso_8601(value), valid, value)


@unittest.skipUnless(schemas.folder(), NO_DOCUMENTS)
class AnswerTest(unittest.TestCase):
    def check(self, name, template, method, path, form=None):
        """Sends the request and checks the answer; returns the answer."""
        status, answer = server.request(method.upper(), path, form)
        self.assertLess(status, 300, f"{method} {template} was refused with code {(answer or {}).get('code')}")
        self.assertEqual(schemas.problems(name, template, method, status, answer), [])
        return answer

    def test_messages(self):
        form = {"To": server.HANDSET, "From": server.setting("phone_number"), "Body": "Your appointment is tomorrow."}
        made = self.check("api_v2010", MESSAGES, "post", server.account_path("/Messages.json"), form)
        self.check("api_v2010", MESSAGES, "get", server.account_path("/Messages.json?PageSize=2"))
        one = server.account_path(f"/Messages/{made['sid']}.json")
        self.check("api_v2010", MESSAGE, "get", one)
        server.eventually(
            "a terminal status",
            lambda: server.request("GET", one)[1]["status"] in {"delivered", "undelivered", "failed"},
        )
        self.check("api_v2010", MESSAGE, "get", one)
        self.check("api_v2010", MESSAGE, "post", one, {"Body": ""})
        self.check("api_v2010", MESSAGE, "delete", one)

    def test_account(self):
        path = f"/2010-04-01/Accounts/{server.setting('account_sid')}.json"
        self.check("api_v2010", "/2010-04-01/Accounts/{Sid}.json", "get", path)

    def test_numbers(self):
        template = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers.json"
        self.check("api_v2010", template, "get", server.account_path("/IncomingPhoneNumbers.json"))

    def test_keys(self):
        template = "/2010-04-01/Accounts/{AccountSid}/Keys.json"
        made = self.check("api_v2010", template, "post", server.account_path("/Keys.json"), {"FriendlyName": "schema"})
        self.check("api_v2010", template, "get", server.account_path("/Keys.json"))
        one = "/2010-04-01/Accounts/{AccountSid}/Keys/{Sid}.json"
        self.check("api_v2010", one, "get", server.account_path(f"/Keys/{made['sid']}.json"))
        self.check("api_v2010", one, "delete", server.account_path(f"/Keys/{made['sid']}.json"))

    def test_lookup(self):
        path = f"/lookups/v2/PhoneNumbers/{urllib.parse.quote(server.HANDSET)}"
        self.check("lookups_v2", "/v2/PhoneNumbers/{PhoneNumber}", "get", path)


if __name__ == "__main__":
    unittest.main()
