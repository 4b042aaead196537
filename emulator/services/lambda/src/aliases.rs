//! Aliases: names that point to a version, or share calls between two.

use crate::{
    Lambda,
    functions::bad_marker,
    model::*,
    names::Name,
    permissions::forget_policy,
    provisioned::{self, PROVISIONED},
    state::*,
};
use kit::{Context, Fault, Read};

impl Lambda {
    /// Makes an alias.
    pub async fn create_alias(&self, cx: &Context, input: CreateAliasInput) -> Result<CreateAliasOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let alias = Alias {
            name: input.name,
            version: input.function_version,
            description: input.description.unwrap_or_default(),
            routing: input.routing_config.filter(has_weights),
            revision: revision(cx),
        };
        cx.store()
            .write(|tx| {
                check(tx, &name, &alias)?;
                let key = (name.function.clone(), alias.name.clone());
                if tx.exists(&ALIASES, &name.scope, &key)? {
                    return Err(user(Error::ResourceConflict.says(format!("Alias already exists: {}", name.with(&alias.name).arn()))));
                }
                tx.put(&ALIASES, &name.scope, &key, &alias)
            })
            .await?;
        Ok(show(&name, alias))
    }

    /// Points an alias elsewhere.
    pub async fn update_alias(&self, cx: &Context, input: UpdateAliasInput) -> Result<UpdateAliasOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let alias = cx
            .store()
            .write(|tx| {
                let missing = || user(Error::ResourceNotFound.says(format!("Alias not found: {}", name.with(&input.name).arn())));
                let key = (name.function.clone(), input.name.clone());
                let mut alias = tx.get(&ALIASES, &name.scope, &key)?.ok_or_else(missing)?;
                same_revision(&input.revision_id, &alias.revision, "GetFunction/GetAlias")?;
                if let Some(version) = input.function_version.filter(|version| *version != alias.version) {
                    alias.version = version;
                    provisioned::moved(cx, tx, &name.with(&alias.name))?;
                }
                if let Some(description) = input.description {
                    alias.description = description;
                }
                if let Some(routing) = input.routing_config {
                    alias.routing = Some(routing).filter(has_weights);
                }
                alias.revision = revision(cx);
                check(tx, &name, &alias)?;
                tx.put(&ALIASES, &name.scope, &key, &alias)?;
                Ok(alias)
            })
            .await?;
        Ok(show(&name, alias))
    }

    /// One alias.
    pub async fn get_alias(&self, cx: &Context, input: GetAliasInput) -> Result<GetAliasOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let alias = cx.store().read(|s| s.get(&ALIASES, &name.scope, &(name.function.clone(), input.name.clone())))?;
        let alias =
            alias.ok_or_else(|| user(Error::ResourceNotFound.says(format!("Cannot find alias arn: {}", name.with(&input.name).arn()))))?;
        Ok(show(&name, alias))
    }

    /// A function's aliases, of one version where asked.
    pub async fn list_aliases(&self, cx: &Context, input: ListAliasesInput) -> Result<ListAliasesOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let wanted = |alias: &Alias| {
            let Some(version) = &input.function_version else { return true };
            let weights = alias.routing.as_ref().and_then(|r| r.additional_version_weights.as_ref());
            alias.version == *version || weights.is_some_and(|w| w.contains_key(version))
        };
        let rows = cx.store().read(|s| {
            function(s, &name)?;
            let rows = s.scan(&ALIASES, &name.scope).prefix(&(name.function.as_str(),));
            rows.map(|row| row.map(|(_, alias)| alias)).collect::<Result<Vec<_>, Fault>>()
        })?;
        let limit = input.max_items.unwrap_or(50).min(50) as usize;
        let page = kit::pages::page(rows.into_iter().filter(wanted), |a| a.name.clone(), input.marker.as_deref(), limit, bad_marker)?;
        let aliases = page.items.into_iter().map(|alias| show(&name, alias)).collect();
        Ok(ListAliasesOutput { aliases: Some(aliases), next_marker: page.next })
    }

    /// Takes an alias away; one that isn't there is fine.
    pub async fn delete_alias(&self, cx: &Context, input: DeleteAliasInput) -> Result<DeleteAliasOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let key = (name.function.clone(), input.name.clone());
        cx.store()
            .write(|tx| {
                tx.delete(&EVENT_SETTINGS, &name.scope, &key)?;
                tx.delete(&PROVISIONED, &name.scope, &key)?;
                forget_policy(tx, &name, &key.1)?;
                tx.delete(&ALIASES, &name.scope, &key)
            })
            .await?;
        Ok(DeleteAliasOutput {})
    }
}

fn has_weights(routing: &AliasRoutingConfiguration) -> bool {
    routing.additional_version_weights.as_ref().is_some_and(|weights| !weights.is_empty())
}

/// The versions must be there, and weights go with published ones only.
fn check(read: &impl Read, name: &Name, alias: &Alias) -> Result<(), Fault> {
    let function = function(read, &name.with(&alias.version))?;
    let there = |version: &str| version_config(read, &name.with(version), &function, version).map(drop);
    there(&alias.version)?;
    let Some(weights) = alias.routing.as_ref().and_then(|r| r.additional_version_weights.as_ref()) else { return Ok(()) };
    if weights.len() > 1 {
        return Err(invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    }
    for version in weights.keys() {
        if *version == alias.version {
            return Err(invalid(format!(
                "Invalid function version {version}. Function version {version} is already included in routing configuration."
            )));
        }
        if alias.version == LATEST {
            return Err(Error::InvalidParameterValue.says("$LATEST is not supported for an alias pointing to more than 1 version"));
        }
        there(version)?;
    }
    Ok(())
}

fn show(name: &Name, alias: Alias) -> AliasConfiguration {
    AliasConfiguration {
        alias_arn: Some(name.with(&alias.name).arn()),
        name: Some(alias.name),
        function_version: Some(alias.version),
        description: Some(alias.description),
        routing_config: alias.routing,
        revision_id: Some(alias.revision),
    }
}
