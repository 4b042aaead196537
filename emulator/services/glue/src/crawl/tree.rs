//! Which folders are tables and which are their partitions. Pure.
//!
//! A folder whose subfolders hold mostly the same becomes a table with a partition key for that level; otherwise each subfolder is a table of
//! its own, and so on down, as AWS describes it.

use super::stats::Stats;
use crate::infer::{Form, Found, kinds};
use std::collections::BTreeMap;

/// Schemas are similar where they share this part of their columns.
const SIMILAR: f64 = 0.7;
/// Folders that nest deeper are taken as one level.
const DEEPEST: usize = 64;

/// A file that was found.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Folders below the include path.
    pub folders: Vec<String>,
    pub name: String,
    pub stats: Stats,
    /// `None` where the file was not among those that were sampled.
    pub found: Option<Found>,
}

/// How tables are told apart.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Grouping {
    /// CombineCompatibleSchemas: what has one format is one table, whatever its columns.
    pub combine: bool,
    /// TableLevelConfiguration, counted from the include path: folders of this depth are tables.
    pub level: Option<usize>,
}

/// A table that the files make.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// Folders below the include path that lead to it.
    pub folders: Vec<String>,
    /// Set where the table is a single file.
    pub file: Option<String>,
    pub found: Found,
    pub stats: Stats,
    /// Names of partition keys, outermost first; empty for tables without partitions.
    pub keys: Vec<String>,
    pub parts: Vec<Part>,
}

/// A partition.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Folders below the table.
    pub folders: Vec<String>,
    pub found: Found,
    pub stats: Stats,
}

impl Part {
    /// The values of its keys.
    pub fn values(&self) -> Vec<String> {
        self.folders.iter().map(|folder| value(folder).to_owned()).collect()
    }
}

/// The value in a folder's name: what stands behind `=`, or the name.
pub(crate) fn value(folder: &str) -> &str {
    folder.split_once('=').filter(|(key, _)| !key.is_empty()).map_or(folder, |(_, value)| value)
}

#[derive(Default)]
struct Folder {
    children: BTreeMap<String, Folder>,
    files: Vec<File>,
}

/// The tables of an include path.
pub(crate) fn tables(files: Vec<File>, grouping: Grouping) -> Vec<Planned> {
    let mut root = Folder::default();
    for file in files {
        let mut at = &mut root;
        for folder in file.folders.iter().take(DEEPEST) {
            at = at.children.entry(folder.clone()).or_default();
        }
        at.files.push(file);
    }
    let mut path = Vec::new();
    match grouping.level {
        Some(level) => fixed(root, level, &mut path),
        None => grown(root, grouping.combine, &mut path),
    }
}

/// Folders of one depth are tables, whatever they hold.
fn fixed(folder: Folder, level: usize, path: &mut Vec<String>) -> Vec<Planned> {
    if level == 0 {
        return Vec::from_iter(forced(folder, path));
    }
    // Files above the level are tables for themselves.
    let mut all: Vec<Planned> = folder.files.into_iter().filter_map(|file| alone(file, path)).collect();
    for (name, child) in folder.children {
        path.push(name);
        all.extend(fixed(child, level - 1, path));
        path.pop();
    }
    all
}

/// One table of all that is below a folder.
fn forced(folder: Folder, path: &[String]) -> Option<Planned> {
    let mut parts = Vec::new();
    leaves(folder, &mut Vec::new(), &mut parts);
    let deepest = parts.iter().map(|p| p.folders.len()).max()?;
    let uneven = parts.iter().any(|p| p.folders.len() != deepest);
    let planned = joined(path.to_vec(), parts)?;
    // Partitions of one table are equally deep.
    Some(if uneven { Planned { keys: Vec::new(), parts: Vec::new(), ..planned } } else { planned })
}

fn leaves(folder: Folder, at: &mut Vec<String>, parts: &mut Vec<Part>) {
    if let Some((found, stats)) = merged(&folder.files) {
        parts.push(Part { folders: at.clone(), found, stats });
    }
    for (name, child) in folder.children {
        at.push(name);
        leaves(child, at, parts);
        at.pop();
    }
}

fn grown(folder: Folder, combine: bool, path: &mut Vec<String>) -> Vec<Planned> {
    let own = own_files(folder.files, combine, path);
    let mut below: Vec<Vec<Planned>> = Vec::new();
    for (name, child) in folder.children {
        path.push(name);
        below.push(grown(child, combine, path));
        path.pop();
    }
    below.retain(|tables| !tables.is_empty());
    if below.is_empty() {
        return own;
    }
    if own.is_empty() {
        return partitioned(below, combine, path);
    }
    // Files beside folders: one table without partitions where all of them hold the same.
    let alike = own.len() == 1 && own[0].file.is_none() && below.iter().flatten().all(|t| similar(&own[0].found, &t.found, combine));
    let all: Vec<Planned> = own.into_iter().chain(below.into_iter().flatten()).collect();
    if !alike {
        return all;
    }
    let parts = all.into_iter().map(|t| Part { folders: Vec::new(), found: t.found, stats: t.stats }).collect();
    joined(path.clone(), parts).map(|table| Planned { keys: Vec::new(), parts: Vec::new(), ..table }).into_iter().collect()
}

