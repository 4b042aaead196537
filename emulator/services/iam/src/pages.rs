//! IAM's pagination: `Marker` and `MaxItems` (1 to 1,000, 100 by default).

use crate::model::Error;
use kit::{
    Fault,
    pages::{Page, page},
};

pub(crate) fn cut<T>(items: Vec<T>, key: impl Fn(&T) -> String, marker: Option<&str>, max: Option<i32>) -> Result<Page<T>, Fault> {
    let limit = max.unwrap_or(100).clamp(1, 1000) as usize;
    page(items, key, marker, limit, || Error::InvalidInput.says("Invalid Marker."))
}
