//! The protocol of KIP-848: members say what they want with each heartbeat, the broker assigns and tells them step by step.
//!
//! A partition is given to its new member once the old one has said that it let go. A member whose epoch is that of the group has its target.

use crate::topics::Topics;
use kafka_protocol::ResponseError;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// A partition of a topic.
pub type At = (String, i32);

/// Silent for longer, a member is out. Milliseconds; Kafka's `group.consumer.session.timeout.ms`.
const SESSION_MS: i64 = 45_000;
/// How often members are asked to say something; Kafka's default is 5 s, which every rebalance would wait for.
pub const HEARTBEAT_MS: i32 = 500;
/// The epoch of a static member that is away and is expected back.
const AWAY: i32 = -2;
/// Ways of assigning.
const ASSIGNORS: [&str; 2] = ["uniform", "range"];

/// A member.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// `group.instance.id`
    pub instance: Option<String>,
    /// Rack.
    pub rack: Option<String>,
    /// What its client calls itself.
    pub client: String,
    /// Where from.
    pub host: String,
    /// Topics by name.
    pub topics: BTreeSet<String>,
    /// Topics by pattern.
    pub pattern: Option<String>,
    /// Epoch that it was told; -2 of a static member that is away.
    pub epoch: i32,
    /// What it was told to read, and may still hold.
    pub assigned: BTreeSet<At>,
    /// What it shall read.
    pub target: BTreeSet<At>,
    /// What it was told to let go of and has not yet.
    revoking: BTreeSet<At>,
    rebalance_ms: i64,
    seen: i64,
    /// When it was told to let go.
    told: i64,
}

/// A group.
#[derive(Default)]
pub struct Consumer {
    /// Epoch of the group: counts changes of who wants what.
    pub epoch: i32,
    /// Way of assigning.
    pub assignor: String,
    /// By id.
    pub members: BTreeMap<String, Member>,
    /// Partitions of the topics that anybody wants, as of the last assignment.
    counted: BTreeMap<String, i32>,
    /// How often topics had changed by then.
    seen: u64,
    /// Topics of each pattern, as of then.
    matched: BTreeMap<String, Vec<Arc<str>>>,
}

/// A heartbeat.
#[derive(Default)]
pub struct Beat {
    /// Member id.
    pub id: String,
    /// 0 to join, -1 to leave, -2 to leave for a while (static members).
    pub epoch: i32,
    /// `group.instance.id`
    pub instance: Option<String>,
    /// Rack.
    pub rack: Option<String>,
    /// What its client calls itself.
    pub client: String,
    /// Where from.
    pub host: String,
    /// How long it may take to let go; negative where it says nothing.
    pub rebalance_ms: i32,
    /// Topics that it wants, where it says so.
    pub topics: Option<Vec<String>>,
    /// Pattern of topics, where it says so.
    pub pattern: Option<String>,
    /// Way of assigning, where it says so.
    pub assignor: Option<String>,
    /// What it holds, where it says so.
    pub holds: Option<Vec<At>>,
}

/// The answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// Epoch.
    pub epoch: i32,
    /// What to read from now on; `None` where nothing changed.
    pub assignment: Option<BTreeSet<At>>,
}

