//! Streams: values one after the other, symbol tables that come and grow, padding, and the same in binary.

use ion::{Decimal, Error, Reader, Value};

fn all(bytes: &[u8]) -> Vec<Value> {
    let mut reader = Reader::new(bytes);
    let mut all = Vec::new();
    while let Some(value) = reader.next().unwrap_or_else(|e| panic!("{e}")) {
        all.push(value);
    }
    assert_eq!(reader.position(), bytes.len());
    all
}
fn symbols(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| Value::Symbol((*name).into())).collect()
}

#[test]
fn symbol_tables_of_texts_are_replaced_appended_and_forgotten() {
    let text = br#"$ion_1_0
        $ion_symbol_table::{symbols:["a", "b"]} $10 $11
        $ion_symbol_table::{imports:$ion_symbol_table, symbols:["c"]} $10 $12
        $ion_symbol_table::{symbols:["d"]} $10 "#;
    assert_eq!(all(text), symbols(&["a", "b", "a", "c", "d"]));
    assert_eq!(Reader::new(b"$ion_1_0 $10").next(), Err(Error::Broken("a symbol that no table has", 9)));
    let mut reader = Reader::new(b"$ion_symbol_table::{symbols:[\"a\"]} $10 $ion_1_0 $10");
    assert!(reader.next().is_ok());
    assert!(reader.next().is_err(), "the marker forgets all symbols");
    assert_eq!(Reader::new(b"$ion_1_1 1").next(), Err(Error::Unsupported("another version than 1.0")));
    let shared = br#"$ion_symbol_table::{imports:[{name:"x", version:1, max_id:1}]} 1"#;
    assert_eq!(Reader::new(shared).next(), Err(Error::Unsupported("shared symbol tables")));
    // Not the table's struct, but one of somebody's own.
    assert_eq!(all(b"x::$ion_symbol_table::{}"), [Value::Struct(vec![])]);
    assert_eq!(all(b"'$ion_1_0'"), symbols(&["$ion_1_0"]));
}

/// A value of a type (the upper half of its first byte) around some bytes.
fn around(kind: u8, inside: &[u8]) -> Vec<u8> {
    assert!(inside.len() < 128);
    [&[kind << 4 | 14, 0x80 | inside.len() as u8], inside].concat()
}

/// Bytes by hand, as the specification lays them out.
#[test]
fn binary_values() {
    let mut bytes = vec![0xe0, 1, 0, 0xea];
    // $ion_symbol_table::{symbols: ["id", "tags", "abc"]}
    let names = around(11, b"\x82id\x84tags\x83abc");
    bytes.extend(around(14, &[&[0x81, 0x83][..], &around(13, &[&[0x87][..], &names].concat())].concat()));
    // {id: 258, tags: [abc, null, -1, 1.5e0, true]}
    let tags = around(11, &[0x71, 12, 0x0f, 0x31, 1, 0x48, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x11]);
    bytes.extend(around(13, &[&[0x8a, 0x22, 1, 2, 0x8b][..], &tags].concat()));
    bytes.extend([0x02, 0xff, 0xff]); // padding
    bytes.extend([0x50, 0x52, 0xc2, 0x05, 0x52, 0xc1, 0x81]); // 0., 0.05, -0.1
    bytes.extend([0x0f, 0x8f, 0xdf, 0x40, 0x44, 0x3f, 0x80, 0, 0]); // nulls, 0e0, 1e0
    bytes.extend([0xe4, 0x81, 0x84, 0x21, 7]); // name::7
    let values = all(&bytes);
    let tags = vec![Value::Symbol("abc".into()), Value::Null, Value::Int(-1), Value::Float(1.5), Value::Bool(true)];
    assert_eq!(values[0], Value::Struct(vec![("id".into(), Value::Int(258)), ("tags".into(), Value::List(tags))]));
    let decimal = |coefficient, exponent| Value::Decimal(Decimal { coefficient, exponent });
    assert_eq!(values[1..4], [decimal(0, 0), decimal(5, -2), decimal(-1, -1)]);
    assert_eq!(values[4..], [Value::Null, Value::Null, Value::Null, Value::Float(0.0), Value::Float(1.0), Value::Int(7)]);
}

/// Amazon's own writer (`amazon.ion` for Python, 0.15) wrote both files of the same values: `data/make.py`.
#[test]
fn what_amazons_writer_writes_is_read_alike() {
    let read = |name: &str| all(&std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap());
    let (text, binary) = (read("photos.ion"), read("photos.10n"));
    assert_eq!(text, binary);
    assert_eq!(text.len(), 3);
    let Value::Struct(fields) = &text[0] else { panic!("{:?}", text[0]) };
    let of = |name: &str| &fields.iter().find(|(found, _)| found == name).unwrap().1;
    assert_eq!(of("id"), &Value::Int(1));
    assert_eq!(of("big"), &Value::Int(-170_141_183_460_469_231_731));
    assert_eq!(of("price"), &Value::Decimal(Decimal { coefficient: -1999, exponent: -2 }));
    assert_eq!(of("kind"), &Value::Symbol("portrait".into()));
    assert_eq!(of("raw"), &Value::Blob(vec![0, 159, 146, 150]));
    let Value::Timestamp(at) = of("at") else { panic!() };
    assert_eq!((at.micros, at.offset_minutes, at.has_time), (1_767_261_600_123_000, Some(60), true));
}
