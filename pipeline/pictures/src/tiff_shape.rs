//! What has to be known of a TIFF before its header is read: that no tag claims more values than the file could hold. The decoder (tiff 0.11)
//! makes room for what a tag claims, up to 256 MB, before any limit of ours is heard.

const ENTRY: usize = 12;

/// Whether a tag of the first directory, the one that is decoded, claims more bytes than the file has.
pub fn claims_too_much(bytes: &[u8]) -> bool {
    let little = bytes.starts_with(b"II");
    let u16_at = |at: usize| {
        let two = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(usize::from(if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) }))
    };
    let u32_at = |at: usize| {
        let four = bytes.get(at..at + 4)?.try_into().ok()?;
        Some((if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }) as usize)
    };
    let Some((directory, entries)) = u32_at(4).and_then(|directory| Some((directory, u16_at(directory)?))) else { return false };
    let claimed = |entry: usize| Some(value_bytes(u16_at(entry + 2)?) * u32_at(entry + 4)?);
    (0..entries).map_while(|number| claimed(directory + 2 + number * ENTRY)).any(|claim| claim > bytes.len())
}

/// Bytes of one value of a type; types that nobody knows count as the smallest.
fn value_bytes(kind: usize) -> usize {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::claims_too_much;

    #[test]
    fn a_tag_may_claim_what_there_is() {
        let tiff = |count: u32| [&b"II*\0\x08\0\0\0\x01\0\x15\x01\x03\0"[..], &count.to_le_bytes(), &[0; 8]].concat();
        assert!(!claims_too_much(&tiff(1)) && !claims_too_much(&tiff(13)));
        assert!(claims_too_much(&tiff(14)) && claims_too_much(&tiff(u32::MAX)));
        assert!(!claims_too_much(b"II*\0\xff\xff\xff\xff") && !claims_too_much(b"MM\0*"));
    }
}
