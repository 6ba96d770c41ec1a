"""Raw HTTP that no SDK sends: always a 4xx in the API's shape, and the server lives on."""

import http.client
import json
import unittest
import urllib.parse

import server

ERROR_KEYS = {"code", "message", "more_info", "status"}
FORM = "application/x-www-form-urlencoded"
MEGABYTE = 1024 * 1024
MESSAGE = "To=%2B14155550123&From=%2B14155550100"


def exchange(method, path, body=None, headers=None, authorization=None):
    """One request as given: (status, content type, body)."""
    if authorization is None:
        authorization = server.basic(server.setting("account_sid"), server.setting("auth_token"))
    address = urllib.parse.urlsplit(server.setting("url"))
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=server.REQUEST_SECONDS)
    try:
        all_headers = {"Content-Type": FORM, **(headers or {})}
        if authorization:
            all_headers["Authorization"] = authorization
        connection.request(method, path, body=body, headers=all_headers)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", ""), response.read()
    finally:
        connection.close()


class BadInputTest(unittest.TestCase):
    def tearDown(self):
        status, answer = server.request("GET", f"/2010-04-01/Accounts/{server.setting('account_sid')}.json")
        self.assertEqual((status, answer["status"]), (200, "active"), "the server lives on")

    def assert_refused(self, statuses, *arguments, **options):
        status, kind, body = exchange(*arguments, **options)
        self.assertIn(status, statuses)
        self.assertTrue(kind.startswith("application/json"), kind)
        answer = json.loads(body)
        self.assertEqual(answer.keys() - {"rule"}, ERROR_KEYS)
        self.assertEqual(answer["status"], status)
        self.assertIsInstance(answer["code"], int)
        self.assertEqual(answer["more_info"], f"https://www.twilio.com/docs/errors/{answer['code']}")
        return answer

    def test_bad_forms(self):
        messages = server.account_path("/Messages.json")
        for name, body in [
            ("nothing", ""),
            ("no parameters", "&&&==&"),
            ("invalid UTF-8, escaped", f"{MESSAGE}&Body=%ff%fe"),
            ("invalid UTF-8", f"{MESSAGE}&Body=".encode() + b"\xff\xfe"),
            ("a broken escape", f"{MESSAGE}&Body=%zz"),
            ("half an escape", f"{MESSAGE}&Body=%4"),
            ("a lone surrogate", f"{MESSAGE}&Body=%ed%a0%80"),
            ("a NUL in a number", "To=%2B1415555%000123&From=%2B14155550100&Body=x"),
            ("a repeated parameter", f"{MESSAGE}&Body=x&Body=y"),
            ("a repeated recipient", f"{MESSAGE}&To=%2B14155550124&Body=x"),
            ("an unknown parameter", f"{MESSAGE}&Body=x&Nonsense=1"),
            ("a parameter in the wrong case", f"{MESSAGE}&body=x"),
            ("too many parameters", "&".join(f"P{one}=1" for one in range(5000))),
            ("a word for a number", f"{MESSAGE}&Body=x&ValidityPeriod=soon"),
            ("a fraction", f"{MESSAGE}&Body=x&ValidityPeriod=1.5"),
            ("a negative number", f"{MESSAGE}&Body=x&ValidityPeriod=-1"),
            ("a number beyond 64 bits", f"{MESSAGE}&Body=x&ValidityPeriod=99999999999999999999"),
            ("an unknown word", f"{MESSAGE}&Body=x&ContentRetention=perhaps"),
            ("no date", f"{MESSAGE}&Body=x&ScheduleType=fixed&SendAt=tomorrow"),
            ("a date that is none", f"{MESSAGE}&Body=x&ScheduleType=fixed&SendAt=2026-02-30T00:00:00Z"),
            ("a year of five digits", f"{MESSAGE}&Body=x&ScheduleType=fixed&SendAt=99999-01-01T00:00:00Z"),
            ("a query in front of nothing", "?To=x"),
        ]:
            with self.subTest(name):
                self.assert_refused({400}, "POST", messages, body)

    def test_bodies_that_are_too_large_or_of_another_kind(self):
        messages = server.account_path("/Messages.json")
        large = f"{MESSAGE}&Body=" + "x" * MEGABYTE
        answer = self.assert_refused({413}, "POST", messages, large)
        self.assertEqual(answer["code"], 20413)
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", "\u00e9"]:
            with self.subTest(kind):
                self.assert_refused({400, 415}, "POST", messages, MESSAGE + "&Body=x", {"Content-Type": kind})

    def test_bad_paths_and_methods(self):
        account = server.setting("account_sid")
        unknown = "SM" + "0" * 32
        for name, method, path, statuses in [
            ("a short SID", "GET", server.account_path("/Messages/SM12.json"), {404}),
            ("a SID of another kind", "GET", server.account_path(f"/Messages/{account}.json"), {404}),
            ("a SID in capitals", "GET", server.account_path(f"/Messages/SM{'A' * 32}.json"), {404}),
            ("an unknown SID", "GET", server.account_path(f"/Messages/{unknown}.json"), {404}),
            ("a SID that is no text", "GET", server.account_path("/Messages/%ff%00.json"), {400, 404}),
            ("a path that climbs", "GET", server.account_path("/Messages/../../../x.json"), {404}),
            ("a path that climbs, escaped", "GET", server.account_path("/Messages/%2e%2e/x.json"), {404}),
            ("an unknown resource", "GET", server.account_path("/Nonsense.json"), {404}),
            ("an unknown product", "GET", "/nonsense/v1/Things", {401, 404}),
            ("another account", "GET", f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json", {401, 404}),
            ("a bad account SID", "GET", "/2010-04-01/Accounts/AC12/Messages.json", {401, 404}),
            ("the root", "GET", "/", {404}),
            ("a method of another resource", "DELETE", server.account_path("/Messages.json"), {405}),
            ("an unusual method", "PATCH", server.account_path("/Messages.json"), {405}),
            ("an invented method", "BREW", server.account_path("/Messages.json"), {405}),
            ("an unknown filter", "GET", server.account_path("/Messages.json?Nonsense=1"), {400}),
            ("a repeated filter", "GET", server.account_path("/Messages.json?To=1&To=2"), {400}),
            ("a bad date", "GET", server.account_path("/Messages.json?DateSent=soon"), {400}),
            ("no page size", "GET", server.account_path("/Messages.json?PageSize=0"), {400}),
            ("a huge page size", "GET", server.account_path("/Messages.json?PageSize=1001"), {400}),
            ("a page size that is none", "GET", server.account_path("/Messages.json?PageSize=many"), {400}),
            ("an invented page token", "GET", server.account_path("/Messages.json?PageToken=PAabc"), {400}),
            ("a broken page token", "GET", server.account_path("/Messages.json?PageToken=%c3%a9%c3%a9"), {400}),
            ("a long page token", "GET", server.account_path("/Messages.json?PageToken=PA" + "a" * 9000), {400}),
        ]:
            with self.subTest(name):
                self.assert_refused(statuses, method, path)

    def test_broken_authentication(self):
        account, token = server.setting("account_sid"), server.setting("auth_token")
        path = server.account_path("/Messages.json")
        for name, value in [
            ("none", ""),
            ("no scheme", "x"),
            ("another scheme", "Bearer " + token),
            ("no credentials", "Basic "),
            ("no base64", "Basic ???"),
            ("no colon", "Basic " + server.basic(account, token)[6:10]),
            ("no password", server.basic(account, "")),
            ("a wrong password", server.basic(account, "0" * 32)),
            ("a longer password", server.basic(account, token + "0")),
            ("the password as a user", server.basic(token, account)),
            ("an unknown key", server.basic("SK" + "0" * 32, token)),
            ("a user that is no text", "Basic //79/A=="),
            ("a huge value", "Basic " + "A" * 8000),
        ]:
            with self.subTest(name):
                answer = self.assert_refused({401}, "GET", path, authorization=value)
                self.assertEqual(answer["code"], 20003)

    def test_bad_json(self):
        settings = f"/switchward/v1/Accounts/{server.setting('account_sid')}/Settings"
        for name, body in [
            ("nothing", ""),
            ("half an object", "{"),
            ("a list", "[]"),
            ("an unknown member", '{"nonsense": 1}'),
            ("a wrong type", '{"webhook_authorities": "x"}'),
            ("a bad certificate", '{"webhook_authorities": ["x"]}'),
            ("invalid UTF-8", b'{"webhook_authorities": ["\xff"]}'),
            ("a deep one", "[" * 100_000),
            ("redaction off", '{"body_redaction": false}'),
        ]:
            with self.subTest(name):
                self.assert_refused({400, 403}, "POST", settings, body, {"Content-Type": "application/json"})

    def test_no_refusal_repeats_what_was_sent(self):
        secret = "patient-zero-4711"
        for name, body in [
            ("a body", f"{MESSAGE}&Body={secret}&Nonsense=1"),
            ("a recipient", f"To={secret}&From=%2B14155550100&Body=x"),
            ("a parameter's name", f"{MESSAGE}&Body=x&{secret}=1"),
        ]:
            with self.subTest(name):
                answer = self.assert_refused({400}, "POST", server.account_path("/Messages.json"), body)
                self.assertNotIn(secret, json.dumps(answer))


if __name__ == "__main__":
    unittest.main()
