//! The classic group as a state machine: times are given, nobody waits.

use super::*;

fn join(id: &str, instance: Option<&str>) -> Join {
    let member = Member {
        instance: instance.map(Into::into),
        client: "c".into(),
        host: "h".into(),
        session_ms: 10_000,
        rebalance_ms: 60_000,
        protocols: vec![("range".into(), Bytes::from_static(b"topics"))],
        joined: false,
        waiting: false,
        assignment: Bytes::new(),
        seen: 0,
    };
    let fresh = format!("fresh-{}", instance.unwrap_or("x"));
    Join { id: id.into(), fresh, id_first: false, skips: true, protocol_type: "consumer".into(), member, delay_ms: 100, members_max: 10 }
}

fn enter(group: &mut Classic, fresh: &str, now: i64) -> String {
    match group.join(Join { fresh: fresh.into(), ..join("", None) }, now).unwrap() {
        Entered::Waiting(id) => id,
        other => panic!("{other:?}"),
    }
}

fn stable_pair() -> (Classic, String, String) {
    let mut group = Classic::default();
    let (a, b) = (enter(&mut group, "a", 0), enter(&mut group, "b", 50));
    assert!(!group.advance(140), "whoever starts together is waited for");
    assert!(group.advance(150));
    for id in [&a, &b] {
        assert_eq!(group.joined(id, 150).unwrap().unwrap().generation, 1);
    }
    let mut given = vec![(a.clone(), Bytes::from_static(b"0")), (b.clone(), Bytes::from_static(b"1"))];
    assert!(group.sync(&b, &mut Vec::new()).is_none(), "the leader has not assigned yet");
    assert_eq!(group.sync(&a, &mut given).unwrap().unwrap(), "0");
    assert_eq!(group.sync(&b, &mut Vec::new()).unwrap().unwrap(), "1");
    (group, a, b)
}

#[test]
fn two_join_one_leaves_and_the_other_hears_of_it() {
    let (mut group, a, b) = stable_pair();
    assert_eq!(group.heartbeat(&a, None, 1, 200), Ok(()));
    group.leave(&b, None, 300).unwrap();
    assert_eq!(group.heartbeat(&a, None, 1, 310), Err(ResponseError::RebalanceInProgress));
    assert!(matches!(group.join(join(&a, None), 320).unwrap(), Entered::Waiting(_)));
    assert!(group.advance(321));
    assert_eq!(group.joined(&a, 321).unwrap().unwrap().generation, 2);
    assert_eq!(group.heartbeat(&b, None, 2, 330), Err(ResponseError::UnknownMemberId));
}

#[test]
fn who_is_silent_is_out() {
    let (mut group, a, b) = stable_pair();
    group.heartbeat(&a, None, 1, 9_000).unwrap();
    assert!(group.expire(10_200));
    assert!(!group.members().contains_key(&b));
    assert_eq!(group.state(), "PreparingRebalance");
}

#[test]
fn a_member_whose_connection_ends_while_it_waits_is_out_when_its_session_is() {
    let mut group = Classic::default();
    let a = enter(&mut group, "a", 0);
    assert!(group.advance(100));
    assert!(!group.expire(10_200), "its client has no answer yet, and nothing to say");
    group.waits_no_more(&a, 200);
    assert!(group.expire(10_201) && group.is_empty());
}

#[test]
fn who_does_not_rejoin_in_time_is_out() {
    let (mut group, a, _) = stable_pair();
    group.leave(&a, None, 200).unwrap();
    let c = enter(&mut group, "c", 300);
    assert!(!group.advance(60_000));
    assert!(group.advance(60_301));
    assert_eq!(group.members().keys().collect::<Vec<_>>(), [&c]);
}

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_its_old_self_is_fenced() {
    let mut group = Classic::default();
    let Entered::Waiting(id) = group.join(join("", Some("i")), 0).unwrap() else { panic!("waits") };
    assert!(group.advance(100));
    group.joined(&id, 100).unwrap().unwrap();
    group.sync(&id, &mut vec![(id.clone(), Bytes::from_static(b"mine"))]).unwrap().unwrap();
    let back = Join { fresh: "second".into(), ..join("", Some("i")) };
    let Entered::Now(joined) = group.join(back, 200).unwrap() else { panic!("no rebalance") };
    assert_eq!((joined.generation, joined.skip, joined.id.as_str()), (1, true, "second"));
    assert_eq!(group.sync("second", &mut Vec::new()).unwrap().unwrap(), "mine");
    assert_eq!(group.heartbeat(&id, Some("i"), 1, 210), Err(ResponseError::FencedInstanceId));
}

#[test]
fn an_id_comes_first_for_those_who_know() {
    let mut group = Classic::default();
    let Entered::TakeId(id) = group.join(Join { id_first: true, ..join("", None) }, 0).unwrap() else { panic!("an id first") };
    assert!(matches!(group.join(Join { id_first: true, ..join(&id, None) }, 1).unwrap(), Entered::Waiting(_)));
    assert_eq!(group.join(join("stranger", None), 1).unwrap_err(), ResponseError::UnknownMemberId);
}

#[test]
fn ids_that_are_asked_for_and_not_used_have_an_end() {
    let mut group = Classic::default();
    let ask = |fresh: &str| Join { id_first: true, members_max: 2, fresh: fresh.into(), ..join("", None) };
    let Entered::TakeId(first) = group.join(ask("a"), 0).unwrap() else { panic!("an id first") };
    group.join(ask("b"), 0).unwrap();
    assert_eq!(group.join(ask("c"), 0).unwrap_err(), ResponseError::GroupMaxSizeReached);
    assert!(matches!(group.join(Join { members_max: 2, ..join(&first, None) }, 1).unwrap(), Entered::Waiting(_)), "a promise holds");
}

#[test]
fn members_that_agree_on_nothing_do_not_meet() {
    let (mut group, ..) = stable_pair();
    let mut other = join("", None);
    other.member.protocols = vec![("sticky".into(), Bytes::new())];
    assert_eq!(group.join(other, 500).unwrap_err(), ResponseError::InconsistentGroupProtocol);
}
