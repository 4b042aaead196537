//! A member of a classic group, and what a group agrees on.

use bytes::Bytes;

/// A member.
#[derive(Clone, Debug)]
pub struct Member {
    /// `group.instance.id` of a static member.
    pub instance: Option<String>,
    /// What its client calls itself.
    pub client: String,
    /// Where from.
    pub host: String,
    /// Silent for longer, it is out. Milliseconds.
    pub session_ms: i64,
    /// How long a rebalance waits for it.
    pub rebalance_ms: i64,
    /// Ways of assigning that it knows, best first, each with what it subscribes to.
    pub protocols: Vec<(String, Bytes)>,
    /// It has joined the generation that is being made, or that stands.
    pub joined: bool,
    /// Its request to join has no answer yet.
    pub waiting: bool,
    /// What the leader gave it.
    pub assignment: Bytes,
    /// When it was last heard, real milliseconds.
    pub seen: i64,
}

impl Member {
    /// What it subscribes to under a way of assigning.
    pub fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols.iter().find(|(name, _)| name == protocol).map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }
    /// Silent for too long.
    pub fn gone(&self, now: i64) -> bool {
        !self.waiting && now - self.seen > self.session_ms
    }
}

/// The way of assigning that all members know and most like best.
pub fn agree<'a>(members: impl Iterator<Item = &'a Member> + Clone) -> Option<String> {
    let first = members.clone().next()?;
    let known_to_all = |name: &&(String, Bytes)| members.clone().all(|m| m.protocols.iter().any(|(other, _)| *other == name.0));
    let candidates: Vec<&String> = first.protocols.iter().filter(known_to_all).map(|(name, _)| name).collect();
    let votes = |name: &String| {
        let vote = |m: &&Member| m.protocols.iter().find(|(n, _)| candidates.contains(&n)).is_some_and(|(n, _)| n == name);
        members.clone().filter(vote).count()
    };
    // Of those with as many votes the one that the first member likes better.
    candidates.iter().enumerate().max_by_key(|(at, name)| (votes(name), usize::MAX - at)).map(|(_, name)| (*name).clone())
}
