//! Code that stands in a template, packed as CloudFormation packs it: a zip with one file, stored.

use flate2::Crc;

/// The zip of a function's inline source; `None` for runtimes that have no inline source.
pub(crate) fn zip(runtime: &str, source: &str) -> Option<Vec<u8>> {
    let name = match runtime {
        r if r.starts_with("nodejs") => "index.js",
        r if r.starts_with("python") => "index.py",
        _ => return None,
    };
    Some(stored(name, source.as_bytes()))
}

fn stored(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(bytes);
    let (length, name_length) = ((bytes.len() as u32).to_le_bytes(), (name.len() as u16).to_le_bytes());
    // Version 2.0, UTF-8 names, stored, at DOS's first day.
    let mut common = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
    common.extend(crc.sum().to_le_bytes());
    common.extend(length);
    common.extend(length);
    common.extend(name_length);
    common.extend([0, 0]);

    let mut out = b"PK\x03\x04".to_vec();
    out.extend(&common);
    out.extend(name.as_bytes());
    out.extend(bytes);
    let directory = out.len() as u32;
    // Made on Unix, a plain file that everybody may read.
    out.extend(b"PK\x01\x02\x14\x03");
    out.extend(&common);
    out.extend([0; 6]);
    out.extend((0o100_644u32 << 16).to_le_bytes());
    out.extend([0; 4]);
    out.extend(name.as_bytes());
    let size = out.len() as u32 - directory;
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend(size.to_le_bytes());
    out.extend(directory.to_le_bytes());
    out.extend([0, 0]);
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_zip_has_the_source_at_its_place() {
        let zip = super::zip("python3.12", "print(1)\n").unwrap();
        assert!(zip.starts_with(b"PK\x03\x04"));
        assert_eq!(&zip[30..38], b"index.py");
        assert_eq!(&zip[38..47], b"print(1)\n");
        assert_eq!(zip.len(), 30 + 8 + 9 + 46 + 8 + 22);
        assert!(super::zip("provided.al2023", "x").is_none());
    }
}
