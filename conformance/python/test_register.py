"""Plain HTTP without any SDK: the register of third parties, and what it stops in a HIPAA project."""

import unittest
import uuid

import server

CLOUD = {
    "name": "Example Cloud",
    "hosts": ["*.cloud.example"],
    "agreement": {"signed": "2025-01-01", "expires": "2099-12-31"},
    "services": ["messaging"],
    "contact": "legal@cloud.example",
}


class RegisterTest(unittest.TestCase):
    """A subaccount of the HIPAA project, so that nobody else's callbacks are stopped."""

    def setUp(self):
        status, made = server.request(
            "POST", "/2010-04-01/Accounts.json", form={"FriendlyName": f"register {uuid.uuid4().hex[:8]}"}
        )
        self.assertEqual(status, 201)
        self.sid, self.login = made["sid"], (made["sid"], made["auth_token"])
        status, answer = server.request("POST", f"/switchward/v1/Accounts/{self.sid}/Designation", body={})
        self.assertEqual((status, answer["protected"], answer["phi_permitted"]), (201, True, True))
        self.addCleanup(server.request, "POST", f"/2010-04-01/Accounts/{self.sid}.json", form={"Status": "closed"})

    def ours(self, method, path, body=None):
        return server.request(method, f"/switchward/v1/Accounts/{self.sid}/{path}", body=body, auth=self.login)

    def send(self, callback):
        """The code and rule of a message with this callback; the sender is no number of the subaccount."""
        form = {"To": "+14155550123", "From": "+14155550199", "Body": "Hello.", "StatusCallback": callback}
        status, answer = server.request(
            "POST", f"/2010-04-01/Accounts/{self.sid}/Messages.json", form=form, auth=self.login
        )
        self.assertGreaterEqual(status, 400)
        return answer["code"], answer.get("rule")

    def test_callbacks_go_to_registered_hosts_only(self):
        not_owned, elsewhere = (21606, None), "https://elsewhere.example/status"
        self.assertEqual(self.send(elsewhere), not_owned, "without a register every host may be called")
        status, party = self.ours("POST", "Register", CLOUD)
        self.assertEqual((status, party["covered"]), (201, True))
        self.assertEqual(self.send(elsewhere), (77301, "SMS-BOT-1"))
        self.assertEqual(self.send("https://hooks.cloud.example/status"), not_owned)
        ended = {**CLOUD, "agreement": {"signed": "2025-01-01", "expires": "2025-12-31"}}
        status, party = self.ours("POST", f"Register/{party['sid']}", ended)
        self.assertEqual((status, party["covered"]), (200, False))
        self.assertEqual(self.send("https://hooks.cloud.example/status"), (77301, "SMS-BOT-1"))
        status, answer = self.ours("DELETE", f"Register/{party['sid']}")
        self.assertEqual((status, answer["code"], answer["rule"]), (403, 77302, "ART-CTRL-INTEG"))

    def test_a_whole_register_is_replaced(self):
        own = {"name": "Own", "hosts": ["own.example"], "own": True, "contact": "it@own.example"}
        status, answer = self.ours("POST", "Register/Import", {"parties": [own, CLOUD]})
        self.assertEqual((status, [party["name"] for party in answer["parties"]]), (200, ["Own", "Example Cloud"]))
        status, listed = self.ours("GET", "Register")
        self.assertEqual((status, listed), (200, answer))
        self.assertEqual(self.ours("POST", "Register/Import", {"parties": [own, own]})[0], 400)
        self.assertEqual(self.ours("GET", "Register")[1], answer, "all of it or nothing")

    def test_what_nobody_signed_is_not_taken(self):
        attestation = {
            "rule": "GEN-SUP-1", "subjects": ["*"], "question": "Is it so?", "answer": "yes", "by": "Jane Roe",
            "role": "Privacy officer", "on": "2026-01-01", "expires": "2026-06-30",
            "evidence": "https://wiki.example.org/1", "signature": "A" * 86 + "==",
        }
        status, answer = self.ours("POST", "Attestations", attestation)
        self.assertEqual((status, answer["code"]), (400, 20001))
        self.assertEqual(self.ours("GET", "Attestations")[1]["attestations"], [])

    def test_an_exception_has_an_owner_a_reason_and_an_end(self):
        exception = {
            "rule": "GEN-SUP-1", "subject": "*", "owner": "Jane Roe",
            "reason": "The new desk opens soon.", "expires": "2099-03-31",
        }
        for key in exception:
            status, _ = self.ours("POST", "Exceptions", {name: exception[name] for name in exception if name != key})
            self.assertEqual(status, 400, key)
        status, kept = self.ours("POST", "Exceptions", exception)
        self.assertEqual((status, kept["expired"]), (201, False))
        self.assertEqual(self.ours("GET", f"Exceptions/{kept['sid']}"), (200, kept))
        self.assertEqual(self.ours("DELETE", f"Exceptions/{kept['sid']}")[0], 405)


if __name__ == "__main__":
    unittest.main()
