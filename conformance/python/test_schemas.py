"""Raw answers have exactly the keys, types, patterns and dates of the published documents."""

import copy
import time
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
    def check(self, name, template, method, path, form=None, auth=None):
        """Sends the request and checks the answer; returns the answer."""
        status, answer = server.request(method.upper(), path, form, auth=auth)
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

    def refused(self, status, method, path, form=None):
        """Checks the shape of an error, which no published document describes."""
        given, answer = server.request(method.upper(), path, form)
        self.assertEqual(given, status)
        self.assertEqual(answer.keys() - {"rule"}, {"code", "message", "more_info", "status"})
        self.assertEqual([type(answer[key]) for key in ("code", "message", "more_info", "status")], [int, str, str, int])
        self.assertEqual("rule" in answer, 77000 <= answer["code"] < 78000 or answer["code"] == 21408)

    def test_accounts(self):
        many = "/2010-04-01/Accounts.json"
        one = "/2010-04-01/Accounts/{Sid}.json"
        made = self.check("api_v2010", many, "post", many, {"FriendlyName": "schema"})
        path = f"/2010-04-01/Accounts/{made['sid']}.json"
        self.check("api_v2010", many, "get", many + "?PageSize=1")
        self.check("api_v2010", one, "get", path)
        self.check("api_v2010", one, "get", f"/2010-04-01/Accounts/{server.setting('account_sid')}.json")
        self.check("api_v2010", one, "post", path, {"Status": "closed"})
        self.check("api_v2010", one, "get", path)

    def test_numbers(self):
        many = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers.json"
        one = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/{Sid}.json"
        form = {"AreaCode": "415", "SmsUrl": "https://clinic.example/sms"}
        made = self.check("api_v2010", many, "post", server.account_path("/IncomingPhoneNumbers.json"), form)
        path = server.account_path(f"/IncomingPhoneNumbers/{made['sid']}.json")
        self.check("api_v2010", many, "get", server.account_path("/IncomingPhoneNumbers.json?PageSize=1"))
        self.check("api_v2010", one, "get", path)
        self.check("api_v2010", one, "post", path, {"FriendlyName": "schema", "SmsUrl": ""})
        self.check("api_v2010", one, "delete", path)

    def test_calls(self):
        many = "/2010-04-01/Accounts/{AccountSid}/Calls.json"
        one = "/2010-04-01/Accounts/{AccountSid}/Calls/{Sid}.json"
        form = {
            "To": server.HANDSET,
            "From": server.setting("phone_number"),
            "Twiml": "<Response><Say>Hello</Say></Response>",
        }
        made = self.check("api_v2010", many, "post", server.account_path("/Calls.json"), form)
        path = server.account_path(f"/Calls/{made['sid']}.json")
        self.check("api_v2010", one, "get", path)
        server.eventually("an end", lambda: server.request("GET", path)[1]["status"] == "completed")
        self.check("api_v2010", one, "get", path)
        self.check("api_v2010", many, "get", server.account_path("/Calls.json?PageSize=2"))
        self.check("api_v2010", one, "post", path, {"Status": "completed"})
        self.check("api_v2010", one, "delete", path)

    def test_sip(self):
        sip = "/2010-04-01/Accounts/{AccountSid}/SIP/"
        made = {}
        for collection, form, inner, inner_form in [
            ("CredentialLists", {}, "Credentials", {"Username": "jane", "Password": "Correct-Horse-1"}),
            ("IpAccessControlLists", {}, "IpAddresses", {"FriendlyName": "x", "IpAddress": "198.51.100.7"}),
        ]:
            form = {"FriendlyName": f"schema {time.time_ns()}", **form}
            lists, one = f"{sip}{collection}.json", f"{sip}{collection}/{{Sid}}.json"
            found = self.check("api_v2010", lists, "post", server.account_path(f"/SIP/{collection}.json"), form)
            sid = made[collection] = found["sid"]
            path = server.account_path(f"/SIP/{collection}/{sid}")
            self.check("api_v2010", lists, "get", server.account_path(f"/SIP/{collection}.json"))
            self.check("api_v2010", one, "get", f"{path}.json")
            self.check("api_v2010", one, "post", f"{path}.json", form)
            members = f"{sip}{collection}/{{{collection[:-1]}Sid}}/{inner}.json"
            member = f"{sip}{collection}/{{{collection[:-1]}Sid}}/{inner}/{{Sid}}.json"
            within = self.check("api_v2010", members, "post", f"{path}/{inner}.json", inner_form)["sid"]
            self.check("api_v2010", members, "get", f"{path}/{inner}.json")
            self.check("api_v2010", member, "get", f"{path}/{inner}/{within}.json")
            changed = {key: value for key, value in inner_form.items() if key != "Username"}
            self.check("api_v2010", member, "post", f"{path}/{inner}/{within}.json", changed)
            self.check("api_v2010", member, "delete", f"{path}/{inner}/{within}.json")
        domains, domain = f"{sip}Domains.json", f"{sip}Domains/{{Sid}}.json"
        form = {"DomainName": f"schema-{time.time_ns()}.sip.twilio.com"}
        sid = self.check("api_v2010", domains, "post", server.account_path("/SIP/Domains.json"), form)["sid"]
        path = server.account_path(f"/SIP/Domains/{sid}")
        self.check("api_v2010", domains, "get", server.account_path("/SIP/Domains.json"))
        self.check("api_v2010", domain, "get", f"{path}.json")
        self.check("api_v2010", domain, "post", f"{path}.json", {"FriendlyName": "schema"})
        for family in [
            "CredentialListMappings",
            "IpAccessControlListMappings",
            "Auth/Calls/CredentialListMappings",
            "Auth/Calls/IpAccessControlListMappings",
            "Auth/Registrations/CredentialListMappings",
        ]:
            kind = "CredentialList" if "Credential" in family else "IpAccessControlList"
            one_list = made[f"{kind}s"]
            mappings, mapping = f"{sip}Domains/{{DomainSid}}/{family}.json", f"{sip}Domains/{{DomainSid}}/{family}/{{Sid}}.json"
            self.check("api_v2010", mappings, "post", f"{path}/{family}.json", {f"{kind}Sid": one_list})
            self.check("api_v2010", mappings, "get", f"{path}/{family}.json")
            self.check("api_v2010", mapping, "get", f"{path}/{family}/{one_list}.json")
            self.check("api_v2010", mapping, "delete", f"{path}/{family}/{one_list}.json")
        self.check("api_v2010", domain, "delete", f"{path}.json")
        for collection, sid in made.items():
            path = server.account_path(f"/SIP/{collection}/{sid}.json")
            self.check("api_v2010", f"{sip}{collection}/{{Sid}}.json", "delete", path)

    def test_messaging_services(self):
        many, one = "/v1/Services", "/v1/Services/{Sid}"
        made = self.check("messaging_v1", many, "post", "/messaging/v1/Services", {"FriendlyName": "schema"})
        path = f"/messaging/v1/Services/{made['sid']}"
        self.check("messaging_v1", many, "get", "/messaging/v1/Services?PageSize=1")
        self.check("messaging_v1", one, "get", path)
        self.check("messaging_v1", one, "post", path, {"InboundRequestUrl": "https://clinic.example/in"})
        self.check("messaging_v1", "/v1/Services/Usecases", "get", "/messaging/v1/Services/Usecases")
        members, member = "/v1/Services/{ServiceSid}/PhoneNumbers", "/v1/Services/{ServiceSid}/PhoneNumbers/{Sid}"
        status, number = server.request("POST", server.account_path("/IncomingPhoneNumbers.json"), {"AreaCode": "415"})
        self.assertEqual(status, 201)
        self.addCleanup(server.request, "DELETE", server.account_path(f"/IncomingPhoneNumbers/{number['sid']}.json"))
        self.check("messaging_v1", members, "post", path + "/PhoneNumbers", {"PhoneNumberSid": number["sid"]})
        self.check("messaging_v1", members, "get", path + "/PhoneNumbers")
        self.check("messaging_v1", member, "get", f"{path}/PhoneNumbers/{number['sid']}")
        for name in ["ShortCodes", "ChannelSenders", "DestinationAlphaSenders"]:
            of = "MessagingServiceSid" if name == "ChannelSenders" else "ServiceSid"
            self.check("messaging_v1", f"/v1/Services/{{{of}}}/{name}", "get", f"{path}/{name}")
        codes = "/2010-04-01/Accounts/{AccountSid}/SMS/ShortCodes.json"
        self.check("api_v2010", codes, "get", server.account_path("/SMS/ShortCodes.json"))
        form = {"To": "+16465550162", "MessagingServiceSid": made["sid"], "Body": "Your appointment is tomorrow."}
        sent = self.check("api_v2010", MESSAGES, "post", server.account_path("/Messages.json"), form)
        feedback = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Feedback.json"
        ours = server.account_path(f"/Messages/{sent['sid']}/Feedback.json")
        self.check("api_v2010", feedback, "post", ours, {"Outcome": "confirmed"})
        self.check("messaging_v1", member, "delete", f"{path}/PhoneNumbers/{number['sid']}")
        self.check("messaging_v1", one, "delete", path)

    def test_registration(self):
        many, one = "/v1/a2p/BrandRegistrations", "/v1/a2p/BrandRegistrations/{Sid}"
        bundle = "BU" + "0" * 31 + "1"
        form = {"CustomerProfileBundleSid": bundle, "A2PProfileBundleSid": bundle}
        made = self.check("messaging_v1", many, "post", f"/messaging{many}", form)
        path = f"/messaging{many}/{made['sid']}"
        until = time.monotonic() + 60
        while self.check("messaging_v1", one, "get", path)["status"] != "APPROVED":
            self.assertLess(time.monotonic(), until)
            time.sleep(0.2)
        self.check("messaging_v1", many, "get", f"/messaging{many}?PageSize=1")
        vettings = many + "/{BrandSid}/Vettings"
        vetting = self.check("messaging_v1", vettings, "post", path + "/Vettings", {"VettingProvider": "aegis"})
        self.check("messaging_v1", vettings, "get", path + "/Vettings")
        fetched = vettings + "/{BrandVettingSid}"
        self.check("messaging_v1", fetched, "get", f"{path}/Vettings/{vetting['brand_vetting_sid']}")
        _, service = server.request("POST", "/messaging/v1/Services", {"FriendlyName": "schema"})
        self.addCleanup(server.request, "DELETE", f"/messaging/v1/Services/{service['sid']}")
        form = [
            ("BrandRegistrationSid", made["sid"]),
            ("Description", "Reminders of appointments that were made before"),
            ("MessageFlow", "People give their number at the desk and tick that they want reminders."),
            ("MessageSamples", "Your appointment is tomorrow at nine."),
            ("MessageSamples", "Your appointment is on Monday at ten."),
            ("UsAppToPersonUsecase", "ACCOUNT_NOTIFICATION"),
            ("HasEmbeddedLinks", "false"),
            ("HasEmbeddedPhone", "false"),
        ]
        campaigns = "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p"
        path = f"/messaging/v1/Services/{service['sid']}/Compliance/Usa2p"
        campaign = self.check("messaging_v1", campaigns, "post", path, form)
        self.check("messaging_v1", campaigns, "get", path)
        self.check("messaging_v1", campaigns + "/Usecases", "get", path + "/Usecases")
        self.check("messaging_v1", campaigns + "/{Sid}", "get", f"{path}/{campaign['sid']}")
        self.check("messaging_v1", campaigns + "/{Sid}", "delete", f"{path}/{campaign['sid']}")
        self.check("messaging_v1", "/v1/Tollfree/Verifications", "get", "/messaging/v1/Tollfree/Verifications")

    def test_keys_and_signing_keys(self):
        for name in ["Keys", "SigningKeys"]:
            with self.subTest(name):
                many = f"/2010-04-01/Accounts/{{AccountSid}}/{name}.json"
                one = f"/2010-04-01/Accounts/{{AccountSid}}/{name}/{{Sid}}.json"
                form = {"FriendlyName": "schema"}
                made = self.check("api_v2010", many, "post", server.account_path(f"/{name}.json"), form)
                path = server.account_path(f"/{name}/{made['sid']}.json")
                self.check("api_v2010", many, "get", server.account_path(f"/{name}.json?PageSize=1"))
                self.check("api_v2010", one, "get", path)
                self.check("api_v2010", one, "post", path, {"FriendlyName": "schema 2"})
                self.check("api_v2010", one, "delete", path)

    def test_auth_tokens(self):
        status, made = server.request("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "schema tokens"})
        self.assertEqual(status, 201)
        account = f"/2010-04-01/Accounts/{made['sid']}.json"
        self.addCleanup(server.request, "POST", account, {"Status": "closed"})
        secondary, promote = "/v1/AuthTokens/Secondary", "/v1/AuthTokens/Promote"
        auth = (made["sid"], made["auth_token"])
        self.check("accounts_v1", secondary, "post", "/accounts" + secondary, {}, auth)
        self.check("accounts_v1", secondary, "delete", "/accounts" + secondary, None, auth)
        second = self.check("accounts_v1", secondary, "post", "/accounts" + secondary, {}, auth)
        auth = (made["sid"], second["secondary_auth_token"])
        self.check("accounts_v1", promote, "post", "/accounts" + promote, {}, auth)

    def test_lookups(self):
        number = urllib.parse.quote(server.HANDSET)
        for name, query in [
            ("v2", ""),
            ("v2", "?Fields=line_type_intelligence,caller_name"),
            ("v1", ""),
            ("v1", "?Type=carrier&Type=caller-name"),
        ]:
            with self.subTest(name + query):
                template = f"/{name}/PhoneNumbers/{{PhoneNumber}}"
                self.check(f"lookups_{name}", template, "get", f"/lookups/{name}/PhoneNumbers/{number}{query}")
        self.check("lookups_v2", "/v2/PhoneNumbers/{PhoneNumber}", "get", "/lookups/v2/PhoneNumbers/%2B1415555")

    def test_alerts(self):
        number = self.check_number_with_a_webhook_that_fails()
        server.send_from_handset("+16465550161", number, "Hello?")

        def alerts():
            status, answer = server.request("GET", "/monitor/v1/Alerts?PageSize=50")
            self.assertEqual(status, 200)
            return answer["alerts"]

        alert = server.eventually("an alert", alerts)[0]
        listed = self.check("monitor_v1", "/v1/Alerts", "get", "/monitor/v1/Alerts?PageSize=1&LogLevel=error")
        self.assertEqual(len(listed["alerts"]), 1)
        self.check("monitor_v1", "/v1/Alerts/{Sid}", "get", f"/monitor/v1/Alerts/{alert['sid']}")

    def check_number_with_a_webhook_that_fails(self):
        # Nobody listens on the port for discarding.
        form = {"AreaCode": "415", "SmsUrl": "https://127.0.0.1:9/sms"}
        status, made = server.request("POST", server.account_path("/IncomingPhoneNumbers.json"), form)
        self.assertEqual(status, 201)
        path = server.account_path(f"/IncomingPhoneNumbers/{made['sid']}.json")
        self.addCleanup(server.request, "DELETE", path)
        return made["phone_number"]

    def test_errors(self):
        messages = server.account_path("/Messages.json")
        form = {"To": server.HANDSET, "From": server.setting("phone_number"), "Body": "x"}
        for status, method, path, changed in [
            (400, "post", messages, {**form, "To": "x!"}),
            (403, "post", messages, {**form, "To": "+442079460018"}),
            (403, "post", messages, {**form, "StatusCallback": "http://clinic.example/"}),
            (404, "get", server.account_path(f"/Messages/SM{'0' * 32}.json"), None),
            (404, "get", "/monitor/v1/Alerts/NO" + "0" * 32, None),
            (405, "delete", messages, None),
            (501, "post", messages, {**form, "ContentSid": "HX" + "0" * 32}),
        ]:
            with self.subTest(f"{status} {method}"):
                self.refused(status, method, path, changed)


# Where the served operations are: the document, its template, and the path of ours.
SERVED = [
    ("api_v2010", "/2010-04-01/Accounts.json", "/2010-04-01/Accounts.json"),
    ("api_v2010", "/2010-04-01/Accounts/{Sid}.json", "/2010-04-01/Accounts/{account}.json"),
    *(
        ("api_v2010", f"/2010-04-01/Accounts/{{AccountSid}}/{name}", f"/2010-04-01/Accounts/{{account}}/{name}")
        for name in ["Messages.json", "IncomingPhoneNumbers.json", "Keys.json", "SigningKeys.json"]
    ),
    # Parameters are read before the resource is looked for, so that one that does not exist will do.
    *(
        ("api_v2010", f"/2010-04-01/Accounts/{{AccountSid}}/{name}/{{Sid}}.json", f"/2010-04-01/Accounts/{{account}}/{name}/{sid}.json")
        for name, sid in [
            ("Messages", "SM" + "0" * 32),
            ("IncomingPhoneNumbers", "PN" + "0" * 32),
            ("Keys", "SK" + "0" * 32),
            ("SigningKeys", "SK" + "0" * 32),
        ]
    ),
    ("accounts_v1", "/v1/AuthTokens/Secondary", "/accounts/v1/AuthTokens/Secondary"),
    ("accounts_v1", "/v1/AuthTokens/Promote", "/accounts/v1/AuthTokens/Promote"),
    ("lookups_v2", "/v2/PhoneNumbers/{PhoneNumber}", "/lookups/v2/PhoneNumbers/%2B14155550123"),
    ("lookups_v1", "/v1/PhoneNumbers/{PhoneNumber}", "/lookups/v1/PhoneNumbers/%2B14155550123"),
    ("monitor_v1", "/v1/Alerts", "/monitor/v1/Alerts"),
    ("messaging_v1", "/v1/Services", "/messaging/v1/Services"),
    ("messaging_v1", "/v1/Services/{Sid}", f"/messaging/v1/Services/MG{'0' * 32}"),
    *(
        ("messaging_v1", f"/v1/Services/{{ServiceSid}}/{name}", f"/messaging/v1/Services/MG{'0' * 32}/{name}")
        for name in ["PhoneNumbers", "AlphaSenders"]
    ),
    (
        "api_v2010",
        "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Feedback.json",
        f"/2010-04-01/Accounts/{{account}}/Messages/SM{'0' * 32}/Feedback.json",
    ),
    ("messaging_v1", "/v1/a2p/BrandRegistrations", "/messaging/v1/a2p/BrandRegistrations"),
    ("messaging_v1", "/v1/Tollfree/Verifications", "/messaging/v1/Tollfree/Verifications"),
    ("messaging_v1", "/v1/Tollfree/Verifications/{Sid}", "/messaging/v1/Tollfree/Verifications/HH" + "0" * 32),
]


def on_the_wire(parameter):
    """The name that is sent: a "collapsible map" is sent as `Prefix.key`, never by its own name."""
    prefix = "prefixed-collapsible-map-"
    form = parameter["schema"].get("format", "")
    return form.removeprefix(prefix) + ".key" if form.startswith(prefix) else parameter["name"]


@unittest.skipUnless(schemas.folder(), NO_DOCUMENTS)
class ParameterTest(unittest.TestCase):
    """A published parameter may be refused for what it says, but never as one that nobody has heard of."""

    @classmethod
    def setUpClass(cls):
        status, cls.account = server.request("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "parameters"})
        if status != 201:
            raise AssertionError(f"no subaccount: {status}")
        path = f"/2010-04-01/Accounts/{cls.account['sid']}.json"
        cls.addClassCleanup(server.request, "POST", path, {"Status": "closed"})

    def assert_known(self, method, path, names, in_query):
        # On a subaccount, because some of these requests change something.
        auth = (self.account["sid"], self.account["auth_token"])
        path = path.replace("{account}", self.account["sid"])
        for name in names:
            with self.subTest(f"{method} {path} {name}"):
                query = "?" + urllib.parse.urlencode({name: "true"})
                target, form = (path + query, None) if in_query else (path, {name: "true"})
                _, answer = server.request(method, target, form, auth=auth)
                self.assertNotIn("is not known here", (answer or {}).get("message", ""))

    def test_published_parameters_are_known(self):
        for name, template, path in SERVED:
            operations = schemas.document(name)["paths"][template]
            for parameter in operations.get("get", {}).get("parameters", []):
                if parameter["in"] == "query":
                    self.assert_known("GET", path, [on_the_wire(parameter)], in_query=True)
            form = operations.get("post", {}).get("requestBody", {}).get("content", {})
            for content in form.values():
                self.assert_known("POST", path, content["schema"].get("properties", {}), in_query=False)


if __name__ == "__main__":
    unittest.main()
