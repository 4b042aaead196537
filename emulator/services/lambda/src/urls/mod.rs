//! Function URLs: an HTTPS address of a function or alias. `config` keeps them, `door` is their front door, `event` and `answer` are between
//! HTTP and the function.

mod address;
mod answer;
mod config;
mod cors;
mod door;
mod event;

pub(crate) use config::remove_all;
pub(crate) use door::UrlDoor;

use crate::{Cors, FunctionUrlAuthType, InvokeMode, names::Name, state::LATEST};
use kit::{Scope, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};

/// URLs by function and qualifier (`$LATEST` for none).
pub(crate) const URLS: Table<(String, String), Url> = Table::new("lambda.urls", TableScope::Region);
/// Whose an id is: requests to a URL name neither account nor region.
pub(crate) const NAMES: Table<String, Place> = Table::new("lambda.names", TableScope::Global);

/// A function URL.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Url {
    /// The first part of its host.
    pub id: String,
    pub auth: String,
    #[serde(with = "wire::kept")]
    pub cors: Option<Cors>,
    pub mode: Option<String>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// Where an id leads.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    pub account: String,
    pub region: String,
    pub function: String,
    pub qualifier: String,
}

impl Url {
    /// Whether callers must have signed.
    pub fn is_signed(&self) -> bool {
        self.auth == FunctionUrlAuthType::AwsIam.as_str()
    }
    /// Whether answers stream.
    pub fn streams(&self) -> bool {
        self.mode.as_deref() == Some(InvokeMode::ResponseStream.as_str())
    }
}

impl Place {
    fn scope(&self) -> Scope {
        Scope::new(&self.account, &self.region)
    }
    /// The function as it is invoked.
    fn name(&self) -> Name {
        let qualifier = (self.qualifier != LATEST).then(|| self.qualifier.clone());
        Name { scope: self.scope(), function: self.function.clone(), qualifier }
    }
    fn key(&self) -> (String, String) {
        (self.function.clone(), self.qualifier.clone())
    }
}
