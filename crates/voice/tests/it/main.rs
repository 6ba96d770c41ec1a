//! Voice through its public edges.

mod calls;
mod crash;
mod dial;
mod documents;
mod inbound;
mod rules;
mod sip;
mod sip_gate;
mod sip_rules;
mod site;
