//! A value of any schema, made at run time: for faults whose fields a service gives as JSON, and for tests.
//!
//! Generated structs are what services work with; this stands in where only the schema is known.

use crate::value::{Enumeration, List, Map, Slot, Structure, Timestamp, Value, View};
use crate::{Kind, Member, Schema};
use bytes::Bytes;

/// A value of a schema; absent until something is put into it.
#[derive(Clone)]
pub struct Dynamic {
    schema: &'static Schema,
    data: Data,
}

#[derive(Clone)]
enum Data {
    Absent,
    Bool(bool),
    Integer(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    String(String),
    Enum(Text),
    Blob(Bytes),
    Time(Timestamp),
    Document(serde_json::Value),
    List(Items),
    Map(Entries),
    Structure(Members),
}

#[derive(Clone)]
struct Text(&'static [&'static str], String);

#[derive(Clone)]
struct Items(&'static Member, Vec<Dynamic>);

#[derive(Clone)]
struct Entries(&'static Member, Vec<(String, Dynamic)>);

#[derive(Clone)]
struct Members(Vec<Dynamic>);

impl Dynamic {
    /// An absent value of a schema.
    pub fn new(schema: &'static Schema) -> Dynamic {
        Dynamic { schema, data: Data::Absent }
    }

    /// The schema.
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// The value as a structure, which comes into being; `None` when the schema is of another kind.
    pub fn as_structure(&mut self) -> Option<&mut dyn Structure> {
        match self.slot() {
            Slot::Structure(structure) => Some(structure),
            _ => None,
        }
    }

    fn default_data(&self) -> Data {
        match &self.schema.kind {
            Kind::Structure(members) => Data::Structure(Members(members.iter().map(|m| Dynamic::new(m.schema)).collect())),
            Kind::List(member) => Data::List(Items(member, Vec::new())),
            Kind::Map(_, value) => Data::Map(Entries(value, Vec::new())),
            Kind::String => Data::String(String::new()),
            Kind::Enum(texts) => Data::Enum(Text(texts, texts.first().map(|t| t.to_string()).unwrap_or_default())),
            Kind::Integer => Data::Integer(0),
            Kind::Long => Data::Long(0),
            Kind::Float => Data::Float(0.0),
            Kind::Double => Data::Double(0.0),
            Kind::Boolean => Data::Bool(false),
            Kind::Blob => Data::Blob(Bytes::new()),
            Kind::Timestamp(_) => Data::Time(Timestamp::default()),
            Kind::Document => Data::Document(serde_json::Value::Null),
        }
    }
}

impl Value for Dynamic {
    fn view(&self) -> View<'_> {
        match &self.data {
            Data::Absent => View::None,
            Data::Bool(v) => View::Bool(*v),
            Data::Integer(v) => View::Int(*v as i64),
            Data::Long(v) => View::Int(*v),
            Data::Float(v) => View::Float(*v as f64),
            Data::Double(v) => View::Float(*v),
            Data::String(v) => View::Str(v),
            Data::Enum(v) => View::Str(&v.1),
            Data::Blob(v) => View::Blob(v),
            Data::Time(v) => View::Time(*v),
            Data::Document(v) => View::Document(v),
            Data::List(v) => View::List(v),
            Data::Map(v) => View::Map(v),
            Data::Structure(v) => View::Structure(v),
        }
    }

    fn slot(&mut self) -> Slot<'_> {
        if matches!(self.data, Data::Absent) {
            self.data = self.default_data();
        }
        match &mut self.data {
            Data::Absent => unreachable!("a value has just come into being"),
            Data::Bool(v) => Slot::Bool(v),
            Data::Integer(v) => Slot::I32(v),
            Data::Long(v) => Slot::I64(v),
            Data::Float(v) => Slot::F32(v),
            Data::Double(v) => Slot::F64(v),
            Data::String(v) => Slot::Str(v),
            Data::Enum(v) => Slot::Enum(v),
            Data::Blob(v) => Slot::Blob(v),
            Data::Time(v) => Slot::Time(v),
            Data::Document(v) => Slot::Document(v),
            Data::List(v) => Slot::List(v),
            Data::Map(v) => Slot::Map(v),
            Data::Structure(v) => Slot::Structure(v),
        }
    }
}

impl Enumeration for Text {
    fn set(&mut self, text: &str) -> bool {
        let known = self.0.contains(&text);
        if known {
            self.1 = text.to_string();
        }
        known
    }
}

impl List for Items {
    fn len(&self) -> usize {
        self.1.len()
    }
    fn get(&self, index: usize) -> View<'_> {
        self.1[index].view()
    }
    fn push(&mut self) -> Slot<'_> {
        self.1.push(Dynamic::new(self.0.schema));
        self.1.last_mut().expect("an item was just pushed").slot()
    }
    fn push_none(&mut self) -> bool {
        self.1.push(Dynamic::new(self.0.schema));
        true
    }
}

impl Map for Entries {
    fn each(&self, f: &mut dyn FnMut(&str, View<'_>)) {
        for (key, value) in &self.1 {
            f(key, value.view());
        }
    }
    fn len(&self) -> usize {
        self.1.len()
    }
    fn entry(&mut self, key: String) -> Slot<'_> {
        let index = self.place(key);
        self.1[index].1.slot()
    }
    fn entry_none(&mut self, key: String) -> bool {
        let index = self.place(key);
        self.1[index].1 = Dynamic::new(self.0.schema);
        true
    }
}

impl Entries {
    /// Index of a key, which comes into being; keys stay in order.
    fn place(&mut self, key: String) -> usize {
        match self.1.binary_search_by(|(k, _)| k.as_str().cmp(&key)) {
            Ok(index) => index,
            Err(index) => {
                self.1.insert(index, (key, Dynamic::new(self.0.schema)));
                index
            }
        }
    }
}

impl Structure for Members {
    fn member(&self, index: usize) -> View<'_> {
        self.0[index].view()
    }
    fn member_mut(&mut self, index: usize) -> Slot<'_> {
        self.0[index].slot()
    }
}
