//! Monitor v1: what the Debugger shows of failed webhooks and other trouble.
//!
//! Reading order: `routes` (the table and its handlers), `model` (which alerts are asked for), `service` (what may be
//! opened, and for whom), `view` (the shapes of the published schemas `monitor.v1.alert` and
//! `monitor.v1.alert-instance`). Alerts are raised where the trouble is, through [`webhooks::alert::raise`].
//!
//! Beside it: `notifications` (the same alerts as the 2010 API shows them), and in our own API `deliveries` (the delivery
//! log of webhooks) and `parked` (jobs the operator decides about).
//!
//! Parameters and answers can hold PHI: a HIPAA project is never shown them (rule `RT-DEBUG-1`), and elsewhere showing
//! them is recorded as a disclosure. `Events` (the audit trail) is not served.

mod deliveries;
mod model;
mod notifications;
mod parked;
mod routes;
mod service;
mod view;

pub use routes::{notification_routes, operation_routes, routes};
