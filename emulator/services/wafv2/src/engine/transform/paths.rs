//! Paths without self-references, back-references that don't lead above the top, and repeated slashes.

/// Of a path with slashes.
pub(super) fn normalize(text: &[u8]) -> Vec<u8> {
    let rooted = text.first() == Some(&b'/');
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in text.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(last) if *last != b".." => drop(parts.pop()),
                // Above the top there is nothing for a rooted path; another keeps the step.
                _ if rooted => {}
                _ => parts.push(part),
            },
            part => parts.push(part),
        }
    }
    let mut out = Vec::with_capacity(text.len());
    if rooted {
        out.push(b'/');
    }
    out.extend(parts.join(&b'/'));
    if text.len() > 1 && text.ends_with(b"/") && !parts.is_empty() {
        out.push(b'/');
    }
    out
}

/// The same after backslashes have become slashes.
pub(super) fn normalize_win(text: &[u8]) -> Vec<u8> {
    let slashes: Vec<u8> = text.iter().map(|b| if *b == b'\\' { b'/' } else { *b }).collect();
    normalize(&slashes)
}
