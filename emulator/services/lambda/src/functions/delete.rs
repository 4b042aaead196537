//! DeleteFunction: a whole function, or one version of it.

use crate::{Lambda, model::*, names::Name, permissions::forget_policy, provisioned::PROVISIONED, state::*, urls};
use kit::{Context, Fault, Read, Reply, Tx};

impl Lambda {
    /// Deletes a function with everything it has, or one version.
    pub async fn delete_function(&self, cx: &Context, input: DeleteFunctionInput) -> Result<Reply<DeleteFunctionOutput>, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        match name.qualifier.clone() {
            Some(qualifier) if qualifier == LATEST => {
                return Err(invalid("$LATEST version cannot be deleted without deleting the function."));
            }
            Some(qualifier) if is_number(&qualifier) => cx.store().write(|tx| delete_version(tx, &name, &qualifier)).await?,
            // No alias has such a name, and no version: the function is what isn't there, as recorded.
            Some(qualifier) if qualifier.contains('$') => return Err(not_found(&Name { qualifier: None, ..name })),
            Some(_) => return Err(invalid("Deletion of aliases is not currently supported.")),
            None => cx.store().write(|tx| delete_all(tx, &name)).await?,
        }
        self.pools.remove(&name);
        Ok(Reply::new(DeleteFunctionOutput { status_code: Some(204) }).status(204))
    }
}

fn delete_version(tx: &mut Tx<'_>, name: &Name, qualifier: &str) -> Result<(), Fault> {
    function(tx, &Name { qualifier: None, ..name.clone() })?;
    let aliases: Vec<Alias> =
        tx.scan(&ALIASES, &name.scope).prefix(&(name.function.as_str(),)).map(|row| row.map(|(_, a)| a)).collect::<Result<_, _>>()?;
    let routes = |alias: &Alias| {
        let weights = alias.routing.as_ref().and_then(|r| r.additional_version_weights.as_ref());
        alias.version == qualifier || weights.is_some_and(|w| w.contains_key(qualifier))
    };
    if let Some(alias) = aliases.iter().find(|alias| routes(alias)) {
        return Err(user(Error::ResourceConflict.says(format!("Version {qualifier} is used by alias {}", alias.name))));
    }
    let number: u64 = qualifier.parse().map_err(|_| not_found(name))?;
    tx.delete(&PROVISIONED, &name.scope, &(name.function.clone(), qualifier.to_owned()))?;
    tx.delete(&EVENT_SETTINGS, &name.scope, &(name.function.clone(), qualifier.to_owned()))?;
    forget_policy(tx, name, qualifier)?;
    // AWS answers 204 for versions that aren't there, too.
    if let Some(config) = tx.delete(&VERSIONS, &name.scope, &(name.function.clone(), number))?
        && let Some(code) = config.code
    {
        tx.drop_blob(&code.zip);
    }
    Ok(())
}

fn delete_all(tx: &mut Tx<'_>, name: &Name) -> Result<(), Fault> {
    let function = function(tx, name)?;
    let versions: Vec<(String, u64)> =
        tx.scan(&VERSIONS, &name.scope).prefix(&(name.function.as_str(),)).keys().collect::<Result<_, _>>()?;
    for key in &versions {
        if let Some(code) = tx.delete(&VERSIONS, &name.scope, key)?.and_then(|config| config.code) {
            tx.drop_blob(&code.zip);
        }
    }
    let aliases: Vec<(String, String)> =
        tx.scan(&ALIASES, &name.scope).prefix(&(name.function.as_str(),)).keys().collect::<Result<_, _>>()?;
    for key in &aliases {
        tx.delete(&ALIASES, &name.scope, key)?;
    }
    let settings: Vec<(String, String)> =
        tx.scan(&EVENT_SETTINGS, &name.scope).prefix(&(name.function.as_str(),)).keys().collect::<Result<_, _>>()?;
    for key in &settings {
        tx.delete(&EVENT_SETTINGS, &name.scope, key)?;
    }
    let provisioned: Vec<(String, String)> =
        tx.scan(&PROVISIONED, &name.scope).prefix(&(name.function.as_str(),)).keys().collect::<Result<_, _>>()?;
    for key in &provisioned {
        tx.delete(&PROVISIONED, &name.scope, key)?;
    }
    if let Some(code) = function.latest.code {
        tx.drop_blob(&code.zip);
    }
    urls::remove_all(tx, name)?;
    tx.delete(&FUNCTIONS, &name.scope, &name.function)?;
    Ok(())
}
