//! How long to wait before the next try: doubled each time up to a longest, with full jitter, so that partitions that were throttled together
//! don't come back together. Pure but for the dice.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Waits between tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Before the second try.
    pub first: Duration,
    /// Never longer than this, unless the service asks for it.
    pub longest: Duration,
}

impl Backoff {
    /// Before the next try, after `tries` in vain; `asked` is what the service's Retry-After said, which is never undercut.
    pub fn wait(&self, tries: u32, asked: Option<Duration>, dice: u64) -> Duration {
        let doubled = self.first.saturating_mul(1u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX)).min(self.longest);
        // Between half and all of it: no wait is so short that it hammers.
        let half = doubled / 2;
        let jittered = half + half.mul_f64((dice % 1024) as f64 / 1023.0);
        asked.map_or(jittered, |asked| asked.max(jittered))
    }
}

/// A number that nobody foresees; the standard library seeds its hashers from the system.
pub fn dice() -> u64 {
    RandomState::new().hash_one(0)
}
