//! Every value of the files of `data/`, whose formulas stand in `data/make.py`; and what is no sound file.

use orc::{Bounds, Data, Error, Slots, Tail, footer_length, tail_length};
use std::path::Path;

pub const ROWS: usize = 3000;

pub fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

pub fn tail(bytes: &[u8]) -> Tail {
    let length = tail_length(&bytes[bytes.len() - 256..]).unwrap();
    Tail::read(&bytes[bytes.len() - length..]).unwrap()
}

/// Values of one column, as texts; NULL as `-`.
pub fn column(bytes: &[u8], name: &str, batch: usize) -> Result<Vec<String>, Error> {
    let tail = tail(bytes);
    let id = tail.columns().find(|(n, _)| *n == name).unwrap().1;
    let mut values = Vec::new();
    for stripe in &tail.stripes {
        let at = |r: &std::ops::Range<u64>| &bytes[r.start as usize..r.end as usize];
        let open = stripe.open(&tail, at(&stripe.footer()), &[id])?;
        let fetched: Vec<&[u8]> = open.ranges().iter().map(at).collect();
        let mut reader = open.reader(&tail, &fetched, 1 << 24)?;
        while let Some((rows, columns)) = reader.batch(batch)? {
            values.extend((0..rows).map(|row| text(&columns[0], row)));
        }
    }
    Ok(values)
}

fn text(slots: &Slots, at: usize) -> String {
    if slots.valid.as_ref().is_some_and(|v| !v[at]) {
        return "-".into();
    }
    let between = |ends: &[i32]| ends[at] as usize..ends[at + 1] as usize;
    match &slots.data {
        Data::Booleans(all) => all[at].to_string(),
        Data::Integers(all) | Data::Times(all) => all[at].to_string(),
        Data::Floats(all) => all[at].to_string(),
        Data::Doubles(all) => all[at].to_string(),
        Data::Decimals(all) => all[at].to_string(),
        Data::Bytes { ends, bytes } => String::from_utf8(bytes[between(ends)].to_vec()).unwrap(),
        Data::Lists { ends, items } => format!("{:?}", between(ends).map(|i| text(items, i)).collect::<Vec<_>>()),
        Data::Maps { ends, keys, values } => {
            format!("{:?}", between(ends).map(|i| format!("{}={}", text(keys, i), text(values, i))).collect::<Vec<_>>())
        }
        Data::Structs(fields) => format!("{:?}", fields.iter().map(|f| text(f, at)).collect::<Vec<_>>()),
    }
}

pub fn wanted(name: &str, i: usize) -> String {
    let n = i as i64;
    match name {
        "id" => (n * n * 7919 - 5).to_string(),
        "jumps" => if i.is_multiple_of(97) { 1_000_000_000_000 + n } else { n % 13 }.to_string(),
        "same" => "-7".into(),
        "small" => (n % 256 - 128).to_string(),
        "even" => {
            if i.is_multiple_of(5) {
                "-".into()
            } else {
                i.is_multiple_of(2).to_string()
            }
        }
        "ratio" => (i as f64 / 8.0).to_string(),
        "single" => (i as f32 / 4.0).to_string(),
        "word" => if i % 7 == 3 { "-" } else { ["alpha", "beta", "", "gämma"][i % 4] }.into(),
        "text" => format!("row {i}"),
        "day" => (n - 1000).to_string(),
        "at" => ((n * 2 - 3600) * 1_000_000 + n % 1000 * 1000).to_string(),
        "price" => (n - 1500).to_string(),
        "tags" if i % 11 == 5 => "-".into(),
        "tags" => format!("{:?}", (0..i % 4).map(|n| if n == 1 { "-".into() } else { format!("{i}.{n}") }).collect::<Vec<_>>()),
        "place" if i.is_multiple_of(3) => "-".into(),
        "place" => format!("{:?}", [i.to_string(), if i.is_multiple_of(2) { "y".into() } else { "-".into() }]),
        _ => format!("{:?}", (0..i % 3).map(|n| format!("k{n}={}", i + n)).collect::<Vec<_>>()),
    }
}

