//! How codecs look into Rust values: a borrowed [`View`] to write them, a mutable [`Slot`] to fill them.
//!
//! Generated structs implement [`Structure`] with two short `match`es; everything else (walking, naming, checking) is in the
//! codecs, written once and not generic, so that a new shape costs almost no compile time.

use bytes::Bytes;
use std::collections::BTreeMap;

/// A value seen for writing.
pub enum View<'a> {
    /// Absent.
    None,
    /// true or false.
    Bool(bool),
    /// Integer of any width.
    Int(i64),
    /// Float of any width.
    Float(f64),
    /// Text and enums.
    Str(&'a str),
    /// Bytes.
    Blob(&'a Bytes),
    /// A moment.
    Time(Timestamp),
    /// Any JSON value.
    Document(&'a serde_json::Value),
    /// A list.
    List(&'a dyn List),
    /// A map.
    Map(&'a dyn Map),
    /// A structure.
    Structure(&'a dyn Structure),
}

/// A value seen for filling. The kinds match those of the schema; a codec that meets another kind reports a type error.
pub enum Slot<'a> {
    /// true or false.
    Bool(&'a mut bool),
    /// 32 bit integer.
    I32(&'a mut i32),
    /// 64 bit integer.
    I64(&'a mut i64),
    /// 32 bit float.
    F32(&'a mut f32),
    /// 64 bit float.
    F64(&'a mut f64),
    /// Text.
    Str(&'a mut String),
    /// A closed set of texts; keeps unknown text so that the constraint check can name it.
    Enum(&'a mut dyn Enumeration),
    /// Bytes.
    Blob(&'a mut Bytes),
    /// A moment.
    Time(&'a mut Timestamp),
    /// Any JSON value.
    Document(&'a mut serde_json::Value),
    /// A list.
    List(&'a mut dyn List),
    /// A map.
    Map(&'a mut dyn Map),
    /// A structure.
    Structure(&'a mut dyn Structure),
}

/// Anything a codec can read and write.
pub trait Value: Send + Sync {
    /// For writing.
    fn view(&self) -> View<'_>;
    /// For filling; an absent optional value comes into being.
    fn slot(&mut self) -> Slot<'_>;
}

/// A generated structure: members by their index in the schema.
pub trait Structure: Send + Sync {
    /// Member `index` for writing.
    fn member(&self, index: usize) -> View<'_>;
    /// Member `index` for filling.
    fn member_mut(&mut self, index: usize) -> Slot<'_>;
}

/// A structure that knows its schema.
pub trait Shape: Structure + Default + 'static {
    /// The schema whose members the indexes follow.
    fn schema() -> &'static crate::Schema;
}

/// A closed set of texts.
pub trait Enumeration: Send + Sync {
    /// Sets the variant; false when the text is not in the set.
    fn set(&mut self, text: &str) -> bool;
}

/// A list.
pub trait List: Send + Sync {
    /// Number of items.
    fn len(&self) -> usize;
    /// Whether it is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Item for writing.
    fn get(&self, index: usize) -> View<'_>;
    /// Appends an item and gives it for filling.
    fn push(&mut self) -> Slot<'_>;
    /// Appends an absent item (sparse lists); false where the items can't be absent.
    fn push_none(&mut self) -> bool;
}

/// A map from strings.
pub trait Map: Send + Sync {
    /// Calls `f` with each entry in key order.
    fn each(&self, f: &mut dyn FnMut(&str, View<'_>));
    /// Number of entries.
    fn len(&self) -> usize;
    /// Whether it is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Inserts a key and gives its value for filling.
    fn entry(&mut self, key: String) -> Slot<'_>;
    /// Inserts an absent value (sparse maps); false where values can't be absent.
    fn entry_none(&mut self, key: String) -> bool;
}

/// A moment in UTC, nanoseconds since the epoch. What AWS puts on the wire has seconds or milliseconds.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct Timestamp {
    /// Nanoseconds since 1970-01-01T00:00:00Z; negative before.
    pub unix_ns: i128,
}

impl Timestamp {
    /// From whole seconds since the epoch.
    pub const fn from_secs(secs: i64) -> Timestamp {
        Timestamp { unix_ns: secs as i128 * 1_000_000_000 }
    }
    /// From milliseconds since the epoch.
    pub const fn from_millis(ms: i64) -> Timestamp {
        Timestamp { unix_ns: ms as i128 * 1_000_000 }
    }
    /// Whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.unix_ns.div_euclid(1_000_000_000) as i64
    }
    /// Milliseconds since the epoch, rounded down.
    pub const fn millis(self) -> i64 {
        self.unix_ns.div_euclid(1_000_000) as i64
    }
    /// Later by `by`, which may be negative nanoseconds.
    pub const fn plus_ns(self, by: i128) -> Timestamp {
        Timestamp { unix_ns: self.unix_ns + by }
    }
}

macro_rules! scalar {
    ($($ty:ty => |$v:ident| $view:expr, $slot:ident;)*) => {$(
        impl Value for $ty {
            fn view(&self) -> View<'_> { let $v = self; $view }
            fn slot(&mut self) -> Slot<'_> { Slot::$slot(self) }
        }
    )*};
}
scalar! {
    bool => |v| View::Bool(*v), Bool;
    i32 => |v| View::Int(*v as i64), I32;
    i64 => |v| View::Int(*v), I64;
    f32 => |v| View::Float(*v as f64), F32;
    f64 => |v| View::Float(*v), F64;
    String => |v| View::Str(v), Str;
    Bytes => |v| View::Blob(v), Blob;
    Timestamp => |v| View::Time(*v), Time;
    serde_json::Value => |v| View::Document(v), Document;
}

impl<T: Value + Default> Value for Option<T> {
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::None, Value::view)
    }
    fn slot(&mut self) -> Slot<'_> {
        self.get_or_insert_with(T::default).slot()
    }
}

impl<T: Value> Value for Box<T> {
    fn view(&self) -> View<'_> {
        (**self).view()
    }
    fn slot(&mut self) -> Slot<'_> {
        (**self).slot()
    }
}

impl<T: Value + Default> Value for Vec<T> {
    fn view(&self) -> View<'_> {
        View::List(self)
    }
    fn slot(&mut self) -> Slot<'_> {
        Slot::List(self)
    }
}

impl<T: Value + Default> List for Vec<T> {
    fn len(&self) -> usize {
        Vec::len(self)
    }
    fn get(&self, index: usize) -> View<'_> {
        self[index].view()
    }
    fn push(&mut self) -> Slot<'_> {
        Vec::push(self, T::default());
        self.last_mut().expect("an item was just pushed").slot()
    }
    fn push_none(&mut self) -> bool {
        let item = T::default();
        let absent = matches!(item.view(), View::None);
        if absent {
            Vec::push(self, item);
        }
        absent
    }
}

impl<T: Value + Default> Value for BTreeMap<String, T> {
    fn view(&self) -> View<'_> {
        View::Map(self)
    }
    fn slot(&mut self) -> Slot<'_> {
        Slot::Map(self)
    }
}

impl<T: Value + Default> Map for BTreeMap<String, T> {
    fn each(&self, f: &mut dyn FnMut(&str, View<'_>)) {
        for (key, value) in self {
            f(key, value.view());
        }
    }
    fn len(&self) -> usize {
        BTreeMap::len(self)
    }
    fn entry(&mut self, key: String) -> Slot<'_> {
        BTreeMap::entry(self, key).or_default().slot()
    }
    fn entry_none(&mut self, key: String) -> bool {
        let item = T::default();
        let absent = matches!(item.view(), View::None);
        if absent {
            self.insert(key, item);
        }
        absent
    }
}

/// Implements [`Structure`], [`Value`] and [`Shape`] for a struct whose fields follow its schema's members.
#[macro_export]
macro_rules! structure {
    ($ty:ident, $schema:path $(, $index:literal $field:ident)* $(,)?) => {
        impl $crate::Structure for $ty {
            #[allow(unused_variables)]
            fn member(&self, index: usize) -> $crate::View<'_> {
                match index {
                    $($index => $crate::Value::view(&self.$field),)*
                    _ => $crate::View::None,
                }
            }
            #[allow(unused_variables)]
            fn member_mut(&mut self, index: usize) -> $crate::Slot<'_> {
                match index {
                    $($index => $crate::Value::slot(&mut self.$field),)*
                    _ => unreachable!("a codec asked {} for member {index}", stringify!($ty)),
                }
            }
        }
        impl $crate::Value for $ty {
            fn view(&self) -> $crate::View<'_> { $crate::View::Structure(self) }
            fn slot(&mut self) -> $crate::Slot<'_> { $crate::Slot::Structure(self) }
        }
        impl $crate::Shape for $ty {
            fn schema() -> &'static $crate::Schema { &$schema }
        }
    };
}

/// Declares an enum of wire texts. The first variant is the default, which stands in until a refused request is refused.
#[macro_export]
macro_rules! enumeration {
    ($(#[$doc:meta])* $ty:ident { $first:ident = $first_text:literal $(, $variant:ident = $text:literal)* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum $ty { #[default] $first $(, $variant)* }
        impl $ty {
            /// Every text of the set, in the model's order.
            pub const TEXTS: &'static [&'static str] = &[$first_text $(, $text)*];
            /// The text on the wire.
            pub fn as_str(self) -> &'static str { Self::TEXTS[self as usize] }
            /// The variant of a text.
            pub fn parse(text: &str) -> Option<Self> {
                const ALL: &[$ty] = &[$ty::$first $(, $ty::$variant)*];
                Self::TEXTS.iter().position(|t| *t == text).map(|i| ALL[i])
            }
        }
        impl $crate::Enumeration for $ty {
            fn set(&mut self, text: &str) -> bool {
                match Self::parse(text) { Some(v) => { *self = v; true } None => false }
            }
        }
        impl $crate::Value for $ty {
            fn view(&self) -> $crate::View<'_> { $crate::View::Str(self.as_str()) }
            fn slot(&mut self) -> $crate::Slot<'_> { $crate::Slot::Enum(self) }
        }
        impl std::fmt::Display for $ty {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
        impl $crate::serde::Serialize for $ty {
            fn serialize<S: $crate::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str(self.as_str()) }
        }
        impl<'de> $crate::serde::Deserialize<'de> for $ty {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as $crate::serde::Deserialize>::deserialize(d)?;
                Self::parse(&text).ok_or_else(|| $crate::serde::de::Error::unknown_variant(&text, Self::TEXTS))
            }
        }
    };
}
