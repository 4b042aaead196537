//! Commands of an operating system, as disguised as shells allow.

/// Drops `\ " ' ^`, blanks before `/` and `(`, makes `,` and `;` blanks, runs of blanks one, and letters small.
pub(super) fn cmd_line(text: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'\\' | b'"' | b'\'' | b'^' => {}
            b',' | b';' | b' ' | 9..=13 => {
                if out.last() != Some(&b' ') {
                    out.push(b' ');
                }
            }
            b'/' | b'(' => {
                if out.last() == Some(&b' ') {
                    out.pop();
                }
                out.push(*byte);
            }
            other => out.push(other.to_ascii_lowercase()),
        }
    }
    out
}
