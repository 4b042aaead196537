//! What a table reaches: which shapes become types, which only tables, and under which names.

use super::model::{Model, members, targets, text};
use super::names::{Taken, camel, screaming};
use crate::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Type names that generated code and the macros of `wire` use without a path, or that everybody reads as Rust's own.
const SPOKEN_FOR: &[&str] = &[
    "BTreeMap",
    "Box",
    "Bytes",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Document",
    "Drop",
    "Eq",
    "Err",
    "Error",
    "Fn",
    "From",
    "Hash",
    "Into",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "SERVICE",
    "Self",
    "Send",
    "Some",
    "String",
    "Sync",
    "Timestamp",
    "ToString",
    "Vec",
];

/// One operation of the table.
pub struct Operation {
    /// Operation name.
    pub name: String,
    /// Where its input comes from.
    pub input: End,
    /// Where its output comes from.
    pub output: End,
}

/// One end of an operation.
pub enum End {
    /// The model has no shape for it: an empty structure of this type name.
    Empty(String),
    /// A shape of the model; it carries the operation's name or has an alias under it.
    Shape(String),
}

/// What is generated for a table.
pub struct Selection {
    /// The table's operations in its order.
    pub operations: Vec<Operation>,
    /// Shapes that become Rust types: structures and enums.
    pub typed: BTreeSet<String>,
    /// Shapes that get a schema table: the typed ones, what they hold, and every fault.
    pub tabled: BTreeSet<String>,
    /// Structures that only callers write, so that a missing required member never reaches a handler.
    pub input_only: BTreeSet<String>,
    /// `<Op>Output` names that stand for a shape with a name of its own: alias, shape.
    pub aliases: Vec<(String, String)>,
    /// `<Op>Input` structures over a shape that several operations take: name, shape. Never an alias, because what an operation needs to
    /// be allowed is told by the type of its input.
    pub copies: Vec<(String, String)>,
    types: BTreeMap<String, String>,
    statics: BTreeMap<String, String>,
}

impl Selection {
    /// Chooses what the operations reach. An operation that AWS doesn't have is an error.
    pub fn new(model: &Model, table: &[String]) -> Result<Selection> {
        let mut operations = Vec::new();
        let (mut inputs, mut outputs, mut tabled) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for name in table {
            let json = model.operation(name).ok_or_else(|| unknown(model, name))?;
            let end = |shape: Option<&str>, suffix: &str| match shape {
                Some(shape) => End::Shape(shape.to_owned()),
                None => End::Empty(format!("{name}{suffix}")),
            };
            operations.push(Operation {
                name: name.clone(),
                input: end(model.input(json), "Input"),
                output: end(model.output(json), "Output"),
            });
            model.input(json).into_iter().for_each(|shape| reach(model, shape, &mut inputs));
            model.output(json).into_iter().for_each(|shape| reach(model, shape, &mut outputs));
        }
        let reached: BTreeSet<String> = inputs.union(&outputs).cloned().collect();
        model.faults().iter().for_each(|fault| reach(model, fault, &mut tabled));
        let is_struct = |name: &&String| model.kind(name) == "structure";
        let mut typed: BTreeSet<String> = reached.iter().filter(is_struct).cloned().collect();
        tabled.extend(reached);
        // The tables take the texts of an enum from its type, so faults bring their enums along.
        typed.extend(tabled.iter().filter(|name| model.kind(name) == "enum").cloned());
        let input_only = inputs.difference(&outputs).filter(is_struct).cloned().collect();
        let mut selection = Selection {
            operations,
            typed,
            tabled,
            input_only,
            aliases: Vec::new(),
            copies: Vec::new(),
            types: BTreeMap::new(),
            statics: BTreeMap::new(),
        };
        selection.name_all(model);
        Ok(selection)
    }

    /// The Rust type of a structure or enum.
    pub fn type_name(&self, shape: &str) -> &str {
        &self.types[shape]
    }
    /// The static that holds a shape's table.
    pub fn static_name(&self, shape: &str) -> &str {
        &self.statics[shape]
    }

