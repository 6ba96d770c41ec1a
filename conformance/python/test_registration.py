"""The Python SDK, unmodified: a brand, its campaign, and a toll-free number, from submitted to registered."""

import random
import time
import unittest

import server
from test_services import ServiceCase, setUpModule  # noqa: F401

PATIENCE = 60
BUNDLE = "BU" + "0" * 31 + "1"
CAMPAIGN = {
    "description": "Reminders of appointments that were made before",
    "message_flow": "People give their number at the desk and tick that they want reminders.",
    "message_samples": ["Your appointment is tomorrow at nine.", "Your appointment is on Monday at ten."],
    "has_embedded_links": False,
    "has_embedded_phone": False,
}


class RegistrationTest(ServiceCase):
    def wait(self, fetch, key, state):
        until = time.monotonic() + PATIENCE
        while True:
            found = fetch()
            if getattr(found, key) == state:
                return found
            self.assertLess(time.monotonic(), until, f"still {getattr(found, key)}")
            time.sleep(0.2)

    def brand(self, bundle=BUNDLE, **options):
        return self.client.messaging.v1.brand_registrations.create(
            customer_profile_bundle_sid=BUNDLE, a2p_profile_bundle_sid=bundle, **options
        )

    def toll_free(self):
        """A number that the operator brings in for the test."""
        body = {"number": f"+1800555{random.randrange(100, 200):04}", "account_sid": server.setting("account_sid")}
        auth = ("operator", server.setting("operator_token"))
        status, made = server.request("POST", "/switchward/v1/Numbers", body=body, auth=auth)
        self.assertEqual(status, 201)
        number = self.client.incoming_phone_numbers(made["sid"])
        self.addCleanup(self.give_up, number.delete)
        return number.fetch()

    def test_a_brand_and_its_campaign_are_registered(self):
        brand = self.brand()
        self.assertEqual((brand.status, brand.errors), ("PENDING", []))
        brand = self.wait(brand.fetch, "status", "APPROVED")
        self.assertIn(brand.sid, [one.sid for one in self.client.messaging.v1.brand_registrations.stream()])
        vetting = brand.brand_vettings.create(vetting_provider="aegis")
        self.wait(brand.brand_vettings(vetting.brand_vetting_sid).fetch, "vetting_status", "SUCCESS")
        service = self.service()
        cases = service.us_app_to_person_usecases.fetch().us_app_to_person_usecases
        self.assertIn("ACCOUNT_NOTIFICATION", [case["code"] for case in cases])
        campaign = service.us_app_to_person.create(
            brand_registration_sid=brand.sid, us_app_to_person_usecase="ACCOUNT_NOTIFICATION", **CAMPAIGN
        )
        self.assertEqual(campaign.campaign_status, "PENDING")
        campaign = self.wait(service.us_app_to_person(campaign.sid).fetch, "campaign_status", "VERIFIED")
        self.assertEqual([one.sid for one in service.us_app_to_person.list()], [campaign.sid])
        self.assertTrue(service.us_app_to_person(campaign.sid).delete())
        self.assertEqual(service.us_app_to_person.list(), [])

    def test_what_is_turned_down_says_why_and_is_corrected(self):
        brand = self.brand("BU" + "0" * 27 + "30701")
        failed = self.wait(brand.fetch, "status", "FAILED")
        self.assertEqual(failed.errors[0]["error_code"], 30701)
        self.assertEqual(failed.update().status, "PENDING")
        brand = self.wait(brand.fetch, "status", "APPROVED")
        self.assert_refused(400, 21725, brand.update)
        service = self.service()
        options = {**CAMPAIGN, "description": CAMPAIGN["description"] + " 30886"}
        campaign = service.us_app_to_person.create(
            brand_registration_sid=brand.sid, us_app_to_person_usecase="MARKETING", **options
        )
        failed = self.wait(service.us_app_to_person(campaign.sid).fetch, "campaign_status", "FAILED")
        self.assertEqual(failed.errors[0]["error_code"], 30886)
        failed.update(age_gated=False, direct_lending=False, **CAMPAIGN)
        self.wait(service.us_app_to_person(campaign.sid).fetch, "campaign_status", "VERIFIED")

    def test_a_sole_proprietor_confirms_the_code(self):
        brand = self.brand(brand_type="SOLE_PROPRIETOR")
        self.assertEqual(brand.identity_status, "UNVERIFIED")
        code = brand.brand_registration_otps.create()
        self.assertEqual(code.brand_registration_sid, brand.sid)
        self.assertEqual(self.wait(brand.fetch, "status", "APPROVED").identity_status, "VERIFIED")

    def test_only_a_toll_free_number_is_verified(self):
        options = {
            "business_name": "Clinic",
            "business_website": "https://clinic.example",
            "notification_email": "desk@clinic.example",
            "use_case_categories": ["ACCOUNT_NOTIFICATIONS"],
            "use_case_summary": "Reminders",
            "production_message_sample": "Your appointment is tomorrow.",
            "opt_in_image_urls": ["https://clinic.example/desk.png"],
            "opt_in_type": "PAPER_FORM",
            "message_volume": "1,000",
        }
        verifications = self.client.messaging.v1.tollfree_verifications
        local = self.number()
        self.assert_refused(400, 20001, verifications.create, tollfree_phone_number_sid=local.sid, **options)
        number = self.toll_free()
        options["additional_information"] = "30836"
        made = verifications.create(tollfree_phone_number_sid=number.sid, **options)
        self.assertEqual(made.status, "PENDING_REVIEW")
        rejected = self.wait(verifications(made.sid).fetch, "status", "TWILIO_REJECTED")
        self.assertEqual((rejected.error_code, rejected.edit_allowed), (30836, True))
        edited = rejected.update(additional_information="It can be reached now.", edit_reason="It could not.")
        self.assertEqual(edited.status, "PENDING_REVIEW")
        self.wait(verifications(made.sid).fetch, "status", "TWILIO_APPROVED")
        listed = verifications.list(status="TWILIO_APPROVED", tollfree_phone_number_sid=number.sid)
        self.assertEqual([one.sid for one in listed], [made.sid])


if __name__ == "__main__":
    unittest.main()
