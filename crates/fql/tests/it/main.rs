//! The filter language and destination filters, from outside.

mod expressions;
mod filters;
mod hostile;
