//! AWS WAFv2: web ACLs that judge requests, and what they are made of.
//!
//! The control plane keeps web ACLs, rule groups, IP sets and pattern sets; `engine/` is pure and judges a request by a compiled web ACL;
//! `firewall.rs` stands between the two and is asked, through kit's port `Firewall`, by services with protected resources. What AWS
//! publishes of its managed rule groups is done exactly (`managed/`), the rest is approximated and says so. This room knows no other service.

mod access;
mod associations;
mod capacity;
mod check;
mod compiled;
mod doors;
pub mod engine;
mod firewall;
mod house;
mod ip_sets;
mod logging;
mod logs;
mod managed;
mod managed_groups;
#[allow(missing_docs)]
mod model;
mod rate_keys;
mod regex_sets;
mod rule_groups;
mod sampled;
mod state;
mod tags;
mod told;
mod validate;
mod web_acls;

pub use model::*;

use kit::{BoxFuture, Context, Door, Fault, Ports, store::TaskRow};
use std::sync::Arc;

/// The service. Settings are in the store; what is held here is compiled rules, counts of rate-based rules and samples of requests.
#[derive(Clone, Default)]
pub struct Wafv2 {
    memory: Arc<firewall::Memory>,
}

impl Wafv2 {
    /// The service, ready to be given to a cloud.
    pub fn new() -> Wafv2 {
        Wafv2::default()
    }
}

kit::service! {
    /// AWS WAFv2.
    Wafv2, model = "wafv2", invalid_input = "WAFInvalidParameterException";
    // web_acls.rs
    CreateWebACL => create_web_acl,
    GetWebACL => get_web_acl,
    UpdateWebACL => update_web_acl,
    DeleteWebACL => delete_web_acl,
    ListWebACLs => list_web_acls,
    // rule_groups.rs
    CreateRuleGroup => create_rule_group,
    GetRuleGroup => get_rule_group,
    UpdateRuleGroup => update_rule_group,
    DeleteRuleGroup => delete_rule_group,
    ListRuleGroups => list_rule_groups,
    // ip_sets.rs
    CreateIPSet => create_ip_set,
    GetIPSet => get_ip_set,
    UpdateIPSet => update_ip_set,
    DeleteIPSet => delete_ip_set,
    ListIPSets => list_ip_sets,
    // regex_sets.rs
    CreateRegexPatternSet => create_regex_pattern_set,
    GetRegexPatternSet => get_regex_pattern_set,
    UpdateRegexPatternSet => update_regex_pattern_set,
    DeleteRegexPatternSet => delete_regex_pattern_set,
    ListRegexPatternSets => list_regex_pattern_sets,
    // capacity.rs
    CheckCapacity => check_capacity,
    // associations.rs
    AssociateWebACL => associate_web_acl,
    DisassociateWebACL => disassociate_web_acl,
    GetWebACLForResource => get_web_acl_for_resource,
    ListResourcesForWebACL => list_resources_for_web_acl,
    // logging.rs
    PutLoggingConfiguration => put_logging_configuration,
    GetLoggingConfiguration => get_logging_configuration,
    DeleteLoggingConfiguration => delete_logging_configuration,
    ListLoggingConfigurations => list_logging_configurations,
    // managed_groups.rs
    ListAvailableManagedRuleGroups => list_available_managed_rule_groups,
    ListAvailableManagedRuleGroupVersions => list_available_managed_rule_group_versions,
    DescribeManagedRuleGroup => describe_managed_rule_group,
    // sampled.rs
    GetSampledRequests => get_sampled_requests,
    // rate_keys.rs
    GetRateBasedStatementManagedKeys => get_rate_based_statement_managed_keys,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
}

impl kit::Service for Wafv2 {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_firewall(self);
    }
    fn doors(&self) -> Vec<Arc<dyn Door>> {
        vec![Arc::new(doors::House(self.clone()))]
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match task.kind.as_str() {
                logs::TASK => logs::leave(cx, &task).await,
                other => Err(Fault::internal(format!("wafv2 has no task {other}"))),
            }
        })
    }
}
