//! API mappings: which API and stage stands under which path of a custom domain name.

use crate::{
    ApiGatewayV2, Error,
    domain_names::{change_domain, domain},
    model::*,
    state::*,
};
use kit::{Context, Fault, Read};

impl ApiGatewayV2 {
    /// Maps a path of a domain to a stage.
    pub async fn create_api_mapping(&self, cx: &Context, input: CreateApiMappingInput) -> Result<CreateApiMappingOutput, Fault> {
        check_target(cx, &input.api_id, &input.stage)?;
        let mapping = ApiMapping {
            api_id: input.api_id,
            api_mapping_id: Some(cx.ids().lower(6)),
            api_mapping_key: Some(input.api_mapping_key.unwrap_or_default()),
            stage: input.stage,
        };
        change_domain(cx, &input.domain_name, |domain| {
            if domain.mappings.values().any(|m| m.api_mapping_key == mapping.api_mapping_key) {
                return Err(Error::Conflict.says("ApiMapping key already exists for this domain name"));
            }
            domain.mappings.insert(mapping.api_mapping_id.clone().unwrap_or_default(), mapping.clone());
            shown(&mapping)
        })
        .await
    }

    /// Describes a mapping.
    pub async fn get_api_mapping(&self, cx: &Context, input: GetApiMappingInput) -> Result<GetApiMappingOutput, Fault> {
        let id = &input.api_mapping_id;
        cx.store().read(|s| shown(domain(s, cx, &input.domain_name)?.mappings.get(id).ok_or_else(|| missing("API mapping", id))?))
    }

    /// All mappings of a domain.
    pub async fn get_api_mappings(&self, cx: &Context, input: GetApiMappingsInput) -> Result<GetApiMappingsOutput, Fault> {
        let all: Vec<ApiMapping> =
            cx.store().read(|s| Ok::<_, Fault>(domain(s, cx, &input.domain_name)?.mappings.into_values().collect()))?;
        let key = |m: &ApiMapping| m.api_mapping_id.clone().unwrap_or_default();
        let (items, next_token) = page(all, key, input.next_token.as_deref(), input.max_results.as_deref())?;
        Ok(GetApiMappingsOutput { items: Some(items), next_token })
    }

    /// Changes a mapping.
    pub async fn update_api_mapping(&self, cx: &Context, input: UpdateApiMappingInput) -> Result<UpdateApiMappingOutput, Fault> {
        let id = input.api_mapping_id.clone();
        let there = cx
            .store()
            .read(|s| domain(s, cx, &input.domain_name)?.mappings.get(&id).cloned().ok_or_else(|| missing("API mapping", &id)))?;
        let mapping: ApiMapping = updated(&there, &input)?;
        check_target(cx, &mapping.api_id, &mapping.stage)?;
        change_domain(cx, &input.domain_name, |domain| {
            domain.mappings.insert(id, mapping.clone());
            shown(&mapping)
        })
        .await
    }

    /// Takes a mapping away.
    pub async fn delete_api_mapping(&self, cx: &Context, input: DeleteApiMappingInput) -> Result<DeleteApiMappingOutput, Fault> {
        let id = input.api_mapping_id;
        change_domain(cx, &input.domain_name, |domain| domain.mappings.remove(&id).ok_or_else(|| missing("API mapping", &id))).await?;
        Ok(DeleteApiMappingOutput {})
    }
}

fn check_target(cx: &Context, api_id: &str, stage: &str) -> Result<(), Fault> {
    cx.store().read(|s| {
        if !s.exists(&APIS, cx.scope(), &api_id.to_owned())? {
            return Err(bad(format!("Invalid API identifier specified {api_id}: an HTTP API is needed")));
        }
        match s.exists(&STAGES, cx.scope(), &(api_id.to_owned(), stage.to_owned()))? {
            true => Ok(()),
            false => Err(bad(format!("Invalid stage identifier specified {stage}"))),
        }
    })
}
