//! The examples of the specification's text notation.

use ion::{Decimal, Error, Reader, Value};

fn one(text: &str) -> Value {
    let mut reader = Reader::new(text.as_bytes());
    let value = reader.next().unwrap_or_else(|e| panic!("{text}: {e}")).unwrap_or_else(|| panic!("{text}: nothing"));
    assert_eq!(reader.next(), Ok(None), "{text}");
    value
}
fn symbol(text: &str) -> Value {
    Value::Symbol(text.into())
}
fn string(text: &str) -> Value {
    Value::String(text.into())
}
fn decimal(coefficient: i128, exponent: i32) -> Value {
    Value::Decimal(Decimal { coefficient, exponent })
}

#[test]
fn nulls_and_booleans() {
    for text in ["null", "null.null", "null.bool", "null.int", "null.timestamp", "null.sexp", "null.struct", "  null /* no */ // more"] {
        assert_eq!(one(text), Value::Null, "{text}");
    }
    assert_eq!((one("true"), one("false")), (Value::Bool(true), Value::Bool(false)));
    assert_eq!(one("'null'"), symbol("null"));
}

#[test]
fn numbers() {
    for (text, wanted) in [
        ("0", 0),
        ("-0", 0),
        ("123", 123),
        ("-123", -123),
        ("0xBeef", 0xbeef),
        ("0b0101", 5),
        ("1_2_3", 123),
        ("-0xFA_CE", -0xface),
        ("0b10_10", 10),
    ] {
        assert_eq!(one(text), Value::Int(wanted), "{text}");
    }
    for (text, wanted) in
        [("0E0", 0.0), ("-0.12e4", -1200.0), ("3e-1", 0.3), ("1.5e+2", 150.0), ("+inf", f64::INFINITY), ("-inf", f64::NEG_INFINITY)]
    {
        assert_eq!(one(text), Value::Float(wanted), "{text}");
    }
    assert!(matches!(one("nan"), Value::Float(value) if value.is_nan()));
    for (text, coefficient, exponent) in
        [("0.123", 123, -3), ("-0.12d4", -12, 2), ("1.", 1, 0), ("123_456.789_012", 123_456_789_012, -6), ("0D-0", 0, 0), ("3D+2", 3, 2)]
    {
        assert_eq!(one(text), decimal(coefficient, exponent), "{text}");
    }
}

#[test]
fn timestamps() {
    let moment = |text: &str| match one(text) {
        Value::Timestamp(moment) => (moment.micros, moment.offset_minutes, moment.has_time),
        other => panic!("{text}: {other:?}"),
    };
    let day = 1_172_188_800_000_000; // 2007-02-23
    assert_eq!(moment("2007-02-23T12:14Z"), (day + 44_040_000_000, Some(0), true));
    assert_eq!(moment("2007-02-23T12:14:33.079-08:00"), (day + 44_073_079_000 + 28_800_000_000, Some(-480), true));
    assert_eq!(moment("2007-02-23T20:14:33.079Z").0, moment("2007-02-23T12:14:33.079-08:00").0);
    assert_eq!(moment("2007-02-23T20:14:33.079-00:00"), (day + 72_873_079_000, None, true));
    for text in ["2007-01-01T", "2007-01T", "2007T", "2007-01-01"] {
        assert_eq!(moment(text), (1_167_609_600_000_000, None, false), "{text}");
    }
    assert_eq!(moment("2007-01-01T00:00-00:00"), (1_167_609_600_000_000, None, true));
    assert_eq!(moment("0001-01-01T00:00Z").0, -62_135_596_800_000_000);
}

