//! A query on its way through events: commands of one record are done as it comes, the others when all have come.

use super::{Aggregate, Command, Named, Query, Record, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Records that are held at once; a query that matches more fails.
const MOST_RECORDS: usize = 500_000;

/// A query that is being run.
pub(crate) struct Run<'q> {
    query: &'q Query,
    /// Commands done record by record; the rest wait for all.
    early: usize,
    held: Vec<Record>,
}

/// What a query found.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Rows of fields and values, in the order they are shown.
    pub rows: Vec<Vec<(String, String)>>,
    /// Records that got past the filters.
    pub matched: usize,
}

impl Query {
    /// Begins to run.
    pub fn run(&self) -> Run<'_> {
        let each =
            |command: &&Command| matches!(command, Command::Fields(_) | Command::Filter(_) | Command::Parse { .. } | Command::Display(_));
        Run { query: self, early: self.commands.iter().take_while(each).count(), held: Vec::new() }
    }
}

impl Run<'_> {
    /// Takes an event, in the order of time; the error says why the query fails.
    pub fn take(&mut self, record: Record) -> Result<(), String> {
        if let Some(record) = each(&self.query.commands[..self.early], record) {
            self.held.push(record);
        }
        match self.held.len() > MOST_RECORDS {
            true => Err(format!("the query matches more than {MOST_RECORDS} events")),
            false => Ok(()),
        }
    }

    /// What is left to do when all events came; at most `limit` rows unless the query says fewer.
    pub fn finish(self, limit: usize) -> Outcome {
        let matched = self.held.len();
        let mut records = self.held;
        let late = &self.query.commands[self.early..];
        let counted = self.query.commands.iter().any(|command| matches!(command, Command::Stats { .. }));
        let sorted = late.iter().any(|command| matches!(command, Command::Sort(_)));
        // The newest first, where nothing else is asked for.
        if !counted && !sorted {
            records.reverse();
        }
        let mut most = limit;
        for command in late {
            match command {
                Command::Stats { values, aggregates, by } => records = stats(&records, values, aggregates, by),
                Command::Sort(keys) => records.sort_by(|a, b| {
                    let orders = keys.iter().map(|(key, down)| {
                        let (a, b) = (key.eval(a, &[]), key.eval(b, &[]));
                        // What isn't there comes last in either direction.
                        if *down && a.is_there() && b.is_there() { b.order(&a) } else { a.order(&b) }
                    });
                    orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
                }),
                Command::Limit(n) => {
                    records.truncate(*n);
                    most = most.min(*n);
                }
                Command::Dedup(names) => {
                    let mut seen = BTreeSet::new();
                    records.retain(|record| seen.insert(names.iter().map(|name| record.get(name).text()).collect::<Vec<_>>()));
                }
                one => records = records.into_iter().filter_map(|record| each(std::slice::from_ref(one), record)).collect(),
            }
        }
        let shown = self.query.shown();
        Outcome { rows: records.iter().take(most).map(|record| row(record, &shown)).collect(), matched }
    }
}

/// A record after some commands, unless a filter took it.
fn each(commands: &[Command], mut record: Record) -> Option<Record> {
    for command in commands {
        match command {
            Command::Fields(fields) | Command::Display(fields) => {
                let values: Vec<Value> = fields.iter().map(|field| field.expr.eval(&record, &[])).collect();
                fields.iter().zip(values).for_each(|(field, value)| record.set(&field.name, value));
            }
            Command::Filter(condition) if !condition.eval(&record, &[]).holds() => return None,
            Command::Parse { field, regex, names } => {
                let text = record.get(field).text().unwrap_or_default();
                for (at, name) in names.iter().enumerate() {
                    let found = regex.captures(&text).and_then(|c| c.get(at + 1).map(|m| m.as_str().to_owned()));
                    record.set(name, found.map_or(Value::Nothing, Value::Text));
                }
            }
            _ => {}
        }
    }
    Some(record)
}

fn stats(records: &[Record], values: &[Named], aggregates: &[Aggregate], by: &[Named]) -> Vec<Record> {
    let mut groups: BTreeMap<Vec<Option<String>>, (Record, Vec<Record>)> = BTreeMap::new();
    for record in records {
        let keys: Vec<Value> = by.iter().map(|key| key.expr.eval(record, &[])).collect();
        let group = groups.entry(keys.iter().map(Value::text).collect()).or_default();
        by.iter().zip(keys).for_each(|(key, value)| group.0.set(&key.name, value));
        group.1.push(record.clone());
    }
    // Without `by` there is one group, which may be empty.
    if by.is_empty() {
        groups.entry(Vec::new()).or_default();
    }
    let finish = |(mut row, members): (Record, Vec<Record>)| {
        let counted: Vec<Value> = aggregates.iter().map(|aggregate| aggregate.over(&members)).collect();
        values.iter().for_each(|value| row.set(&value.name, value.expr.eval(&Record::default(), &counted)));
        row
    };
    groups.into_values().map(finish).collect()
}

impl Query {
    /// The fields of a row: those of the last `display`, or of the last `stats`, or of every `fields`.
    fn shown(&self) -> Vec<String> {
        let names = |fields: &[Named]| fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>();
        let mut shown: Vec<String> = Vec::new();
        let (mut displayed, mut counted) = (false, false);
        for command in &self.commands {
            match command {
                Command::Display(fields) => (shown, displayed) = (names(fields), true),
                Command::Stats { values, by, .. } => {
                    (shown, displayed, counted) = ([names(by), names(values)].concat(), false, true);
                }
                Command::Fields(fields) if !displayed => {
                    let more: Vec<String> = names(fields).into_iter().filter(|name| !shown.contains(name)).collect();
                    shown.extend(more);
                }
                _ => {}
            }
        }
        if shown.is_empty() {
            shown = vec!["@timestamp".into(), "@message".into()];
        }
        if !counted && !shown.iter().any(|name| name == "@ptr") {
            shown.push("@ptr".into());
        }
        shown
    }
}

/// Fields that aren't there are left out of a row.
fn row(record: &Record, shown: &[String]) -> Vec<(String, String)> {
    shown.iter().filter_map(|name| Some((name.clone(), record.get(name).text()?))).collect()
}
