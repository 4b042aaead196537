//! Names and ARNs of buses and rules, and the sentences for those that aren't there.

use crate::Error;
use kit::{Arn, Context, Fault, Scope};

/// The bus that every account has in every region.
pub(crate) const DEFAULT_BUS: &str = "default";

/// A bus with its account and region.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BusName {
    pub scope: Scope,
    pub name: String,
}

impl BusName {
    /// From what a request says: nothing (the default bus), a name, or an ARN.
    pub fn read(cx: &Context, text: Option<&str>) -> BusName {
        let Some(text) = text else { return BusName { scope: cx.scope().clone(), name: DEFAULT_BUS.into() } };
        BusName::of_arn(text).unwrap_or_else(|| BusName { scope: cx.scope().clone(), name: text.to_owned() })
    }
    /// From an ARN of a bus.
    pub fn of_arn(text: &str) -> Option<BusName> {
        let arn = Arn::parse(text).filter(|arn| arn.service == "events")?;
        Some(BusName { scope: Scope::new(arn.account, arn.region), name: arn.after("event-bus/")?.to_owned() })
    }
    pub fn arn(&self) -> String {
        bus_arn(&self.scope, &self.name)
    }
    pub fn missing(&self) -> Fault {
        no_bus(&self.name)
    }
}

/// A rule with its bus.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RuleName {
    pub bus: BusName,
    pub name: String,
}

impl RuleName {
    pub fn read(cx: &Context, bus: Option<&str>, name: &str) -> RuleName {
        RuleName { bus: BusName::read(cx, bus), name: name.to_owned() }
    }
    /// From an ARN: `rule/name` on the default bus, `rule/bus/name` on others.
    pub fn of_arn(text: &str) -> Option<RuleName> {
        let arn = Arn::parse(text).filter(|arn| arn.service == "events")?;
        let rest = arn.after("rule/")?;
        // Partner buses have slashes in their names; a rule's name has none.
        let (bus, name) = rest.rsplit_once('/').unwrap_or((DEFAULT_BUS, rest));
        Some(RuleName { bus: BusName { scope: Scope::new(arn.account, arn.region), name: bus.into() }, name: name.into() })
    }
    pub fn arn(&self) -> String {
        rule_arn(&self.bus.scope, &self.bus.name, &self.name)
    }
    /// The key of its row.
    pub fn key(&self) -> (String, String) {
        (self.bus.name.clone(), self.name.clone())
    }
    pub fn missing(&self) -> Fault {
        Error::ResourceNotFound.says(format!("Rule {} does not exist on EventBus {}.", self.name, self.bus.name))
    }
}

pub(crate) fn bus_arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:events:{}:{}:event-bus/{name}", scope.region, scope.account)
}

pub(crate) fn rule_arn(scope: &Scope, bus: &str, name: &str) -> String {
    match bus {
        DEFAULT_BUS => format!("arn:aws:events:{}:{}:rule/{name}", scope.region, scope.account),
        bus => format!("arn:aws:events:{}:{}:rule/{bus}/{name}", scope.region, scope.account),
    }
}

pub(crate) fn no_bus(name: &str) -> Fault {
    Error::ResourceNotFound.says(format!("Event bus {name} does not exist."))
}