impl Consumer {
    /// Nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
    /// As ListGroups names it.
    pub fn state(&self) -> &'static str {
        let settled = |m: &Member| m.epoch == AWAY || (m.epoch == self.epoch && m.assigned == m.target && m.revoking.is_empty());
        match () {
            () if self.members.is_empty() => "Empty",
            () if self.members.values().all(settled) => "Stable",
            () => "Reconciling",
        }
    }

    /// Takes a heartbeat.
    pub fn beat(&mut self, beat: Beat, topics: &Topics, members_max: usize, now: i64) -> Result<Answer, ResponseError> {
        self.check_instance(&beat)?;
        if beat.epoch < 0 {
            return self.go(&beat, topics, now);
        }
        if let Some(assignor) = &beat.assignor
            && !ASSIGNORS.contains(&assignor.as_str())
        {
            return Err(ResponseError::UnsupportedAssignor);
        }
        if let Some(pattern) = &beat.pattern {
            pattern_of(pattern)?;
        }
        self.admit(&beat, members_max)?;
        let full = beat.epoch == 0 || beat.topics.is_some();
        let (id, holds) = (beat.id.clone(), beat.holds.clone());
        let changed = self.note(beat, now);
        self.assign(topics, changed);
        Ok(self.reconcile(&id, holds, full, now))
    }

    /// An instance id belongs to one member: who comes while its owner is there has to wait until it is released, and who was replaced is fenced.
    fn check_instance(&self, beat: &Beat) -> Result<(), ResponseError> {
        let Some(instance) = &beat.instance else { return Ok(()) };
        let owner = self.members.iter().find(|(_, m)| m.instance.as_ref() == Some(instance));
        match owner {
            Some((id, _)) if *id == beat.id => Ok(()),
            Some((_, owner)) if beat.epoch == 0 && owner.epoch == AWAY => Ok(()),
            Some(_) if beat.epoch == 0 => Err(ResponseError::UnreleasedInstanceId),
            Some(_) => Err(ResponseError::FencedInstanceId),
            None => Ok(()),
        }
    }

    /// A member goes: for good, or for a while if it is static; then it keeps what it reads until it is back or its session is over.
    fn go(&mut self, beat: &Beat, topics: &Topics, now: i64) -> Result<Answer, ResponseError> {
        let member = self.members.get_mut(&beat.id).ok_or(ResponseError::UnknownMemberId)?;
        match beat.epoch {
            AWAY if beat.instance.is_none() => return Err(ResponseError::InvalidRequest),
            AWAY => {
                (member.epoch, member.seen) = (AWAY, now);
                member.revoking.clear();
            }
            _ => {
                self.members.remove(&beat.id);
                self.assign(topics, true);
            }
        }
        Ok(Answer { epoch: beat.epoch, assignment: None })
    }

    fn admit(&mut self, beat: &Beat, members_max: usize) -> Result<(), ResponseError> {
        let known = self.members.get(&beat.id).map(|m| m.epoch);
        match (beat.epoch, known) {
            (0, None) => {
                // A static member that comes back takes the place of its old self.
                let twin = self.members.iter().find(|(_, m)| m.instance.is_some() && m.instance == beat.instance);
                if let Some(old) = twin.map(|(id, _)| id.clone()) {
                    let member = self.members.remove(&old).expect("just found");
                    self.members.insert(beat.id.clone(), Member { epoch: 0, assigned: BTreeSet::new(), ..member });
                } else if self.members.len() >= members_max {
                    return Err(ResponseError::GroupMaxSizeReached);
                }
                Ok(())
            }
            (0, Some(_)) => Ok(()),
            (_, None) => Err(ResponseError::UnknownMemberId),
            // The answer with the next epoch may have been lost: the one before is its last that the member knows.
            (epoch, Some(known)) if epoch == known || epoch + 1 == known => Ok(()),
            _ => Err(ResponseError::FencedMemberEpoch),
        }
    }

    /// Takes note of what a heartbeat says; whether the member wants something else than before.
    fn note(&mut self, beat: Beat, now: i64) -> bool {
        let new = !self.members.contains_key(&beat.id);
        let member = self.members.entry(beat.id).or_default();
        let mut changed = new;
        if beat.epoch == 0 {
            (member.epoch, member.assigned, member.revoking) = (0, BTreeSet::new(), BTreeSet::new());
        }
        (member.client, member.host, member.seen) = (beat.client, beat.host, now);
        member.instance = beat.instance.or(member.instance.take());
        member.rack = beat.rack.or(member.rack.take());
        if beat.rebalance_ms > 0 {
            member.rebalance_ms = beat.rebalance_ms.into();
        }
        if let Some(topics) = beat.topics {
            let topics = topics.into_iter().collect();
            changed |= std::mem::replace(&mut member.topics, topics) != member.topics;
        }
        if let Some(pattern) = beat.pattern {
            let pattern = Some(pattern).filter(|p| !p.is_empty());
            changed |= std::mem::replace(&mut member.pattern, pattern) != member.pattern;
        }
        if let Some(assignor) = beat.assignor
            && assignor != self.assignor
        {
            self.assignor = assignor;
            return true;
        }
        changed
    }

    /// What each member wants of the topics that there are.
    fn wanted(&mut self, all: &BTreeMap<Arc<str>, i32>) -> Wants {
        let patterns: BTreeSet<&String> = self.members.values().filter_map(|m| m.pattern.as_ref()).collect();
        self.matched.retain(|pattern, _| patterns.contains(pattern));
        for pattern in patterns {
            if !self.matched.contains_key(pattern) {
                let matches = pattern_of(pattern).ok();
                let topics = all.keys().filter(|name| matches.as_ref().is_some_and(|p| p.is_match(name))).cloned().collect();
                self.matched.insert(pattern.clone(), topics);
            }
        }
        let matched = &self.matched;
        let wanted = |m: &Member| -> BTreeSet<Arc<str>> {
            let by_pattern = m.pattern.iter().filter_map(|pattern| matched.get(pattern)).flatten().cloned();
            let by_name = m.topics.iter().filter_map(|name| all.get_key_value(name.as_str()).map(|(name, _)| name.clone()));
            by_name.chain(by_pattern).collect()
        };
        self.members.iter().map(|(id, m)| (id.clone(), wanted(m))).collect()
    }

    /// Makes a new target where members want something else or topics have changed.
    fn assign(&mut self, topics: &Topics, changed: bool) {
        // Asked with every heartbeat: as long as nothing has changed that is all there is to do.
        let version = topics.changes();
        if !changed && version == self.seen {
            return;
        }
        let all: BTreeMap<Arc<str>, i32> = topics.all().iter().map(|t| (t.name.clone(), t.count())).collect();
        if std::mem::replace(&mut self.seen, version) != version {
            self.matched.clear();
        }
        let wants = self.wanted(&all);
        let counted: BTreeMap<String, i32> =
            wants.values().flatten().filter_map(|name| all.get(name).map(|count| (name.to_string(), *count))).collect();
        if !changed && counted == self.counted {
            return;
        }
        self.counted = counted;
        self.epoch += 1;
        let before = self.members.iter().map(|(id, m)| (id.clone(), m.target.clone())).collect();
        let target = match self.assignor.as_str() {
            "range" => range(&wants, &self.counted),
            _ => uniform(&wants, &self.counted, before),
        };
        for (id, parts) in target {
            if let Some(member) = self.members.get_mut(&id) {
                member.target = parts;
            }
        }
    }

    /// What a member may take now of what it shall: nobody else has it, or has yet to let go of it.
    fn free(&self, id: &str) -> BTreeSet<At> {
        let Some(member) = self.members.get(id) else { return BTreeSet::new() };
        let mut free: BTreeSet<At> = member.target.difference(&member.assigned).cloned().collect();
        let others = self.members.iter().filter(|(other, _)| *other != id);
        for (_, other) in others {
            if free.is_empty() {
                break;
            }
            free.retain(|at| !other.assigned.contains(at) && !other.revoking.contains(at));
        }
        free
    }

    fn reconcile(&mut self, id: &str, holds: Option<Vec<At>>, full: bool, now: i64) -> Answer {
        let free = self.free(id);
        let group = self.epoch;
        let member = self.members.get_mut(id).expect("just noted");
        if let Some(holds) = holds {
            member.revoking.retain(|at| holds.contains(at));
        }
        let before = member.assigned.clone();
        if member.revoking.is_empty() {
            let leave: BTreeSet<At> = member.assigned.difference(&member.target).cloned().collect();
            match leave.is_empty() {
                true => {
                    member.assigned.extend(free);
                    member.epoch = group;
                }
                false => {
                    member.assigned.retain(|at| !leave.contains(at));
                    (member.revoking, member.told) = (leave, now);
                }
            }
        }
        // A member whose epoch is 0 would join for ever.
        member.epoch = member.epoch.max(1).min(group.max(1));
        let tell = full || member.assigned != before;
        Answer { epoch: member.epoch, assignment: tell.then(|| member.assigned.clone()) }
    }

    /// Lets those go who are silent, or don't let go of partitions in time. Whether anything changed.
    pub fn expire(&mut self, now: i64, topics: &Topics) -> bool {
        let gone = |m: &Member| {
            let slow = !m.revoking.is_empty() && m.rebalance_ms > 0 && now - m.told > m.rebalance_ms;
            slow || now - m.seen > SESSION_MS
        };
        let before = self.members.len();
        self.members.retain(|_, m| !gone(m));
        let changed = self.members.len() < before;
        if changed {
            self.assign(topics, true);
        }
        changed
    }

    /// Whether an offset may be committed for this member.
    pub fn may_commit(&self, id: &str, epoch: i32) -> Result<(), ResponseError> {
        if epoch < 0 && id.is_empty() {
            return if self.members.is_empty() { Ok(()) } else { Err(ResponseError::UnknownMemberId) };
        }
        match self.members.get(id).ok_or(ResponseError::UnknownMemberId)?.epoch {
            known if known == epoch => Ok(()),
            _ => Err(ResponseError::StaleMemberEpoch),
        }
    }
}

