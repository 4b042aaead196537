//! IP sets.

use crate::{Wafv2, check, engine::addresses, model::*, state, tags};
use kit::{Context, Fault, Read};

/// Most addresses of a set.
const MOST_ADDRESSES: usize = 10_000;
const MOST: usize = 100;

impl Wafv2 {
    /// Makes an IP set.
    pub async fn create_ip_set(&self, cx: &Context, input: CreateIPSetInput) -> Result<CreateIPSetOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        check_addresses(input.ip_address_version, &input.addresses)?;
        let id = cx.ids().uuid();
        let set = IPSet {
            arn: state::arn(&place, "ipset", &input.name, &id),
            name: input.name,
            id,
            description: input.description,
            ip_address_version: Some(input.ip_address_version),
            addresses: input.addresses,
        };
        let lock = cx.ids().uuid();
        let summary = cx
            .store()
            .write(|tx| {
                if tx.exists(&state::IP_SETS, &place, &set.name)? {
                    return Err(check::duplicate());
                }
                if tx.scan(&state::IP_SETS, &place).count() >= MOST {
                    return Err(check::limit(&format!("{MOST} IP sets")));
                }
                tags::put(tx, &place, &set.arn, input.tags.unwrap_or_default())?;
                let row = state::IpSetRow { lock, set };
                tx.put(&state::IP_SETS, &place, &row.set.name, &row)?;
                Ok(summary(&row))
            })
            .await?;
        Ok(CreateIPSetOutput { summary: Some(summary) })
    }

    /// Describes an IP set.
    pub async fn get_ip_set(&self, cx: &Context, input: GetIPSetInput) -> Result<GetIPSetOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let row = cx.store().read(|s| state::row(s, &state::IP_SETS, &place, &input.name, &input.id))?;
        Ok(GetIPSetOutput { ip_set: Some(row.set), lock_token: Some(row.lock) })
    }

    /// Puts other addresses in the place of a set's.
    pub async fn update_ip_set(&self, cx: &Context, input: UpdateIPSetInput) -> Result<UpdateIPSetOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let next = cx.ids().uuid();
        cx.store()
            .write(|tx| {
                let mut row = state::locked(tx, &state::IP_SETS, &place, &input.name, &input.id, &input.lock_token)?;
                check_addresses(row.set.ip_address_version.unwrap_or(IPAddressVersion::Ipv4), &input.addresses)?;
                row.set.addresses = input.addresses;
                row.set.description = input.description;
                row.lock = next.clone();
                tx.put(&state::IP_SETS, &place, &row.set.name, &row)?;
                state::changed(tx, cx, &place)
            })
            .await?;
        Ok(UpdateIPSetOutput { next_lock_token: Some(next) })
    }

    /// Deletes an IP set that no rule names.
    pub async fn delete_ip_set(&self, cx: &Context, input: DeleteIPSetInput) -> Result<DeleteIPSetOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        cx.store()
            .write(|tx| {
                let row = state::locked(tx, &state::IP_SETS, &place, &input.name, &input.id, &input.lock_token)?;
                if state::is_referred_to(tx, &place, &row.set.arn)? {
                    return Err(check::in_use());
                }
                tags::forget(tx, &place, &row.set.arn)?;
                tx.delete(&state::IP_SETS, &place, &row.set.name).map(drop)
            })
            .await?;
        Ok(DeleteIPSetOutput {})
    }

    /// IP sets by name.
    pub async fn list_ip_sets(&self, cx: &Context, input: ListIPSetsInput) -> Result<ListIPSetsOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let rows = cx.store().read(|s| s.scan(&state::IP_SETS, &place).collect::<Result<Vec<_>, Fault>>())?;
        let key = |(name, _): &(String, state::IpSetRow)| name.clone();
        let page = kit::pages::page(rows, key, input.next_marker.as_deref(), check::page_length(input.limit), check::bad_marker)?;
        Ok(ListIPSetsOutput { next_marker: page.next, ip_sets: Some(page.items.iter().map(|(_, row)| summary(row)).collect()) })
    }
}

/// Blocks with a prefix, of the set's version; AWS takes every size but /0.
fn check_addresses(version: IPAddressVersion, blocks: &[String]) -> Result<(), Fault> {
    if blocks.len() > MOST_ADDRESSES {
        return Err(check::limit(&format!("{MOST_ADDRESSES} addresses in an IP set")));
    }
    let fits = |text: &String| addresses::block(text).is_some_and(|net| net.addr().is_ipv4() == (version == IPAddressVersion::Ipv4));
    match blocks.iter().find(|text| !fits(text)) {
        Some(text) => Err(check::invalid("IP_ADDRESS", text, "The parameter contains formatting that is not valid.")),
        None => Ok(()),
    }
}

fn summary(row: &state::IpSetRow) -> IPSetSummary {
    IPSetSummary {
        name: Some(row.set.name.clone()),
        id: Some(row.set.id.clone()),
        description: Some(row.set.description.clone().unwrap_or_default()),
        lock_token: Some(row.lock.clone()),
        arn: Some(row.set.arn.clone()),
    }
}
