//! The four tables: verb, path, what the caller needs, handler.

use std::sync::Arc;

use auth::Permission;
use errors::codes;
use http::Method;
use kit::{Access, Product, Routes, Services};

use crate::{
    agreements, attestations, designation, geo, iam, keys, ledger_rows, linking, organizations, reference,
    register,
};
use crate::{
    public_keys, rate_limits, safe_list, settings, signatures, signers, statement, subaccounts, tokens,
    webhook_keys,
};

/// The part of label `api` that this crate serves.
const API: Product = Product { label: "api", service: "accounts" };
/// Label `accounts`.
const ACCOUNTS: Product = Product { label: "accounts", service: "accounts" };
/// Label `iam`.
const IAM: Product = Product { label: "iam", service: "accounts" };
/// Our own API.
const SWITCHWARD: Product = Product { label: "switchward", service: "accounts" };

const fn access(permission: Permission, operation: &'static str) -> Access {
    Access::new(permission, operation).administrative()
}

/// Accounts and keys of the 2010 API.
pub fn api_routes(services: Arc<Services>) -> Routes {
    use Permission::{AccountsRead, AccountsWrite, KeysRead, KeysWrite};
    const KEYS: &str = "/2010-04-01/Accounts/{AccountSid}/Keys";
    const KEY: &str = "/2010-04-01/Accounts/{AccountSid}/Keys/{Sid}";
    const SIGNING_KEYS: &str = "/2010-04-01/Accounts/{AccountSid}/SigningKeys";
    const SIGNING_KEY: &str = "/2010-04-01/Accounts/{AccountSid}/SigningKeys/{Sid}";
    Routes::new(API, services)
        .list("/2010-04-01/Accounts", access(AccountsRead, "list_account"), subaccounts::list)
        .create("/2010-04-01/Accounts", access(AccountsWrite, "create_account"), subaccounts::create)
        .fetch(
            "/2010-04-01/Accounts/{AccountSid}",
            access(AccountsRead, "fetch_account").inactive_too(),
            subaccounts::fetch,
        )
        .update(
            "/2010-04-01/Accounts/{AccountSid}",
            access(AccountsWrite, "update_account").inactive_too(),
            subaccounts::update,
        )
        .list(KEYS, access(KeysRead, "list_key"), keys::list_keys)
        .create(KEYS, access(KeysWrite, "create_key"), keys::create)
        .fetch(KEY, access(KeysRead, "fetch_key"), keys::fetch)
        .update(KEY, access(KeysWrite, "update_key"), keys::update)
        .delete(KEY, access(KeysWrite, "delete_key"), keys::delete)
        .list(SIGNING_KEYS, access(KeysRead, "list_signing_key"), keys::list_signing_keys)
        .create(SIGNING_KEYS, access(KeysWrite, "create_signing_key"), keys::create)
        .fetch(SIGNING_KEY, access(KeysRead, "fetch_signing_key"), keys::fetch)
        .update(SIGNING_KEY, access(KeysWrite, "update_signing_key"), keys::update)
        .delete(SIGNING_KEY, access(KeysWrite, "delete_signing_key"), keys::delete)
}

/// Why nobody's consent is taken in bulk.
const NO_CONSENTS: &str =
    "consent is no record of its own here: whoever sends STOP or START is heeded, and that is kept";
/// Why nobody's postal code is.
const NO_CONTACTS: &str = "nothing here goes by where a person lives, so it is not collected";

/// Why there are no keys of a cloud.
const fn buckets(access: Access) -> Access {
    const WHY: &str = "nothing is written to a bucket of the customer's, so no key to one is kept";
    access.refused(codes::NOT_SUPPORTED, WHY)
}