fn pattern_of(pattern: &str) -> Result<regex::Regex, ResponseError> {
    // The whole name has to match. Each member keeps one: they are smaller than elsewhere.
    let built = kit::bounded_regex(&format!("^(?:{pattern})$")).size_limit(256 << 10).dfa_size_limit(256 << 10).build();
    built.map_err(|_| ResponseError::InvalidRegularExpression)
}

type Targets = BTreeMap<String, BTreeSet<At>>;
/// Topics that each member wants.
type Wants = BTreeMap<String, BTreeSet<Arc<str>>>;

/// A topic while it is shared out.
struct Share<'a> {
    topic: &'a str,
    /// Who wants it, by their place among the members; in order.
    readers: Vec<usize>,
    free: BTreeSet<i32>,
    held: BTreeMap<usize, Vec<i32>>,
}

fn shares<'a>(wants: &'a Wants, counted: &'a BTreeMap<String, i32>) -> Vec<Share<'a>> {
    let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, topics) in wants.values().enumerate() {
        topics.iter().for_each(|topic| readers.entry(&**topic).or_default().push(at));
    }
    let share = |(topic, count): (&'a String, &i32)| {
        let readers = readers.remove(topic.as_str())?;
        Some(Share { topic, readers, free: (0..*count).collect(), held: BTreeMap::new() })
    };
    counted.iter().filter_map(share).collect()
}

