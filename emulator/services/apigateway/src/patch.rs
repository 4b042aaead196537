//! Patch operations: how every Update of API Gateway says what to change. Knows paths and values, not what they belong to.

use crate::{Error, model::*, state::bad};
use kit::Fault;
use std::collections::BTreeMap;

/// One change.
pub(crate) struct Patch {
    pub op: Op,
    /// As it was sent.
    pub path: String,
    /// The path's parts, unescaped.
    pub parts: Vec<String>,
    pub value: Option<String>,
    /// Where a copy takes its value from.
    pub from: Option<String>,
}

/// Reads the operations of a request; ops that AWS's model has and the service never takes are refused.
pub(crate) fn read(operations: Option<Vec<PatchOperation>>) -> Result<Vec<Patch>, Fault> {
    let patches = read_with_copies(operations)?;
    match patches.iter().any(|patch| patch.op == Op::Copy) {
        true => Err(bad("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")),
        false => Ok(patches),
    }
}

/// The same where copies are taken, too: stages promote their canaries so.
pub(crate) fn read_with_copies(operations: Option<Vec<PatchOperation>>) -> Result<Vec<Patch>, Fault> {
    let one = |operation: PatchOperation| {
        let op = operation.op.unwrap_or_default();
        let path = operation.path.ok_or_else(|| bad("Invalid patch path null"))?;
        if !matches!(op, Op::Add | Op::Remove | Op::Replace | Op::Copy) {
            return Err(bad("Invalid patch operation specified. Must be 'add'|'remove'|'replace'"));
        }
        let parts = path.strip_prefix('/').unwrap_or(&path).split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
        Ok(Patch { op, path, parts, value: operation.value, from: operation.from })
    };
    operations.unwrap_or_default().into_iter().map(one).collect()
}

impl Patch {
    /// The parts to match on.
    pub fn parts(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }
    /// The fault for a path that does not exist here.
    pub fn unknown(&self) -> Fault {
        bad(format!("Invalid patch path {}", self.path))
    }
    /// The fault for a path out of a closed set.
    pub fn none_of(&self, paths: &str) -> Fault {
        match self.op {
            Op::Replace => bad(format!("Invalid patch path  '{}' specified for op 'replace'. Must be one of: [{paths}]", self.path)),
            op => bad(format!("Invalid patch path  '{}' specified for op '{op}'. Please choose supported operations", self.path)),
        }
    }
    /// Refuses operations other than `replace`, and paths that are not among these (`/name, /description`).
    pub fn only_replace(&self, paths: &str) -> Result<(), Fault> {
        let known = paths.split(", ").any(|path| path == self.path);
        if self.op == Op::Replace && known { Ok(()) } else { Err(self.none_of(paths)) }
    }
    /// The value; a fault where there is none.
    pub fn value(&self) -> Result<&str, Fault> {
        self.value.as_deref().ok_or_else(|| bad(format!("Invalid null or empty value in {}", self.path)))
    }
    /// true or false.
    pub fn boolean(&self) -> Result<bool, Fault> {
        match self.value()? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(bad(format!("Invalid value '{other}' for {}. Must be true or false", self.path))),
        }
    }
    /// A number.
    pub fn number(&self) -> Result<i32, Fault> {
        self.value()?.parse().map_err(|_| bad(format!("Invalid value for {}. Must be a number", self.path)))
    }
    /// Sets a text or takes it away.
    pub fn text(&self, field: &mut Option<String>) -> Result<(), Fault> {
        *field = match self.op {
            Op::Remove => None,
            _ => self.value.clone().filter(|text| !text.is_empty()),
        };
        Ok(())
    }
    /// Sets or takes away an entry of a map; the map vanishes with its last entry.
    pub fn entry<T>(
        &self,
        map: &mut Option<BTreeMap<String, T>>,
        key: &str,
        value: impl FnOnce(&Patch) -> Result<T, Fault>,
        missing: &str,
    ) -> Result<(), Fault> {
        match self.op {
            Op::Remove => {
                map.as_mut().and_then(|m| m.remove(key)).ok_or_else(|| Error::NotFound.says(missing))?;
            }
            Op::Replace if !map.as_ref().is_some_and(|m| m.contains_key(key)) => return Err(Error::NotFound.says(missing)),
            _ => drop(map.get_or_insert_default().insert(key.to_owned(), value(self)?)),
        }
        if map.as_ref().is_some_and(BTreeMap::is_empty) {
            *map = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(op: Op, path: &str, value: Option<&str>) -> Patch {
        let operation = PatchOperation { op: Some(op), path: Some(path.into()), value: value.map(Into::into), from: None };
        read(Some(vec![operation])).unwrap().remove(0)
    }

    #[test]
    fn parts_are_unescaped() {
        assert_eq!(patch(Op::Add, "/binaryMediaTypes/image~1png", None).parts(), ["binaryMediaTypes", "image/png"]);
    }

    #[test]
    fn what_is_not_there_is_neither_replaced_nor_removed() {
        let mut map: Option<BTreeMap<String, String>> = None;
        let own = |p: &Patch| p.value().map(str::to_owned);
        assert!(patch(Op::Replace, "/m/a", Some("1")).entry(&mut map, "a", own, "missing").is_err());
        patch(Op::Add, "/m/a", Some("1")).entry(&mut map, "a", own, "missing").unwrap();
        patch(Op::Remove, "/m/a", None).entry(&mut map, "a", own, "missing").unwrap();
        assert!(map.is_none());
        assert!(patch(Op::Remove, "/m/a", None).entry(&mut map, "a", own, "missing").is_err());
    }
}
