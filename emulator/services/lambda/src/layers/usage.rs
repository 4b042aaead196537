//! Layers of a function: which may be taken, and the folder in which they lie one over the other.

use super::{LayerName, Used, find};
use crate::{
    code::{self, CodeDir},
    state::invalid,
};
use kit::{Context, Fault, Need};
use std::sync::Arc;

/// Layers of a function; AWS's limit.
const MOST: usize = 5;

/// The versions behind ARNs, if the caller may have them in a function of this region.
pub(crate) fn resolve(cx: &Context, arns: &[String]) -> Result<Vec<Used>, Fault> {
    if arns.len() > MOST {
        return Err(invalid("Cannot reference more than 5 layers."));
    }
    let mut names: Vec<(LayerName, u64)> = Vec::new();
    for arn in arns {
        let Some((name, number)) = LayerName::version(arn) else {
            return Err(Fault::new(
                "ValidationException",
                400,
                format!(
                    "1 validation error detected: Value '[{arn}]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 2048, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{{2}}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{{1}}:\\d{{12}}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must not be null]"
                ),
            ));
        };
        if name.scope.region != cx.scope().region {
            return Err(invalid(format!(
                "Layers are not in the same region as the function. Layers are expected to be in region {}.",
                cx.region()
            )));
        }
        if let Some((other, older)) = names.iter().find(|(other, _)| *other == name) {
            return Err(invalid(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. {} and {arn} are versions of the same layer.",
                other.version_arn(*older)
            )));
        }
        names.push((name, number));
    }
    names.into_iter().map(|(name, number)| take(cx, &name, number)).collect()
}

fn take(cx: &Context, name: &LayerName, number: u64) -> Result<Used, Fault> {
    let arn = name.version_arn(number);
    let decision = cx.decide(&Need::on("lambda:GetLayerVersion", &*arn).owned_by(&*name.scope.account));
    if !decision.allowed {
        return Err(Fault::new("AccessDeniedException", 403, decision.message));
    }
    let version = cx.store().read(|s| find(s, name, number))?;
    let code = version.and_then(|version| version.code).ok_or_else(|| invalid(format!("Layer version {arn} does not exist.")))?;
    Ok(Used { arn, code })
}

/// The folder of a function's layers; `None` where it has none.
pub(crate) async fn folder(cx: &Context, layers: &[Used]) -> Result<Option<Arc<CodeDir>>, Fault> {
    if layers.is_empty() {
        return Ok(None);
    }
    let codes: Vec<&crate::state::Code> = layers.iter().map(|layer| &layer.code).collect();
    code::unpacked_over(cx, &codes).await.map(Some)
}