/// The files of one folder: one table where they are alike, else each its own.
fn own_files(files: Vec<File>, combine: bool, path: &[String]) -> Vec<Planned> {
    let mut seen = files.iter().filter_map(|file| file.found.as_ref());
    let Some(first) = seen.next() else { return Vec::new() };
    if seen.all(|found| similar(first, found, combine)) {
        let Some((found, stats)) = merged(&files) else { return Vec::new() };
        return vec![Planned { folders: path.to_vec(), file: None, found, stats, keys: Vec::new(), parts: Vec::new() }];
    }
    files.into_iter().filter_map(|file| alone(file, path)).collect()
}

fn alone(file: File, path: &[String]) -> Option<Planned> {
    let found = file.found?;
    Some(Planned { folders: path.to_vec(), file: Some(file.name), found, stats: file.stats, keys: Vec::new(), parts: Vec::new() })
}

/// Subfolders that each hold one table: most of them alike make one table with a key for this level.
fn partitioned(below: Vec<Vec<Planned>>, combine: bool, path: &[String]) -> Vec<Planned> {
    let count = below.len();
    let (mut groups, mut others): (Vec<Vec<Planned>>, Vec<Planned>) = (Vec::new(), Vec::new());
    for mut tables in below {
        let single = tables.len() == 1 && tables[0].file.is_none() && tables[0].folders.len() == path.len() + 1;
        let Some(table) = tables.pop().filter(|_| single) else {
            others.extend(tables);
            continue;
        };
        let fits = |group: &&mut Vec<Planned>| similar(&group[0].found, &table.found, combine) && group[0].keys.len() == table.keys.len();
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(table),
            None => groups.push(vec![table]),
        }
    }
    let Some(most) = (0..groups.len()).max_by_key(|at| (groups[*at].len(), usize::MAX - at)) else { return others };
    let mut all = Vec::new();
    if groups[most].len() * 2 > count {
        let parts = groups.remove(most).into_iter().flat_map(parts_of).collect();
        all.extend(joined(path.to_vec(), parts));
    }
    all.extend(groups.into_iter().flatten());
    all.extend(others);
    all
}

/// A subfolder's table as partitions of the table above it.
fn parts_of(table: Planned) -> Vec<Part> {
    let folder = table.folders.last().cloned().unwrap_or_default();
    if table.parts.is_empty() {
        return vec![Part { folders: vec![folder], found: table.found, stats: table.stats }];
    }
    let below = |part: Part| Part { folders: [vec![folder.clone()], part.folders].concat(), ..part };
    table.parts.into_iter().map(below).collect()
}

/// A table of partitions; of one without folders, a table without partitions.
fn joined(folders: Vec<String>, parts: Vec<Part>) -> Option<Planned> {
    let found = parts.iter().map(|p| p.found.clone()).reduce(join)?;
    let stats = parts.iter().fold(Stats::default(), |sum, part| sum.plus(part.stats));
    let keys = keys(&parts);
    let parts = if keys.is_empty() { Vec::new() } else { parts };
    Some(Planned { folders, file: None, found, stats, keys, parts })
}

/// `key` where every folder of a level is `key=value`, else `partition_N`.
fn keys(parts: &[Part]) -> Vec<String> {
    let levels = parts.first().map_or(0, |part| part.folders.len());
    let name = |level: usize| {
        let of = |part: &Part| part.folders.get(level)?.split_once('=').map(|(key, _)| key.to_lowercase()).filter(|key| !key.is_empty());
        let first = of(&parts[0]).filter(|first| parts.iter().all(|part| of(part).as_ref() == Some(first)));
        first.unwrap_or_else(|| format!("partition_{level}"))
    };
    (0..levels).map(name).collect()
}

fn merged(files: &[File]) -> Option<(Found, Stats)> {
    let found = files.iter().filter_map(|file| file.found.clone()).reduce(join)?;
    let stats = files.iter().fold(Stats::default(), |sum, file| sum.plus(file.stats));
    Some((found, stats))
}

