//! Voice through its public edges.

mod site;
mod sip;
mod sip_gate;
mod sip_rules;
