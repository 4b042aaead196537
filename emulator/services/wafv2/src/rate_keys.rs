//! GetRateBasedStatementManagedKeys: the addresses that a rate-based rule limits now.

use crate::{Wafv2, check, model::*, state};
use kit::{Context, Fault};
use std::net::IpAddr;

impl Wafv2 {
    /// Addresses above the limit.
    pub async fn get_rate_based_statement_managed_keys(
        &self,
        cx: &Context,
        input: GetRateBasedStatementManagedKeysInput,
    ) -> Result<GetRateBasedStatementManagedKeysOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let (arn, rate) = cx.store().read(|s| {
            let row = state::row(s, &state::WEB_ACLS, &place, &input.web_acl_name, &input.web_acl_id)?;
            let named = |rules: &Option<Vec<Rule>>, name: &str| {
                rules.iter().flatten().find(|rule| rule.name == name).and_then(|rule| rule.statement.clone())
            };
            let statement = match &input.rule_group_rule_name {
                None => named(&row.acl.rules, &input.rule_name),
                Some(outer) => {
                    let group =
                        named(&row.acl.rules, outer).and_then(|s| s.rule_group_reference_statement).ok_or_else(check::nonexistent)?;
                    let group = state::rule_group_by_arn(s, &place, &group.arn)?.ok_or_else(check::nonexistent)?;
                    named(&group.group.rules, &input.rule_name)
                }
            };
            let rate = statement.and_then(|s| s.rate_based_statement).ok_or_else(check::nonexistent)?;
            Ok::<_, Fault>((row.acl.arn, rate))
        })?;
        let by_address = [RateBasedStatementAggregateKeyType::Ip, RateBasedStatementAggregateKeyType::ForwardedIp];
        if !rate.aggregate_key_type.is_none_or(|kind| by_address.contains(&kind)) {
            return Err(Error::WAFUnsupportedAggregateKeyType
                .says("The rule that you've named doesn't aggregate solely on the IP address or solely on the forwarded IP address."));
        }
        let rule = match &input.rule_group_rule_name {
            Some(outer) => format!("{arn}#{outer}#{}", input.rule_name),
            None => format!("{arn}#{}", input.rule_name),
        };
        let window = rate.evaluation_window_sec.unwrap_or(300) as u32;
        let above = self.memory.counters.lock().above(&rule, rate.limit.max(0) as u64, cx.now().secs(), window);
        // AWS tells ten thousand at most.
        let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = above.into_iter().take(10_000).partition(IpAddr::is_ipv4);
        let keys = |version, addresses: Vec<IpAddr>, bits| RateBasedStatementManagedKeysIPSet {
            ip_address_version: Some(version),
            addresses: Some(addresses.into_iter().map(|ip| format!("{ip}/{bits}")).collect()),
        };
        Ok(GetRateBasedStatementManagedKeysOutput {
            managed_keys_ipv4: Some(keys(IPAddressVersion::Ipv4, v4, 32)),
            managed_keys_ipv6: Some(keys(IPAddressVersion::Ipv6, v6, 128)),
        })
    }
}
