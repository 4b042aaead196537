//! Layers: versions of zips that functions have on /opt. A version that is deleted can't be taken any more; functions that have it keep it, so
//! its content stays.

mod policy;
mod publish;
mod usage;

pub(crate) use policy::of_arn as policy_of;
pub(crate) use usage::{folder, resolve};

use crate::{
    Error,
    state::{Code, Policy, invalid, user},
};
use kit::{Arn, Context, Fault, Read, Scope, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};

/// Versions by layer and number.
pub(crate) const LAYERS: Table<(String, u64), LayerVersion> = Table::new("lambda.layers", TableScope::Region);
/// Number of the newest version of each layer, deleted or not: numbers are never used again.
pub(crate) const NEWEST: Table<String, u64> = Table::new("lambda.layers.newest", TableScope::Region);

/// A version of a layer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LayerVersion {
    pub description: String,
    pub license: Option<String>,
    pub runtimes: Option<Vec<String>>,
    pub architectures: Option<Vec<String>>,
    pub created: Timestamp,
    pub code: Option<Code>,
    pub policy: Option<Policy>,
    pub deleted: bool,
}

/// A layer as a function has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Used {
    /// ARN of the version.
    pub arn: String,
    pub code: Code,
}

/// A layer as a request names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LayerName {
    pub scope: Scope,
    pub layer: String,
}

impl LayerName {
    /// A name, or the ARN of a layer without a version.
    pub fn read(home: &Scope, text: &str) -> Option<LayerName> {
        let Some(arn) = Arn::parse(text) else { return Some(LayerName { scope: home.clone(), layer: text.to_owned() }) };
        let layer = arn.after("layer:").filter(|layer| !layer.contains(':'))?;
        Some(LayerName { scope: Scope::new(arn.account, arn.region), layer: layer.to_owned() })
    }

    /// The ARN of a version, taken apart.
    pub fn version(text: &str) -> Option<(LayerName, u64)> {
        let arn = Arn::parse(text).filter(|arn| arn.service == "lambda")?;
        let (layer, number) = arn.after("layer:")?.split_once(':')?;
        Some((LayerName { scope: Scope::new(arn.account, arn.region), layer: layer.to_owned() }, number.parse().ok()?))
    }

    /// The ARN of the layer.
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:{}:layer:{}", self.scope.region, self.scope.account, self.layer)
    }
    /// The ARN of a version.
    pub fn version_arn(&self, number: u64) -> String {
        format!("{}:{number}", self.arn())
    }

    fn parse(cx: &Context, text: &str) -> Result<LayerName, Fault> {
        LayerName::read(cx.scope(), text).ok_or_else(|| invalid(format!("Invalid layer name: {text}")))
    }
}

/// A version that isn't deleted.
fn find(read: &impl Read, name: &LayerName, number: u64) -> Result<Option<LayerVersion>, Fault> {
    Ok(read.get(&LAYERS, &name.scope, &(name.layer.clone(), number))?.filter(|version| !version.deleted))
}

fn gone() -> Fault {
    user(Error::ResourceNotFound.says("The resource you requested does not exist."))
}

/// The number of a version as requests give it.
fn number(given: i64) -> Result<u64, Fault> {
    match u64::try_from(given) {
        Ok(number @ 1..) => Ok(number),
        _ => Err(invalid("Layer Version Cannot be less than 1")),
    }
}