fn targets(wants: &Wants, shares: Vec<Share<'_>>) -> Targets {
    let mut parts: Vec<BTreeSet<At>> = vec![BTreeSet::new(); wants.len()];
    for share in shares {
        for (reader, numbers) in share.held {
            parts[reader].extend(numbers.into_iter().map(|n| (share.topic.to_owned(), n)));
        }
    }
    wants.keys().cloned().zip(parts).collect()
}

/// Each topic for itself, in runs.
fn range(wants: &Wants, counted: &BTreeMap<String, i32>) -> Targets {
    let mut shares = shares(wants, counted);
    for share in &mut shares {
        let (count, readers) = (share.free.len(), share.readers.len());
        let mut next = 0;
        for (at, reader) in share.readers.iter().enumerate() {
            let mine = (count / readers + usize::from(at < count % readers)) as i32;
            share.held.insert(*reader, (next..next + mine).collect());
            next += mine;
        }
    }
    targets(wants, shares)
}

/// Most rounds in which topics are evened out: two or three are enough unless members want quite different topics.
const ROUNDS_MAX: usize = 16;

/// As even as can be over all topics, with as little moved as possible. The work is that of partitions times members.
fn uniform(wants: &Wants, counted: &BTreeMap<String, i32>, before: Targets) -> Targets {
    let mut shares = shares(wants, counted);
    let mut load = vec![0_usize; wants.len()];
    let places: HashMap<&String, usize> = wants.keys().enumerate().map(|(at, id)| (id, at)).collect();
    for (id, parts) in before {
        let Some(member) = places.get(&id) else { continue };
        for (topic, n) in parts {
            let Ok(at) = shares.binary_search_by(|share| share.topic.cmp(&topic)) else { continue };
            if shares[at].readers.binary_search(member).is_ok() && shares[at].free.remove(&n) {
                shares[at].held.entry(*member).or_default().push(n);
                load[*member] += 1;
            }
        }
    }
    for share in &mut shares {
        for n in std::mem::take(&mut share.free) {
            let least = share.readers.iter().min_by_key(|reader| load[**reader]).expect("a topic is there because somebody wants it");
            share.held.entry(*least).or_default().push(n);
            load[*least] += 1;
        }
    }
    for _ in 0..ROUNDS_MAX {
        if shares.iter_mut().map(|share| even_out(share, &mut load)).max() != Some(true) {
            break;
        }
    }
    targets(wants, shares)
}

