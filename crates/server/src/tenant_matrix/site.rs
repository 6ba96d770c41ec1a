//! The platform that the matrix is driven on, and a tenant with an object of every kind for each route.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use audit::files::{Answer, Attestation, sign, signing_key};
use auth::provision::{NewAccount, add_account, add_key};
use auth::{Designation, KeyType, Permission, Secret, Settings};
use axum::body::Body;
use base::{AccountSid, OrganizationSid, Sid, VirtualClock, WebhookDeliverySid};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use kit::{Origin, RouteRow, Routes};
use serde_json::Value;
use sim::Simulator;
use store::{Lane, NewDocument, NewJob, Scope, Share};
use test_kit::{Credentials, Reply, TestApp};
use webhooks::{DeliveryFacts, DeliveryOutcome, LogLevel, NewAlert, WebhookDelivery, alert};

use super::registrations::{APPROVED, Reviewers, brand_for};
use super::reviews::{self, Signers};
use super::samples::{AGREEMENT, ENTITLED, PEM, SAMPLES, Sample};
use crate::products::Connections;

/// Values by the names in braces.
pub(super) type Values = BTreeMap<String, String>;

/// The platform with every product, the simulator's routes included.
pub(super) struct Site {
    pub(super) app: TestApp,
    /// Numbers handed out so far, for addresses of peers and phone numbers.
    count: Cell<u32>,
    /// A private key, and the signer whose it is as JSON.
    signer: (String, String),
    /// Who decides about registrations.
    _reviewers: Reviewers,
    /// People of the operator, with keys.
    signers: Signers,
}

/// An account, and who may or may not act in it.
pub(super) struct Tenant {
    pub(super) organization: OrganizationSid,
    pub(super) sid: AccountSid,
    pub(super) login: Credentials,
    pub(super) main: Credentials,
    /// The SID of the main key.
    pub(super) main_sid: String,
    pub(super) standard: Credentials,
    /// A restricted key with every permission but the route's.
    pub(super) lacking: Credentials,
    /// A restricted key with the route's permission alone.
    pub(super) exact: Credentials,
    /// Its subaccount, with the subaccount's login.
    pub(super) below: AccountSid,
    pub(super) login_below: Credentials,
    pub(super) main_below: Credentials,
}

