//! What services measure of themselves: one call on the path of a request, which folds numbers in memory and neither waits nor writes.
//!
//! Nothing here knows CloudWatch's inside. A build without it drops the numbers at the first step, by design: metrics of a service have no
//! effect of their own.

use crate::store::Scope;
use wire::Timestamp;

/// Takes metrics (CloudWatch). What is recorded shows at once in what CloudWatch answers; it is written once a minute of the clock, so that a
/// killed process loses at most its last minute. What customers put is not folded but written before it is acknowledged.
pub trait Metrics: Send + Sync {
    /// Folds values into the minute of `at`, for the account and region of `scope`. About a microsecond for a few values; called on every
    /// request.
    fn record(&self, scope: &Scope, at: Timestamp, measured: &Measured<'_>);
}

/// Some values, each recorded under each set of dimensions.
///
/// ```
/// use kit::ports::Measured;
/// let measured = Measured {
///     namespace: "AWS/Lambda",
///     under: &[&[], &[("FunctionName", "thumbnail")]],
///     values: &[("Invocations", "Count", 1.0), ("Duration", "Milliseconds", 12.5)],
/// };
/// # let _ = measured;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// `AWS/Lambda`
    pub namespace: &'a str,
    /// Sets of dimensions (name and value), each sorted by name; `&[&[]]` for a metric without any. At most 30 in a set.
    pub under: &'a [&'a [(&'a str, &'a str)]],
    /// Metric, unit as CloudWatch names it (`Count`, `Milliseconds`, `Bytes`, `Seconds`, `None`), value. Values that are no numbers are left out.
    pub values: &'a [(&'a str, &'a str, f64)],
}
