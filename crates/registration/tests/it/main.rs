//! Registration through its public edge: what is shown, how reviews go, and that no contact stays behind.

mod answers;
mod brands;
mod campaigns;
mod site;
mod tollfree;
mod traces;
mod verdicts;
