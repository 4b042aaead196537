//! Filters: event patterns, filter policies and filter criteria, and events against them.

use crate::target::Target;
use kit::filters::{Dialect, Filter};
use serde_json::{Value, json};

const SAMPLES: &[&str] = &[
    r#"{"source":["aws.s3"],"detail":{"object":{"key":[{"prefix":"in/"},{"suffix":{"equals-ignore-case":".JPG"}}],"size":[{"numeric":[">",0,"<=",5]}]}}}"#,
    r#"{"$or":[{"a":[1,null,true]},{"b":{"c.d":[{"exists":false}]},"$or":[{"x":[{"cidr":"10.0.0.0/8"}]},{"y":[{"wildcard":"a*b\\*"}]}]}]}"#,
    r#"{"k":[{"anything-but":["a","b"]},{"anything-but":{"prefix":["p"]}},{"anything-but":{"equals-ignore-case":"z"}},{"equals-ignore-case":"E"}]}"#,
];

const WORDS: &str = "\"$or\":[ {\"a\":[1]} \"exists\":false \"numeric\":[\">\",1] \"prefix\": \"suffix\": \"wildcard\":\"*a*a*a*a*b\" \"cidr\":\"::/129\" \"anything-but\": \"equals-ignore-case\": a.b.c ...... [[[[ {{{{ }}}} ]]]] 1e999 -0 null true \\ud800 \u{e9} \n \"a\":[ , : ::1/0 0.0.0.0/0";

#[test]
fn filters() {
    let samples = SAMPLES.iter().map(|text| text.as_bytes().to_vec());
    Target::new("filters", samples, WORDS).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut events =
            vec![json!({}), json!({ "a": 1, "b": { "c": { "d": "e" } }, "k": ["a", null], "detail.object": { "key": "in/x.jpg" } })];
        // What is no filter may be an event.
        events.extend(serde_json::from_str::<Value>(&text));
        let mut taken = false;
        for dialect in [Dialect::Topics, Dialect::Events, Dialect::Sources] {
            match Filter::parse(&text, dialect) {
                Ok(filter) => {
                    taken = true;
                    assert!(filter.combinations() > 0);
                    let _ = (filter.keys(), filter.is_nested());
                    for event in &events {
                        std::hint::black_box(filter.matches(event));
                    }
                }
                Err(invalid) => assert!(!invalid.sentence(&text).is_empty() && !invalid.to_string().is_empty()),
            }
        }
        let any = Filter::parse(r#"{"a":{"b":[{"exists":false},{"prefix":"x"}]}}"#, Dialect::Events).expect("it is one");
        for event in &events {
            std::hint::black_box(any.matches(event));
        }
        taken
    });
}
