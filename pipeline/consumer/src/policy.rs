//! What can go wrong with an invocation, and what is done then.
//!
//! Nothing is given up that could still succeed: being throttled and being unavailable are always tried again. All other classes can be
//! configured. A batch that fails because of its records is halved until the one that is to blame stands alone.

use serde::Deserialize;

/// Why a batch was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// 429: too many invocations.
    Throttled,
    /// 5xx, a connection that failed, a time-out, credentials that could not be had; or the dead-letter topic didn't take a record.
    Unavailable,
    /// 404: there is no such function, alias or version.
    Missing,
    /// 403: the consumer may not invoke it.
    Denied,
    /// 400 and what else says that this request will never do; a value that is no JSON in the envelope `raw`.
    Rejected,
    /// 413, or known beforehand: the payload is over the limit.
    TooLarge,
    /// The function was run and failed (RequestResponse only).
    Function,
}

impl Class {
    /// As logs, metrics and headers name it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Throttled => "throttled",
            Class::Unavailable => "unavailable",
            Class::Missing => "missing",
            Class::Denied => "denied",
            Class::Rejected => "rejected",
            Class::TooLarge => "too-large",
            Class::Function => "function",
        }
    }

    /// The records are to blame, not what surrounds them: a smaller batch may pass.
    pub fn blames_records(self) -> bool {
        matches!(self, Class::Rejected | Class::TooLarge | Class::Function)
    }
}

/// What is done about a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Try again; the partition waits meanwhile.
    Retry,
    /// Send the records to the dead-letter topic and go on.
    DeadLetter,
    /// Forget the records and go on; a counter and a log line remember them.
    Drop,
    /// Stop the consumer with the records uncommitted.
    Stop,
}

/// The table `[routes.errors]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// For [`Class::Missing`].
    pub missing: Action,
    /// For [`Class::Denied`].
    pub denied: Action,
    /// For [`Class::Rejected`].
    pub rejected: Action,
    /// For [`Class::TooLarge`].
    pub too_large: Action,
    /// For [`Class::Function`].
    pub function: Action,
    /// Tries of one batch that fail by a class of this table before `then`; 0 is no end.
    pub attempts: u32,
    /// What is done when they are used up.
    pub then: Action,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            missing: Action::Retry,
            denied: Action::Retry,
            rejected: Action::DeadLetter,
            too_large: Action::DeadLetter,
            function: Action::DeadLetter,
            attempts: 0,
            then: Action::DeadLetter,
        }
    }
}

impl Policy {
    /// What to do about a batch's `failures`th failure that counts.
    pub fn action(&self, class: Class, failures: u32) -> Action {
        let action = match class {
            Class::Throttled | Class::Unavailable => return Action::Retry,
            Class::Missing => self.missing,
            Class::Denied => self.denied,
            Class::Rejected => self.rejected,
            Class::TooLarge => self.too_large,
            Class::Function => self.function,
        };
        match action {
            Action::Retry if self.attempts > 0 && failures >= self.attempts => self.then,
            action => action,
        }
    }

    /// Whether something may have to go to a dead-letter topic.
    pub fn needs_dead_letters(&self) -> bool {
        let all = [self.missing, self.denied, self.rejected, self.too_large, self.function];
        all.contains(&Action::DeadLetter) || (self.attempts > 0 && self.then == Action::DeadLetter)
    }
}
