//! One row per error code. Numbers that SDKs know keep Twilio's meaning; 77xxx is our range, for
//! refusals of the guide that Twilio has no code for. The texts are ours.

/// A row of the catalogue.
#[derive(Debug, PartialEq, Eq)]
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
    NOT_SUPPORTED = 20501, 501, "This feature is not supported here";
    TOO_MANY_REQUESTS = 20429, 429, "Too many requests; slow down and try again";
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
