//! The plan: what leads from the resources that are to those that are to be. Change sets show it, "no updates" is read from it.

use crate::{
    schemas::{
        self,
        facts::{self, Recreation},
    },
    side::{Outcome, Side, Standing},
    state::Resource as Row,
    template::{
        Expr, Policy, Problem, Resource,
        expr::{Call, Kind, Piece},
        parameters::Parameters,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// What happens to one resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    /// `Add`, `Modify` or `Remove`.
    pub action: String,
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub kind: String,
    /// `True`, `False` or `Conditional`; for modifications.
    pub replacement: Option<String>,
    pub policy_action: Option<String>,
    /// Which attributes of the resource differ.
    pub scope: Vec<String>,
    pub details: Vec<Detail>,
    pub before: Option<Json>,
    pub after: Option<Json>,
}

/// Why something of a resource changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Detail {
    pub attribute: String,
    pub name: Option<String>,
    pub recreation: String,
    pub evaluation: String,
    pub source: String,
    pub causing_entity: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
    pub change_type: String,
}

/// All changes, in the order of the template and then what goes away.
#[derive(Default)]
pub(crate) struct Plan {
    pub changes: Vec<Change>,
    /// What could not be evaluated.
    pub warning: Option<String>,
    /// The outputs, as far as they are known before anything is made.
    pub outputs: Vec<Outcome>,
}

/// What the stack was made with.
pub(crate) struct Before<'a> {
    pub rows: &'a BTreeMap<String, Row>,
    pub parameters: Option<&'a Parameters>,
    pub tags: &'a [(String, String)],
}

impl Plan {
    /// Compares the resources that are with a side.
    pub(crate) fn new(
        before: &Before<'_>,
        after: &Side,
        tags: &[(String, String)],
        exports: &BTreeMap<String, String>,
    ) -> Result<Plan, Problem> {
        let mut plan = Plan::default();
        let mut unknown: BTreeSet<String> = BTreeSet::new();
        let mut by_id: BTreeMap<&str, Change> = BTreeMap::new();
        let mut moved: BTreeSet<String> = BTreeSet::new();
        for resource in after.order() {
            let world = Standing { side: after, rows: before.rows, exports, unknown: &unknown, planning: true };
            let row = before.rows.get(&resource.logical_id);
            let (properties, _) = after.properties(resource, &world)?;
            let metadata = after.metadata(resource, &world)?;
            let change = change(before, after, resource, row, &properties.to_json(), metadata.as_ref(), tags, &moved)?;
            let Some(change) = change else { continue };
            if change.action == "Add" || change.replacement.as_deref() != Some("False") {
                unknown.insert(resource.logical_id.clone());
            }
            moved.insert(resource.logical_id.clone());
            by_id.insert(&resource.logical_id, change);
        }
        let world = Standing { side: after, rows: before.rows, exports, unknown: &unknown, planning: true };
        plan.warning = after.imports(&world).iter().find(|name| !exports.contains_key(*name)).map(|name| {
            format!("[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation failed because: No export named {name}")
        });
        plan.outputs = after.outputs(&world)?;
        plan.changes.extend(after.resources().filter_map(|r| by_id.remove(r.logical_id.as_str())));
        let gone = before.rows.values().filter(|row| !after.graph.contains_key(&row.logical_id));
        plan.changes.extend(gone.map(removal));
        Ok(plan)
    }
}

fn removal(row: &Row) -> Change {
    Change {
        action: "Remove".into(),
        logical_id: row.logical_id.clone(),
        physical_id: row.physical_id.clone(),
        kind: row.kind.clone(),
        policy_action: Some(if row.deletion_policy == Policy::Delete { "Delete" } else { "Retain" }.into()),
        before: Some(context(&row.properties, row.metadata.as_ref())),
        ..Change::default()
    }
}

fn context(properties: &Json, metadata: Option<&Json>) -> Json {
    let mut out = json!({ "Properties": properties });
    if let Some(metadata) = metadata {
        out["Metadata"] = metadata.clone();
    }
    out
}

#[allow(clippy::too_many_arguments)]
fn change(
    before: &Before<'_>,
    after: &Side,
    resource: &Resource,
    row: Option<&Row>,
    properties: &Json,
    metadata: Option<&Json>,
    tags: &[(String, String)],
    moved: &BTreeSet<String>,
) -> Result<Option<Change>, Problem> {
    let mut out = Change {
        logical_id: resource.logical_id.clone(),
        kind: resource.kind.clone(),
        after: Some(context(properties, metadata)),
        ..Change::default()
    };
    let Some(row) = row else {
        out.action = "Add".into();
        return Ok(Some(out));
    };
    if row.kind != resource.kind {
        return Err(Problem::says(format!(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
            resource.logical_id
        )));
    }
    let found = differences(row, properties, before.tags, tags);
    let mut recreation = Recreation::Never;
    for difference in &found {
        recreation = recreation.max(difference.recreation);
        out.details.extend(details(before, after, resource, difference, moved));
    }
    if !found.is_empty() {
        out.scope.push("Properties".into());
    }
    if row.metadata.as_ref() != metadata {
        out.scope.push("Metadata".into());
        out.details.push(Detail {
            attribute: "Metadata".into(),
            recreation: "Never".into(),
            evaluation: "Static".into(),
            source: "DirectModification".into(),
            ..Detail::default()
        });
    }
    if out.scope.is_empty() {
        return Ok(None);
    }
    out.action = "Modify".into();
    out.physical_id = row.physical_id.clone();
    out.before = Some(context(&row.properties, row.metadata.as_ref()));
    let (replacement, policy) = match recreation {
        Recreation::Never => ("False", None),
        // What is not yet known may turn out as it was.
        _ if found.iter().filter(|d| d.recreation != Recreation::Never).all(|d| d.after.as_ref().is_some_and(unknown_somewhere)) => {
            ("Conditional", None)
        }
        Recreation::Conditionally => ("Conditional", None),
        Recreation::Always => {
            ("True", Some(if resource.update_replace_policy == Policy::Delete { "ReplaceAndDelete" } else { "ReplaceAndRetain" }))
        }
    };
    out.replacement = Some(replacement.into());
    out.policy_action = policy.map(str::to_owned);
    Ok(Some(out))
}

