//! The table of what messaging serves under the label `api`.

use std::sync::Arc;

use auth::Permission;
use kit::{Access, Product, Routes, Services};

use crate::services::Rotation;
use crate::{messages, numbers};

/// The product, as it is routed and as agreements name it.
pub const PRODUCT: Product = Product { label: "api", service: "messaging" };

const MESSAGES: &str = "/2010-04-01/Accounts/{AccountSid}/Messages";
const MESSAGE: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}";
const FEEDBACK: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Feedback";
const MEDIA: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media";
const NUMBERS: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers";
const SHORT_CODES: &str = "/2010-04-01/Accounts/{AccountSid}/SMS/ShortCodes";
const NUMBER: &str = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/{Sid}";

const fn writes(operation: &'static str) -> Access {
    Access::new(Permission::MessagesWrite, operation)
}

const fn reads(operation: &'static str) -> Access {
    Access::new(Permission::MessagesRead, operation)
}

/// The routes.
pub fn routes(services: Arc<Services>) -> Routes {
    use messages::routes as message;
    use numbers::routes as number;
    Routes::new(PRODUCT, services)
        .create(MESSAGES, writes("create_message"), message::create)
        .list(MESSAGES, reads("list_message"), message::list)
        .fetch(MESSAGE, reads("fetch_message"), message::fetch)
        .update(MESSAGE, writes("update_message"), message::update)
        .delete(MESSAGE, writes("delete_message"), message::delete)
        .create(FEEDBACK, writes("create_message_feedback"), messages::feedback::create)
        .list(MEDIA, reads("list_media"), message::list_media)
        .create(
            NUMBERS,
            Access::new(Permission::NumbersWrite, "create_incoming_phone_number"),
            number::create,
        )
        .list(NUMBERS, Access::new(Permission::NumbersRead, "list_incoming_phone_number"), number::list)
        .list(SHORT_CODES, Access::new(Permission::NumbersRead, "list_short_code"), number::list_short_codes)
        .fetch(NUMBER, Access::new(Permission::NumbersRead, "fetch_incoming_phone_number"), number::fetch)
        .update(NUMBER, Access::new(Permission::NumbersWrite, "update_incoming_phone_number"), number::update)
        .delete(NUMBER, Access::new(Permission::NumbersWrite, "delete_incoming_phone_number"), number::delete)
        .share(Arc::<Rotation>::default())
}
