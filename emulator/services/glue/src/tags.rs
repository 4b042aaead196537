//! Tags of crawlers, triggers and workflows, which keep their own; and of databases and connections, which are kept here.

use crate::{Glue, crawlers::state as crawlers, model::*, triggers::state as triggers, workflows::state as workflows};
use kit::{Arn, Context, Fault, Read, Table as Rows, TableScope, Tx};
use std::collections::BTreeMap;

/// (`database` or `connection`, name) to tags; no row where there are none.
const TAGS: Rows<(String, String), BTreeMap<String, String>> = Rows::new("glue.tags", TableScope::Region);

/// Tags that one resource may have.
const MOST: usize = 50;

/// Checks how many there are.
pub(crate) fn checked(tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
    match tags.len() > MOST {
        true => Err(Error::InvalidInput.says(format!("A resource can have at most {MOST} tags."))),
        false => Ok(tags),
    }
}

/// Writes the tags of a database or connection.
pub(crate) fn put(tx: &mut Tx<'_>, cx: &Context, kind: &str, name: &str, tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    match tags.is_empty() {
        true => forget(tx, cx, kind, name),
        false => tx.put(&TAGS, cx.scope(), &(kind.to_owned(), name.to_owned()), tags),
    }
}

/// Takes away the tags of a database or connection that is deleted.
pub(crate) fn forget(tx: &mut Tx<'_>, cx: &Context, kind: &str, name: &str) -> Result<(), Fault> {
    tx.delete(&TAGS, cx.scope(), &(kind.to_owned(), name.to_owned())).map(drop)
}

impl Glue {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| tags.extend(input.tags_to_add)).await?;
        Ok(TagResourceOutput {})
    }

    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| tags.retain(|key, _| !input.tags_to_remove.contains(key))).await?;
        Ok(UntagResourceOutput {})
    }

    /// All tags of a resource.
    pub async fn get_tags(&self, cx: &Context, input: GetTagsInput) -> Result<GetTagsOutput, Fault> {
        let tagged = Tagged::of(&input.resource_arn)?;
        let tags = cx.store().read(|s| tagged.read(s, cx))?;
        Ok(GetTagsOutput { tags: Some(tags) })
    }
}

/// What has tags, by name.
enum Tagged {
    Crawler(String),
    Trigger(String),
    Workflow(String),
    Database(String),
    Connection(String),
}

impl Tagged {
    /// What an ARN names.
    fn of(arn: &str) -> Result<Tagged, Fault> {
        let parsed = Arn::parse(arn).filter(|arn| arn.service == "glue");
        let parsed = parsed.ok_or_else(|| Error::InvalidInput.says(format!("{arn} is not the ARN of a Glue resource.")))?;
        let named = |kind: &str| parsed.after(kind).map(str::to_owned);
        if let Some(name) = named("crawler/") {
            return Ok(Tagged::Crawler(name));
        }
        if let Some(name) = named("trigger/") {
            return Ok(Tagged::Trigger(name));
        }
        if let Some(name) = named("database/") {
            return Ok(Tagged::Database(crate::state::fold(&name)));
        }
        if let Some(name) = named("connection/") {
            return Ok(Tagged::Connection(name));
        }
        named("workflow/").map(Tagged::Workflow).ok_or_else(|| {
            let kept = "databases, connections, crawlers, triggers and workflows";
            Fault::new("NotImplemented", 501, format!("windtunnel keeps tags of {kept}, not of {arn}."))
        })
    }

    fn read(&self, store: &impl Read, cx: &Context) -> Result<BTreeMap<String, String>, Fault> {
        let kept =
            |kind: &str, name: &str| Ok::<_, Fault>(store.get(&TAGS, cx.scope(), &(kind.to_owned(), name.to_owned()))?.unwrap_or_default());
        Ok(match self {
            Tagged::Database(name) => {
                crate::state::must_find_database(store, cx, name)?;
                kept("database", name)?
            }
            Tagged::Connection(name) => {
                crate::connections::must_find(store, cx, name)?;
                kept("connection", name)?
            }
            Tagged::Crawler(name) => crawlers::must_find(store, cx, name)?.tags,
            Tagged::Trigger(name) => triggers::must_find(store, cx, name)?.tags,
            Tagged::Workflow(name) => workflows::must_find(store, cx, name)?.tags,
        })
    }

    fn write(&self, tx: &mut Tx<'_>, cx: &Context, tags: BTreeMap<String, String>) -> Result<(), Fault> {
        match self {
            Tagged::Database(name) => put(tx, cx, "database", name, &tags),
            Tagged::Connection(name) => put(tx, cx, "connection", name, &tags),
            Tagged::Crawler(name) => {
                let row = crawlers::must_find(tx, cx, name)?;
                tx.put(&crawlers::CRAWLERS, cx.scope(), name, &crawlers::Row { tags, ..row })
            }
            Tagged::Trigger(name) => {
                let row = triggers::must_find(tx, cx, name)?;
                tx.put(&triggers::TRIGGERS, cx.scope(), name, &triggers::Row { tags, ..row })
            }
            Tagged::Workflow(name) => {
                let row = workflows::must_find(tx, cx, name)?;
                tx.put(&workflows::WORKFLOWS, cx.scope(), name, &workflows::Row { tags, ..row })
            }
        }
    }
}

async fn change(cx: &Context, arn: &str, f: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), Fault> {
    let tagged = Tagged::of(arn)?;
    cx.store()
        .write(|tx| {
            let mut tags = tagged.read(tx, cx)?;
            f(&mut tags);
            tagged.write(tx, cx, checked(tags)?)
        })
        .await
}
