//! Which version an event runs on: the qualifier's, or one of two by an alias's weights.

use crate::{names::Name, provisioned::PROVISIONED, state::*};
use kit::{Context, Fault, Read};

/// A function with the version that is to run.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub function: Function,
    pub config: Config,
    /// Environments that stand ready for the qualifier, and those of the whole function.
    pub provisioned: Provision,
}

/// What is provisioned.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Provision {
    pub here: i32,
    pub all: i32,
}

/// Follows the qualifier.
pub(crate) fn resolve(cx: &Context, name: &Name) -> Result<Target, Fault> {
    cx.store().read(|s| {
        let function = function(s, name)?;
        let config = match name.qualifier.as_deref() {
            Some(alias) if alias != LATEST && !is_number(alias) => {
                let key = (name.function.clone(), alias.to_owned());
                let alias = s.get(&ALIASES, &name.scope, &key)?.ok_or_else(|| not_found(name))?;
                version_config(s, name, &function, &draw(cx, &alias))?
            }
            _ => config(s, name, &function)?,
        };
        let provisioned = provision(s, name)?;
        Ok(Target { function, config, provisioned })
    })
}

fn provision(read: &impl Read, name: &Name) -> Result<Provision, Fault> {
    let mut found = Provision::default();
    for row in read.scan(&PROVISIONED, &name.scope).prefix(&(name.function.as_str(),)) {
        let ((_, qualifier), there) = row?;
        found.all += there.allocated;
        if name.qualifier.as_ref() == Some(&qualifier) {
            found.here = there.allocated;
        }
    }
    Ok(found)
}

/// One of an alias's versions.
fn draw(cx: &Context, alias: &Alias) -> String {
    let weights = alias.routing.as_ref().and_then(|r| r.additional_version_weights.as_ref());
    let Some(weights) = weights else { return alias.version.clone() };
    let mut left = (cx.ids().number() >> 11) as f64 / (1u64 << 53) as f64;
    for (version, weight) in weights {
        if left < *weight {
            return version.clone();
        }
        left -= weight;
    }
    alias.version.clone()
}
