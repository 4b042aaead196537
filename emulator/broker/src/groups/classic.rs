//! The classic protocol: members join, one of them assigns, all sync. A state machine without waiting; who waits asks again when it changed.
//!
//! Rules are those of Kafka's documentation and of KIP-345 (static members), KIP-394 (member ids first) and KIP-814 (static leaders).

use super::member::{Member, agree};
use bytes::Bytes;
use kafka_protocol::ResponseError;
use std::collections::{BTreeMap, HashMap};

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Empty,
    /// Members join.
    Preparing,
    /// The leader assigns.
    Completing,
    Stable,
}

/// A classic group.
pub struct Classic {
    phase: Phase,
    generation: i32,
    /// `consumer`, mostly.
    pub protocol_type: String,
    /// The way of assigning that was agreed on.
    pub protocol: String,
    leader: String,
    members: BTreeMap<String, Member>,
    /// Member ids that were given out and not used yet, and until when.
    promised: HashMap<String, i64>,
    /// Static members: instance to member.
    instances: BTreeMap<String, String>,
    /// When the rebalance ends whoever is missing, and before when it doesn't. Real milliseconds.
    deadline: i64,
    not_before: i64,
}

/// A request to join, as the group needs it.
pub struct Join {
    /// Member id; empty at first.
    pub id: String,
    /// Id for it if it has none.
    pub fresh: String,
    /// The client knows that it gets an id first (version 4).
    pub id_first: bool,
    /// The client knows of assignments that are skipped (version 9).
    pub skips: bool,
    /// Kind of group.
    pub protocol_type: String,
    /// The member.
    pub member: Member,
    /// How long the first member waits for others.
    pub delay_ms: i64,
    /// Most members.
    pub members_max: usize,
}

/// What a request to join leads to.
#[derive(Debug)]
pub enum Entered {
    /// To be waited for under this id.
    Waiting(String),
    /// An answer at once.
    Now(Joined),
    /// The id to join with.
    TakeId(String),
}

/// The answer to a join.
#[derive(Clone, Debug, Default)]
pub struct Joined {
    /// Generation.
    pub generation: i32,
    /// Kind of group.
    pub protocol_type: String,
    /// Way of assigning.
    pub protocol: String,
    /// Who assigns.
    pub leader: String,
    /// Who is asked.
    pub id: String,
    /// The assignment stands although the leader is told the members.
    pub skip: bool,
    /// For the leader: id, instance and subscription of each.
    pub members: Vec<(String, Option<String>, Bytes)>,
}

impl Default for Classic {
    fn default() -> Self {
        Classic {
            phase: Phase::Empty,
            generation: 0,
            protocol_type: String::new(),
            protocol: String::new(),
            leader: String::new(),
            members: BTreeMap::new(),
            promised: HashMap::new(),
            instances: BTreeMap::new(),
            deadline: 0,
            not_before: 0,
        }
    }
}

