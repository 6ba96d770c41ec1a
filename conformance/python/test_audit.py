"""`switchward audit`, live: accounts that the SDK makes, with planted faults and without, and what the audit finds."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from twilio.rest import Client

import receiver
import server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import run  # noqa: E402: after the path is set

AUDIT_SECONDS = 60
# Exit status when something was found.
FOUND = 3

# The register of the clean account. The receivers of the tests stand for a hospital's own application.
REGISTER = """
[[party]]
name = "Example Hospital"
hosts = ["localhost"]
own = true
contact = "it@hospital.example.org"
"""

# What a message webhook at a host that nobody registered breaks (Conversations and Frontline have the rule of SMS too),
# and one without a login.
UNREGISTERED = {"ART-CTRL-INTEG", "SMS-BOT-1", "CONV-INH-2", "FRON-INH-2"}
WITHOUT_LOGIN = {"GEN-AUTH-1"}

# Rules that add up others fail with any of those.
SUMS = {"CON-SHARED-2", "ART-RULES-1", "FLEX-INS-0", "FLEX-INS-9"}

# The server of these tests speaks plain HTTP to its own machine. A probe reports that of every account here.
OF_THE_PLACE = {"GEN-HTTPS-1"}


def setUpModule():
    """A server of this file's own, whose account nobody designated: a HIPAA project cannot be set up badly here."""
    work = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory()))
    binary, data, listen = server.setting("binary"), work / "data", f"127.0.0.1:{run.free_port()}"
    identity = run.initialise(binary, data, [], work)
    running = run.start(binary, ["--data", str(data), "--listen", listen], work / "server.log")
    unittest.addModuleCleanup(run.stop, running)
    run.wait_for_health(running, f"http://{listen}/healthz")
    environment = run.test_environment(binary, data, listen, identity, work)
    # The receivers keep the certificates that run.py made.
    environment.update(SWITCHWARD_BINARY=binary, SWITCHWARD_WEBHOOKS=server.setting("webhooks"))
    unittest.enterModuleContext(unittest.mock.patch.dict(os.environ, environment, clear=True))


class AuditCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.owner = Client(server.setting("account_sid"), server.setting("auth_token"))

    def account(self):
        """An account with nothing in it, that may send to the United States alone."""
        made = self.owner.api.v2010.accounts.create(friendly_name="audited")
        self.addCleanup(self.owner.api.v2010.accounts(made.sid).update, status="closed")
        client = Client(made.sid, made.auth_token)
        client.auth_token = made.auth_token
        path, auth = "/accounts/v1/Messaging/GeoPermissions", (made.sid, made.auth_token)
        _, answer = server.request("GET", path, auth=auth)
        others = [one for one in answer["permissions"] if one["enabled"] and one["country_code"] != "US"]
        closed = [json.dumps({**one, "enabled": False}) for one in others]
        status, _ = server.request("PATCH", path, form=[("Permissions", one) for one in closed], auth=auth)
        self.assertEqual(status, 200)
        return client

    def number(self, client, **settings):
        number = client.incoming_phone_numbers.create(area_code="415", **settings)
        self.addCleanup(number.delete)

    def receiver(self, certificate="trusted"):
        answering = receiver.Receiver(certificate)
        self.addCleanup(answering.close)
        return answering

    def careful(self, client):
        """Everything but numbers, as the rules want it."""
        client.iam.v1.new_api_key.create(
            account_sid=client.account_sid, key_type="restricted", policy={"allow": ["/switchward/messages/read"]}
        )
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
        pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        client.accounts.v1.credentials.public_key.create(public_key=pem.decode())

    def audit(self, client, *more, place=None):
        """The rules that the binary finds broken, and the whole report. It reads `place`, unless told, past the proxy."""
        place = ["--base-url", server.setting("url")] if place is None else place
        with tempfile.TemporaryDirectory() as folder:
            register = pathlib.Path(folder) / "register.toml"
            register.write_text(REGISTER)
            command = [
                server.setting("binary"),
                *["audit", "--provider", "switchward", *place],
                *["--assume-designated", "--register", str(register), "--format", "json", *more],
            ]
            environment = {
                **os.environ,
                "TWILIO_ACCOUNT_SID": client.account_sid,
                "TWILIO_AUTH_TOKEN": client.auth_token,
            }
            ended = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=AUDIT_SECONDS,
                check=False,
            )
        self.assertIn(ended.returncode, (0, FOUND), ended.stderr)
        report = json.loads(ended.stdout)
        self.assertEqual([subject["id"] for subject in report["subjects"]], [client.account_sid])
        self.assertEqual(len(report["rules"]), 246)
        failed = {rule["id"] for rule in report["rules"] if rule["verdict"] == "fail"}
        self.assertEqual(ended.returncode, FOUND if failed else 0)
        self.assertNotIn("error", {rule["verdict"] for rule in report["rules"]})
        return failed - SUMS, report

    def assert_passes(self, report, rules):
        """As far as anybody could see: what these rules ask was looked at, and holds."""
        seen = {rule["id"]: rule["answers"][0]["observed"] for rule in report["rules"]}
        self.assertEqual({rule: seen[rule] for rule in rules}, dict.fromkeys(rules, "pass"))


