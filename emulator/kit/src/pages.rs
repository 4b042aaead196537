//! Pagination: opaque tokens that carry where the next page starts.

use crate::Fault;

/// One page of a listing.
pub struct Page<T> {
    /// Items of this page.
    pub items: Vec<T>,
    /// Token of the next page.
    pub next: Option<String>,
}

/// The token that leads on after `key`. Opaque to clients; not signed, for what it carries is checked like any input.
pub fn token(key: &str) -> String {
    crate::hex(key.as_bytes())
}

/// The key inside a token; `None` when the text is no token of ours.
pub fn key_of(token: &str) -> Option<String> {
    if !token.is_ascii() || !token.len().is_multiple_of(2) {
        return None;
    }
    let bytes: Option<Vec<u8>> = (0..token.len()).step_by(2).map(|i| u8::from_str_radix(&token[i..i + 2], 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// Cuts a page of at most `limit` items out of sorted items whose keys come after the token's.
pub fn page<T>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    start: Option<&str>,
    limit: usize,
    bad_token: impl Fn() -> Fault,
) -> Result<Page<T>, Fault> {
    let after = start.map(|t| key_of(t).ok_or_else(&bad_token)).transpose()?;
    let mut rest = items.into_iter().skip_while(|item| after.as_ref().is_some_and(|after| key(item) <= *after));
    let page: Vec<T> = rest.by_ref().take(limit).collect();
    let next = match (page.last(), rest.next()) {
        (Some(last), Some(_)) => Some(token(&key(last))),
        _ => None,
    };
    Ok(Page { items: page, next })
}
