//! Tags of everything that is kept here, by id.

use crate::{
    Ec2,
    faults::{dry, fault, invalid},
    filters::{Filters, Says},
    model::*,
    state::{self, ENDPOINTS, GROUPS, SUBNETS, Tags, VPCS},
    vpcs,
};
use kit::{Context, Fault, Read, Tx};

/// Tags of a resource; AWS's quota.
const MOST: usize = 50;
const PAGE: usize = 1000;

/// The tags of a request that makes something; specifications of other kinds of resources are refused, as AWS does.
pub(crate) fn given(specifications: Option<Vec<TagSpecification>>, kind: &str) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for specification in specifications.into_iter().flatten() {
        let of = specification.resource_type.map(|of| of.as_str().to_owned()).unwrap_or_default();
        if of != kind {
            return Err(invalid(format!("'{of}' is not a valid taggable resource type for this operation.")));
        }
        merge(&mut tags, specification.tags.unwrap_or_default())?;
    }
    Ok(tags)
}

fn merge(tags: &mut Tags, new: Vec<Tag>) -> Result<(), Fault> {
    for tag in new {
        let key = tag.key.unwrap_or_default();
        if key.is_empty() || key.len() > 127 || key.starts_with("aws:") {
            return Err(invalid(format!("Tag keys must be 1 to 127 characters and must not begin with aws: ({key})")));
        }
        tags.insert(key, tag.value.unwrap_or_default());
    }
    match tags.len() > MOST {
        true => Err(fault("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")),
        false => Ok(()),
    }
}

/// Tags as they are told.
pub(crate) fn shown(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
}

/// Changes the tags of a resource by its id.
fn change(tx: &mut Tx<'_>, cx: &Context, id: &str, work: &dyn Fn(&mut Tags) -> Result<(), Fault>) -> Result<(), Fault> {
    let (scope, key) = (cx.scope(), id.to_owned());
    if let Some(mut vpc) = tx.get(&VPCS, scope, &key)? {
        work(&mut vpc.tags)?;
        return tx.put(&VPCS, scope, &key, &vpc);
    }
    if let Some(mut subnet) = tx.get(&SUBNETS, scope, &key)? {
        work(&mut subnet.tags)?;
        return tx.put(&SUBNETS, scope, &key, &subnet);
    }
    if let Some(mut group) = tx.get(&GROUPS, scope, &key)? {
        work(&mut group.tags)?;
        return tx.put(&GROUPS, scope, &key, &group);
    }
    if let Some(mut endpoint) = tx.get(&ENDPOINTS, scope, &key)? {
        work(&mut endpoint.tags)?;
        return tx.put(&ENDPOINTS, scope, &key, &endpoint);
    }
    let groups = tx.scan(&GROUPS, scope).collect::<Result<Vec<_>, Fault>>()?;
    for (of, mut group) in groups {
        if let Some(rule) = group.rules.iter_mut().find(|rule| rule.id == id) {
            work(&mut rule.tags)?;
            return tx.put(&GROUPS, scope, &of, &group);
        }
    }
    Err(fault("InvalidID", format!("The ID '{id}' is not valid")))
}

/// A tag and what it is on.
struct Told {
    id: String,
    kind: &'static str,
    key: String,
    value: String,
}

/// What a tag says to filters.
const SAYS: Says<Told> = &[
    (&["resource-id"], |_, tag| vec![tag.id.clone()]),
    (&["resource-type"], |_, tag| vec![tag.kind.to_owned()]),
    (&["key"], |_, tag| vec![tag.key.clone()]),
    (&["value"], |_, tag| vec![tag.value.clone()]),
];

impl Ec2 {
    /// Sets tags of resources.
    pub async fn create_tags(&self, cx: &Context, input: CreateTagsInput) -> Result<CreateTagsOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let work = |tags: &mut Tags| merge(tags, input.tags.clone());
        cx.store().write(|tx| input.resources.iter().try_for_each(|id| change(tx, cx, id, &work))).await?;
        Ok(CreateTagsOutput {})
    }

    /// Takes tags away: by key, by key and value, or all.
    pub async fn delete_tags(&self, cx: &Context, input: DeleteTagsInput) -> Result<DeleteTagsOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let gone = |key: &String, value: &String| match &input.tags {
            None => true,
            Some(list) => list.iter().any(|t| t.key.as_ref() == Some(key) && t.value.as_ref().is_none_or(|v| v == value)),
        };
        let work = |tags: &mut Tags| {
            tags.retain(|key, value| !gone(key, value));
            Ok(())
        };
        cx.store().write(|tx| input.resources.iter().try_for_each(|id| change(tx, cx, id, &work))).await?;
        Ok(DeleteTagsOutput {})
    }

    /// Tags of all resources.
    pub async fn describe_tags(&self, cx: &Context, input: DescribeTagsInput) -> Result<DescribeTagsOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let filters = Filters::of(input.filters, SAYS)?;
        let mut found: Vec<(String, &'static str, Tags)> = Vec::new();
        cx.store().read(|s| -> Result<(), Fault> {
            s.scan(&VPCS, cx.scope()).try_for_each(|row| row.map(|(id, vpc)| found.push((id, "vpc", vpc.tags))))?;
            s.scan(&SUBNETS, cx.scope()).try_for_each(|row| row.map(|(id, subnet)| found.push((id, "subnet", subnet.tags))))?;
            s.scan(&ENDPOINTS, cx.scope()).try_for_each(|row| row.map(|(id, one)| found.push((id, "vpc-endpoint", one.tags))))?;
            for row in s.scan(&GROUPS, cx.scope()) {
                let (id, group) = row?;
                found.extend(group.rules.into_iter().map(|rule| (rule.id, "security-group-rule", rule.tags)));
                found.push((id, "security-group", group.tags));
            }
            Ok(())
        })?;
        let mut all = Vec::new();
        for (id, kind, tags) in found {
            for (key, value) in &tags {
                let told = Told { id: id.clone(), kind, key: key.clone(), value: value.clone() };
                if filters.pass(cx, &tags, &told) {
                    all.push(TagDescription {
                        key: Some(told.key),
                        resource_id: Some(told.id),
                        resource_type: ResourceType::parse(kind),
                        value: Some(told.value),
                    });
                }
            }
        }
        let key = |t: &TagDescription| format!("{}/{}", t.resource_id.as_deref().unwrap_or_default(), t.key.as_deref().unwrap_or_default());
        all.sort_by_key(key);
        let limit = input.max_results.map_or(PAGE, |n| n.clamp(1, PAGE as i32) as usize);
        let page = kit::pages::page(all, key, input.next_token.as_deref(), limit, vpcs::bad_token)?;
        Ok(DescribeTagsOutput { next_token: page.next, tags: Some(page.items) })
    }
}
