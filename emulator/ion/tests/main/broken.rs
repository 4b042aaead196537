//! Bytes that are no Ion, and more than is taken.

use ion::{Error, MOST_DEPTH, MOST_PARTS, Reader, Value};

fn binary(bytes: &[u8]) -> Result<Option<Value>, Error> {
    Reader::new(&[&[0xe0, 1, 0, 0xea], bytes].concat()).next()
}

#[test]
fn cut_streams_say_so_and_keep_what_was_whole() {
    for text in
        ["{a:1", "[1,", "(1", "\"abc", "'abc", "'''abc''", "/* abc", "{a:", "{a", "a::", "{{ aGk=", "{{ \"a\" }", "{a:null.", "\"\\u00"]
    {
        assert_eq!(Reader::new(text.as_bytes()).next(), Err(Error::Cut), "{text}");
    }
    let mut reader = Reader::new(b"{a:1}\n{a:2");
    assert!(reader.next().unwrap().is_some());
    assert_eq!(reader.position(), 5);
    assert_eq!(reader.next(), Err(Error::Cut));
    assert_eq!(reader.position(), 5);
    for bytes in [&[0x21][..], &[0x8e], &[0x8e, 0x85, b'a'], &[0xb4, 0x21], &[0xd3, 0x84]] {
        assert_eq!(binary(bytes), Err(Error::Cut), "{bytes:x?}");
    }
    assert_eq!(Reader::new(&[0xe0, 1]).next(), Err(Error::Broken("a sign that begins no value", 0)));
}

#[test]
fn binary_that_is_not_what_it_says() {
    let wrong: [&[u8]; 11] = [
        &[0xf0],                                     // reserved
        &[0x12],                                     // neither true nor false
        &[0x31, 0],                                  // -0
        &[0x42, 0, 0],                               // a float of two bytes
        &[0x81, 0xff],                               // not UTF-8
        &[0x71, 10],                                 // a symbol that nobody defined
        &[0xb1, 0x21],                               // ends behind its list
        &[0xd1, 0x80],                               // sorted, and empty
        &[0xe3, 0x81, 0x84, 0xe0],                   // annotations of annotations
        &[0xe2, 0x81, 0x84],                         // annotations too short
        &[0x66, 0x80, 0x0f, 0xd0, 0x8d, 0x81, 0x80], // month 13
    ];
    for bytes in wrong {
        let found = binary(bytes);
        assert!(matches!(found, Err(Error::Broken(..))), "{bytes:x?}: {found:?}");
    }
    assert_eq!(Reader::new(&[0xe0, 1, 0, 0xea, 0xe0, 2, 0, 0xea]).next(), Err(Error::Unsupported("another version than 1.0")));
}

#[test]
fn there_are_limits() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Reader::new(deep(MOST_DEPTH).as_bytes()).next().is_ok());
    assert_eq!(Reader::new(deep(MOST_DEPTH + 1).as_bytes()).next(), Err(Error::Unsupported("values of more than a hundred levels")));
    let mut wide = vec![0xbe];
    let length = MOST_PARTS + 1;
    wide.extend([(length >> 14) as u8, (length >> 7 & 0x7f) as u8, (length & 0x7f) as u8 | 0x80]);
    wide.extend(std::iter::repeat_n(0x11, length));
    assert_eq!(binary(&wide), Err(Error::Unsupported("values of more than a million parts")));
    assert_eq!(Reader::new("9".repeat(60).as_bytes()).next(), Err(Error::Unsupported("numbers of more than 127 bits")));
    let mut long = vec![0x2e, 0x94];
    long.extend([0xff; 20]);
    assert_eq!(binary(&long), Err(Error::Unsupported("numbers of more than 127 bits")));
}

#[test]
fn symbols_that_stand_for_more_text_than_anybody_holds_are_refused() {
    let table = format!("$ion_symbol_table::{{symbols:[\"{}\"]}} ", "x".repeat(1 << 20));
    let stream = |count| [table.as_bytes(), b"[", &b"$10,".repeat(count), b"]"].concat();
    let (few, many) = (stream(60), stream(70));
    let mut reader = Reader::new(&few);
    assert!(matches!(reader.next(), Ok(Some(Value::List(all))) if all.len() == 60));
    let mut reader = Reader::new(&many);
    assert_eq!(reader.next(), Err(Error::Unsupported("values whose symbols stand for more than 64 MiB of text")));
}
