//! The model's patterns, compiled on first use.

/// A compiled pattern.
pub enum Compiled {
    /// Linear time.
    Plain(regex::Regex),
    /// Look-around or back-references, which only this engine runs.
    Fancy(fancy_regex::Regex),
    /// Neither engine takes it: everything matches, and a test lists which patterns these are.
    Unusable,
}
