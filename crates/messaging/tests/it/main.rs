//! Messaging through its public edges: the API, the carrier port and the customer's webhooks.
#![allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]

mod addresses;
mod applications;
mod countries;
mod crash;
mod dispatch;
mod feedback;
mod hot_path;
mod inbound;
mod media;
mod media_links;
mod media_outage;
mod media_rules;
mod messages;
mod mms;
mod numbers;
mod outages;
mod paging;
mod pool;
mod redaction;
mod registered;
mod review;
mod rules;
mod service_rules;
mod services;
mod short_codes;
mod site;
mod usage;
mod words;
