//! The protocol of KIP-848: members say what they want with each heartbeat, the broker assigns and tells them step by step.
//!
//! A partition is given to its new member once the old one has said that it let go. A member whose epoch is that of the group has its target.

use crate::topics::Topics;
use kafka_protocol::ResponseError;
use std::collections::{BTreeMap, BTreeSet};

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
            _ => self.leave(&beat.id, topics),
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
        let before = (member.topics.clone(), member.pattern.clone());
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
            member.topics = topics.into_iter().collect();
        }
        if let Some(pattern) = beat.pattern {
            member.pattern = Some(pattern).filter(|p| !p.is_empty());
        }
        let changed = new || before != (member.topics.clone(), member.pattern.clone());
        if let Some(assignor) = beat.assignor
            && assignor != self.assignor
        {
            self.assignor = assignor;
            return true;
        }
        changed
    }

    /// What a member wants of the topics that there are.
    fn wanted(member: &Member, all: &BTreeMap<String, i32>) -> BTreeSet<String> {
        let pattern = member.pattern.as_ref().and_then(|p| pattern_of(p).ok());
        let by_pattern = all.keys().filter(|name| pattern.as_ref().is_some_and(|p| p.is_match(name)));
        let by_name = member.topics.iter().filter(|name| all.contains_key(*name));
        by_name.chain(by_pattern).cloned().collect()
    }

    /// Makes a new target where members want something else or topics have changed.
    fn assign(&mut self, topics: &Topics, changed: bool) {
        let all: BTreeMap<String, i32> = topics.all().iter().map(|t| (t.name.to_string(), t.count())).collect();
        let wants: BTreeMap<String, BTreeSet<String>> = self.members.iter().map(|(id, m)| (id.clone(), Self::wanted(m, &all))).collect();
        let counted: BTreeMap<String, i32> =
            wants.values().flatten().filter_map(|name| all.get(name).map(|count| (name.clone(), *count))).collect();
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

    fn reconcile(&mut self, id: &str, holds: Option<Vec<At>>, full: bool, now: i64) -> Answer {
        let others: BTreeSet<At> = self
            .members
            .iter()
            .filter(|(other, _)| *other != id)
            .flat_map(|(_, m)| m.assigned.iter().chain(&m.revoking).cloned())
            .collect();
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
                    member.assigned.extend(member.target.difference(&others).cloned());
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

    fn leave(&mut self, id: &str, topics: &Topics) {
        self.members.remove(id);
        self.assign(topics, true);
    }

    /// Lets those go who are silent, or don't let go of partitions in time. Whether anything changed.
    pub fn expire(&mut self, now: i64, topics: &Topics) -> bool {
        let gone = |m: &Member| {
            let slow = !m.revoking.is_empty() && m.rebalance_ms > 0 && now - m.told > m.rebalance_ms;
            slow || now - m.seen > SESSION_MS
        };
        let gone: Vec<String> = self.members.iter().filter(|(_, m)| gone(m)).map(|(id, _)| id.clone()).collect();
        gone.iter().for_each(|id| self.leave(id, topics));
        !gone.is_empty()
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
    // The whole name has to match.
    kit::regex(&format!("^(?:{pattern})$")).map_err(|_| ResponseError::InvalidRegularExpression)
}

type Targets = BTreeMap<String, BTreeSet<At>>;

/// Each topic for itself, in runs.
fn range(wants: &BTreeMap<String, BTreeSet<String>>, counted: &BTreeMap<String, i32>) -> Targets {
    let mut out: Targets = wants.keys().map(|id| (id.clone(), BTreeSet::new())).collect();
    for (topic, count) in counted {
        let readers: Vec<&String> = wants.iter().filter(|(_, topics)| topics.contains(topic)).map(|(id, _)| id).collect();
        let mut next = 0;
        for (at, reader) in readers.iter().enumerate() {
            let share = *count / readers.len() as i32 + i32::from((at as i32) < *count % readers.len() as i32);
            out.entry((*reader).clone()).or_default().extend((next..next + share).map(|n| (topic.clone(), n)));
            next += share;
        }
    }
    out
}

/// As even as can be over all topics, with as little moved as possible.
fn uniform(wants: &BTreeMap<String, BTreeSet<String>>, counted: &BTreeMap<String, i32>, before: Targets) -> Targets {
    let mut out: Targets = wants.keys().map(|id| (id.clone(), BTreeSet::new())).collect();
    let mut free: BTreeSet<At> = counted.iter().flat_map(|(topic, n)| (0..*n).map(|n| (topic.clone(), n))).collect();
    for (id, parts) in before {
        let Some(wanted) = wants.get(&id) else { continue };
        let kept = parts.into_iter().filter(|at| wanted.contains(&at.0) && free.remove(at)).collect();
        out.insert(id, kept);
    }
    let least = |out: &Targets, topic: &str| {
        let readers = out.iter().filter(|(id, _)| wants.get(*id).is_some_and(|topics| topics.contains(topic)));
        readers.min_by_key(|(_, parts)| parts.len()).map(|(id, parts)| (id.clone(), parts.len()))
    };
    for at in free {
        if let Some((id, _)) = least(&out, &at.0) {
            out.entry(id).or_default().insert(at);
        }
    }
    // Each move makes the spread smaller, so there is an end; the bound is for safety only.
    for _ in 0..counted.values().sum::<i32>() {
        let step = out.iter().flat_map(|(from, parts)| parts.iter().map(move |at| (from, parts.len(), at))).find_map(|(from, many, at)| {
            least(&out, &at.0).filter(|(_, few)| few + 1 < many).map(|(to, _)| (from.clone(), to, at.clone()))
        });
        let Some((from, to, at)) = step else { break };
        out.entry(from).or_default().remove(&at);
        out.entry(to).or_default().insert(at);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(members: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
        members.iter().map(|id| ((*id).to_owned(), BTreeSet::from(["t".to_owned()]))).collect()
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
}