/// Auth tokens, public keys, countries and safe numbers of accounts v1.
pub fn accounts_routes(services: Arc<Services>) -> Routes {
    use Permission::{AccountsRead, AccountsWrite, KeysRead, KeysWrite};
    const COUNTRIES: &str = "/v1/Messaging/GeoPermissions";
    const SAFE_NUMBERS: &str = "/v1/SafeList/Numbers";
    const AWS_KEYS: &str = "/v1/Credentials/AWS";
    const AWS_KEY: &str = "/v1/Credentials/AWS/{Sid}";
    const SECONDARY: &str = "/v1/AuthTokens/Secondary";
    const PUBLIC_KEYS: &str = "/v1/Credentials/PublicKeys";
    const PUBLIC_KEY: &str = "/v1/Credentials/PublicKeys/{Sid}";
    Routes::new(ACCOUNTS, services)
        .create(SECONDARY, access(AccountsWrite, "create_secondary_auth_token"), tokens::create)
        .delete(SECONDARY, access(AccountsWrite, "delete_secondary_auth_token"), tokens::delete)
        .update(
            "/v1/AuthTokens/Promote",
            access(AccountsWrite, "update_auth_token_promotion"),
            tokens::promote,
        )
        .list(PUBLIC_KEYS, access(KeysRead, "list_credential_public_key"), public_keys::list)
        .create(PUBLIC_KEYS, access(KeysWrite, "create_credential_public_key"), public_keys::create)
        .fetch(PUBLIC_KEY, access(KeysRead, "fetch_credential_public_key"), public_keys::fetch)
        .update(PUBLIC_KEY, access(KeysWrite, "update_credential_public_key"), public_keys::update)
        .delete(PUBLIC_KEY, access(KeysWrite, "delete_credential_public_key"), public_keys::delete)
        .fetch(COUNTRIES, access(AccountsRead, "fetch_messaging_geopermissions"), geo::fetch)
        .patch(COUNTRIES, access(AccountsWrite, "update_messaging_geopermissions"), geo::update)
        .create(SAFE_NUMBERS, access(AccountsWrite, "create_safelist"), safe_list::create)
        .fetch(SAFE_NUMBERS, access(AccountsRead, "fetch_safelist"), safe_list::fetch)
        .delete(SAFE_NUMBERS, access(AccountsWrite, "delete_safelist"), safe_list::delete)
        .absent(
            Method::POST,
            "/v1/Consents/Bulk",
            access(AccountsWrite, "create_bulk_consents").refused(codes::NOT_SUPPORTED, NO_CONSENTS),
        )
        .absent(
            Method::POST,
            "/v1/Contacts/Bulk",
            access(AccountsWrite, "create_bulk_contacts").refused(codes::NOT_SUPPORTED, NO_CONTACTS),
        )
        .absent(Method::GET, AWS_KEYS, buckets(access(KeysRead, "list_credential_aws")))
        .absent(Method::POST, AWS_KEYS, buckets(access(KeysWrite, "create_credential_aws")))
        .absent(Method::GET, AWS_KEY, buckets(access(KeysRead, "fetch_credential_aws")))
        .absent(Method::POST, AWS_KEY, buckets(access(KeysWrite, "update_credential_aws")))
        .absent(Method::DELETE, AWS_KEY, buckets(access(KeysWrite, "delete_credential_aws")))
}

/// API keys of iam v1.
pub fn iam_routes(services: Arc<Services>) -> Routes {
    use Permission::{KeysRead, KeysWrite};
    const MANY: &str = "/v1/Keys";
    const ONE: &str = "/v1/Keys/{Sid}";
    Routes::new(IAM, services)
        .list(MANY, access(KeysRead, "list_iam_key"), iam::list)
        .create(MANY, access(KeysWrite, "create_iam_key"), iam::create)
        .fetch(ONE, access(KeysRead, "fetch_iam_key"), iam::fetch)
        .update(ONE, access(KeysWrite, "update_iam_key"), iam::update)
        .delete(ONE, access(KeysWrite, "delete_iam_key"), iam::delete)
}

