//! A folder whose files have the names and sizes that go wrong, and what it takes to say that two folders hold the same.

use super::noise;
use std::{collections::BTreeMap, path::Path};

/// Names as people give them, with their sizes. The last is sent in parts by every client.
const FILES: &[(&str, usize)] = &[
    ("plain.txt", 11),
    ("empty", 0),
    ("with space.txt", 5),
    ("a+b & c=d.txt", 6),
    ("100%25 %2F.txt", 7),
    ("ünï/çødé ☃.txt", 8),
    ("deep/er/still (1).txt", 9),
    ("~tilde!'$,;@.txt", 10),
    ("big.bin", (17 << 20) + 3),
];

/// Makes the folder.
pub fn plant(folder: &Path) {
    for (name, size) in FILES {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, noise(*size)).unwrap();
    }
}

/// Names and bytes of all files below a folder.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(&next).unwrap_or_else(|e| panic!("{}: {e}", next.display())).map(Result::unwrap) {
            let path = entry.path();
            match path.is_dir() {
                true => left.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, std::fs::read(&path).unwrap());
                }
            }
        }
    }
    found
}

/// Fails when the folders differ, naming the files and not their bytes.
pub fn same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let differ: Vec<&String> = one.iter().filter(|(name, bytes)| other[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(differ.is_empty(), "the bytes of {differ:?} differ");
}
