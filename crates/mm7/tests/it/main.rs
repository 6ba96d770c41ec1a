//! The MM7 carrier against an MMSC of the tests, which can do what MMSCs and networks do: take, refuse, answer late or
//! wrongly, break. A second one, in Python, reads what it gets with parsers of its own (`peer/mmsc.py`).
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]
#![allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]

mod handing;
mod inbound;
mod mmsc;
mod python;
mod rules;
mod site;
mod unknown;
