//! One piece of a handler's work: what to make, for which stack, acting as whom.

use kit::{Context, Fault};
use serde_json::{Map, Value as Json};

/// A resource to be made, changed or deleted.
pub(crate) struct Job<'a> {
    /// Acts as whoever deploys.
    pub cx: &'a Context,
    pub stack_name: &'a str,
    pub logical_id: &'a str,
    /// The resource that exists, for updates and deletions.
    pub physical_id: Option<&'a str>,
    /// What ends generated names; the same when a creation is tried again.
    pub suffix: &'a str,
    /// Properties as they are; null when it is made.
    pub before: &'a Json,
    /// Properties as they are to be; null when it is deleted.
    pub after: &'a Json,
    /// Attributes of the resource that exists.
    pub attributes: &'a Map<String, Json>,
    /// Tags of the stack, which its resources share.
    pub tags: &'a [(String, String)],
    /// Tags of the stack when the resource was made or changed last.
    pub tags_before: &'a [(String, String)],
    /// A creation that may have happened already: a crash came before its end was written.
    pub again: bool,
}

/// What a handler has made.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub physical_id: String,
    pub attributes: Map<String, Json>,
}

impl Made {
    /// A resource and no attributes yet.
    pub(crate) fn new(physical_id: impl Into<String>) -> Made {
        Made { physical_id: physical_id.into(), attributes: Map::new() }
    }
    /// With an attribute.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Json>) -> Made {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }
}

impl Job<'_> {
    /// Calls another service as whoever deploys. Members that are null are left out.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Json) -> Result<Json, Fault> {
        self.cx.cloud().call_json(&self.cx.child(), service, operation, &without_nulls(input)).await
    }
    /// As [`call`](Self::call), for a deletion: what is gone already is fine.
    pub(crate) async fn call_gone(&self, service: &str, operation: &str, input: Json) -> Result<(), Fault> {
        match self.call(service, operation, input).await {
            Ok(_) => Ok(()),
            Err(fault) if is_gone(&fault) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
    /// As [`call`](Self::call), for a creation by name: what a crash left behind from the first try counts as made.
    pub(crate) async fn call_made(&self, service: &str, operation: &str, input: Json) -> Result<Option<Json>, Fault> {
        match self.call(service, operation, input).await {
            Ok(made) => Ok(Some(made)),
            Err(fault) if self.again && is_there(&fault) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// A property as it is to be; null when absent.
    pub(crate) fn get(&self, name: &str) -> &Json {
        self.after.get(name).unwrap_or(&Json::Null)
    }
    /// A property as it was; null when absent.
    pub(crate) fn was(&self, name: &str) -> &Json {
        self.before.get(name).unwrap_or(&Json::Null)
    }
    /// Text of a property as it is to be, or as it was when the resource is deleted.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).as_str().or(self.was(name).as_str()).unwrap_or_default()
    }
    /// Whether a property differs between before and after.
    pub(crate) fn changed(&self, name: &str) -> bool {
        self.get(name) != self.was(name)
    }
    /// The resource that exists.
    pub(crate) fn physical(&self) -> &str {
        self.physical_id.unwrap_or_default()
    }
    /// The properties of these names, as they are to be.
    pub(crate) fn take(&self, names: &[&str]) -> Map<String, Json> {
        names.iter().filter_map(|name| Some(((*name).to_owned(), self.after.get(name)?.clone()))).collect()
    }
    /// The name that the template gives, or `stack-LogicalId-SUFFIX` cut to `longest` characters.
    pub(crate) fn name(&self, property: &str, longest: usize) -> String {
        match self.get(property).as_str().filter(|name| !name.is_empty()) {
            Some(name) => name.to_owned(),
            None => self.generated(longest),
        }
    }
    /// `stack-LogicalId-SUFFIX`, the stack and the logical id shortened evenly where there is no room.
    pub(crate) fn generated(&self, longest: usize) -> String {
        let room = longest.saturating_sub(self.suffix.len() + 2);
        let id: String = self.logical_id.chars().take(room.saturating_sub(self.stack_name.len().min(room / 2))).collect();
        let stack: String = self.stack_name.chars().take(room - id.len()).collect();
        format!("{stack}-{id}-{}", self.suffix)
    }
    /// Tags of the stack under the resource's own, as pairs.
    fn tag_pairs(stack: &[(String, String)], properties: &Json, name: &str) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = stack.to_vec();
        let own: Vec<(String, String)> = match properties.get(name) {
            Some(Json::Array(list)) => list.iter().map(|tag| (text_of(tag.get("Key")), text_of(tag.get("Value")))).collect(),
            Some(Json::Object(map)) => map.iter().map(|(k, v)| (k.clone(), text_of(Some(v)))).collect(),
            _ => Vec::new(),
        };
        for (key, value) in own {
            out.retain(|(k, _)| *k != key);
            out.push((key, value));
        }
        out
    }
    /// The tags to be, as AWS's list of Key and Value; null when there are none.
    pub(crate) fn tag_list(&self, name: &str) -> Json {
        let list: Vec<Json> = Self::tag_pairs(self.tags, self.after, name)
            .into_iter()
            .map(|(key, value)| serde_json::json!({ "Key": key, "Value": value }))
            .collect();
        if list.is_empty() { Json::Null } else { Json::Array(list) }
    }
    /// The tags to be, as a map; null when there are none.
    pub(crate) fn tag_map(&self, name: &str) -> Json {
        let map: Map<String, Json> =
            Self::tag_pairs(self.tags, self.after, name).into_iter().map(|(key, value)| (key, Json::String(value))).collect();
        if map.is_empty() { Json::Null } else { Json::Object(map) }
    }
    /// Whether the tags to be are others than those that are.
    pub(crate) fn retagged(&self, name: &str) -> bool {
        Self::tag_pairs(self.tags, self.after, name) != Self::tag_pairs(self.tags_before, self.before, name)
    }
    /// Keys of tags that go away.
    pub(crate) fn tags_gone(&self, name: &str) -> Vec<String> {
        let kept = Self::tag_pairs(self.tags, self.after, name);
        Self::tag_pairs(self.tags_before, self.before, name)
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| !kept.iter().any(|(k, _)| k == key))
            .collect()
    }
}

