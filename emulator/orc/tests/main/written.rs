//! Files that are written here: read back value by value, in every type and compression.

use crate::values::{ROWS, column, file, tail, wanted};
use orc::{Bounds, Packing, Slots, Tail, Type, Writer};

/// All columns of a file's first stripe, in batches.
fn batches(bytes: &[u8], tail: &Tail, rows: usize) -> Vec<(usize, Vec<Slots>)> {
    let ids: Vec<usize> = tail.columns().map(|(_, id)| id).collect();
    let at = |r: &std::ops::Range<u64>| &bytes[r.start as usize..r.end as usize];
    let open = tail.stripes[0].open(tail, at(&tail.stripes[0].footer()), &ids).unwrap();
    let fetched: Vec<&[u8]> = open.ranges().iter().map(at).collect();
    let mut reader = open.reader(tail, &fetched, 1 << 24).unwrap();
    std::iter::from_fn(|| reader.batch(rows).unwrap()).collect()
}

fn again(types: Vec<Type>, packing: Packing, stripes: &[(usize, Vec<Slots>)]) -> Vec<u8> {
    let mut writer = Writer::new(types, packing);
    stripes.iter().for_each(|(rows, columns)| writer.stripe(*rows, columns).unwrap());
    writer.finish()
}

#[test]
fn every_value_of_every_type_comes_back() {
    let original = file("plain.orc");
    let from = tail(&original);
    let stripes = batches(&original, &from, 1100);
    assert_eq!(stripes.len(), 3);
    let mut sizes = Vec::new();
    for packing in [Packing::None, Packing::Zlib, Packing::Snappy, Packing::Zstd(3)] {
        let bytes = again(from.types.clone(), packing, &stripes);
        let written = tail(&bytes);
        assert_eq!((&written.types, written.rows), (&from.types, ROWS as u64));
        assert_eq!(written.stripes.iter().map(|s| s.rows).collect::<Vec<_>>(), [1100, 1100, 800]);
        for (name, _) in from.columns() {
            let found = column(&bytes, name, 700).unwrap_or_else(|e| panic!("{packing:?} {name}: {e}"));
            let wrong = (0..ROWS).find(|i| found[*i] != wanted(name, *i));
            assert_eq!(wrong.map(|i| (i, &found[i], wanted(name, i))), None, "{packing:?} {name}");
        }
        sizes.push(bytes.len());
    }
    // Without, zlib, snappy, zstd.
    assert!(sizes[1] * 2 < sizes[0] && sizes[2] < sizes[0] && sizes[3] < sizes[1], "{sizes:?}");
}

#[test]
fn a_file_taken_stripe_by_stripe_is_the_same_file() {
    let original = file("plain.orc");
    let from = tail(&original);
    let stripes = batches(&original, &from, 1100);
    let mut writer = Writer::new(from.types.clone(), Packing::Zlib);
    let mut parts = Vec::new();
    for (rows, columns) in &stripes {
        writer.stripe(*rows, columns).unwrap();
        parts.extend(writer.take());
    }
    assert!(writer.take().is_empty());
    parts.extend(writer.finish());
    assert_eq!(parts, again(from.types.clone(), Packing::Zlib, &stripes));
}

#[test]
fn statistics_are_as_others_write_them() {
    let original = file("plain.orc");
    let from = tail(&original);
    let bytes = again(from.types.clone(), Packing::Zlib, &batches(&original, &from, ROWS));
    let (ours, theirs) = (tail(&bytes).statistics, from.statistics.clone());
    for (name, id) in from.columns() {
        let (ours, theirs) = (&ours[0][id], &theirs[0][id]);
        assert_eq!((ours.values, ours.nulls), (theirs.values, theirs.nulls), "{name}");
        if matches!(theirs.bounds, Some(Bounds::Int(..) | Bounds::Double(..) | Bounds::Text(..) | Bounds::Date(..))) {
            assert_eq!(ours.bounds, theirs.bounds, "{name}");
        }
    }
}

#[test]
fn a_file_without_rows_is_one() {
    let types = tail(&file("plain.orc")).types;
    let written = tail(&padded(Writer::new(types.clone(), Packing::Zlib).finish()));
    assert_eq!((written.types, written.rows, written.stripes.len()), (types, 0, 0));
}

/// Files this small are shorter than the end that readers fetch first.
fn padded(bytes: Vec<u8>) -> Vec<u8> {
    [vec![0; 256], bytes].concat()
}
