//! Web ACLs.

use crate::{Wafv2, check, model::*, state, tags, validate};
use kit::{Context, Fault, Read};

/// Most web ACLs of a place.
const MOST: usize = 100;

impl Wafv2 {
    /// Makes a web ACL.
    pub async fn create_web_acl(&self, cx: &Context, input: CreateWebACLInput) -> Result<CreateWebACLOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let id = cx.ids().uuid();
        let mut acl = WebACL {
            arn: state::arn(&place, "webacl", &input.name, &id),
            label_namespace: Some(format!("awswaf:{}:webacl:{}:", cx.account(), input.name)),
            name: input.name,
            id,
            default_action: Some(input.default_action),
            description: input.description,
            rules: Some(input.rules.unwrap_or_default()),
            visibility_config: Some(input.visibility_config),
            data_protection_config: input.data_protection_config,
            managed_by_firewall_manager: Some(false),
            retrofitted_by_firewall_manager: Some(false),
            custom_response_bodies: input.custom_response_bodies,
            captcha_config: input.captcha_config,
            challenge_config: input.challenge_config,
            token_domains: input.token_domains,
            association_config: input.association_config,
            on_source_d_do_s_protection_config: input.on_source_d_do_s_protection_config,
            application_config: input.application_config,
            ..WebACL::default()
        };
        let lock = cx.ids().uuid();
        let summary = cx
            .store()
            .write(|tx| {
                if tx.exists(&state::WEB_ACLS, &place, &acl.name)? {
                    return Err(check::duplicate());
                }
                if tx.scan(&state::WEB_ACLS, &place).count() >= MOST {
                    return Err(check::limit(&format!("{MOST} web ACLs")));
                }
                acl.capacity = Some(validate::web_acl(cx, tx, &place, &acl)?);
                tags::put(tx, &place, &acl.arn, input.tags.unwrap_or_default())?;
                let row = state::AclRow { lock, acl };
                tx.put(&state::WEB_ACLS, &place, &row.acl.name, &row)?;
                state::changed(tx, cx, &place)?;
                Ok(summary(&row))
            })
            .await?;
        Ok(CreateWebACLOutput { summary: Some(summary) })
    }

    /// Describes a web ACL.
    pub async fn get_web_acl(&self, cx: &Context, input: GetWebACLInput) -> Result<GetWebACLOutput, Fault> {
        let row = cx.store().read(|s| match (&input.arn, &input.name, &input.id, input.scope) {
            (Some(arn), None, None, _) => state::web_acl_by_arn(s, &state::place_of(cx, arn), arn)?.ok_or_else(check::nonexistent),
            (None, Some(name), Some(id), Some(scope)) => state::row(s, &state::WEB_ACLS, &state::place(cx, scope)?, name, id),
            _ => Err(check::invalid("ENTITY", "", "Either ARN, or Name, Id and Scope have to be given.")),
        })?;
        Ok(GetWebACLOutput { web_acl: Some(row.acl), lock_token: Some(row.lock), application_integration_url: None })
    }

    /// Puts other settings in the place of a web ACL's.
    pub async fn update_web_acl(&self, cx: &Context, input: UpdateWebACLInput) -> Result<UpdateWebACLOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let next = cx.ids().uuid();
        cx.store()
            .write(|tx| {
                let mut row = state::locked(tx, &state::WEB_ACLS, &place, &input.name, &input.id, &input.lock_token)?;
                row.acl = WebACL {
                    default_action: Some(input.default_action),
                    description: input.description,
                    rules: Some(input.rules.unwrap_or_default()),
                    visibility_config: Some(input.visibility_config),
                    data_protection_config: input.data_protection_config,
                    custom_response_bodies: input.custom_response_bodies,
                    captcha_config: input.captcha_config,
                    challenge_config: input.challenge_config,
                    token_domains: input.token_domains,
                    association_config: input.association_config,
                    on_source_d_do_s_protection_config: input.on_source_d_do_s_protection_config,
                    application_config: input.application_config,
                    ..row.acl
                };
                row.acl.capacity = Some(validate::web_acl(cx, tx, &place, &row.acl)?);
                row.lock = next.clone();
                tx.put(&state::WEB_ACLS, &place, &row.acl.name, &row)?;
                state::changed(tx, cx, &place)
            })
            .await?;
        Ok(UpdateWebACLOutput { next_lock_token: Some(next) })
    }

    /// Deletes a web ACL that protects nothing. Its logging goes with it.
    pub async fn delete_web_acl(&self, cx: &Context, input: DeleteWebACLInput) -> Result<DeleteWebACLOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let is_used = !crate::associations::of(cx, &state::arn(&place, "webacl", &input.name, &input.id))?.is_empty();
        let arn = cx
            .store()
            .write(|tx| {
                let row = state::locked(tx, &state::WEB_ACLS, &place, &input.name, &input.id, &input.lock_token)?;
                if is_used {
                    return Err(check::in_use());
                }
                tx.delete(&state::WEB_ACLS, &place, &row.acl.name)?;
                tx.delete(&state::LOGGING, &place, &row.acl.arn)?;
                tags::forget(tx, &place, &row.acl.arn)?;
                state::changed(tx, cx, &place)?;
                Ok(row.acl.arn)
            })
            .await?;
        self.memory.forget(&arn);
        Ok(DeleteWebACLOutput {})
    }

    /// Web ACLs by name.
    pub async fn list_web_acls(&self, cx: &Context, input: ListWebACLsInput) -> Result<ListWebACLsOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let rows = cx.store().read(|s| s.scan(&state::WEB_ACLS, &place).collect::<Result<Vec<_>, Fault>>())?;
        let key = |(name, _): &(String, state::AclRow)| name.clone();
        let page = kit::pages::page(rows, key, input.next_marker.as_deref(), check::page_length(input.limit), check::bad_marker)?;
        Ok(ListWebACLsOutput { next_marker: page.next, web_acls: Some(page.items.iter().map(|(_, row)| summary(row)).collect()) })
    }
}

fn summary(row: &state::AclRow) -> WebACLSummary {
    WebACLSummary {
        name: Some(row.acl.name.clone()),
        id: Some(row.acl.id.clone()),
        // AWS tells an empty description where there is none.
        description: Some(row.acl.description.clone().unwrap_or_default()),
        lock_token: Some(row.lock.clone()),
        arn: Some(row.acl.arn.clone()),
    }
}