impl Classic {
    /// Nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.promised.is_empty()
    }
    /// As ListGroups names it.
    pub fn state(&self) -> &'static str {
        match self.phase {
            Phase::Empty => "Empty",
            Phase::Preparing => "PreparingRebalance",
            Phase::Completing => "CompletingRebalance",
            Phase::Stable => "Stable",
        }
    }
    /// Number of the generation.
    pub fn generation(&self) -> i32 {
        self.generation
    }
    /// Its members.
    pub fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// Takes a request to join.
    pub fn join(&mut self, join: Join, now: i64) -> Result<Entered, ResponseError> {
        if join.protocol_type.is_empty() || join.member.protocols.is_empty() {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        let others: Vec<Member> = self.members.iter().filter(|(id, _)| **id != join.id).map(|(_, m)| m.clone()).collect();
        let fits = agree(others.iter().chain([&join.member])).is_some();
        if !others.is_empty() && (self.protocol_type != join.protocol_type || !fits) {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        match &join.member.instance {
            _ if join.id.is_empty() => self.join_unknown(join, now),
            Some(instance) => {
                self.check_instance(&join.id, Some(instance))?;
                self.join_known(join, now)
            }
            None if self.promised.remove(&join.id).is_some() => {
                let id = join.id.clone();
                Ok(self.add(id, join, now))
            }
            None => self.join_known(join, now),
        }
    }

    fn join_unknown(&mut self, join: Join, now: i64) -> Result<Entered, ResponseError> {
        let fresh = join.fresh.clone();
        if let Some(instance) = &join.member.instance {
            if let Some(old) = self.instances.insert(instance.clone(), fresh.clone()) {
                return Ok(self.take_over(&old, join, now));
            }
        } else if join.id_first {
            // A promise is a place: who asks for ids and never joins must not take room without end.
            if self.members.len() + self.promised.len() >= join.members_max {
                return Err(ResponseError::GroupMaxSizeReached);
            }
            self.promised.insert(fresh.clone(), now + join.member.session_ms);
            return Ok(Entered::TakeId(fresh));
        }
        if self.members.len() >= join.members_max {
            join.member.instance.as_ref().map(|instance| self.instances.remove(instance));
            return Err(ResponseError::GroupMaxSizeReached);
        }
        Ok(self.add(fresh, join, now))
    }

    fn add(&mut self, id: String, join: Join, now: i64) -> Entered {
        let first = self.phase == Phase::Empty;
        self.protocol_type = join.protocol_type;
        self.members.insert(id.clone(), Member { joined: true, waiting: true, seen: now, ..join.member });
        if self.phase != Phase::Preparing {
            self.prepare(now, if first { join.delay_ms } else { 0 });
        } else if self.generation_is_first() {
            // Whoever starts together shall be assigned together.
            self.not_before = (now + join.delay_ms).min(self.deadline);
        }
        self.deadline = self.deadline.max(now + self.longest_rebalance());
        Entered::Waiting(id)
    }

    fn generation_is_first(&self) -> bool {
        self.leader.is_empty()
    }

    /// A static member came back under a new id.
    fn take_over(&mut self, old: &str, join: Join, now: i64) -> Entered {
        let id = join.fresh.clone();
        let Some(before) = self.members.remove(old) else { return self.add(id, join, now) };
        let was_leader = self.leader == old;
        let assignment = before.assignment.clone();
        let same = before.metadata(&self.protocol) == join.member.metadata(&self.protocol);
        let member = Member { joined: true, waiting: false, seen: now, assignment, ..join.member };
        self.members.insert(id.clone(), member);
        if was_leader {
            self.leader = id.clone();
        }
        if self.phase == Phase::Stable && same {
            let mut joined = self.answer(&id);
            if was_leader && !join.skips {
                // Older clients would assign again if they were told that they lead.
                (joined.leader, joined.members) = (old.to_owned(), Vec::new());
            } else {
                joined.skip = was_leader;
            }
            return Entered::Now(joined);
        }
        self.rejoin(&id, now)
    }

    fn join_known(&mut self, join: Join, now: i64) -> Result<Entered, ResponseError> {
        let id = join.id;
        let member = self.members.get_mut(&id).ok_or(ResponseError::UnknownMemberId)?;
        let same = member.protocols == join.member.protocols;
        let assignment = std::mem::take(&mut member.assignment);
        *member = Member { joined: member.joined, waiting: member.waiting, assignment, seen: now, ..join.member };
        let stands = match self.phase {
            Phase::Completing => same,
            Phase::Stable => same && self.leader != id,
            Phase::Empty | Phase::Preparing => false,
        };
        match stands {
            true => Ok(Entered::Now(self.answer(&id))),
            false => Ok(self.rejoin(&id, now)),
        }
    }

    fn rejoin(&mut self, id: &str, now: i64) -> Entered {
        if self.phase != Phase::Preparing {
            self.prepare(now, 0);
        }
        if let Some(member) = self.members.get_mut(id) {
            (member.joined, member.waiting) = (true, true);
        }
        Entered::Waiting(id.to_owned())
    }

    fn prepare(&mut self, now: i64, delay_ms: i64) {
        self.phase = Phase::Preparing;
        self.members.values_mut().for_each(|member| member.joined = member.waiting);
        self.not_before = now + delay_ms;
        self.deadline = now + self.longest_rebalance();
    }

    fn longest_rebalance(&self) -> i64 {
        self.members.values().map(|m| m.rebalance_ms).max().unwrap_or(0)
    }

    /// Begins the next generation if everybody is there or too late. Whether anything changed.
    pub fn advance(&mut self, now: i64) -> bool {
        if self.phase != Phase::Preparing || now < self.not_before.min(self.deadline) {
            return false;
        }
        let complete = self.promised.is_empty() && self.members.values().all(|m| m.joined);
        if !complete && now < self.deadline {
            return false;
        }
        // Static members keep their place until their session ends.
        let late: Vec<String> = self.members.iter().filter(|(_, m)| !m.joined && m.instance.is_none()).map(|(id, _)| id.clone()).collect();
        late.iter().for_each(|id| drop(self.members.remove(id)));
        self.generation += 1;
        let joined = self.members.iter().find(|(_, m)| m.joined).map(|(id, _)| id.clone());
        let Some(first) = joined else {
            self.phase = if self.members.is_empty() { Phase::Empty } else { Phase::Stable };
            return true;
        };
        if !self.members.get(&self.leader).is_some_and(|leader| leader.joined) {
            self.leader = first;
        }
        self.protocol = agree(self.members.values()).unwrap_or_default();
        self.members.values_mut().for_each(|m| m.seen = now);
        self.phase = Phase::Completing;
        true
    }

    /// The answer to a join that was waited for, once there is one.
    pub fn joined(&mut self, id: &str, now: i64) -> Option<Result<Joined, ResponseError>> {
        let Some(member) = self.members.get_mut(id) else { return Some(Err(ResponseError::UnknownMemberId)) };
        if !matches!(self.phase, Phase::Completing | Phase::Stable) || !member.joined {
            return None;
        }
        (member.waiting, member.seen) = (false, now);
        Some(Ok(self.answer(id)))
    }

    /// Nobody waits any more for the answer to a member's join: from now on silence counts.
    pub fn waits_no_more(&mut self, id: &str, now: i64) {
        if let Some(member) = self.members.get_mut(id)
            && std::mem::take(&mut member.waiting)
        {
            member.seen = now;
        }
    }

    /// How long to wait before asking again although nothing changed, milliseconds.
    pub fn patience(&self, now: i64) -> i64 {
        let next = if now < self.not_before { self.not_before } else { self.deadline };
        (next - now).clamp(1, 5_000)
    }

    fn answer(&self, id: &str) -> Joined {
        let each = |(id, m): (&String, &Member)| (id.clone(), m.instance.clone(), m.metadata(&self.protocol));
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            id: id.to_owned(),
            skip: false,
            members: if self.leader == id { self.members.iter().map(each).collect() } else { Vec::new() },
        }
    }

    /// Whether a member of this id, instance and generation is in the group.
    pub fn check(&mut self, id: &str, instance: Option<&str>, generation: i32, now: i64) -> Result<(), ResponseError> {
        self.check_instance(id, instance)?;
        let member = self.members.get_mut(id).ok_or(ResponseError::UnknownMemberId)?;
        member.seen = now;
        match generation == self.generation {
            true => Ok(()),
            false => Err(ResponseError::IllegalGeneration),
        }
    }

    fn check_instance(&self, id: &str, instance: Option<&str>) -> Result<(), ResponseError> {
        match instance.map(|instance| self.instances.get(instance)) {
            None => Ok(()),
            Some(None) => Err(ResponseError::UnknownMemberId),
            Some(Some(known)) if known == id => Ok(()),
            Some(Some(_)) => Err(ResponseError::FencedInstanceId),
        }
    }

    /// A sign of life.
    pub fn heartbeat(&mut self, id: &str, instance: Option<&str>, generation: i32, now: i64) -> Result<(), ResponseError> {
        self.check(id, instance, generation, now)?;
        match self.phase {
            Phase::Preparing => Err(ResponseError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// The leader's assignment, or the request of a member for its own. `None` while the leader is still at it.
    pub fn sync(&mut self, id: &str, given: &mut Vec<(String, Bytes)>) -> Option<Result<Bytes, ResponseError>> {
        if !self.members.contains_key(id) {
            return Some(Err(ResponseError::UnknownMemberId));
        }
        match self.phase {
            Phase::Empty => return Some(Err(ResponseError::UnknownMemberId)),
            Phase::Preparing => return Some(Err(ResponseError::RebalanceInProgress)),
            Phase::Completing if self.leader == id => {
                self.members.values_mut().for_each(|m| m.assignment = Bytes::new());
                for (id, assignment) in given.drain(..) {
                    if let Some(member) = self.members.get_mut(&id) {
                        member.assignment = assignment;
                    }
                }
                self.phase = Phase::Stable;
            }
            Phase::Completing => return None,
            Phase::Stable => {}
        }
        self.members.get(id).map(|m| Ok(m.assignment.clone()))
    }

    /// Lets a member go; by its instance where it names one.
    pub fn leave(&mut self, id: &str, instance: Option<&str>, now: i64) -> Result<String, ResponseError> {
        let id = match instance {
            Some(instance) if id.is_empty() => self.instances.get(instance).cloned().ok_or(ResponseError::UnknownMemberId)?,
            Some(_) => {
                self.check_instance(id, instance)?;
                id.to_owned()
            }
            None => id.to_owned(),
        };
        if self.promised.remove(&id).is_none() && !self.remove(&id, now) {
            return Err(ResponseError::UnknownMemberId);
        }
        Ok(id)
    }

    fn remove(&mut self, id: &str, now: i64) -> bool {
        let Some(member) = self.members.remove(id) else { return false };
        member.instance.map(|instance| self.instances.remove(&instance));
        match self.phase {
            _ if self.members.is_empty() => {
                self.phase = Phase::Empty;
                self.generation += 1;
                self.leader.clear();
            }
            Phase::Stable | Phase::Completing => self.prepare(now, 0),
            Phase::Empty | Phase::Preparing => {}
        }
        true
    }

    /// Lets those go whose session is over, and begins a generation that is due. Whether anything changed.
    pub fn expire(&mut self, now: i64) -> bool {
        let promised = self.promised.len();
        self.promised.retain(|_, until| *until > now);
        let gone: Vec<String> = self.members.iter().filter(|(_, m)| m.gone(now)).map(|(id, _)| id.clone()).collect();
        gone.iter().for_each(|id| {
            self.remove(id, now);
        });
        let advanced = self.advance(now);
        advanced || !gone.is_empty() || promised != self.promised.len()
    }

    /// Whether an offset may be committed for this member.
    pub fn may_commit(&mut self, id: &str, instance: Option<&str>, generation: i32, now: i64) -> Result<(), ResponseError> {
        if generation < 0 && id.is_empty() {
            // Who assigns partitions to itself is in no group; it must not step on one that has members.
            return if self.members.is_empty() { Ok(()) } else { Err(ResponseError::UnknownMemberId) };
        }
        self.check(id, instance, generation, now)?;
        match self.phase {
            Phase::Completing => Err(ResponseError::RebalanceInProgress),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "classic_tests.rs"]
mod tests;
