//! Model structures inside a service's kept state: serde by canonical names, so that members may come and go between versions.
//!
//! `#[serde(with = "wire::kept")] cors: Option<CorsConfiguration>`, `Vec<Rule>`, `BTreeMap<String, Rule>`; or [`Kept<T>`] where an attribute
//! has no place. Constraints are not checked again when reading: what was once accepted stays readable.

use crate::{Schema, Shape};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

/// What can be kept: shapes, and options, lists and maps of them.
pub trait Keep: Sized {
    /// The canonical JSON.
    fn keep(&self) -> serde_json::Value;
    /// Back from canonical JSON.
    fn regain(json: &serde_json::Value) -> Result<Self, String>;
}

fn problem<T: Shape>(error: crate::DecodeError) -> String {
    let schema: &Schema = T::schema();
    format!("{}: {error}", schema.name)
}

impl<T: Shape> Keep for T {
    fn keep(&self) -> serde_json::Value {
        crate::canonical::to_json(T::schema(), self)
    }
    fn regain(json: &serde_json::Value) -> Result<T, String> {
        let mut value = T::default();
        crate::canonical::fill_unchecked(T::schema(), json, &mut value).map_err(problem::<T>)?;
        Ok(value)
    }
}

impl<T: Keep> Keep for Option<T> {
    fn keep(&self) -> serde_json::Value {
        self.as_ref().map_or(serde_json::Value::Null, Keep::keep)
    }
    fn regain(json: &serde_json::Value) -> Result<Option<T>, String> {
        if json.is_null() { Ok(None) } else { T::regain(json).map(Some) }
    }
}

impl<T: Keep> Keep for Vec<T> {
    fn keep(&self) -> serde_json::Value {
        self.iter().map(Keep::keep).collect()
    }
    fn regain(json: &serde_json::Value) -> Result<Vec<T>, String> {
        json.as_array().ok_or("expected a list")?.iter().map(T::regain).collect()
    }
}

impl<T: Keep> Keep for BTreeMap<String, T> {
    fn keep(&self) -> serde_json::Value {
        self.iter().map(|(key, value)| (key.clone(), value.keep())).collect::<serde_json::Map<_, _>>().into()
    }
    fn regain(json: &serde_json::Value) -> Result<BTreeMap<String, T>, String> {
        let map = json.as_object().ok_or("expected a map")?;
        map.iter().map(|(key, value)| Ok((key.clone(), T::regain(value)?))).collect()
    }
}

/// For `#[serde(with = "wire::kept")]`.
pub fn serialize<T: Keep, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.keep().serialize(serializer)
}

/// For `#[serde(with = "wire::kept")]`.
pub fn deserialize<'de, T: Keep, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let json = serde_json::Value::deserialize(deserializer)?;
    T::regain(&json).map_err(serde::de::Error::custom)
}

/// A kept value where an attribute has no place (inside tuples, enums, generic containers).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept<T>(pub T);

impl<T: Keep> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

impl<'de, T: Keep> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Kept<T>, D::Error> {
        deserialize(deserializer).map(Kept)
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Kept<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Kept<T> {
    fn from(value: T) -> Kept<T> {
        Kept(value)
    }
}
