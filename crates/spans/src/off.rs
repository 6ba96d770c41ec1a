//! What is left of traces without the feature `otel`: the work is done, and nobody hears of it. Nothing is wrapped around
//! the work, so that nothing of this is in the program.

use std::future::Future;

use base::AccountSid;

use crate::Work;

/// Begins traces; here it never does.
#[derive(Clone, Debug, Default)]
pub struct Tracer;

impl Tracer {
    /// A tracer that records nothing.
    pub const fn off() -> Self {
        Self
    }

    /// Runs what answers a request.
    #[inline]
    pub fn request<F: Future>(
        &self,
        _traceparent: Option<&[u8]>,
        work: F,
        _tell: impl FnOnce(Option<&F::Output>) -> Work,
    ) -> F {
        work
    }

    /// Runs a job.
    #[inline]
    pub fn job<F: Future>(
        &self,
        _id: &str,
        _account: Option<AccountSid>,
        work: F,
        _tell: impl FnOnce(Option<&F::Output>) -> Work,
    ) -> F {
        work
    }
}

/// Runs a part of what is being done.
#[inline]
pub fn child<F: Future>(work: F, _tell: impl FnOnce(Option<&F::Output>) -> Work) -> F {
    work
}

/// Notes something that took no time.
#[inline]
pub fn note(_work: impl FnOnce() -> Work) {}

/// Says which account the request is about.
#[inline]
pub fn account(_sid: AccountSid) {}

/// Remembers what a job came from.
#[inline]
pub fn remember_job(_id: &str) {}