fn text_of(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// A boolean, which templates may write as a text; nothing where there is none.
pub(crate) fn flag(value: &Json) -> Option<bool> {
    value.as_bool().or(value.as_str().map(|text| text == "true"))
}

/// A policy document or the like as the text that APIs want: CloudFormation takes objects and texts.
pub(crate) fn document(value: &Json) -> Json {
    match value {
        Json::Null | Json::String(_) => value.clone(),
        other => Json::String(other.to_string()),
    }
}

/// A value without members that are null, in lists, too; what a list holds stays.
fn without_nulls(value: Json) -> Json {
    match value {
        Json::Object(map) => Json::Object(map.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect()),
        Json::Array(list) => Json::Array(list.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// Whether a fault says that the thing is not there.
pub(crate) fn is_gone(fault: &Fault) -> bool {
    let code = fault.code.as_ref();
    fault.status == 404
        || code.contains("NotFound")
        || code.contains("NoSuch")
        || matches!(
            code,
            "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" | "EntityNotFoundException" | "WAFNonexistentItemException"
        )
        || (code == "InvalidRequestException" && fault.message.contains("not found"))
}

/// Whether a fault says that the thing is there already.
pub(crate) fn is_there(fault: &Fault) -> bool {
    let code = fault.code.as_ref();
    code.contains("AlreadyExist")
        || matches!(
            code,
            "EntityAlreadyExists"
                | "ConflictException"
                | "ResourceConflictException"
                | "BucketAlreadyOwnedByYou"
                | "QueueNameExists"
                | "GroupExistsException"
                | "WAFDuplicateItemException"
        )
}
