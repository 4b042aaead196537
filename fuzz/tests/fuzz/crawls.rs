//! Files that a crawl classifies, and grok patterns with lines to read.

use crate::target::Target;

#[test]
fn crawled_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/lake");
    let files = std::fs::read_dir(folder).expect("the fixtures are there").flatten();
    let columnar =
        files.filter(|file| !file.file_name().to_string_lossy().ends_with(".py")).map(|file| std::fs::read(file.path()).expect("a file"));
    let text = [
        "id,name,price\n1,\"a, \"\"b\"\"\",1.5\n2,c,\n",
        "{\"id\":1,\"at\":{\"x\":[1,2.5,null]}}\n{\"id\":3000000000}\n",
        "[{\"a\":1},{\"b\":true}]",
        "<?xml version=\"1.0\"?><all><row a=\"1\"><b>2</b></row></all>",
        "$ion_1_0 {id:1, at:{x:[1,2.5,null]}, price:1.50, day:2026-01-01, raw:{{aGk=}}} {id:3000000000}",
        "10.0.0.1 - ada [10/Oct/2026:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 12 \"-\" \"curl\"\n",
    ];
    let ion = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../emulator/ion/tests/data/photos.10n")).expect("a file");
    let samples: Vec<Vec<u8>> = columnar.chain([ion]).chain(text.iter().map(|t| t.as_bytes().to_vec())).collect();
    let words = "PAR1 ORC Obj\u{1} avro.schema {\"type\":\"record\" \"items\" [[[[[[ {{{{{{ , ; | \t \u{1} \" \r\n 99999999999999999999 -1e400 </ <!-- <![CDATA[ \u{1f}\u{8b}";
    Target::new("crawled_files", samples, words).run(|bytes| {
        let said = glue::describe_file(bytes);
        assert!(said.contains(": "), "{said}");
        !said.starts_with("UNKNOWN")
    });
}

#[test]
fn grok_patterns() {
    let samples = [
        "%{IP:client} %{WORD:verb} (?:%{NUMBER:bytes:int}|-)\n10.0.0.1 GET 12",
        "%{COMBINEDAPACHELOG}\n10.0.0.1 - ada [10/Oct/2026:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 12 \"-\" \"curl\"",
        "%{A:x}%{B}\nA [a-z]+\nB %{INT:n}\nabc12",
    ];
    let samples = samples.iter().map(|text| text.as_bytes().to_vec());
    let words = "%{ } : %{DATA} %{GREEDYDATA} %{URI} (a+)+$ (?<n> (?> [^\\s]* {1000} A %{A} \\ ( ) | ? * +";
    Target::new("grok_patterns", samples, words).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (pattern, rest) = text.split_once('\n').unwrap_or((&text, ""));
        match grok::Grok::new(pattern, rest) {
            Ok(grok) => {
                for line in rest.lines().take(20) {
                    let read = grok.read(line);
                    assert_eq!(read.is_some(), grok.matches(line));
                    assert!(read.is_none_or(|values| values.len() == grok.fields().len()));
                }
                true
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                false
            }
        }
    });
}
