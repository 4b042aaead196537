//! From what is stored to what is applied, compiled once for each generation of a place.

use crate::{
    engine::{Acl, Compiler, Group, Parts, Problem, addresses::IpSet},
    managed,
    model::*,
    state,
};
use kit::{Context, Fault, Read, Scope as Place};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// Web ACLs that are held compiled.
const MOST_HELD: usize = 256;

/// References of rules, looked up in the store.
pub(crate) struct StoredParts<'a, R: Read> {
    read: &'a R,
    place: &'a Place,
}

impl<'a, R: Read> StoredParts<'a, R> {
    pub fn new(read: &'a R, place: &'a Place) -> StoredParts<'a, R> {
        StoredParts { read, place }
    }
}

impl<R: Read> Parts for StoredParts<'_, R> {
    fn ip_set(&self, arn: &str) -> Option<Arc<IpSet>> {
        let row = state::ip_set_by_arn(self.read, self.place, arn).ok().flatten()?;
        Some(Arc::new(IpSet::new(&row.set.addresses)))
    }
    fn patterns(&self, arn: &str) -> Option<Vec<String>> {
        let row = state::regex_set_by_arn(self.read, self.place, arn).ok().flatten()?;
        Some(row.set.regular_expression_list.into_iter().flatten().filter_map(|regex| regex.regex_string).collect())
    }
    fn rule_group(&self, arn: &str) -> Option<RuleGroup> {
        state::rule_group_by_arn(self.read, self.place, arn).ok().flatten().map(|row| row.group)
    }
    fn managed(&self, statement: &ManagedRuleGroupStatement) -> Result<Option<Arc<Group>>, Problem> {
        managed::compiled(statement)
    }
}

/// A web ACL as it is applied.
pub(crate) struct Held {
    pub acl: Acl,
    pub logging: Option<LoggingConfiguration>,
}

/// Compiled web ACLs by ARN, with the generation that they were made from.
#[derive(Default)]
pub(crate) struct HeldAcls {
    held: Mutex<HashMap<String, (String, Arc<Held>)>>,
}

impl HeldAcls {
    /// The web ACL that is associated with a resource.
    pub fn of_resource(&self, cx: &Context, resource_arn: &str) -> Result<Option<Arc<Held>>, Fault> {
        cx.store().read(|s| match s.get(&state::ASSOCIATIONS, cx.scope(), &resource_arn.to_owned())? {
            Some(acl_arn) => self.get(s, cx.scope(), &acl_arn),
            None => Ok(None),
        })
    }

    /// A web ACL by ARN.
    pub fn get(&self, read: &impl Read, place: &Place, acl_arn: &str) -> Result<Option<Arc<Held>>, Fault> {
        let generation = state::generation(read, place)?;
        if let Some((made_from, held)) = self.held.lock().get(acl_arn)
            && *made_from == generation
        {
            return Ok(Some(held.clone()));
        }
        let Some(row) = state::web_acl_by_arn(read, place, acl_arn)? else { return Ok(None) };
        let parts = StoredParts::new(read, place);
        let compiler = Compiler {
            parts: &parts,
            bodies: row.acl.custom_response_bodies.as_ref(),
            label_prefix: row.acl.label_namespace.clone().unwrap_or_default(),
            takes_groups: true,
        };
        let acl = compiler.acl(&row.acl).map_err(|problem| Fault::internal(format!("web ACL {acl_arn} can't be applied: {problem:?}")))?;
        let logging = read.get(&state::LOGGING, place, &acl_arn.to_owned())?.map(|row| row.configuration);
        let held = Arc::new(Held { acl, logging });
        let mut all = self.held.lock();
        if all.len() >= MOST_HELD {
            all.clear();
        }
        all.insert(acl_arn.to_owned(), (generation, held.clone()));
        Ok(Some(held))
    }
}