impl Site {
    pub(super) async fn start() -> Self {
        let simulator = Simulator::new(Arc::new(VirtualClock::following_system()));
        let app = TestApp::start(|services| {
            let none = Connections::none(&services.store).expect("the public roots");
            // It binds to nobody before it runs.
            let smpp = smpp_net::SmppConfig::parse(SMPP).expect("a configuration");
            let smpp = smpp_net::SmppCarrier::new(smpp, services.store.clone()).expect("a carrier");
            let connections = Connections { simulator: Some(simulator), smpp: Some(smpp), ..none };
            let mut products: BTreeMap<&str, Routes> = BTreeMap::new();
            for routes in connections.routes(&services) {
                let label = routes.product().label;
                let merged = match products.remove(label) {
                    Some(earlier) => earlier.merge(routes),
                    None => routes,
                };
                products.insert(label, merged);
            }
            products.into_values().collect()
        })
        .await;
        let (private, public) = signing_key();
        let signer = format!(r#"{{"name": "Jane Roe", "role": "Privacy officer", "key": "{public}"}}"#);
        let _reviewers = Reviewers::start(&app.services);
        let signers = Signers::enrol(&app).await;
        let signer = (private.as_str().to_owned(), signer);
        Self { app, count: Cell::new(0), signer, _reviewers, signers }
    }

    pub(super) fn next(&self) -> u32 {
        self.count.set(self.count.get() + 1);
        self.count.get()
    }

    /// A new list that guards SIP domains: which kind its collection says.
    async fn sip_list(&self, login: &Credentials, account: AccountSid, lists: &str) -> String {
        let path = format!("/2010-04-01/Accounts/{account}/SIP/{lists}");
        let name = format!("List {}", self.next());
        self.made(login, "api", &path, &[("FriendlyName", &name)]).await
    }

    /// A phone number that nobody has, in the inventory.
    async fn number(&self) -> String {
        self.number_in("415").await
    }

    /// The same with this area code.
    async fn number_in(&self, area_code: &str) -> String {
        let count = self.next();
        // More than an exchange has are handed out.
        let number = format!("+1{area_code}{}{:04}", 556 + count / 10_000, count % 10_000);
        messaging::add_to_inventory(&self.app.services, &[&number]).await.expect("a new number");
        number
    }

    /// A tenant of its own for a route that needs `permission`.
    pub(super) async fn tenant(&self, permission: Permission) -> Tenant {
        let store = &self.app.services.store;
        let organization = self.operator_makes("Organizations", ENTITLED).await;
        // So that designation works, and what it allows.
        self.operator_makes(&format!("Organizations/{organization}/Agreements"), AGREEMENT).await;
        let body = format!(r#"{{"organization_sid": "{organization}", "friendly_name": "Main"}}"#);
        let made = self.operator("Accounts", &body).await;
        let sid: AccountSid = word(&made.json, "sid").parse().expect("a SID");
        let login = Credentials::new(sid, Secret::new(word(&made.json, "auth_token")));
        let below = AccountSid::generate(store.random().as_ref());
        let token = Secret::generate(store.random().as_ref());
        let login_below = Credentials::new(below, token.clone());
        let mut batch = store.batch(Scope::account(sid));
        let subaccount = NewAccount {
            sid: below,
            owner: sid,
            organization: Some(organization.parse().expect("a SID")),
            friendly_name: "Below".to_owned(),
            primary_token: token,
            designation: Designation::default(),
            settings: Settings::default(),
        };
        add_account(&mut batch, subaccount, self.app.now());
        store.commit(batch).await.expect("a new account");
        let others: Vec<Permission> = Permission::ALL.iter().copied().filter(|p| *p != permission).collect();
        let (main_sid, main) = self.key(sid, KeyType::Main, &[]).await;
        Tenant {
            organization: organization.parse().expect("a SID"),
            main,
            main_sid,
            standard: self.key(sid, KeyType::Standard, &[]).await.1,
            lacking: self.key(sid, KeyType::Restricted, &others).await.1,
            exact: self.key(sid, KeyType::Restricted, &[permission]).await.1,
            sid,
            login,
            main_below: self.key(below, KeyType::Main, &[]).await.1,
            below,
            login_below,
        }
    }

    async fn key(
        &self,
        account: AccountSid,
        key_type: KeyType,
        permissions: &[Permission],
    ) -> (String, Credentials) {
        let store = &self.app.services.store;
        let mut batch = store.batch(Scope::account(account));
        let made = add_key(store, &mut batch, account, "Key".to_owned(), key_type, permissions).await;
        let (sid, secret) = made.expect("the account exists");
        store.commit(batch).await.expect("a new key");
        (sid.to_string(), Credentials::new(sid, secret))
    }

    /// What the names of a row stand for, with objects that really exist in `account`, which `login` opens.
    pub(super) async fn objects(
        &self,
        row: &RouteRow,
        organization: OrganizationSid,
        account: AccountSid,
        login: &Credentials,
    ) -> Values {
        let mut values = Values::from([
            ("AccountSid".to_owned(), account.to_string()),
            ("OrganizationSid".to_owned(), organization.to_string()),
            ("Pem".to_owned(), PEM.to_owned()),
        ]);
        let number = self.number().await;
        messaging::claim_number(&self.app.services, account, &number).await.expect("a free number");
        values.insert("Number".to_owned(), number.clone());
        values.insert("FreeNumber".to_owned(), self.number().await);
        values.insert("FreeTollFree".to_owned(), self.number_in("800").await);
        values.insert("FreeName".to_owned(), format!("Name {}", self.next()));
        values.insert("FreeDomain".to_owned(), format!("free-{}.sip.twilio.com", self.next()));
        if row.access.operation.ends_with("_mapping") {
            for (lists, name) in
                [("CredentialLists", "CredentialListSid"), ("IpAccessControlLists", "IpListSid")]
            {
                values.insert(name.to_owned(), self.sip_list(login, account, lists).await);
            }
        }
        values.insert("Signer".to_owned(), self.signer.1.clone());
        values.insert("Attestation".to_owned(), self.attestation());
        values.insert("FreeBind".to_owned(), format!("bind-{}", self.next()));
        for (collection, name) in parameters(row.path) {
            if !row.access.served && collection != "Accounts" {
                // Nothing is looked for, so nothing has to be there.
                values.insert(name.to_owned(), format!("XX{}", "0".repeat(32)));
                continue;
            }
            let api = format!("/2010-04-01/Accounts/{account}");
            let value = match collection {
                "Accounts" | "Organizations" => continue,
                "Agreements" => {
                    self.operator_makes(&format!("Organizations/{organization}/Agreements"), AGREEMENT).await
                }
                "Keys" | "SigningKeys" => self.made(login, "api", &format!("{api}/Keys"), &[]).await,
                "PublicKeys" => {
                    self.made(login, "accounts", "/v1/Credentials/PublicKeys", &[("PublicKey", PEM)]).await
                }
                "Messages" => self.arrived(login, account, &number).await,
                // The parameter before names the message.
                "Media" => {
                    let path = format!("{api}/Messages/{}/Media", values["MessageSid"]);
                    word(
                        &self.send(login, "api", Method::GET, &path, None).await.json["media_list"][0],
                        "sid",
                    )
                }
                "Services" => self.service(login).await,
                "MessagingServices" => self.service(login).await,
                // The parameter before names the service.
                "AlphaSenders" => {
                    let path = format!("/v1/Services/{}/AlphaSenders", values["ServiceSid"]);
                    self.made(login, "messaging", &path, &[("AlphaSender", "Clinic")]).await
                }
                "DestinationAlphaSenders" => {
                    let path = format!("/v1/Services/{}/DestinationAlphaSenders", values["ServiceSid"]);
                    self.made(login, "messaging", &path, &[("AlphaSender", "Clinic")]).await
                }
                "ShortCodes" if row.product == "messaging" => {
                    let path = format!("/v1/Services/{}/ShortCodes", values["ServiceSid"]);
                    let sid = self.short_code(account).await;
                    self.made(login, "messaging", &path, &[("ShortCodeSid", &sid)]).await
                }
                "ShortCodes" => self.short_code(account).await,
                "Registrations" => self.brand(login, APPROVED).await,
                "BrandRegistrations" => self.brand(login, brand_for(row.access.operation)).await,
                "Vettings" => self.vetting(login, &values["BrandSid"]).await,
                "Usa2p" => self.campaign(login, &values["ServiceSid"]).await,
                "Verifications" => self.verification(login, account).await,
                "Register" => self.stated(login, account, "Register", self.party()).await,
                "Signers" => self.stated(login, account, "Signers", self.signer.1.clone()).await,
                "Attestations" => {
                    self.stated(login, account, "Signers", self.signer.1.clone()).await;
                    self.stated(login, account, "Attestations", self.attestation()).await
                }
                "Reviewers" => self.signers.another(&self.app, self.next()).await,
                "Complaints" => self.signers.complaint(&self.app, account).await,
                "Reviews" => {
                    let message = self.arrived(login, account, &number).await;
                    let made = self.signers.review(&self.app, account, &message, row, self.next()).await;
                    values.extend(made);
                    continue;
                }
                "Exceptions" => self.stated(login, account, "Exceptions", self.exception()).await,
                "PhoneNumbers" if row.product == "messaging" => {
                    let path = format!("/v1/Services/{}/PhoneNumbers", values["ServiceSid"]);
                    let sid = self.number_sid(login, account, &number).await;
                    self.made(login, "messaging", &path, &[("PhoneNumberSid", &sid)]).await
                }
                // Not an object of anybody's.
                "PhoneNumbers" | "handsets" => "+14155550177".to_owned(),
                "AvailablePhoneNumbers" => "US".to_owned(),
                "IncomingPhoneNumbers" => self.number_sid(login, account, &number).await,
                "Triggers" => {
                    let path = format!("{api}/Usage/Triggers");
                    let fields = [
                        ("CallbackUrl", "https://clinic.example/usage"),
                        ("TriggerValue", "100"),
                        ("UsageCategory", "sms"),
                    ];
                    self.made(login, "api", &path, &fields).await
                }
                "Calls" => {
                    let form = [
                        ("To", "+14155550177"),
                        ("From", number.as_str()),
                        ("Url", "https://clinic.example/voice"),
                    ];
                    let call = self.made(login, "api", &format!("{api}/Calls"), &form).await;
                    if row.access.operation == "delete_call" {
                        // What is not over cannot be deleted.
                        let body = Some((FORM, "Status=canceled".to_owned()));
                        self.send(login, "api", Method::POST, &format!("{api}/Calls/{call}"), body).await;
                    }
                    call
                }
                // The parameter before names the domain; which of its lists are meant, the path says.
                "CredentialListMappings" | "IpAccessControlListMappings" => {
                    let list = collection.trim_end_matches("Mappings");
                    let sid = self.sip_list(login, account, &format!("{list}s")).await;
                    let path =
                        row.path.trim_end_matches("/{Sid}").replace("{AccountSid}", &account.to_string());
                    let path = path.replace("{DomainSid}", &values["DomainSid"]);
                    let form = [(sip_parameter(list), sid.as_str())];
                    self.made(login, "api", &path, &form).await
                }
                "CredentialLists" | "IpAccessControlLists" => self.sip_list(login, account, collection).await,
                // The parameter before names the list.
                "Credentials" => {
                    let path =
                        format!("{api}/SIP/CredentialLists/{}/Credentials", values["CredentialListSid"]);
                    let form = [("Username", "bob"), ("Password", super::samples::SIP_PASSWORD)];
                    self.made(login, "api", &path, &form).await
                }
                "IpAddresses" => {
                    let list = &values["IpAccessControlListSid"];
                    let path = format!("{api}/SIP/IpAccessControlLists/{list}/IpAddresses");
                    self.made(login, "api", &path, super::samples::IP_ADDRESS).await
                }
                "Domains" => {
                    let name = format!("clinic-{}.sip.twilio.com", self.next());
                    self.made(login, "api", &format!("{api}/SIP/Domains"), &[("DomainName", &name)]).await
                }
                "Applications" => self.made(login, "api", &format!("{api}/Applications"), &[]).await,
                "Addresses" => {
                    self.made(login, "api", &format!("{api}/Addresses"), super::samples::ADDRESS).await
                }
                // Nothing is looked for without a signature.
                "twiml" => format!("EH{}", "0".repeat(32)),
                "TwimlBins" => self.stated(login, account, "TwimlBins", super::samples::BIN.to_owned()).await,
                "Alerts" | "Notifications" => self.alert(account).await,
                "WebhookDeliveries" => self.delivery(account).await,
                "WebhookKeys" => {
                    let path = format!("/switchward/v1/Accounts/{account}/WebhookKeys");
                    let body = Some((JSON, "{}".to_owned()));
                    // An account has four at most, so the newest may be one from before.
                    self.send(login, "switchward", Method::POST, &path, body).await;
                    let listed = self.send(login, "switchward", Method::GET, &path, None).await;
                    word(&listed.json["webhook_keys"][0], "id")
                }
                "Workspaces" => self.workspace(login, account).await,
                "Sources" => {
                    let sources = format!("Workspaces/{}/Sources", self.workspace(login, account).await);
                    self.stated(login, account, &sources, r#"{"name": "Website"}"#.to_owned()).await
                }
                // The parameter before names the workspace.
                "Tokens" => {
                    let tokens = format!("Workspaces/{}/Tokens", values["WorkspaceSid"]);
                    self.stated(login, account, &tokens, super::samples::TOKEN.to_owned()).await
                }
                "Regulations" => {
                    let regulations = format!("Workspaces/{}/Regulations", values["WorkspaceSid"]);
                    let body = r#"{"regulation_type": "SUPPRESS_ONLY", "user_ids": ["u-2"]}"#;
                    self.stated(login, account, &regulations, body.to_owned()).await
                }
                "Scans" => {
                    let scans = format!("Workspaces/{}/Scans", values["WorkspaceSid"]);
                    self.stated(login, account, &scans, "{}".to_owned()).await
                }
                "Destinations" => self.destination(login, account).await,
                "SmppBinds" if row.method == Method::GET => "main".to_owned(),
                // Named by whoever signs.
                "UpstreamStatuses" | "UpstreamMessages" | "Mm7" | "MediaLinks" => "vendor".to_owned(),
                "SmppBinds" => self.bind(row).await,
                "ParkedJobs" => self.parked(account).await,
                other => panic!("say in tenant_matrix/site.rs what an object of `{other}` is ({})", row.path),
            };
            values.insert(name.to_owned(), value);
        }
        if row.access.operation == "create_service_phone_number" {
            values.insert("NumberSid".to_owned(), self.number_sid(login, account, &number).await);
        }
        match row.access.operation {
            "create_service_short_code" => {
                values.insert("CodeSid".to_owned(), self.short_code(account).await);
            }
            "create_us_app_to_person" => {
                values.insert("BrandSid".to_owned(), self.brand(login, APPROVED).await);
            }
            "create_external_campaign" => {
                values.insert("ServiceSid".to_owned(), self.service(login).await);
            }
            "create_destination" => {
                let sources = format!("Workspaces/{}/Sources", values["WorkspaceSid"]);
                let source = self.stated(login, account, &sources, r#"{"name": "Website"}"#.to_owned()).await;
                values.insert("SourceSid".to_owned(), source);
            }
            "create_destination_approval" => {
                let sid = &values["DestinationSid"];
                let path = format!("/switchward/v1/Accounts/{account}/Destinations/{sid}/Manifest");
                let shown = self.send(login, "switchward", Method::GET, &path, None).await;
                values.insert("Digest".to_owned(), word(&shown.json, "digest"));
            }
            "create_receipt" => {
                let workspace = &values["WorkspaceSid"];
                let path = format!("/switchward/v1/Accounts/{account}/Workspaces/{workspace}/Regulations");
                let body = r#"{"regulation_type": "DELETE_ONLY", "user_ids": ["u-3"]}"#.to_owned();
                let made = self.send(login, "switchward", Method::POST, &path, Some((JSON, body))).await;
                // Where there is no such workspace there is no receipt either, and it is not looked at.
                let none = r#"{"statement": "{}", "signature": ""}"#.to_owned();
                let receipt = &made.json["receipt"];
                let receipt = if receipt.is_object() { receipt.to_string() } else { none };
                values.insert("Receipt".to_owned(), receipt);
            }
            "create_tollfree_verification" => {
                values.insert("NumberSid".to_owned(), self.toll_free(login, account).await);
            }
            _ => {}
        }
        // What must be there before it can be taken away.
        if row.path.contains("/AuthTokens/") && row.access.operation != "create_secondary_auth_token" {
            self.send(login, "accounts", Method::POST, "/v1/AuthTokens/Secondary", None).await;
        }
        match row.access.operation {
            "fetch_safelist" | "delete_safelist" => {
                let number = [("PhoneNumber", "+14155550177")];
                self.made_any(login, "accounts", "/v1/SafeList/Numbers", &number).await;
            }
            "create_reviewer" => {
                values.insert("Reviewer".to_owned(), reviews::reviewer(&format!("Person {}", self.next())).1);
            }
            "create_review" => {
                let message = self.arrived(login, account, &number).await;
                let request = self.signers.request(&self.app, account, &message, self.next()).await;
                values.insert("ReviewRequest".to_owned(), request);
            }
            "create_attestation" => {
                self.stated(login, account, "Signers", self.signer.1.clone()).await;
            }
            "delete_designation" => {
                let path = format!("/switchward/v1/Accounts/{account}/Designation");
                self.send(login, "switchward", Method::POST, &path, Some((JSON, "{}".to_owned()))).await;
            }
            "delete_organization_link" => {
                let body = format!(r#"{{"organization_sid": "{organization}"}}"#);
                let path = format!("/switchward/v1/Accounts/{account}/Organization");
                self.app.post_raw(&self.app.operator, "switchward", &path, body.into(), JSON).await;
            }
            _ => {}
        }
        values
    }

    pub(super) async fn service(&self, login: &Credentials) -> String {
        self.made(login, "messaging", "/v1/Services", &[("FriendlyName", "Made")]).await
    }

    async fn workspace(&self, login: &Credentials, account: AccountSid) -> String {
        self.stated(login, account, "Workspaces", r#"{"name": "Clinic"}"#.to_owned()).await
    }

    /// A short code of the account, which the operator brings in; its SID.
    async fn short_code(&self, account: AccountSid) -> String {
        let code = 100_000 + self.next();
        let body = format!(r#"{{"number": "{code}", "account_sid": "{account}"}}"#);
        let path = "/switchward/v1/Numbers";
        let reply = self.app.post_raw(&self.app.operator, "switchward", path, body.into(), JSON).await;
        word(&reply.assert_status(201).json, "sid")
    }

    async fn destination(&self, login: &Credentials, account: AccountSid) -> String {
        let workspace = self.workspace(login, account).await;
        let sources = format!("Workspaces/{workspace}/Sources");
        let source = self.stated(login, account, &sources, r#"{"name": "Website"}"#.to_owned()).await;
        let values = Values::from([("SourceSid".to_owned(), source)]);
        let body = super::samples::destination(&values);
        self.stated(login, account, &format!("Workspaces/{workspace}/Destinations"), body).await
    }

    pub(super) async fn number_sid(&self, login: &Credentials, account: AccountSid, number: &str) -> String {
        let number = number.replace('+', "%2B");
        let path = format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers?PhoneNumber={number}");
        let listed = self.send(login, "api", Method::GET, &path, None).await;
        word(&listed.json["incoming_phone_numbers"][0], "sid")
    }

    /// A message from a handset: it is in no queue, so that it can be changed and deleted.
    async fn arrived(&self, login: &Credentials, account: AccountSid, number: &str) -> String {
        let body = format!(r#"{{"to": "{number}", "body": "Hello", "media": ["iVBORw0KGgo="]}}"#);
        let path = "/switchward/v1/simulator/handsets/+14155550177/messages";
        self.send(login, "switchward", Method::POST, path, Some((JSON, body))).await.assert_status(201);
        let path = format!("/2010-04-01/Accounts/{account}/Messages?To={}", number.replace('+', "%2B"));
        word(&self.send(login, "api", Method::GET, &path, None).await.json["messages"][0], "sid")
    }

    /// Something that people state about an account; its SID.
    async fn stated(
        &self,
        login: &Credentials,
        account: AccountSid,
        collection: &str,
        body: String,
    ) -> String {
        let path = format!("/switchward/v1/Accounts/{account}/{collection}");
        let reply = self.send(login, "switchward", Method::POST, &path, Some((JSON, body))).await;
        assert_eq!(reply.status, 201, "{path}: {}", reply.text);
        word(&reply.json, "sid")
    }

    fn party(&self) -> String {
        let name = self.next();
        format!(r#"{{"name": "Party {name}", "hosts": ["*.clinic.example"], "own": true, "contact": "it"}}"#)
    }

    fn exception(&self) -> String {
        let reason = self.next();
        format!(
            r#"{{"rule": "GEN-SUP-1", "subject": "*", "owner": "Jane Roe", "reason": "{reason}", "expires": "2099-01-01"}}"#
        )
    }

    /// An answer that nobody gave before, signed by the site's signer.
    fn attestation(&self) -> String {
        let day = |text| rulebook::Date::parse(text).expect("a day");
        let mut attestation = Attestation {
            rule: "GEN-SUP-1".to_owned(),
            subjects: vec!["*".to_owned()],
            question: format!("Question {}?", self.next()),
            answer: Answer::Yes,
            by: "Jane Roe".to_owned(),
            role: "Privacy officer".to_owned(),
            on: day("2026-01-01"),
            expires: day("2026-06-30"),
            evidence: "https://wiki.clinic.example/1".to_owned(),
            signature: Vec::new(),
        };
        sign(&mut attestation, &self.signer.0).expect("a key");
        serde_json::to_string(&attestation).expect("strings always encode")
    }

    async fn alert(&self, account: AccountSid) -> String {
        let store = &self.app.services.store;
        let alert = NewAlert {
            sid: Sid::generate(store.random().as_ref()),
            generated_at: self.app.now(),
            error_code: 11200,
            log_level: LogLevel::Error,
            resource_sid: None,
            request_method: None,
            request_url: None,
            content: None,
            repeats: 0,
        };
        let sid = alert.sid.to_string();
        let mut batch = store.batch(Scope::account(account));
        alert::raise(&mut batch, alert);
        store.commit(batch).await.expect("a new alert");
        sid
    }

    async fn delivery(&self, account: AccountSid) -> String {
        let store = &self.app.services.store;
        let sid = WebhookDeliverySid::generate(store.random().as_ref());
        let mut batch = store.batch(Scope::account(account));
        batch.insert::<WebhookDelivery>(NewDocument::of(
            sid,
            self.app.now(),
            DeliveryFacts {
                outcome: DeliveryOutcome::Delivered,
                resource_sid: "SM0123456789abcdef0123456789abcdef".to_owned(),
                event: "message-status".to_owned(),
                method: webhooks::Method::Post,
                url: "https://clinic.example/".to_owned(),
                error_code: None,
                run: 1,
                idempotency_token: "token".to_owned(),
                parameters: Vec::new(),
                attempts: Vec::new(),
            },
        ));
        store.commit(batch).await.expect("a new delivery");
        sid.to_string()
    }

    /// A bind for a row that changes it. There are few at a time, so the one of the last cell goes first.
    async fn bind(&self, row: &RouteRow) -> String {
        let name = row.access.operation.replace('_', "-");
        let path = "/switchward/v1/SmppBinds";
        let (operator, one) = (&self.app.operator, format!("{path}/{name}"));
        self.send(operator, "switchward", Method::DELETE, &one, None).await;
        let bind = format!(
            r#"{{"name": "{name}", "host": "smsc.example.org", "port": 3550, "system_id": "clinic", "password": "secret"}}"#
        );
        let made = self.send(operator, "switchward", Method::POST, path, Some((JSON, bind))).await;
        made.assert_status(201);
        name
    }

    /// A parked job: of this account, or of whichever row put one there at the same time.
    async fn parked(&self, account: AccountSid) -> String {
        let store = &self.app.services.store;
        let (queue, now) = ("tenant-matrix", self.app.now());
        let mut batch = store.batch(Scope::account(account));
        batch.enqueue(NewJob { queue, lane: None, ordering_key: None, due_at: now, payload: Vec::new() });
        store.commit(batch).await.expect("a new job");
        let share = Share { lane: Lane::NONE, limit: 1, due_by: now };
        let taken = store.jobs().take(queue, &[share], jobs::limits::LEASE).await.expect("jobs can be taken");
        let lease = taken.leases.first().expect("one is there");
        let mut batch = store.batch(lease.scope);
        batch.park(lease, jobs::Reason::Failed.as_str());
        store.commit(batch).await.expect("it can be parked");
        lease.id.clone()
    }

    pub(super) async fn made(
        &self,
        login: &Credentials,
        product: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> String {
        word(&self.made_any(login, product, path, form).await.json, "sid")
    }

    pub(super) async fn made_any(
        &self,
        login: &Credentials,
        product: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let reply = self.send(login, product, Method::POST, path, Some((FORM, body))).await;
        assert_eq!(reply.status, 201, "{path}: {}", reply.text);
        reply
    }

    async fn operator(&self, path: &str, body: &str) -> Reply {
        let path = format!("/switchward/v1/{path}");
        let reply =
            self.app.post_raw(&self.app.operator, "switchward", &path, body.into(), "application/json").await;
        assert_eq!(reply.status, 201, "{path}: {}", reply.text);
        reply
    }

    async fn operator_makes(&self, path: &str, body: &str) -> String {
        word(&self.operator(path, body).await.json, "sid")
    }

    /// Drives a row with these values.
    pub(super) async fn drive(&self, who: &Credentials, row: &RouteRow, values: &Values) -> Reply {
        let mut path = filled(row.path, values);
        let body = match sample(row) {
            Sample::Bare => None,
            Sample::Query(query) => {
                path = format!("{path}?{}", filled(query, values));
                None
            }
            Sample::Form(fields) => {
                let fields = fields.iter().map(|(name, value)| (*name, filled(value, values)));
                let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                Some((FORM, form))
            }
            Sample::Json(text) if !text.contains('<') => Some((JSON, text.to_owned())),
            Sample::Json(text) => {
                let named = values
                    .iter()
                    .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value));
                Some((JSON, named))
            }
        };
        self.send(who, row.product, row.method.clone(), &path, body).await
    }

    /// Sends a request. Every one comes from an address of its own, so that nobody's wrong password slows
    /// another down.
    pub(super) async fn send(
        &self,
        who: &Credentials,
        product: &str,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(header) = who.header() {
            request = request.header(AUTHORIZATION, header);
        }
        let (content_type, body) = body.unzip();
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let mut request = request.body(Body::from(body.unwrap_or_default())).expect("the path is a URI");
        request.extensions_mut().insert(Origin {
            base_url: format!("https://{product}.twilio.com"),
            peer: IpAddr::V4(Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(10, 0, 0, 0)) + self.next())),
            secure: true,
        });
        self.app.send(product, request).await
    }

    /// Makes the subaccount `suspended` or `closed`, as its parent does.
    pub(super) async fn set_status(&self, tenant: &Tenant, status: &str) {
        let path = format!("/2010-04-01/Accounts/{}", tenant.below);
        let body = Some((FORM, format!("Status={status}")));
        let reply = self.send(&tenant.main, "api", Method::POST, &path, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }

    /// How much is recorded about a tenant and its organization: every change is.
    pub(super) async fn recorded(&self, tenant: &Tenant) -> [usize; 3] {
        let organization = Scope::organization(tenant.organization);
        let scopes = [Scope::account(tenant.sid), Scope::account(tenant.below), organization];
        let mut lengths = [0; 3];
        for (length, scope) in lengths.iter_mut().zip(scopes) {
            *length = self.app.ledger_actions(scope).await.len();
        }
        lengths
    }
}

/// A carrier with one bind.
const SMPP: &str = r#"
[[binds]]
name = "main"
host = "smsc.example.org"
port = 3550
system_id = "clinic"
password = "secret"
"#;
const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const JSON: &str = "application/json";

/// What the row's request carries.
pub(super) fn sample(row: &RouteRow) -> Sample {
    match SAMPLES.iter().find(|(operation, _)| *operation == row.access.operation) {
        Some((_, sample)) => *sample,
        None if row.method == Method::POST && row.access.served => {
            panic!("add a body that works for `{}` to tenant_matrix/samples.rs", row.access.operation)
        }
        None => Sample::Bare,
    }
}

/// The parameters of a path, each with the segment before it: the collection that it names a member of.
pub(super) fn parameters(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut before = "";
    path.split('/').filter_map(move |segment| {
        let collection = std::mem::replace(&mut before, segment);
        Some((collection, segment.strip_prefix('{')?.strip_suffix('}')?))
    })
}

/// The text with its names filled in.
pub(super) fn filled(text: &str, values: &Values) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

pub(super) fn word(json: &Value, name: &str) -> String {
    json[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {json}")).to_owned()
}

/// The parameter that names a list of this collection.
fn sip_parameter(lists: &str) -> &'static str {
    match lists {
        "CredentialList" => "CredentialListSid",
        _ => "IpAccessControlListSid",
    }
}
