//! Glue's pagination: `NextToken` and `MaxResults`.

use crate::model::Error;
use kit::{
    Fault,
    pages::{Page, page},
};

pub(crate) fn cut<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    token: Option<&str>,
    max: Option<i32>,
    most: usize,
) -> Result<Page<T>, Fault> {
    let limit = max.map_or(most, |max| (max.max(1) as usize).min(most));
    page(items, key, token, limit, || Error::InvalidInput.says("Invalid nextToken."))
}