/// Our own API, `/switchward/v1`.
pub fn switchward_routes(services: Arc<Services>) -> Routes {
    let routes = Routes::new(SWITCHWARD, services);
    webhook_rows(evidence_rows(account_rows(organization_rows(routes))))
        .fetch(
            "/switchward/v1/Rulebook",
            access(Permission::ComplianceRead, "fetch_rulebook"),
            reference::fetch_rulebook,
        )
        .list(
            "/switchward/v1/Systems",
            access(Permission::ComplianceRead, "list_system"),
            reference::list_systems,
        )
        .fetch(
            "/switchward/v1/openapi.json",
            access(Permission::ComplianceRead, "fetch_openapi"),
            reference::fetch_openapi,
        )
}

fn organization_rows(routes: Routes) -> Routes {
    use Permission::{ComplianceRead, ComplianceWrite};
    const MANY: &str = "/switchward/v1/Organizations";
    const ONE: &str = "/switchward/v1/Organizations/{OrganizationSid}";
    const AGREEMENTS: &str = "/switchward/v1/Organizations/{OrganizationSid}/Agreements";
    const AGREEMENT: &str = "/switchward/v1/Organizations/{OrganizationSid}/Agreements/{AgreementSid}";
    routes
        .list(MANY, access(ComplianceRead, "list_organization").operator_only(), organizations::list)
        .create(MANY, access(ComplianceWrite, "create_organization").operator_only(), organizations::create)
        .fetch(ONE, access(ComplianceRead, "fetch_organization"), organizations::fetch)
        .update(
            "/switchward/v1/Organizations/{OrganizationSid}/Entitlement",
            access(ComplianceWrite, "update_entitlement").operator_only(),
            organizations::update_entitlement,
        )
        .create(
            "/switchward/v1/Organizations/{OrganizationSid}/Migration",
            access(ComplianceWrite, "create_migration").operator_only(),
            organizations::migrate,
        )
        .list(AGREEMENTS, access(ComplianceRead, "list_agreement"), agreements::list)
        .create(AGREEMENTS, access(ComplianceWrite, "create_agreement"), agreements::create)
        .fetch(AGREEMENT, access(ComplianceRead, "fetch_agreement"), agreements::fetch)
        .update(
            "/switchward/v1/Organizations/{OrganizationSid}/Agreements/{AgreementSid}/Termination",
            access(ComplianceWrite, "terminate_agreement"),
            agreements::terminate,
        )
}

fn account_rows(routes: Routes) -> Routes {
    use Permission::{AccountsWrite, ComplianceRead, ComplianceWrite, LedgerRead};
    const LINK: &str = "/switchward/v1/Accounts/{AccountSid}/Organization";
    const DESIGNATION: &str = "/switchward/v1/Accounts/{AccountSid}/Designation";
    const SETTINGS: &str = "/switchward/v1/Accounts/{AccountSid}/Settings";
    const LIMITS: &str = "/switchward/v1/Accounts/{AccountSid}/Limits";
    routes
        .create(
            "/switchward/v1/Accounts",
            access(AccountsWrite, "create_main_account").operator_only(),
            subaccounts::create_main,
        )
        .fetch(LINK, access(ComplianceRead, "fetch_organization_link"), linking::fetch)
        .update(LINK, access(ComplianceWrite, "update_organization_link"), linking::update)
        .delete(LINK, access(ComplianceWrite, "delete_organization_link"), linking::delete)
        .fetch(DESIGNATION, access(ComplianceRead, "fetch_designation"), designation::fetch)
        .create(DESIGNATION, access(ComplianceWrite, "create_designation"), designation::create)
        .delete(DESIGNATION, access(ComplianceWrite, "delete_designation"), designation::delete)
        .create(
            "/switchward/v1/Accounts/{AccountSid}/Keys",
            access(Permission::KeysWrite, "create_account_key"),
            iam::create_any,
        )
        .create(
            "/switchward/v1/Accounts/{AccountSid}/Designation/Support",
            access(ComplianceWrite, "create_designation_by_support").operator_only(),
            designation::create_by_support,
        )
        .fetch(SETTINGS, access(ComplianceRead, "fetch_settings"), settings::fetch)
        .update(SETTINGS, access(ComplianceWrite, "update_settings"), settings::update)
        .fetch(LIMITS, access(ComplianceRead, "fetch_limits"), rate_limits::fetch)
        .update(LIMITS, access(ComplianceWrite, "update_limits").operator_only(), rate_limits::update)
        .list(
            "/switchward/v1/Accounts/{AccountSid}/Statements",
            access(ComplianceRead, "list_statement"),
            statement::list,
        )
        .list(
            "/switchward/v1/Accounts/{AccountSid}/Ledger",
            access(LedgerRead, "list_ledger_entry").inactive_too(),
            ledger_rows::list,
        )
}