#[test]
fn every_value_of_every_type_is_read_however_it_is_written() {
    for name in ["plain.orc", "first.orc", "words.orc", "lz4.orc", "zstd.orc"] {
        let bytes = file(name);
        let names: Vec<String> = tail(&bytes).columns().map(|(n, _)| n.to_owned()).collect();
        assert_eq!(names.len(), 15, "{name}");
        for field in names {
            let found = column(&bytes, &field, 700).unwrap_or_else(|e| panic!("{name} {field}: {e}"));
            assert_eq!(found.len(), ROWS, "{name} {field}");
            let wrong = (0..ROWS).find(|i| found[*i] != wanted(&field, *i));
            assert_eq!(wrong.map(|i| (i, &found[i], wanted(&field, i))), None, "{name} {field}");
        }
    }
}

#[test]
fn only_the_columns_asked_for_are_fetched() {
    let bytes = file("plain.orc");
    let tail = tail(&bytes);
    let stripe = &tail.stripes[0];
    let footer = stripe.footer();
    let footer = &bytes[footer.start as usize..footer.end as usize];
    let size = |ids: &[usize]| stripe.open(&tail, footer, ids).unwrap().ranges().iter().map(|r| r.end - r.start).sum::<u64>();
    let ids: Vec<usize> = tail.columns().map(|(_, id)| id).collect();
    assert!(size(&ids[2..3]) < 200, "a column that is all the same is a few bytes");
    assert!(size(&ids) > 100_000);
}

#[test]
fn statistics_tell_of_each_stripe() {
    let bytes = file("stripes.orc");
    let tail = tail(&bytes);
    assert_eq!(tail.stripes.iter().map(|s| s.rows).collect::<Vec<_>>(), [100; 3]);
    assert_eq!((tail.rows, tail.statistics.len()), (300, 3));
    let short = footer_length(&bytes[bytes.len() - 256..]).unwrap();
    assert!(short < tail_length(&bytes[bytes.len() - 256..]).unwrap(), "they need not be fetched");
    let without = Tail::without_statistics(&bytes[bytes.len() - short..]).unwrap();
    assert_eq!((&without.types, &without.stripes, without.statistics.len()), (&tail.types, &tail.stripes, 0));
    let of = |name: &str, stripe: usize| tail.statistics[stripe][tail.columns().find(|(n, _)| *n == name).unwrap().1].clone();
    assert_eq!(of("id", 1).bounds, Some(Bounds::Int(100, 199)));
    assert_eq!(of("day", 2).bounds, Some(Bounds::Date(200, 299)));
    assert_eq!(of("ratio", 1).bounds, Some(Bounds::Double(12.5, 24.875)));
    assert_eq!(of("word", 0).bounds, Some(Bounds::Text("w001".into(), "w099".into())));
    assert_eq!((of("word", 0).nulls, of("word", 1).nulls, of("word", 0).values), (Some(true), Some(false), 99));
    assert_eq!(column(&bytes, "id", 64).unwrap(), (0..300).map(|i| i.to_string()).collect::<Vec<_>>());
}

#[test]
fn times_are_what_the_writers_clock_showed() {
    let bytes = file("berlin.orc");
    let noon = |day: i64| (day * 86_400 + 12 * 3600 + 1800) * 1_000_000 + 5000;
    let both = [noon(20_454).to_string(), noon(20_635).to_string()];
    assert_eq!(column(&bytes, "at", 10).unwrap(), both);
    assert_eq!(column(&bytes, "instant", 10).unwrap(), both);
}

#[test]
fn what_is_cut_off_is_refused() {
    let bytes = file("plain.orc");
    assert!(tail_length(&bytes[..300]).is_err());
    let length = tail_length(&bytes).unwrap();
    assert!(matches!(Tail::read(&bytes[bytes.len() - 300.min(length - 1)..]), Err(Error::Broken(_))));
    let tail = tail(&bytes);
    let open = tail.stripes[0].open(&tail, &[], &[1]).unwrap();
    assert_eq!(open.reader(&tail, &[] as &[&[u8]], 1).err(), Some(Error::Broken("a column has no encoding")));
}
