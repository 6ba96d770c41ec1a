//! One row per error code. Numbers that SDKs know keep Twilio's meaning, the texts are ours. The
//! refusals of the guide (21408 and 77xxx) stand beside their rules, in `rulebook::codes`.

/// A row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Code {
    /// The number on the wire (`code`).
    pub number: u32,
    /// The HTTP status it is answered with.
    pub status: u16,
    /// The constant's name, for the generated page.
    pub name: &'static str,
    /// What the caller reads.
    pub message: &'static str,
}

macro_rules! catalogue {
    ($($name:ident = $number:literal, $status:literal, $message:literal;)*) => {
        /// The codes by name.
        pub mod codes {
            use super::Code;
            $(
                #[doc = $message]
                pub const $name: &Code = &Code { number: $number, status: $status, name: stringify!($name), message: $message };
            )*
        }

        /// Every code, in the order of the table.
        pub const CATALOGUE: &[&Code] = &[$(codes::$name),*];
    };
}

catalogue! {
    // Requests in general.
    INTERNAL = 20500, 500, "Something went wrong here; the request was not carried out";
    UNAVAILABLE = 20503, 503, "The service cannot do this safely right now; nothing was changed, try again";
    INVALID_PARAMETER = 20001, 400, "A parameter is not valid";
    UNAUTHORIZED = 20003, 401, "Authentication failed: use the account SID and its auth token, or an API key and its secret";
    FORBIDDEN = 20003, 403, "These credentials may not do this";
    METHOD_NOT_ALLOWED = 20004, 405, "This method is not allowed on this resource";
    ACCOUNT_SUSPENDED = 20005, 403, "The account is not active";
    PAGE_SIZE = 20006, 400, "PageSize is out of range";
    NOT_FOUND = 20404, 404, "The requested resource was not found";
    CONFLICT = 20409, 409, "The resource is in a state that does not allow this";
    TOO_LARGE = 20413, 413, "The request is larger than allowed";
    UNSUPPORTED_MEDIA_TYPE = 20415, 415, "The request body must be form-encoded";
    TOO_MANY_REQUESTS = 20429, 429, "Too many requests; nothing was done, try again after the time in Retry-After";
    NOT_SUPPORTED = 20501, 501, "This feature is not supported here";

    // Messages.
    TO_INVALID = 21211, 400, "The To number is not a valid phone number";
    FROM_INVALID = 21212, 400, "The From number is not a valid phone number, short code or sender";
    CALLBACK_INVALID = 21609, 400, "A callback URL is not valid";
    FROM_NOT_OWNED = 21606, 400, "The From number is not a message-capable number of this account";
    TO_REQUIRED = 21604, 400, "A To number is required";
    FROM_REQUIRED = 21603, 400, "A From number is required";
    BODY_REQUIRED = 21602, 400, "A message body is required";
    UNREACHABLE_FROM = 21612, 400, "This sender does not reach this recipient, or not with media";
    MEDIA_URL_INVALID = 21620, 400, "A MediaUrl is not a URL that can be fetched";
    TOO_MANY_MEDIA = 21623, 400, "A message has at most 10 media";
    BODY_TOO_LONG = 21617, 400, "The message body is longer than 1600 characters";
    UNSUBSCRIBED = 21610, 400, "The recipient has opted out of messages from this sender";
    SEND_AT_INVALID = 35114, 400, "SendAt must lie between 15 minutes and 35 days ahead";
    SCHEDULE_INVALID = 35111, 400, "SendAt and ScheduleType=fixed belong together";
    SCHEDULE_WITHOUT_SERVICE = 35118, 400, "A message can only be scheduled with a MessagingServiceSid";
    NOT_CANCELABLE = 30409, 409, "Only a message that has not been sent yet can be canceled";
    NUMBER_INVALID = 21421, 400, "The phone number is not valid";
    NUMBER_NOT_AVAILABLE = 21422, 400, "The phone number is not available";
    AREA_CODE_INVALID = 21451, 400, "The area code is not valid";
    AREA_CODE_EMPTY = 21452, 400, "No phone number of this area code is available";
    ADDRESS_INVALID = 21628, 400, "The address cannot be one: its postal code has not the form that its country uses";
    NOT_REDACTABLE = 20009, 400, "A message in progress cannot be redacted or deleted";

    // Calls.
    CALL_TO_REQUIRED = 21201, 400, "A To number, client or SIP address is required";
    CALL_URL_INVALID = 21205, 400, "The Url is not one that TwiML can be fetched from";
    SEND_DIGITS_INVALID = 21206, 400, "SendDigits holds something else than 0-9, A-D, #, * and the pauses w and W, or more than 32";
    CALL_TIMEOUT_INVALID = 21208, 400, "Timeout is not a number of seconds up to 600";
    CALLER_NOT_OWNED = 21210, 400, "The From number is not a number of this account, nor one that is verified for it";
    CALLER_REQUIRED = 21213, 400, "A From number, client or SIP address is required";
    CALL_BLOCKED = 21216, 403, "This number is not called from here: emergency services and service codes cannot be reached";
    APPLICATION_INVALID = 21218, 400, "ApplicationSid is not the SID of an application of this account";
    CALL_STATE_INVALID = 21220, 400, "The call is not in a state that allows this";

    // SIP.
    SIP_DOMAINS_FULL = 21230, 400, "The account has as many SIP domains as it may have";
    SIP_DOMAIN_REFUSED = 21231, 400, "A parameter of the SIP domain is not valid, or its name is taken, or the list is mapped to it already";
    SIP_DOMAIN_INVALID = 21232, 400, "The name is not that of a SIP domain here";
    IP_LIST_REFUSED = 21235, 400, "A parameter of the IP access control list is not valid";
    IP_LIST_IN_USE = 21236, 400, "The IP access control list is mapped to a SIP domain; take it off there first";
    IP_ADDRESSES_FULL = 21237, 400, "The IP access control list has as many addresses as it may have";
    IP_ADDRESS_REFUSED = 21238, 400, "The address is not an IPv4 address, or its range is wider than /8";
    CREDENTIAL_LISTS_FULL = 21239, 400, "The account has as many credential lists as it may have";
    CREDENTIAL_LIST_REFUSED = 21240, 400, "A parameter of the credential list is not valid";
    CREDENTIAL_LIST_IN_USE = 21241, 400, "The credential list is mapped to a SIP domain; take it off there first";
    CREDENTIALS_FULL = 21242, 400, "The credential list has as many credentials as it may have";
    CREDENTIAL_REFUSED = 21243, 400, "A user name has 1 to 32 characters and is in the list once; a password has 12 characters or more, with upper and lower case and a digit";
    IP_LISTS_FULL = 21255, 400, "The account has as many IP access control lists as it may have";

    // TwiML.
    TWIML_NOT_XML = 12100, 400, "The document cannot be read as XML";
    TWIML_NOT_SERVED = 12200, 400, "The document holds what is not TwiML for messages as it is obeyed here";

    // Messaging Services.
    SERVICE_UNKNOWN = 21701, 400, "The Messaging Service does not exist";
    SERVICE_NO_SENDER = 21703, 400, "No sender of the Messaging Service can reach this recipient";
    SERVICE_EMPTY = 21704, 400, "The Messaging Service has no senders";
    SERVICE_INVALID = 21705, 400, "MessagingServiceSid is not the SID of a Messaging Service";
    SENDER_NAME_REQUIRED = 21708, 400, "AlphaSender is required";
    SENDER_NAME_INVALID = 21709, 400, "The sender name is not 1 to 11 letters, digits, spaces and +-_& with a letter among them";
    SENDER_IN_SERVICE = 21710, 409, "The sender is in this Messaging Service already";
    SENDER_NOT_IN_SERVICE = 21711, 400, "The From sender is not in the sender pool of this Messaging Service";
    SENDER_IN_OTHER_SERVICE = 21712, 409, "The sender is in another Messaging Service; take it out there first";
    USECASE_INVALID = 21713, 400, "Usecase is not one of those that GET /v1/Services/Usecases lists";
    SENDER_POOL_FULL = 21714, 400, "The Messaging Service has as many senders as it may have";
    DEACTIVATIONS_NOT_AVAILABLE = 30114, 404, "There is no report of deactivated numbers for this date";
    BRAND_NOT_FAILED = 21725, 400, "Only a brand whose registration has FAILED can be submitted again";

    // Public key client validation.
    VALIDATION_FAILED = 20151, 403, "The signature of Twilio-Client-Validation does not verify with its key";
    VALIDATION_SUBJECT = 20153, 403, "The issuer or subject of Twilio-Client-Validation is not that of the credentials";
    VALIDATION_CLAIMS = 20154, 403, "A claim of Twilio-Client-Validation is missing or not acceptable";
    VALIDATION_EXPIRED = 20156, 403, "Twilio-Client-Validation has expired or its expiration is not valid";
    VALIDATION_TOO_LONG = 20157, 403, "Twilio-Client-Validation is valid for longer than 300 seconds";
    VALIDATION_MALFORMED = 20160, 403, "Twilio-Client-Validation is not a token of the expected form";
    PUBLIC_KEY_INVALID = 70154, 400, "The public key is not an RSA key of 2048 to 8192 bits in PEM (SubjectPublicKeyInfo)";
    SIGNED_HEADER_MISSING = 70155, 403, "A header that Twilio-Client-Validation must sign is missing from it or from the request";
    REQUEST_HASH_INVALID = 70156, 403, "The request is not the one that Twilio-Client-Validation was made for";
}

/// The row with this number; where several share one, the first.
pub fn find(number: u32) -> Option<&'static Code> {
    CATALOGUE.iter().copied().find(|code| code.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_well_formed() {
        for code in CATALOGUE {
            assert!((10_000..100_000).contains(&code.number), "{}", code.name);
            assert!((400..600).contains(&code.status), "{}", code.name);
            assert!(!code.message.ends_with('.'), "{}", code.name);
        }
    }

    #[test]
    fn a_number_appears_once_per_status() {
        let mut seen: Vec<_> = CATALOGUE.iter().map(|c| (c.number, c.status)).collect();
        seen.sort_unstable();
        let before = seen.len();
        seen.dedup();
        assert_eq!(seen.len(), before);
    }
}
