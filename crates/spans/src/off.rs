//! What is left without the feature `otel`: the work is done, and nobody hears of it.

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
    pub async fn request<T>(
        &self,
        _traceparent: Option<&[u8]>,
        work: impl Future<Output = T>,
        _tell: impl FnOnce(Option<&T>) -> Work,
    ) -> T {
        work.await
    }

    /// Runs a job.
    #[inline]
    pub async fn job<T>(
        &self,
        _id: &str,
        _account: Option<AccountSid>,
        work: impl Future<Output = T>,
        _tell: impl FnOnce(Option<&T>) -> Work,
    ) -> T {
        work.await
    }
}

/// Runs a part of what is being done.
#[inline]
pub async fn child<T>(work: impl Future<Output = T>, _tell: impl FnOnce(Option<&T>) -> Work) -> T {
    work.await
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
