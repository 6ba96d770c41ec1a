//! The upstream carrier against a second Switchward, which is a real account that speaks Twilio's API, behind a door
//! that can do what networks and vendors do: refuse, redirect, answer late, break.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]
#![allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]

mod callbacks;
mod door;
mod follow;
mod handing;
mod inbound;
mod media;
mod rules;
mod site;
mod unknown;