/// Both columns; of two formats the first stays.
fn join(mut first: Found, other: Found) -> Found {
    first.columns = kinds::merge(std::mem::take(&mut first.columns), other.columns);
    if let (Form::Csv(layout), Form::Csv(others)) = (&mut first.form, &other.form) {
        layout.open |= others.open;
        layout.quote = layout.quote.or(others.quote);
    }
    first
}

/// One format, one compression and mostly the same columns. Where compatible schemas are combined, the columns don't count.
fn similar(a: &Found, b: &Found, combine: bool) -> bool {
    let form = match (&a.form, &b.form) {
        (Form::Csv(a), Form::Csv(b)) => a.delimiter == b.delimiter && a.header == b.header,
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    };
    if a.classification != b.classification || a.compression != b.compression || !form {
        return false;
    }
    let most = a.columns.len().max(b.columns.len());
    let shared = a.columns.iter().filter(|c| b.columns.iter().any(|o| o.name.eq_ignore_ascii_case(&c.name))).count();
    combine || most == 0 || shared as f64 >= most as f64 * SIMILAR
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::{
        compression::Compression,
        kinds::{Column, Kind},
    };

    /// `path: columns`, one file a line.
    fn plan(text: &str, grouping: Grouping) -> Vec<String> {
        let file = |line: &str| {
            let (path, columns) = line.trim().split_once(": ").unwrap();
            let mut folders: Vec<String> = path.split('/').map(str::to_owned).collect();
            let name = folders.pop().unwrap();
            let columns = columns.split(',').map(|c| Column::new(c, Kind::Int)).collect();
            let found =
                Found { classification: "json".into(), columns, form: Form::Json, records: 1, bytes: None, compression: Compression::None };
            File { folders, name, stats: Stats { objects: 1, bytes: 10, records: 1 }, found: Some(found) }
        };
        let planned = tables(text.trim().lines().map(file).collect(), grouping);
        let say = |t: &Planned| {
            let columns: Vec<_> = t.found.columns.iter().map(|c| c.name.as_str()).collect();
            let parts: Vec<_> = t.parts.iter().map(|p| p.values().join("/")).collect();
            let file = t.file.as_deref().unwrap_or("");
            format!("{}|{file}|{}|{}|{}", t.folders.join("/"), columns.join(","), t.keys.join(","), parts.join(" "))
        };
        planned.iter().map(say).collect()
    }

    #[test]
    fn folders_that_hold_the_same_are_partitions() {
        let text = "year=2025/month=01/a: x,y,z\nyear=2025/month=02/a: x,y,z\nyear=2026/month=01/b: x,y,z";
        assert_eq!(plan(text, Grouping::default()), ["||x,y,z|year,month|2025/01 2025/02 2026/01"]);
        assert_eq!(plan("2025/a: x\n2026/a: x", Grouping::default()), ["||x|partition_0|2025 2026"]);
    }

    #[test]
    fn folders_that_hold_other_things_are_tables() {
        let text = "year=2017/a: A,B\nyear=2018/a: C,D";
        assert_eq!(plan(text, Grouping::default()), ["year=2017||A,B||", "year=2018||C,D||"]);
        let combined = Grouping { combine: true, level: None };
        assert_eq!(plan(text, combined), ["||A,B,C,D|year|2017 2018"]);
        let mostly = "a/1: x,y\nb/1: x,y\nc/1: x,y\nd/1: p,q";
        assert_eq!(plan(mostly, Grouping::default()), ["||x,y|partition_0|a b c", "d||p,q||"]);
    }

    #[test]
    fn a_level_may_be_given() {
        let text = "sales/2025/a: x\nsales/2026/a: x\nusers/2025/a: x\nusers/2026/a: q";
        assert_eq!(
            plan(text, Grouping { combine: false, level: Some(1) }),
            ["sales||x|partition_0|2025 2026", "users||x,q|partition_0|2025 2026"]
        );
    }

    #[test]
    fn files_of_one_folder_are_one_table_or_each_its_own() {
        assert_eq!(plan("a.json: x,y\nb.json: x,y", Grouping::default()), ["||x,y||"]);
        assert_eq!(plan("a.json: x,y\nb.json: p,q", Grouping::default()), ["|a.json|x,y||", "|b.json|p,q||"]);
        assert_eq!(plan("a.json: x\nsub/b.json: x", Grouping::default()), ["||x||"]);
        assert_eq!(plan("a.json: x\nsub/b.json: q", Grouping::default()), ["||x||", "sub||q||"]);
    }

    #[test]
    fn most_columns_decide() {
        assert_eq!(plan("a/1: a,b,c,d\nb/1: a,b,c,e", Grouping::default()), ["||a,b,c,d,e|partition_0|a b"]);
        assert_eq!(plan("a/1: a,b,c\nb/1: a,b,e", Grouping::default()), ["a||a,b,c||", "b||a,b,e||"]);
    }
}
