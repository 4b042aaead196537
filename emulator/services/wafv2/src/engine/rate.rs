//! Counts of rate-based rules: for each key the requests of a trailing window, as the last check saw it. AWS checks about every ten seconds,
//! so that a burst passes until the next check, and a limit holds until the window has forgotten it.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
};

/// Between two checks, seconds.
const CHECK_SECS: i64 = 10;
/// Longest window, seconds.
const LONGEST_SECS: i64 = 600;
/// Keys that a rule remembers; AWS limits ten thousand at once.
const MOST_KEYS: usize = 10_000;

/// What requests are counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Values of the aggregation keys.
    pub text: String,
    /// The address, where it is the only key.
    pub ip: Option<IpAddr>,
}

/// Requests of one key: how many in each slice of ten seconds.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    slices: VecDeque<(i64, u64)>,
}

impl Counter {
    /// One more.
    pub fn add(&mut self, now_secs: i64) {
        let slice = now_secs.div_euclid(CHECK_SECS);
        match self.slices.back_mut() {
            Some((last, count)) if *last == slice => *count += 1,
            _ => self.slices.push_back((slice, 1)),
        }
        let oldest = slice - LONGEST_SECS / CHECK_SECS - 1;
        while self.slices.front().is_some_and(|(s, _)| *s < oldest) {
            self.slices.pop_front();
        }
    }
    /// What the last check saw in its window.
    pub fn seen(&self, now_secs: i64, window_secs: u32) -> u64 {
        let check = now_secs.div_euclid(CHECK_SECS);
        let first = check - i64::from(window_secs).div_euclid(CHECK_SECS);
        self.slices.iter().filter(|(slice, _)| (first..check).contains(slice)).map(|(_, count)| count).sum()
    }
    fn last(&self) -> i64 {
        self.slices.back().map_or(i64::MIN, |(slice, _)| *slice)
    }
}

/// Counters of all rules, by rule and key.
#[derive(Debug, Default)]
pub struct Counters {
    rules: HashMap<String, HashMap<Key, Counter>>,
}

impl Counters {
    /// Counts a request and tells what the last check saw of its key.
    pub fn count(&mut self, rule: &str, key: &Key, now_secs: i64, window_secs: u32) -> u64 {
        if !self.rules.contains_key(rule) {
            self.rules.insert(rule.to_owned(), HashMap::new());
        }
        let keys = self.rules.get_mut(rule).expect("it was put there");
        if !keys.contains_key(key) && keys.len() >= MOST_KEYS {
            // The half that was silent longest is forgotten.
            let mut last: Vec<i64> = keys.values().map(Counter::last).collect();
            let middle = last.len() / 2;
            let pivot = *last.select_nth_unstable(middle).1;
            let mut room = middle;
            keys.retain(|_, counter| {
                counter.last() > pivot || (counter.last() == pivot && room.checked_sub(1).map(|r| room = r).is_some())
            });
        }
        let counter = keys.entry(key.clone()).or_default();
        counter.add(now_secs);
        counter.seen(now_secs, window_secs)
    }
    /// What the last check saw of a key, without counting.
    pub fn seen(&self, rule: &str, key: &Key, now_secs: i64, window_secs: u32) -> u64 {
        self.rules.get(rule).and_then(|keys| keys.get(key)).map_or(0, |counter| counter.seen(now_secs, window_secs))
    }
    /// Addresses whose requests are above the limit.
    pub fn above(&self, rule: &str, limit: u64, now_secs: i64, window_secs: u32) -> Vec<IpAddr> {
        let keys = self.rules.get(rule).into_iter().flatten();
        let mut found: Vec<IpAddr> =
            keys.filter(|(_, counter)| counter.seen(now_secs, window_secs) > limit).filter_map(|(key, _)| key.ip).collect();
        found.sort();
        found
    }
    /// Forgets the rules of a web ACL: all whose name begins so.
    pub fn forget(&mut self, prefix: &str) {
        self.rules.retain(|rule, _| !rule.starts_with(prefix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_until_the_check_and_is_forgotten_after_the_window() {
        let key = Key { text: "192.0.2.1".into(), ip: Some("192.0.2.1".parse().unwrap()) };
        let mut counters = Counters::default();
        for n in 0..20 {
            assert_eq!(counters.count("r", &key, 1_000 + n / 4, 60), 0, "within the first slice nothing is known");
        }
        assert_eq!(counters.count("r", &key, 1_010, 60), 20);
        assert_eq!(counters.above("r", 19, 1_010, 60), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        assert!(counters.above("r", 20, 1_010, 60).is_empty());
        assert_eq!(counters.seen("r", &key, 1_059, 60), 21);
        assert_eq!(counters.seen("r", &key, 1_070, 60), 1, "the burst of 1000..1009 has left the window");
        assert_eq!(counters.seen("r", &key, 1_080, 60), 0);
    }

    #[test]
    fn keys_are_bounded() {
        let mut counters = Counters::default();
        for n in 0..25_000u32 {
            counters.count("r", &Key { text: n.to_string(), ip: None }, 0, 60);
        }
        assert!(counters.rules["r"].len() <= MOST_KEYS);
    }
}
