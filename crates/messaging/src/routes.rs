//! The table of what messaging serves under the label `api`.

use std::sync::Arc;

use auth::Permission;
use errors::codes;
use http::Method;
use kit::{Access, Ctx, Form, PageRequest, Path, Product, Routes, Services};
use rulebook::guard::{Action, CapabilityFacts};

use crate::carrier::Shared;
use crate::numbers::available;
use crate::numbers::kinds::NumberKind;
use crate::services::Rotation;
use crate::{addresses, applications, media, messages, numbers, short_codes};

/// The product, as it is routed and as agreements name it.
pub const PRODUCT: Product = Product { label: "api", service: "messaging" };

const MESSAGES: &str = "/2010-04-01/Accounts/{AccountSid}/Messages";
const MESSAGE: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}";
const FEEDBACK: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Feedback";
const MEDIA: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media";
const MEDIUM: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}";
const NUMBERS: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers";
const LOCAL: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/Local";
const MOBILE: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/Mobile";
const TOLL_FREE: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/TollFree";
const AVAILABLE: &str = "/2010-04-01/Accounts/{AccountSid}/AvailablePhoneNumbers";
const COUNTRY: &str = "/2010-04-01/Accounts/{AccountSid}/AvailablePhoneNumbers/{CountryCode}";
const SHORT_CODES: &str = "/2010-04-01/Accounts/{AccountSid}/SMS/ShortCodes";
const SHORT_CODE: &str = "/2010-04-01/Accounts/{AccountSid}/SMS/ShortCodes/{Sid}";
const NUMBER: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/{Sid}";

const APPLICATIONS: &str = "/2010-04-01/Accounts/{AccountSid}/Applications";
const APPLICATION: &str = "/2010-04-01/Accounts/{AccountSid}/Applications/{Sid}";
const ADDRESSES: &str = "/2010-04-01/Accounts/{AccountSid}/Addresses";
const ADDRESS: &str = "/2010-04-01/Accounts/{AccountSid}/Addresses/{Sid}";
const DEPENDENT: &str = "/2010-04-01/Accounts/{AccountSid}/Addresses/{AddressSid}/DependentPhoneNumbers";
const CONNECT_APPS: &str = "/2010-04-01/Accounts/{AccountSid}/ConnectApps";
const CONNECT_APP: &str = "/2010-04-01/Accounts/{AccountSid}/ConnectApps/{Sid}";
const AUTHORIZED: &str = "/2010-04-01/Accounts/{AccountSid}/AuthorizedConnectApps";
const AUTHORIZED_ONE: &str = "/2010-04-01/Accounts/{AccountSid}/AuthorizedConnectApps/{ConnectAppSid}";

/// Why there are no Connect apps.
const NO_CONNECT: &str = "another company acting in an account is a disclosure that no agreement here covers; give it a restricted key";

const fn writes(operation: &'static str) -> Access {
    Access::new(Permission::MessagesWrite, operation)
}

const fn reads(operation: &'static str) -> Access {
    Access::new(Permission::MessagesRead, operation)
}

const fn writes_numbers(operation: &'static str) -> Access {
    Access::new(Permission::NumbersWrite, operation)
}

const fn reads_numbers(operation: &'static str) -> Access {
    Access::new(Permission::NumbersRead, operation)
}