#[test]
fn texts_symbols_and_bytes() {
    assert_eq!(one(r#""my \"string\"""#), string("my \"string\""));
    assert_eq!(one("'''( sea of long''' /* and */ '''\r\nlines''' "), string("( sea of long\nlines"));
    assert_eq!(
        one(r#""\u00e9\x41\U0001F600\uD83D\uDE00\
\t""#),
        string("éA😀😀\t")
    );
    assert_eq!(one("myVar2"), symbol("myVar2"));
    assert_eq!(one("'hi ho'"), symbol("hi ho"));
    assert_eq!(one(r"'\'ahoy\''"), symbol("'ahoy'"));
    assert_eq!(one("''"), symbol(""));
    assert_eq!(one("$1"), symbol("$ion"));
    assert_eq!(one("{{ dHdvIHBh\n ZGRpbmcgY2hhcmFjdGVycw== }}"), Value::Blob(b"two padding characters".to_vec()));
    assert_eq!(one("{{}}"), Value::Blob(Vec::new()));
    assert_eq!(one(r#"{{ "This is a CLOB of text.\xff" }}"#), Value::Clob(b"This is a CLOB of text.\xff".to_vec()));
    assert_eq!(one("{{ '''shared''' ''' \n''' }}"), Value::Clob(b"shared \n".to_vec()));
}

#[test]
fn containers_and_annotations() {
    let fields = |all: &[(&str, Value)]| Value::Struct(all.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect());
    assert_eq!(one("{ first : \"Tom\" , last: \"Riddle\", }"), fields(&[("first", string("Tom")), ("last", string("Riddle"))]));
    assert_eq!(
        one(r#"{"a":1,'b c':{},a:2,'''lo''' '''ng''':null.int}"#),
        fields(&[("a", Value::Int(1)), ("b c", fields(&[])), ("a", Value::Int(2)), ("long", Value::Null)])
    );
    assert_eq!(one("[1, 2,]"), Value::List(vec![Value::Int(1), Value::Int(2)]));
    assert_eq!(one("[[ ] , {}]"), Value::List(vec![Value::List(vec![]), fields(&[])]));
    assert_eq!(one("(cons 1 2)"), Value::Sexp(vec![symbol("cons"), Value::Int(1), Value::Int(2)]));
    assert_eq!(
        one("(a+-b [1](2) -3 +inf)"),
        Value::Sexp(vec![
            symbol("a"),
            symbol("+-"),
            symbol("b"),
            Value::List(vec![Value::Int(1)]),
            Value::Sexp(vec![Value::Int(2)]),
            Value::Int(-3),
            Value::Float(f64::INFINITY)
        ])
    );
    assert_eq!(one("degrees::'celsius' :: 100"), Value::Int(100));
    assert_eq!(one("{a:x::{b:y::[z::1]}}"), fields(&[("a", fields(&[("b", Value::List(vec![Value::Int(1)]))]))]));
}

#[test]
fn what_ion_has_not_is_refused() {
    let wrong = [
        "01",
        "1__2",
        "1_",
        "0x",
        "0x_1",
        "1.2.3",
        "1e",
        "--1",
        "12ab",
        "2007-02-30T",
        "2007-13T",
        "2007-01-01T10Z",
        "2007-01-01T10:00",
        "2007-01-01T10:00+1:00",
        "2007-01-01T24:00Z",
        "\"a\nb\"",
        "\"\\q\"",
        "\"\\uD800\"",
        "null.thing",
        "[1 2]",
        "[,]",
        "{a 1}",
        "{a:1 b:2}",
        "{1:2}",
        "{null:2}",
        "{a::1}",
        "null::1",
        "{{ a }}",
        "{{ \"é\" }}",
        "+1",
        "a::, ",
        ")",
        "]",
        "#",
        "$10",
        "\"\u{1}\"",
        "(1 ,)",
        "99999T",
    ];
    for text in wrong {
        let mut reader = Reader::new(text.as_bytes());
        let first = loop {
            match reader.next() {
                Ok(Some(_)) => {}
                other => break other,
            }
        };
        assert!(matches!(first, Err(Error::Broken(..))), "{text}: {first:?}");
        assert_eq!(reader.next(), first, "{text}: it ends there");
    }
}
