//! A service model as botocore writes it, with the questions that the other files ask of it.
//!
//! The JSON stays as it is: botocore's names are the vocabulary here (`shape`, `member`, `locationName`, `requestUri`).

use crate::Result;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// One service's model. Every reference in it resolves: [`Model::new`] saw to that.
pub struct Model {
    json: Value,
    faults: BTreeSet<String>,
    nested: BTreeSet<String>,
    streamed: BTreeSet<String>,
}

impl Model {
    /// Takes a model and checks that every shape it refers to exists.
    pub fn new(json: Value) -> Result<Model> {
        let mut model = Model { json, faults: BTreeSet::new(), nested: BTreeSet::new(), streamed: BTreeSet::new() };
        let known: BTreeSet<&String> = model.shapes().map(|(name, _)| name).collect();
        for (name, shape) in model.shapes() {
            if text(shape, "type").is_none() {
                return Err(format!("the shape {name} has no type: model.patch.json corrects a shape that AWS's model doesn't have"));
            }
            if let Some(lost) = targets(shape).find(|target| !known.contains(&(*target).to_owned())) {
                return Err(format!("the model's shape {name} refers to {lost}, which is not there"));
            }
        }
        for (name, operation) in model.operations() {
            let ends = [model.input(operation), model.output(operation)];
            if let Some(lost) = ends.into_iter().flatten().chain(model.errors(operation)).find(|s| !known.contains(&(*s).to_owned())) {
                return Err(format!("the model's operation {name} refers to {lost}, which is not there"));
            }
        }
        model.gather();
        Ok(model)
    }

    /// Gathers once what is asked of every shape.
    fn gather(&mut self) {
        let marked = self.shapes().filter(|(_, s)| flag(s, "exception") || s.get("error").is_some()).map(|(name, _)| name.as_str());
        let thrown = self.operations().flat_map(|(_, operation)| self.errors(operation));
        let faults = marked.chain(thrown).map(str::to_owned).collect();
        let nested = self.shapes().flat_map(|(_, shape)| targets(shape)).map(str::to_owned).collect();
        let streaming = self.shapes().flat_map(|(_, shape)| members(shape)).filter(|(_, member)| flag(member, "streaming"));
        let streamed = streaming.filter_map(|(_, member)| text(member, "shape")).map(str::to_owned).collect();
        (self.faults, self.nested, self.streamed) = (faults, nested, streamed);
    }

    /// The model's head: protocol, versions, names.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        text(&self.json["metadata"], key)
    }
    /// Protocols, the preferred one first.
    pub fn protocols(&self) -> Vec<&str> {
        match self.json["metadata"]["protocols"].as_array() {
            Some(list) => list.iter().filter_map(Value::as_str).collect(),
            None => self.metadata("protocol").into_iter().collect(),
        }
    }
    /// Whether JSON faults carry the query protocol's code beside their own.
    pub fn query_compatible(&self) -> bool {
        self.json["metadata"].get("awsQueryCompatible").is_some()
    }
    /// Whether XML faults stand bare at the root. botocore lost this trait of AWS's models (noErrorWrapping): a patch sets it.
    pub fn bare_errors(&self) -> bool {
        flag(&self.json["metadata"], "noErrorWrapping")
    }
    /// Namespace of XML answers.
    pub fn xml_namespace(&self) -> Option<&str> {
        let namespace = &self.json["metadata"]["xmlNamespace"];
        namespace.as_str().or_else(|| text(namespace, "uri"))
    }

    /// Every operation.
    pub fn operations(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.json["operations"].as_object().into_iter().flatten()
    }
    /// One operation.
    pub fn operation(&self, name: &str) -> Option<&Value> {
        self.json["operations"].get(name)
    }
    /// Input shape of an operation.
    pub fn input<'a>(&self, operation: &'a Value) -> Option<&'a str> {
        text(&operation["input"], "shape")
    }
    /// Output shape of an operation.
    pub fn output<'a>(&self, operation: &'a Value) -> Option<&'a str> {
        text(&operation["output"], "shape")
    }
    /// Fault shapes of an operation.
    pub fn errors<'a>(&self, operation: &'a Value) -> impl Iterator<Item = &'a str> + use<'a> {
        operation["errors"].as_array().into_iter().flatten().filter_map(|error| text(error, "shape"))
    }

    /// Every shape.
    pub fn shapes(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.json["shapes"].as_object().into_iter().flatten()
    }
    /// One shape.
    pub fn shape(&self, name: &str) -> &Value {
        &self.json["shapes"][name]
    }
    /// Names of all fault shapes, in name order.
    pub fn faults(&self) -> &BTreeSet<String> {
        &self.faults
    }
    /// Whether another shape holds this one.
    pub fn nested(&self, name: &str) -> bool {
        self.nested.contains(name)
    }
    /// Whether the model says of a member, not of the shape, that it is streamed.
    pub fn streamed_by_a_member(&self, name: &str) -> bool {
        self.streamed.contains(name)
    }

    /// What a shape is: botocore's `type`, with `enum` and `document` told apart.
    pub fn kind(&self, name: &str) -> &str {
        let shape = self.shape(name);
        match text(shape, "type").unwrap_or_default() {
            "structure" if flag(shape, "document") => "document",
            "string" if shape["enum"].as_array().is_some_and(|texts| !texts.is_empty()) => "enum",
            kind => kind,
        }
    }
    /// Whether a member's value never stands in a Rust value: a streamed blob or a stream of events.
    pub fn streams(&self, member: &Value) -> bool {
        let target = self.shape(text(member, "shape").unwrap_or_default());
        flag(member, "streaming") || flag(target, "streaming") || flag(target, "eventstream")
    }
    /// Whether a structure holds itself through members that are structures, so that it needs a box.
    pub fn holds_itself(&self, name: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![name];
        while let Some(next) = open.pop() {
            for (_, member) in members(self.shape(next)) {
                let target = text(member, "shape").unwrap_or_default();
                if target == name {
                    return true;
                }
                if self.kind(target) == "structure" && seen.insert(target) {
                    open.push(target);
                }
            }
        }
        false
    }
}