/// Moves partitions of a topic from those who have most of all topics to those who have least. Whether anything moved.
fn even_out(share: &mut Share<'_>, load: &mut [usize]) -> bool {
    let mut moved = false;
    loop {
        let most = share.held.iter().filter(|(_, numbers)| !numbers.is_empty()).map(|(at, _)| *at).max_by_key(|at| load[*at]);
        let least = share.readers.iter().copied().min_by_key(|at| load[*at]);
        let (Some(most), Some(least)) = (most, least) else { return moved };
        if load[most] <= load[least] + 1 {
            return moved;
        }
        let n = share.held.get_mut(&most).and_then(Vec::pop);
        share.held.entry(least).or_default().extend(n);
        (load[most], load[least], moved) = (load[most] - 1, load[least] + 1, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(members: &[&str]) -> Wants {
        members.iter().map(|id| ((*id).to_owned(), BTreeSet::from(["t".into()]))).collect()
    }

    #[test]
    fn an_even_share_moves_little() {
        let counted = BTreeMap::from([("t".to_owned(), 6)]);
        let one = uniform(&wants(&["a"]), &counted, Targets::new());
        assert_eq!(one["a"].len(), 6);
        let two = uniform(&wants(&["a", "b"]), &counted, one.clone());
        assert_eq!((two["a"].len(), two["b"].len()), (3, 3));
        assert!(two["a"].is_subset(&one["a"]));
        let three = uniform(&wants(&["a", "b", "c"]), &counted, two.clone());
        assert!(three.values().all(|parts| parts.len() == 2));
        assert!(three["a"].is_subset(&two["a"]) && three["b"].is_subset(&two["b"]));
    }

    #[test]
    fn a_range_is_in_runs() {
        let counted = BTreeMap::from([("t".to_owned(), 5)]);
        let shares = range(&wants(&["a", "b"]), &counted);
        assert_eq!(shares["a"].iter().map(|at| at.1).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(shares["b"].iter().map(|at| at.1).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn many_partitions_are_shared_out_among_many_members_in_no_time() {
        let counted: BTreeMap<String, i32> = (0..200).map(|n| (format!("t{n}"), 100)).collect();
        let all: BTreeSet<Arc<str>> = counted.keys().map(|topic| topic.as_str().into()).collect();
        let wants = |members: usize| -> Wants { (0..members).map(|n| (format!("m{n:04}"), all.clone())).collect() };
        let few = uniform(&wants(2), &counted, Targets::new());
        let many = uniform(&wants(1_000), &counted, few);
        assert!(many.values().all(|parts| parts.len() == 20));
    }

    #[test]
    fn members_that_want_different_topics_are_as_even_as_can_be() {
        let counted = BTreeMap::from([("s".to_owned(), 2), ("t".to_owned(), 6)]);
        let both: BTreeSet<Arc<str>> = ["s".into(), "t".into()].into();
        let wants = Wants::from([("a".to_owned(), ["t".into()].into()), ("b".to_owned(), both)]);
        let before = Targets::from([("b".to_owned(), (0..6).map(|n| ("t".to_owned(), n)).collect())]);
        let shares = uniform(&wants, &counted, before);
        assert_eq!((shares["a"].len(), shares["b"].len()), (4, 4));
        assert!(shares["b"].contains(&("s".to_owned(), 0)) && shares["b"].contains(&("s".to_owned(), 1)));
    }
}
