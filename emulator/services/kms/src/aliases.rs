//! Aliases: names for keys that can be pointed elsewhere.

use crate::{Error, Kms, find, managed, model::*, rules, rules::invalid, state::*};
use kit::{Context, Fault, Read};

/// Aliases of one key; AWS's quota.
const MOST_ALIASES: usize = 50;
const LONGEST: usize = 256;

impl Kms {
    /// Gives a key a name.
    pub async fn create_alias(&self, cx: &Context, input: CreateAliasInput) -> Result<CreateAliasOutput, Fault> {
        check(&input.alias_name)?;
        let now = cx.now();
        cx.store()
            .write(|tx| {
                let key = find::own(tx, cx, &input.target_key_id)?;
                find::of_customer(&key)?;
                find::not_pending(&key)?;
                if tx.exists(&ALIASES, cx.scope(), &input.alias_name)? {
                    let arn = alias_arn(cx.scope(), &input.alias_name);
                    return Err(Error::AlreadyExists.says(format!("An alias with the name {arn} already exists")));
                }
                room(tx, cx, &key)?;
                let alias = Alias { name: input.alias_name.clone(), target: key.id, created: now, updated: now };
                tx.put(&ALIASES, cx.scope(), &input.alias_name, &alias)
            })
            .await?;
        Ok(CreateAliasOutput {})
    }

    /// Points a name at another key of the same kind.
    pub async fn update_alias(&self, cx: &Context, input: UpdateAliasInput) -> Result<UpdateAliasOutput, Fault> {
        check(&input.alias_name)?;
        cx.store()
            .write(|tx| {
                let key = find::own(tx, cx, &input.target_key_id)?;
                find::of_customer(&key)?;
                find::not_pending(&key)?;
                let found = tx.get(&ALIASES, cx.scope(), &input.alias_name)?;
                let mut alias = found.ok_or_else(|| find::no_alias(cx.scope(), &input.alias_name))?;
                let old = find::by_id(tx, cx.scope(), &alias.target)?;
                if old.usage != key.usage || old.is_symmetric() != key.is_symmetric() {
                    return Err(invalid("Aliases can only be moved between keys of the same type and usage"));
                }
                if alias.target != key.id {
                    room(tx, cx, &key)?;
                }
                alias.target = key.id;
                alias.updated = cx.now();
                tx.put(&ALIASES, cx.scope(), &input.alias_name, &alias)
            })
            .await?;
        Ok(UpdateAliasOutput {})
    }

    /// Takes a name away; the key stays.
    pub async fn delete_alias(&self, cx: &Context, input: DeleteAliasInput) -> Result<DeleteAliasOutput, Fault> {
        check(&input.alias_name)?;
        cx.store()
            .write(|tx| match tx.delete(&ALIASES, cx.scope(), &input.alias_name)? {
                Some(_) => Ok(()),
                None => Err(find::no_alias(cx.scope(), &input.alias_name)),
            })
            .await?;
        Ok(DeleteAliasOutput {})
    }

    /// Names of the account and region, or of one key.
    pub async fn list_aliases(&self, cx: &Context, input: ListAliasesInput) -> Result<ListAliasesOutput, Fault> {
        let aliases: Vec<Alias> = cx.store().read(|s| {
            let target = input.key_id.as_ref().map(|name| find::own(s, cx, name)).transpose()?.map(|key| key.id);
            let all = s.scan(&ALIASES, cx.scope()).map(|row| row.map(|(_, alias)| alias));
            all.filter(|alias| alias.as_ref().map_or(true, |a| target.as_ref().is_none_or(|t| a.target == *t)))
                .collect::<Result<_, Fault>>()
        })?;
        let page = rules::page(aliases, |alias| alias.name.clone(), &input.marker, rules::limit(input.limit, 50))?;
        let entry = |alias: Alias| AliasListEntry {
            alias_arn: Some(alias_arn(cx.scope(), &alias.name)),
            alias_name: Some(alias.name),
            target_key_id: Some(alias.target),
            creation_date: Some(alias.created),
            last_updated_date: Some(alias.updated),
        };
        Ok(ListAliasesOutput {
            aliases: Some(page.items.into_iter().map(entry).collect()),
            truncated: Some(page.next.is_some()),
            next_marker: page.next,
        })
    }
}

fn room(read: &impl Read, cx: &Context, key: &Key) -> Result<(), Fault> {
    match read.by_index(&ALIASES, cx.scope(), "target", &(key.id.as_str(),)).count() >= MOST_ALIASES {
        true => Err(Error::LimitExceeded.says(format!("{} has {MOST_ALIASES} aliases already.", key.arn))),
        false => Ok(()),
    }
}

/// Names begin with `alias/`; those of AWS's own keys are AWS's.
fn check(name: &str) -> Result<(), Fault> {
    let Some(rest) = name.strip_prefix("alias/").filter(|rest| !rest.is_empty()) else { return Err(invalid("Invalid identifier")) };
    if managed::is_reserved(name) {
        return Err(Fault::new("NotAuthorizedException", 400, ""));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-');
    if rest.contains(':') {
        return Err(invalid(format!("{name} contains invalid characters for an alias")));
    }
    match rest.chars().all(fits) && name.len() <= LONGEST {
        true => Ok(()),
        false => Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"
        ))),
    }
}
