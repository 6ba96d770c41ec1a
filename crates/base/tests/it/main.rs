//! What `base` promises, tested from outside.

mod phone;
