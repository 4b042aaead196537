//! What SNS tells CloudWatch (`AWS/SNS`, by topic): what was published, and what became of it for each subscription.

use kit::{Context, Scope, ports::Measured};

/// Why a filter policy kept a message from a subscription.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kept {
    /// The policy asks for attributes: the message has none, one that can't be read, or others.
    NoAttributes,
    BadAttributes,
    Attributes,
    /// The policy asks for the body: it is no JSON, or other JSON.
    BadBody,
    Body,
}

impl Kept {
    /// The metrics that count it. Counts of kinds of reasons stand beside those of the reasons.
    fn names(self) -> &'static [&'static str] {
        const ATTRIBUTES: &str = "NumberOfNotificationsFilteredOut-MessageAttributes";
        const BODY: &str = "NumberOfNotificationsFilteredOut-MessageBody";
        match self {
            Kept::NoAttributes => &[ATTRIBUTES, "NumberOfNotificationsFilteredOut-NoMessageAttributes"],
            Kept::BadAttributes => &[ATTRIBUTES, "NumberOfNotificationsFilteredOut-InvalidAttributes"],
            Kept::Attributes => &[ATTRIBUTES],
            Kept::BadBody => &[BODY, "NumberOfNotificationsFilteredOut-InvalidMessageBody"],
            Kept::Body => &[BODY],
        }
    }
}

/// A message that was published, and from which subscriptions it was kept.
pub(crate) fn published(cx: &Context, scope: &Scope, topic: &str, bytes: usize, kept: &[Kept]) {
    record(cx, scope, topic, &[("NumberOfMessagesPublished", "Count", 1.0), ("PublishSize", "Bytes", bytes as f64)]);
    for why in kept {
        count(cx, scope, topic, "NumberOfNotificationsFilteredOut");
        why.names().iter().for_each(|name| count(cx, scope, topic, name));
    }
}

/// Something that happened once.
pub(crate) fn count(cx: &Context, scope: &Scope, topic: &str, name: &str) {
    record(cx, scope, topic, &[(name, "Count", 1.0)]);
}

fn record(cx: &Context, scope: &Scope, topic: &str, values: &[(&str, &str, f64)]) {
    let measured = Measured { namespace: "AWS/SNS", under: &[&[("TopicName", topic)]], values };
    cx.cloud().ports().measure(scope, cx.now(), &measured);
}
