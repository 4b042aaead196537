//! Storage classes: which there are, which way lifecycle rules may move objects between them, and which have to be restored before reading.

/// From warm to cold, as transitions are ordered.
const LADDER: &[&str] = &["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

/// Objects under this size don't pay to be moved, and are not watched by Intelligent-Tiering: 128 KiB.
pub(crate) const SMALL_BYTES: u64 = 128 << 10;

/// The class of an object whose row names none.
pub(crate) const STANDARD: &str = "STANDARD";

/// Whether a write may ask for the class (general purpose buckets).
pub(crate) fn may_be_asked_for(class: &str) -> bool {
    class == "REDUCED_REDUNDANCY" || LADDER.contains(&class)
}

/// Whether a lifecycle rule may name the class as a target.
pub(crate) fn is_target(class: &str) -> bool {
    rank(class).is_some_and(|rank| rank > 0)
}

/// Whether bodies of the class have to be restored before they can be read.
pub(crate) fn is_archive(class: &str) -> bool {
    matches!(class, "GLACIER" | "DEEP_ARCHIVE")
}

/// How far down the ladder a class stands.
pub(crate) fn rank(class: &str) -> Option<usize> {
    LADDER.iter().position(|one| *one == class)
}

/// Whether AWS moves objects from one class to another by a rule: downwards, but never from One Zone-IA to Glacier Instant Retrieval.
pub(crate) fn may_move(from: &str, to: &str) -> bool {
    // Reduced redundancy stands beside STANDARD.
    let from = if from == "REDUCED_REDUNDANCY" { STANDARD } else { from };
    match (rank(from), rank(to)) {
        (Some(a), Some(b)) => a < b && !(from == "ONEZONE_IA" && to == "GLACIER_IR"),
        _ => false,
    }
}

/// Which of several transitions wins on one day: the cheaper class, and Intelligent-Tiering over all but the two archives
/// (user guide, "How Amazon S3 handles conflicts in lifecycle configurations").
pub(crate) fn preference(class: &str) -> usize {
    const ORDER: &[&str] = &["DEEP_ARCHIVE", "GLACIER", "INTELLIGENT_TIERING", "GLACIER_IR", "ONEZONE_IA", "STANDARD_IA"];
    ORDER.iter().position(|one| *one == class).unwrap_or(ORDER.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_only_go_down() {
        for (from, to) in [
            ("STANDARD", "STANDARD_IA"),
            ("STANDARD", "DEEP_ARCHIVE"),
            ("REDUCED_REDUNDANCY", "GLACIER"),
            ("STANDARD_IA", "INTELLIGENT_TIERING"),
            ("INTELLIGENT_TIERING", "GLACIER_IR"),
            ("ONEZONE_IA", "GLACIER"),
            ("GLACIER", "DEEP_ARCHIVE"),
        ] {
            assert!(may_move(from, to), "{from} -> {to}");
        }
        for (from, to) in [
            ("INTELLIGENT_TIERING", "STANDARD_IA"),
            ("ONEZONE_IA", "GLACIER_IR"),
            ("GLACIER", "STANDARD_IA"),
            ("DEEP_ARCHIVE", "GLACIER"),
            ("STANDARD_IA", "STANDARD_IA"),
        ] {
            assert!(!may_move(from, to), "{from} -> {to}");
        }
    }
}
