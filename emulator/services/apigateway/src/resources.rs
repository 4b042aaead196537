//! Resources: the tree of paths.

use crate::{ApiGateway, Error, model::*, patch, state::*};
use kit::{Context, Fault};
use std::collections::BTreeMap;

/// AWS's quota.
const MOST_RESOURCES: usize = 300;

impl ApiGateway {
    /// Makes a resource under a parent.
    pub async fn create_resource(&self, cx: &Context, input: CreateResourceInput) -> Result<Resource, Fault> {
        change(cx, &input.rest_api_id, |api| {
            let parent = api.resource(&input.parent_id)?.clone();
            check_part(&input.path_part)?;
            check_siblings(api, &parent, &input.path_part, None)?;
            if api.resources.len() >= MOST_RESOURCES {
                return Err(Error::LimitExceeded.says(
                    "Maximum number of Resources for this API has been reached. Please contact AWS if you need additional Resources.",
                ));
            }
            let resource = Resource {
                id: Some(cx.ids().lower(6)),
                parent_id: Some(input.parent_id),
                path: Some(joined(&parent, &input.path_part)),
                path_part: Some(input.path_part),
                resource_methods: None,
            };
            api.resources.insert(resource.id.clone().unwrap_or_default(), resource.clone());
            Ok(resource)
        })
        .await
    }

    /// Describes a resource.
    pub async fn get_resource(&self, cx: &Context, input: GetResourceInput) -> Result<Resource, Fault> {
        of_api(cx, &input.rest_api_id, |api| Ok(shown(api.resource(&input.resource_id)?, input.embed.as_deref())))
    }

    /// All resources, by path.
    pub async fn get_resources(&self, cx: &Context, input: GetResourcesInput) -> Result<GetResourcesOutput, Fault> {
        let mut resources =
            of_api(cx, &input.rest_api_id, |api| Ok(api.resources.values().map(|r| shown(r, input.embed.as_deref())).collect::<Vec<_>>()))?;
        resources.sort_by(|a, b| a.path.cmp(&b.path));
        let (items, position) = page(resources, |r| r.path.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetResourcesOutput { items: Some(items), position })
    }

    /// Renames or moves a resource; the paths below it follow.
    pub async fn update_resource(&self, cx: &Context, input: UpdateResourceInput) -> Result<Resource, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            for patch in &patches {
                apply(api, &input.resource_id, patch)?;
            }
            renew_paths(&mut api.resources);
            Ok(shown(api.resource(&input.resource_id)?, None))
        })
        .await
    }

    /// Deletes a resource and those below it.
    pub async fn delete_resource(&self, cx: &Context, input: DeleteResourceInput) -> Result<DeleteResourceOutput, Fault> {
        change(cx, &input.rest_api_id, |api| {
            if api.resource(&input.resource_id)?.parent_id.is_none() {
                return Err(bad("Root resource cannot be deleted"));
            }
            let mut doomed = vec![input.resource_id];
            while let Some(id) = doomed.pop() {
                api.resources.remove(&id);
                doomed.extend(api.resources.values().filter(|r| r.parent_id.as_deref() == Some(&id)).filter_map(|r| r.id.clone()));
            }
            Ok(())
        })
        .await?;
        Ok(DeleteResourceOutput {})
    }
}

/// Methods are shown by name only, unless asked for.
fn shown(resource: &Resource, embed: Option<&[String]>) -> Resource {
    let mut shown = resource.clone();
    shown.resource_methods = shown.resource_methods.filter(|methods| !methods.is_empty());
    if !embed.unwrap_or_default().iter().any(|e| e == "methods") {
        shown.resource_methods.iter_mut().flatten().for_each(|(_, method)| *method = Method::default());
    }
    shown
}

fn check_part(part: &str) -> Result<(), Fault> {
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':' | b'~' | b'@' | b',' | b'$'))
    };
    let inner = part.strip_prefix('{').and_then(|p| p.strip_suffix('}'));
    let fits = match inner {
        Some(name) => plain(name.strip_suffix('+').unwrap_or(name)),
        None => plain(part),
    };
    match fits {
        true => Ok(()),
        false => Err(bad(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
        )),
    }
}

fn check_siblings(api: &Api, parent: &Resource, part: &str, own: Option<&str>) -> Result<(), Fault> {
    if let Some(greedy) = parent.path_part.as_deref().filter(|p| p.ends_with("+}")) {
        return Err(bad(format!("Cannot create a child of a resource with a greedy path variable: {greedy}")));
    }
    for sibling in api.resources.values().filter(|r| r.parent_id == parent.id && r.id.as_deref() != own) {
        let name = sibling.path_part.as_deref().unwrap_or_default();
        if name == part {
            return Err(conflict(format!("Another resource with the same parent already has this name: {part}")));
        }
        if part.starts_with('{') && name.starts_with('{') {
            return Err(bad(format!("A sibling ({name}) of this resource already has a variable path part -- only one is allowed")));
        }
    }
    Ok(())
}

fn apply(api: &mut Api, id: &str, patch: &patch::Patch) -> Result<(), Fault> {
    let resource = api.resource(id)?.clone();
    let parts = patch.parts();
    if patch.op != Op::Replace || !matches!(parts[..], ["pathPart"] | ["parentId"]) {
        return Err(patch.none_of("/parentId, /pathPart"));
    }
    if resource.parent_id.is_none() {
        return Err(bad(format!("Root resource cannot update its {}.", parts[0])));
    }
    let mut moved = resource.clone();
    match parts[0] {
        "pathPart" => {
            check_part(patch.value()?)?;
            moved.path_part = patch.value.clone();
        }
        _ => moved.parent_id = Some(patch.value()?.to_owned()),
    }
    let parent = api.resource(moved.parent_id.as_deref().unwrap_or_default())?.clone();
    let mut above = Some(parent.clone());
    while let Some(there) = above {
        if there.id.as_deref() == Some(id) {
            return Err(bad("Resources cannot be cyclical."));
        }
        above = there.parent_id.and_then(|id| api.resources.get(&id).cloned());
    }
    check_siblings(api, &parent, moved.path_part.as_deref().unwrap_or_default(), Some(id))?;
    api.resources.insert(id.to_owned(), moved);
    Ok(())
}

fn renew_paths(resources: &mut BTreeMap<String, Resource>) {
    let root = resources.values().find(|r| r.parent_id.is_none()).cloned();
    let mut todo: Vec<Resource> = root.into_iter().collect();
    while let Some(parent) = todo.pop() {
        for child in resources.values_mut().filter(|r| r.parent_id.is_some() && r.parent_id == parent.id) {
            child.path = Some(joined(&parent, child.path_part.as_deref().unwrap_or_default()));
            todo.push(child.clone());
        }
    }
}

fn joined(parent: &Resource, part: &str) -> String {
    format!("{}/{part}", parent.path.as_deref().unwrap_or_default().trim_end_matches('/'))
}