fn unknown_somewhere(value: &Json) -> bool {
    value.to_string().contains(crate::template::located::KNOWN_AFTER_APPLY)
}

/// The properties of a resource that are to change; the stack's tags count as a change of the resource's.
pub(crate) fn differences(
    row: &Row,
    properties: &Json,
    tags_before: &[(String, String)],
    tags: &[(String, String)],
) -> Vec<facts::Difference> {
    let Some(schema) = schemas::registry().schema(&row.kind) else { return Vec::new() };
    let mut found = facts::differences(schema, &row.properties, properties);
    let tags_name = ["Tags", "UserPoolTags"].into_iter().find(|name| schema["properties"].get(name).is_some());
    if let Some(name) = tags_name.filter(|name| tags_before != tags && !found.iter().any(|d| d.name == **name)) {
        found.push(facts::Difference {
            name: name.into(),
            recreation: Recreation::Never,
            before: row.properties.get(name).cloned(),
            after: properties.get(name).cloned(),
        });
    }
    found
}

fn details(
    before: &Before<'_>,
    after: &Side,
    resource: &Resource,
    difference: &facts::Difference,
    moved: &BTreeSet<String>,
) -> Vec<Detail> {
    let text = |value: &Option<Json>| value.as_ref().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
    let detail = |evaluation: &str, source: &str, causing: Option<String>| Detail {
        attribute: "Properties".into(),
        name: Some(difference.name.clone()),
        recreation: match difference.recreation {
            Recreation::Never => "Never",
            Recreation::Conditionally => "Conditionally",
            Recreation::Always => "Always",
        }
        .into(),
        evaluation: evaluation.into(),
        source: source.into(),
        causing_entity: causing,
        before: text(&difference.before),
        after: text(&difference.after),
        change_type: match (&difference.before, &difference.after) {
            (None, _) => "Add",
            (_, None) => "Remove",
            _ => "Modify",
        }
        .into(),
    };
    let expr = resource.properties.as_ref().and_then(|p| match &p.kind {
        Kind::Map(entries) => entries.iter().find(|(name, _)| *name == difference.name).map(|(_, value)| value),
        _ => None,
    });
    let mut causes = Causes::default();
    if let Some(expr) = expr {
        causes.read(expr);
    }
    let changed =
        |name: &String| before.parameters.and_then(|p| p.get(name)).map(|g| &g.value) != after.parameters.get(name).map(|g| &g.value);
    let by_parameter: Vec<&String> =
        causes.references.iter().filter(|name| after.parameters.contains_key(*name) && changed(name)).collect();
    let mut out: Vec<Detail> = by_parameter.iter().map(|name| detail("Static", "ParameterReference", Some((*name).clone()))).collect();
    out.extend(
        causes
            .references
            .iter()
            .filter(|name| moved.contains(*name))
            .map(|name| detail("Dynamic", "ResourceReference", Some(name.clone()))),
    );
    out.extend(
        causes
            .attributes
            .iter()
            .filter(|(id, _)| moved.contains(id))
            .map(|(id, attribute)| detail("Static", "ResourceAttribute", Some(format!("{id}.{attribute}")))),
    );
    match (out.is_empty(), by_parameter.is_empty()) {
        (true, _) => out.push(detail("Static", "DirectModification", None)),
        (false, false) => out.push(detail("Dynamic", "DirectModification", None)),
        (false, true) => {}
    }
    out
}

/// What an expression refers to.
#[derive(Default)]
struct Causes {
    references: BTreeSet<String>,
    attributes: BTreeSet<(String, String)>,
}

impl Causes {
    fn read(&mut self, expr: &Expr) {
        expr.walk(&mut |e| {
            let Kind::Call(call) = &e.kind else { return };
            match &**call {
                Call::Ref(name) => drop(self.references.insert(name.clone())),
                Call::GetAtt(id, Expr { kind: Kind::Text(attribute), .. }) => drop(self.attributes.insert((id.clone(), attribute.clone()))),
                Call::Sub(pieces, _) => pieces.iter().for_each(|piece| match piece {
                    Piece::Ref(name) => drop(self.references.insert(name.clone())),
                    Piece::GetAtt(id, attribute) => drop(self.attributes.insert((id.clone(), attribute.clone()))),
                    Piece::Literal(_) => {}
                }),
                _ => {}
            }
        });
    }
}
