//! Ion: text and binary, to the end or to the first error.

use crate::target::Target;
use ion::Reader;

#[test]
fn ion_streams() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../emulator/ion/tests/data/");
    let mut samples: Vec<Vec<u8>> =
        ["photos.ion", "photos.10n"].iter().map(|name| std::fs::read(format!("{data}{name}")).expect("the fixtures are there")).collect();
    let texts: [&[u8]; 4] = [
        b"$ion_1_0 $ion_symbol_table::{imports:$ion_symbol_table, symbols:[\"a\", \"b\"]} {$10: x::$11, 'q q': '''long''' '''text'''}",
        b"(a + -1 [0x1F, 0b101, 1_000.5d-3, -1.5e300, nan, +inf]) {{ aGVsbG8= }} {{ \"clob\\x00\" }} /* c */ // d",
        b"2026T 2026-01T 2026-01-01 2026-01-01T10:00Z 2026-01-01T10:00:00.123456789+05:30 null.timestamp",
        &[
            0xe0, 1, 0, 0xea, 0xe4, 0x81, 0x84, 0x21, 7, 0x02, 0, 0, 0x52, 0xc2, 0x85, 0x68, 0x80, 0x0f, 0xd0, 0x81, 0x81, 0x80, 0x80,
            0x80, 0x8e, 0x81, b'a',
        ],
    ];
    samples.extend(texts.iter().map(|text| text.to_vec()));
    let words = "$ion_1_0 $ion_symbol_table:: symbols: imports: {{ }} ''' \\u \\U /* */ null. 0x d-9 \u{0} \u{7f} \u{1} ::";
    Target::new("ion_streams", samples, words).run(read);
}

fn read(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let mut last = 0;
    loop {
        let read = reader.next();
        assert!(reader.position() >= last && reader.position() <= bytes.len());
        last = reader.position();
        match read {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(error) => {
                assert_eq!(reader.next(), Err(error), "there is nothing behind an error");
                return false;
            }
        }
    }
}
