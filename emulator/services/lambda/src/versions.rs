//! Versions: what `$LATEST` was when it was published, unchangeable.

use crate::{
    Lambda, functions,
    functions::{bad_marker, secrets},
    model::*,
    names::Name,
    state::*,
};
use kit::{Context, Fault, Read, Tx};

impl Lambda {
    /// Publishes `$LATEST`; answers the newest version when nothing changed since.
    pub async fn publish_version(&self, cx: &Context, input: PublishVersionInput) -> Result<PublishVersionOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        if input.publish_to.is_some() {
            return Err(not_implemented("PublishTo of functions"));
        }
        let (function, config) = cx
            .store()
            .write(|tx| {
                let mut function = function(tx, &name)?;
                same_revision(&input.revision_id, function.revision(), "GetFunction/GetAlias")?;
                let sha = function.latest.code.as_ref().map(|c| c.sha256.as_str()).unwrap_or_default();
                if let Some(wanted) = input.code_sha256.as_deref().filter(|wanted| !wanted.is_empty() && *wanted != sha) {
                    return Err(invalid(format!(
                        "CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({sha}). Please try again with the CodeSHA256 in $LATEST."
                    )));
                }
                let config = publish(cx, tx, &name, &mut function, input.description.clone())?;
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)?;
                Ok((function, config))
            })
            .await?;
        Ok(secrets::shown(cx, &name, &function, &config).await)
    }

    /// `$LATEST` and the published versions, oldest first.
    pub async fn list_versions_by_function(
        &self,
        cx: &Context,
        input: ListVersionsByFunctionInput,
    ) -> Result<ListVersionsByFunctionOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let rows = cx.store().read(|s| {
            let function = function(s, &name)?;
            let latest = functions::listed(functions::show(&name.with(LATEST), &function, &function.latest));
            let mut rows = vec![(0, latest, function.latest.clone())];
            for row in s.scan(&VERSIONS, &name.scope).prefix(&(name.function.as_str(),)) {
                let ((_, number), config) = row?;
                let shown = functions::listed(functions::show(&name.with(&number.to_string()), &function, &config));
                rows.push((number, shown, config));
            }
            Ok::<_, Fault>(rows)
        })?;
        let limit = input.max_items.unwrap_or(50).min(50) as usize;
        let page = kit::pages::page(rows, |(number, ..)| format!("{number:012}"), input.marker.as_deref(), limit, bad_marker)?;
        let mut versions = Vec::with_capacity(page.items.len());
        for (_, mut shown, config) in page.items {
            secrets::reveal(cx, &name, &config, &mut shown).await;
            versions.push(shown);
        }
        Ok(ListVersionsByFunctionOutput { versions: Some(versions), next_marker: page.next })
    }
}

/// Publishes in a transaction; the function's row is the caller's to write.
pub(crate) fn publish(
    cx: &Context,
    tx: &mut Tx<'_>,
    name: &Name,
    function: &mut Function,
    description: Option<String>,
) -> Result<Config, Fault> {
    if function.published > 0
        && let Some(newest) = tx.get(&VERSIONS, &name.scope, &(name.function.clone(), function.published))?
        && newest.same_as(&function.latest)
        && function.published_description == function.latest.description
    {
        return Ok(newest);
    }
    function.published += 1;
    // Publishing gives $LATEST another revision, too, but its environments are as good as before.
    function.published_revision = Some(revision(cx));
    function.published_description.clone_from(&function.latest.description);
    let mut config = function.latest.clone();
    config.version = function.published.to_string();
    config.revision = revision(cx);
    config.modified = cx.now();
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        config.description = description;
    }
    if let Some(code) = &config.code {
        tx.adopt(&code.zip);
    }
    tx.put(&VERSIONS, &name.scope, &(name.function.clone(), function.published), &config)?;
    Ok(config)
}