/// Members of a structure, in the model's order.
pub fn members(shape: &Value) -> impl Iterator<Item = (&String, &Value)> {
    shape["members"].as_object().into_iter().flatten()
}

/// Names of the shapes that a shape refers to.
pub fn targets(shape: &Value) -> impl Iterator<Item = &str> {
    let items = ["member", "key", "value"].into_iter().filter_map(|key| shape.get(key));
    items.chain(members(shape).map(|(_, member)| member)).filter_map(|member| text(member, "shape"))
}

/// Names of the required members.
pub fn required(shape: &Value) -> BTreeSet<&str> {
    shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A text under a key.
pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// A boolean under a key; false when it is absent.
pub fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// JSON merge patch (RFC 7396): objects merge, null removes, anything else replaces.
pub fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let object = target.as_object_mut().expect("it was just made one");
    for (key, value) in patch {
        if value.is_null() {
            object.shift_remove(key);
        } else {
            merge(object.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_merges_replaces_and_removes() {
        let mut model = json!({"shapes": {"A": {"type": "string", "max": 3}, "B": {"required": ["x", "y"]}}});
        merge(&mut model, &json!({"shapes": {"A": {"max": null, "min": 1}, "B": {"required": ["x"]}, "C": {"type": "blob"}}}));
        assert_eq!(model, json!({"shapes": {"A": {"type": "string", "min": 1}, "B": {"required": ["x"]}, "C": {"type": "blob"}}}));
    }

    #[test]
    fn a_lost_reference_is_named() {
        let model = json!({"operations": {}, "shapes": {"A": {"type": "list", "member": {"shape": "Gone"}}}});
        assert_eq!(Model::new(model).err().unwrap(), "the model's shape A refers to Gone, which is not there");
    }

    #[test]
    fn a_patch_of_a_shape_that_is_not_there_is_named() {
        let model = json!({"operations": {}, "shapes": {"Gone": {"locationName": "X"}}});
        assert!(Model::new(model).err().unwrap().starts_with("the shape Gone has no type"));
    }

    #[test]
    fn a_structure_that_holds_itself_over_another_is_found() {
        let model = json!({"operations": {}, "shapes": {
            "A": {"type": "structure", "members": {"b": {"shape": "B"}}},
            "B": {"type": "structure", "members": {"a": {"shape": "A"}, "c": {"shape": "C"}}},
            "C": {"type": "structure", "members": {"l": {"shape": "L"}}},
            "L": {"type": "list", "member": {"shape": "C"}},
        }});
        let model = Model::new(model).unwrap();
        assert!(model.holds_itself("A") && model.holds_itself("B") && !model.holds_itself("C"));
    }
}
