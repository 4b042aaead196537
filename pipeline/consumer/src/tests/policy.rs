//! What kind of failure an answer is, and what is done about it.

use crate::{
    invoke::class,
    policy::{Action, Class, Policy},
};

#[test]
fn answers_have_the_class_that_lambda_means() {
    for (status, code, expected) in [
        (429, "TooManyRequestsException", Class::Throttled),
        (500, "ServiceException", Class::Unavailable),
        (502, "ResourceNotReadyException", Class::Unavailable),
        (503, "Slow", Class::Unavailable),
        (409, "ResourceConflictException", Class::Unavailable),
        (403, "ExpiredTokenException", Class::Unavailable),
        (403, "AccessDeniedException", Class::Denied),
        (404, "ResourceNotFoundException", Class::Missing),
        (413, "RequestTooLargeException", Class::TooLarge),
        (400, "InvalidRequestContentException", Class::Rejected),
        (415, "UnsupportedMediaTypeException", Class::Rejected),
    ] {
        assert_eq!(class(status, code), expected, "{status} {code}");
    }
}

#[test]
fn what_may_still_succeed_is_tried_again_whatever_the_table_says() {
    let policy = Policy { attempts: 1, then: Action::Drop, ..Policy::default() };
    for class in [Class::Throttled, Class::Unavailable] {
        assert_eq!(policy.action(class, 1000), Action::Retry);
    }
}

#[test]
fn attempts_end_with_then() {
    let policy = Policy { function: Action::Retry, attempts: 3, then: Action::Stop, ..Policy::default() };
    let actions: Vec<Action> = (1..=4).map(|failures| policy.action(Class::Function, failures)).collect();
    assert_eq!(actions, [Action::Retry, Action::Retry, Action::Stop, Action::Stop]);
    assert_eq!(Policy::default().action(Class::Missing, 1_000_000), Action::Retry, "without attempts there is no end");
    assert_eq!(policy.action(Class::Rejected, 1), Action::DeadLetter);
}

#[test]
fn a_policy_knows_whether_it_needs_a_dead_letter_topic() {
    let none = Policy { rejected: Action::Drop, too_large: Action::Stop, function: Action::Retry, ..Policy::default() };
    assert!(Policy::default().needs_dead_letters() && !none.needs_dead_letters());
    assert!(Policy { attempts: 2, ..none }.needs_dead_letters(), "then is dead-letter where it isn't said");
}