/// The routes.
pub fn routes(services: Arc<Services>) -> Routes {
    use messages::routes as message;
    use numbers::routes as number;
    let routes = Routes::new(PRODUCT, services)
        .create(MESSAGES, writes("create_message"), message::create)
        .list(MESSAGES, reads("list_message"), message::list)
        .fetch(MESSAGE, reads("fetch_message"), message::fetch)
        .update(MESSAGE, writes("update_message"), message::update)
        .delete(MESSAGE, writes("delete_message"), message::delete)
        .create(FEEDBACK, writes("create_message_feedback"), messages::feedback::create)
        .list(MEDIA, reads("list_media"), media::routes::list)
        .fetch(MEDIUM, reads("fetch_media"), media::routes::fetch)
        .delete(MEDIUM, writes("delete_media"), media::routes::delete)
        .create(
            NUMBERS,
            Access::new(Permission::NumbersWrite, "create_incoming_phone_number"),
            number::create,
        )
        .list(NUMBERS, Access::new(Permission::NumbersRead, "list_incoming_phone_number"), number::list)
        .list(
            LOCAL,
            reads_numbers("list_incoming_phone_number_local"),
            |ctx: Ctx, carrier: Shared, page: PageRequest| {
                number::list_of_kind(ctx, carrier, page, Some(NumberKind::Local), "/Local")
            },
        )
        .list(
            MOBILE,
            reads_numbers("list_incoming_phone_number_mobile"),
            |ctx: Ctx, carrier: Shared, page: PageRequest| {
                number::list_of_kind(ctx, carrier, page, Some(NumberKind::Mobile), "/Mobile")
            },
        )
        .list(
            TOLL_FREE,
            reads_numbers("list_incoming_phone_number_toll_free"),
            |ctx: Ctx, carrier: Shared, page: PageRequest| {
                number::list_of_kind(ctx, carrier, page, Some(NumberKind::TollFree), "/TollFree")
            },
        )
        .create(
            LOCAL,
            writes_numbers("create_incoming_phone_number_local"),
            |ctx: Ctx, carrier: Shared, form: Form<_>| {
                number::create_of_kind(ctx, carrier, form, NumberKind::Local)
            },
        )
        .create(
            MOBILE,
            writes_numbers("create_incoming_phone_number_mobile"),
            |ctx: Ctx, carrier: Shared, form: Form<_>| {
                number::create_of_kind(ctx, carrier, form, NumberKind::Mobile)
            },
        )
        .create(
            TOLL_FREE,
            writes_numbers("create_incoming_phone_number_toll_free"),
            |ctx: Ctx, carrier: Shared, form: Form<_>| {
                number::create_of_kind(ctx, carrier, form, NumberKind::TollFree)
            },
        )
        .list(AVAILABLE, reads_numbers("list_available_phone_number_country"), available::countries)
        .fetch(COUNTRY, reads_numbers("fetch_available_phone_number_country"), available::country)
        .list(SHORT_CODES, reads_numbers("list_short_code"), short_codes::routes::list)
        .fetch(SHORT_CODE, reads_numbers("fetch_short_code"), short_codes::routes::fetch)
        .update(SHORT_CODE, writes_numbers("update_short_code"), short_codes::routes::update)
        .fetch(NUMBER, Access::new(Permission::NumbersRead, "fetch_incoming_phone_number"), number::fetch)
        .update(NUMBER, Access::new(Permission::NumbersWrite, "update_incoming_phone_number"), number::update)
        .delete(NUMBER, Access::new(Permission::NumbersWrite, "delete_incoming_phone_number"), number::delete)
        .share(Arc::<Rotation>::default());
    around_numbers(add_ons(searches(routes)))
}

/// What is searched for in the inventory.
fn searches(mut routes: Routes) -> Routes {
    macro_rules! search {
        ($($word:literal, $operation:literal;)*) => {
            $(routes = routes.list(
                concat!("/2010-04-01/Accounts/{AccountSid}/AvailablePhoneNumbers/{CountryCode}/", $word),
                reads_numbers($operation),
                |ctx: Ctx, carrier: Shared, country: Path<_>, page: PageRequest| {
                    available::search(ctx, carrier, country, page, $word)
                },
            );)*
        };
    }
    search! {
        "Local", "list_available_phone_number_local";
        "MachineToMachine", "list_available_phone_number_machine_to_machine";
        "Mobile", "list_available_phone_number_mobile";
        "National", "list_available_phone_number_national";
        "SharedCost", "list_available_phone_number_shared_cost";
        "TollFree", "list_available_phone_number_toll_free";
        "Voip", "list_available_phone_number_voip";
    }
    routes
}