    /// Gives every shape its names: first the ends of the operations, then the rest by the model's own names.
    fn name_all(&mut self, model: &Model) {
        let mut types = Taken::with(SPOKEN_FOR);
        let mut ends = BTreeMap::new();
        for operation in &self.operations {
            for (end, suffix) in [(&operation.input, "Input"), (&operation.output, "Output")] {
                let alias = types.take(format!("{}{suffix}", operation.name), "");
                match end {
                    End::Shape(shape) if own_to_one_end(model, shape) => drop(ends.insert(shape.clone(), alias)),
                    End::Shape(shape) if suffix == "Input" => self.copies.push((alias, shape.clone())),
                    End::Shape(shape) => self.aliases.push((alias, shape.clone())),
                    End::Empty(_) => {}
                }
            }
        }
        // A shared shape that is called like one of its aliases keeps the name, and the alias goes.
        self.aliases.retain(|(alias, shape)| {
            let same = *alias == camel(shape);
            if same {
                ends.insert(shape.clone(), alias.clone());
            }
            !same
        });
        for (_, shape) in &self.copies {
            if !model.nested(shape) && !self.operations.iter().any(|o| matches!(&o.output, End::Shape(out) if out == shape)) {
                self.typed.remove(shape);
            }
        }
        let mut statics = Taken::with(&["SERVICE"]);
        for shape in &self.tabled {
            let name = match ends.get(shape) {
                Some(name) => name.clone(),
                None if self.typed.contains(shape) => types.take(camel(shape), "Shape"),
                None => camel(shape),
            };
            self.statics.insert(shape.clone(), statics.take(screaming(&name), ""));
            self.types.insert(shape.clone(), name);
        }
        for operation in &self.operations {
            for end in [&operation.input, &operation.output] {
                if let End::Empty(name) = end {
                    self.statics.insert(name.clone(), statics.take(screaming(name), ""));
                }
            }
        }
    }
}

impl End {
    /// Key of the end's static: the shape, or the empty structure's own name.
    pub fn key(&self) -> &str {
        match self {
            End::Empty(name) | End::Shape(name) => name,
        }
    }
}

/// Whether a shape is one end of one operation of the whole model and nothing else. Asked of the whole model, not of the table, so that
/// types keep their names when a table grows.
fn own_to_one_end(model: &Model, shape: &str) -> bool {
    let ends = model.operations().flat_map(|(_, operation)| [model.input(operation), model.output(operation)]);
    ends.flatten().filter(|end| *end == shape).count() == 1 && !model.nested(shape)
}

/// Adds a shape and all it holds.
fn reach(model: &Model, shape: &str, into: &mut BTreeSet<String>) {
    if !into.insert(shape.to_owned()) {
        return;
    }
    if model.kind(shape) == "document" {
        return;
    }
    for target in targets(model.shape(shape)) {
        reach(model, target, into);
    }
}

/// The sentence for an operation that the model doesn't have, with the nearest names.
fn unknown(model: &Model, name: &str) -> String {
    let start: String = name.chars().take(6).collect();
    let near: Vec<&str> = model.operations().map(|(other, _)| other.as_str()).filter(|other| other.starts_with(&start)).collect();
    let hint = if near.is_empty() { String::new() } else { format!("; it has {}", near.join(", ")) };
    format!("the table names {name}, an operation that AWS's model doesn't have{hint}")
}

/// The element shape of a list, or the value shape of a map.
pub fn element<'a>(model: &'a Model, shape: &str) -> &'a str {
    let shape = model.shape(shape);
    let item = shape.get("member").or_else(|| shape.get("value")).expect("a list or map has an element");
    text(item, "shape").expect("an element has a shape")
}

/// Members of a structure that have a Rust field: index in the schema, name in the model, shape.
pub fn fields<'a>(model: &'a Model, shape: &str) -> Vec<(usize, &'a str, &'a str)> {
    members(model.shape(shape))
        .enumerate()
        .filter(|(_, (_, member))| !model.streams(member))
        .map(|(index, (name, member))| (index, name.as_str(), text(member, "shape").expect("a member has a shape")))
        .collect()
}
