//! Prompts: what is played, as samples of a telephone.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::tone::time_of;

/// Audio to be played, 16 bits, 8 kHz, one channel. Clones share it; it is wiped when the last is dropped, and has no text.
#[derive(Clone)]
pub struct Prompt(Arc<Zeroizing<Vec<i16>>>);

impl Prompt {
    /// Of these samples.
    pub fn from_samples(samples: Vec<i16>) -> Self {
        Self(Arc::new(Zeroizing::new(samples)))
    }

    /// Its samples.
    pub fn samples(&self) -> &[i16] {
        &self.0
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        time_of(self.0.len() as u64)
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[prompt]")
    }
}