/// Why a number has no add-ons.
const fn no_market(access: Access) -> Access {
    const WHY: &str = "no marketplace is here whose add-ons a number could have";
    access.refused(codes::NOT_SUPPORTED, WHY)
}

/// Add-ons of a number: no marketplace is here, and in a HIPAA project none may be (VOI-MKT-1, SMS-MKT-1).
fn add_ons(routes: Routes) -> Routes {
    let reads_numbers = |operation| no_market(reads_numbers(operation));
    let writes_numbers = |operation| no_market(writes_numbers(operation));
    const ALL: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/{ResourceSid}/AssignedAddOns";
    const ONE: &str =
        "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/{ResourceSid}/AssignedAddOns/{Sid}";
    const EXTENSIONS: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/{ResourceSid}/AssignedAddOns/{AssignedAddOnSid}/Extensions";
    const EXTENSION: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/{ResourceSid}/AssignedAddOns/{AssignedAddOnSid}/Extensions/{Sid}";
    let rule = |ctx: &Ctx| {
        let capability = CapabilityFacts {
            system: "marketplace-add-ons-and-third-party-apis",
            ai_ml: false,
            declared_phi: false,
            attested_phi_free: false,
        };
        ctx.guard(&Action::UseCapability(capability)).map(drop)
    };
    routes
        .absent_unless(Method::GET, ALL, reads_numbers("list_incoming_phone_number_assigned_add_on"), rule)
        .absent_unless(
            Method::POST,
            ALL,
            writes_numbers("create_incoming_phone_number_assigned_add_on"),
            rule,
        )
        .absent_unless(Method::GET, ONE, reads_numbers("fetch_incoming_phone_number_assigned_add_on"), rule)
        .absent_unless(
            Method::DELETE,
            ONE,
            writes_numbers("delete_incoming_phone_number_assigned_add_on"),
            rule,
        )
        .absent_unless(
            Method::GET,
            EXTENSIONS,
            reads_numbers("list_incoming_phone_number_assigned_add_on_extension"),
            rule,
        )
        .absent_unless(
            Method::GET,
            EXTENSION,
            reads_numbers("fetch_incoming_phone_number_assigned_add_on_extension"),
            rule,
        )
}

/// An operation of Connect apps.
const fn connects(access: Access) -> Access {
    access.refused(codes::NOT_SUPPORTED, NO_CONNECT)
}

/// What numbers and messages name.
fn around_numbers(routes: Routes) -> Routes {
    use addresses::routes as address;
    use applications::routes as application;
    routes
        .create(APPLICATIONS, writes_numbers("create_application"), application::create)
        .list(APPLICATIONS, reads_numbers("list_application"), application::list)
        .fetch(APPLICATION, reads_numbers("fetch_application"), application::fetch)
        .update(APPLICATION, writes_numbers("update_application"), application::update)
        .delete(APPLICATION, writes_numbers("delete_application"), application::delete)
        .create(ADDRESSES, writes_numbers("create_address"), address::create)
        .list(ADDRESSES, reads_numbers("list_address"), address::list)
        .fetch(ADDRESS, reads_numbers("fetch_address"), address::fetch)
        .update(ADDRESS, writes_numbers("update_address"), address::update)
        .delete(ADDRESS, writes_numbers("delete_address"), address::delete)
        .list(DEPENDENT, reads_numbers("list_dependent_phone_number"), address::list_dependent)
        .absent(Method::GET, CONNECT_APPS, connects(reads_numbers("list_connect_app")))
        .absent(Method::GET, CONNECT_APP, connects(reads_numbers("fetch_connect_app")))
        .absent(Method::POST, CONNECT_APP, connects(writes_numbers("update_connect_app")))
        .absent(Method::DELETE, CONNECT_APP, connects(writes_numbers("delete_connect_app")))
        .absent(Method::GET, AUTHORIZED, connects(reads_numbers("list_authorized_connect_app")))
        .absent(Method::GET, AUTHORIZED_ONE, connects(reads_numbers("fetch_authorized_connect_app")))
}