/// What people state for an account: third parties, signers, answers, exceptions.
fn evidence_rows(routes: Routes) -> Routes {
    use Permission::{ComplianceRead, ComplianceWrite};
    const REGISTER: &str = "/switchward/v1/Accounts/{AccountSid}/Register";
    const PARTY: &str = "/switchward/v1/Accounts/{AccountSid}/Register/{PartySid}";
    const SIGNERS: &str = "/switchward/v1/Accounts/{AccountSid}/Signers";
    const ATTESTATIONS: &str = "/switchward/v1/Accounts/{AccountSid}/Attestations";
    const EXCEPTIONS: &str = "/switchward/v1/Accounts/{AccountSid}/Exceptions";
    routes
        .list(REGISTER, access(ComplianceRead, "list_party"), register::list)
        .create(REGISTER, access(ComplianceWrite, "create_party"), register::create)
        .fetch(PARTY, access(ComplianceRead, "fetch_party"), register::fetch)
        .update(PARTY, access(ComplianceWrite, "update_party"), register::update)
        .delete(PARTY, access(ComplianceWrite, "delete_party"), register::delete)
        .update(
            "/switchward/v1/Accounts/{AccountSid}/Register/Import",
            access(ComplianceWrite, "import_register"),
            register::import,
        )
        .list(SIGNERS, access(ComplianceRead, "list_signer"), signers::list)
        .create(SIGNERS, access(ComplianceWrite, "create_signer"), signers::create)
        .delete(
            "/switchward/v1/Accounts/{AccountSid}/Signers/{SignerSid}",
            access(ComplianceWrite, "delete_signer"),
            signers::delete,
        )
        .list(ATTESTATIONS, access(ComplianceRead, "list_attestation"), attestations::list)
        .create(ATTESTATIONS, access(ComplianceWrite, "create_attestation"), attestations::create)
        .fetch(
            "/switchward/v1/Accounts/{AccountSid}/Attestations/{AttestationSid}",
            access(ComplianceRead, "fetch_attestation"),
            attestations::fetch,
        )
        .list(EXCEPTIONS, access(ComplianceRead, "list_exception"), attestations::list_exceptions)
        .create(EXCEPTIONS, access(ComplianceWrite, "create_exception"), attestations::create_exception)
        .fetch(
            "/switchward/v1/Accounts/{AccountSid}/Exceptions/{ExceptionSid}",
            access(ComplianceRead, "fetch_exception"),
            attestations::fetch_exception,
        )
}

fn webhook_rows(routes: Routes) -> Routes {
    use Permission::{AccountsWrite, KeysRead, KeysWrite};
    const KEYS: &str = "/switchward/v1/Accounts/{AccountSid}/WebhookKeys";
    const KEY: &str = "/switchward/v1/Accounts/{AccountSid}/WebhookKeys/{WebhookKeyId}";
    routes
        .list(KEYS, access(KeysRead, "list_webhook_key"), webhook_keys::list)
        .create(KEYS, access(KeysWrite, "create_webhook_key"), webhook_keys::create)
        .update(KEY, access(KeysWrite, "update_webhook_key"), webhook_keys::update)
        .delete(KEY, access(KeysWrite, "delete_webhook_key"), webhook_keys::delete)
        .update(
            "/switchward/v1/Accounts/{AccountSid}/WebhookSignatures/Diagnosis",
            access(AccountsWrite, "diagnose_webhook_signature"),
            signatures::diagnosis,
        )
}
