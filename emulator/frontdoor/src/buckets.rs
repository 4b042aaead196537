//! Token buckets on the cloud's clock: `burst` at once, `rate` a second after that.

use kit::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Buckets that are held; the fullest are forgotten beyond that, which changes nothing for who uses them.
const MOST_BUCKETS: usize = 100_000;

/// Token buckets by name.
#[derive(Default)]
pub struct Buckets {
    held: Mutex<HashMap<String, Bucket>>,
}

struct Bucket {
    tokens: f64,
    at: Timestamp,
    /// Limits that it was filled by.
    burst: f64,
    rate: f64,
}

impl Buckets {
    /// Takes a token out of a bucket, if there is one. A bucket begins full, and again when its limits change. Limits of zero let nothing pass.
    pub fn take(&self, name: &str, now: Timestamp, rate: f64, burst: f64) -> bool {
        let mut held = self.held.lock();
        if held.len() >= MOST_BUCKETS && !held.contains_key(name) {
            held.retain(|_, bucket| bucket.refilled(now) < bucket.burst);
        }
        if !held.contains_key(name) {
            held.insert(name.to_owned(), Bucket { tokens: burst, at: now, burst, rate });
        }
        let Some(bucket) = held.get_mut(name) else { return true };
        if (bucket.burst, bucket.rate) != (burst, rate) {
            *bucket = Bucket { tokens: burst, at: now, burst, rate };
        }
        bucket.tokens = bucket.refilled(now);
        bucket.at = now;
        // What adding up small steps of time loses must not cost a token.
        let passes = bucket.tokens + 1e-6 >= 1.0;
        if passes {
            bucket.tokens = (bucket.tokens - 1.0).max(0.0);
        }
        passes
    }
}

impl Bucket {
    fn refilled(&self, now: Timestamp) -> f64 {
        let secs = (now.unix_ns - self.at.unix_ns).max(0) as f64 / 1e9;
        (self.tokens + secs * self.rate).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_the_rate() {
        let buckets = Buckets::default();
        let start = Timestamp::from_secs(1_700_000_000);
        let mut admitted = 0;
        for step in 0..1000 {
            let now = start.plus_ns(step * 10_000_000);
            admitted += (0..20).filter(|_| buckets.take("b", now, 50.0, 100.0)).count();
        }
        // 100 at once, and 50 a second over 9.99 s.
        assert!((598..=600).contains(&admitted), "{admitted}");
    }

    #[test]
    fn nothing_passes_a_limit_of_zero() {
        assert!(!Buckets::default().take("b", Timestamp::from_secs(1), 0.0, 0.0));
    }
}