class PlantedTest(AuditCase):
    """Goal: the planted faults are found, and only those."""

    def test_a_clean_account_has_none(self):
        client = self.account()
        self.careful(client)
        self.number(client, sms_url="https://hook:word@localhost/sms", sms_method="POST")
        failed, report = self.audit(client, "--sample")
        self.assertEqual(failed, set())
        self.assert_passes(report, ["ART-CTRL-ACCESS", "ART-CTRL-AUTHN", "GEN-PKCV-1", "ART-WORK-1"])

    def test_the_same_through_the_proxy_that_the_sdk_uses(self):
        client = self.account()
        self.careful(client)
        self.number(client, sms_url="https://hook:word@localhost/sms", sms_method="POST")
        # Probes of callbacks are left out: nobody answers there. That of plain HTTP is not made through a proxy.
        failed, report = self.audit(client, "--sample", "--probe", place=[])
        self.assertEqual(failed, set())
        self.assert_passes(report, ["ART-CTRL-ACCESS", "ART-CTRL-AUTHN", "GEN-PKCV-1", "ART-WORK-1"])
        self.number(client, sms_url="http://hook:word@localhost/sms")
        failed, _ = self.audit(client, "--sample", "--probe", place=[])
        self.assertEqual(failed, {"GEN-HTTPS-2", "ART-CTRL-TRANS"})

    def test_each_planted_fault_breaks_its_rules_and_no_other(self):
        login = "https://hook:word@localhost"
        for name, rules, settings in [
            ("plain http", {"GEN-HTTPS-2", "ART-CTRL-TRANS"}, {"sms_url": "http://hook:word@localhost/sms"}),
            ("plain http, of a callback", {"GEN-HTTPS-2", "ART-CTRL-TRANS"}, {"status_callback": "http://localhost/x"}),
            ("no login", WITHOUT_LOGIN, {"sms_url": "https://localhost/sms"}),
            ("a stranger's host", UNREGISTERED, {"sms_url": "https://hook:word@stranger.example.org/sms"}),
            ("a stranger's callback", {"ART-CTRL-INTEG"}, {"status_callback": "https://stranger.example.org/status"}),
            ("texts in URLs", {"SMS-REDACT-1"}, {"sms_url": f"{login}/sms", "sms_method": "GET"}),
            ("a telling query", {"ART-RESTR-TRACK"}, {"sms_url": f"{login}/sms?patient_name=x"}),
            (
                "a bot of Autopilot",
                {"SMS-AUTOP-1", "CONV-INH-3", "FRON-INH-3", "RT-SCOPE-1", "ART-ARCH-1"},
                {"sms_url": "https://channels.autopilot.twilio.com/v2/x"},
            ),
        ]:
            with self.subTest(name):
                client = self.account()
                self.careful(client)
                self.number(client, **settings)
                failed, _ = self.audit(client, "--sample")
                self.assertEqual(failed, rules)

    def test_an_account_without_keys_of_its_own(self):
        failed, _ = self.audit(self.account(), "--sample")
        self.assertEqual(failed, {"ART-CTRL-AUTHN", "GEN-PKCV-1"})

    def test_a_key_that_may_do_everything(self):
        client = self.account()
        self.careful(client)
        client.new_keys.create(friendly_name="software")
        failed, report = self.audit(client)
        self.assertEqual(failed, {"ART-CTRL-ACCESS"})
        rule = next(rule for rule in report["rules"] if rule["id"] == "ART-CTRL-ACCESS")
        # The restricted key beside it is no fault.
        self.assertEqual([fault["field"] for fault in rule["answers"][0]["evidence"]], ["policy"])

    def test_all_at_once(self):
        client = self.account()
        client.new_keys.create(friendly_name="software")
        self.number(client, sms_url="http://stranger.example.org/sms?patient_name=x", sms_method="GET")
        failed, _ = self.audit(client, "--sample")
        planted = {"GEN-HTTPS-2", "ART-CTRL-TRANS", "SMS-REDACT-1", "ART-RESTR-TRACK", "GEN-PKCV-1", "ART-CTRL-ACCESS"}
        self.assertEqual(failed, planted | UNREGISTERED | WITHOUT_LOGIN)


class ProbedTest(AuditCase):
    """Goal: what only an attempt can show is found, and only that."""

    def probed(self, answering):
        client = self.account()
        self.careful(client)
        port = answering.server.server_address[1]
        self.number(client, sms_url=f"https://hook:word@localhost:{port}/sms", sms_method="POST")
        authority = os.path.join(server.setting("webhooks"), "authority.pem")
        inside = ["--allow-probe-to", run.WEBHOOK_RANGE]
        return self.audit(client, "--probe", "--ca", authority, *inside)

    def test_a_receiver_that_checks_signatures(self):
        answering = self.receiver()
        answering.statuses["/sms"] = 403
        failed, report = self.probed(answering)
        self.assertEqual(failed, OF_THE_PLACE)
        self.assert_passes(report, ["GEN-HTTPS-3", "GEN-SIG-2"])
        self.assert_announced(answering)

    def test_a_receiver_that_takes_any_signature(self):
        answering = self.receiver()
        failed, report = self.probed(answering)
        self.assertEqual(failed, OF_THE_PLACE | {"GEN-SIG-2"})
        self.assert_passes(report, ["GEN-HTTPS-3"])
        self.assert_announced(answering)

    def test_a_receiver_with_a_certificate_of_its_own_making(self):
        answering = self.receiver("self-signed")
        failed, _ = self.probed(answering)
        self.assertEqual(failed, OF_THE_PLACE | {"GEN-HTTPS-3"})
        self.assertEqual(answering.received, [])

    def assert_announced(self, answering):
        """One request came, and it is the one that `--plan --probe` announces."""
        self.assertEqual([(one.method, one.body) for one in answering.received], [("POST", "SwitchwardAuditProbe=synthetic")])


if __name__ == "__main__":
    unittest.main()
