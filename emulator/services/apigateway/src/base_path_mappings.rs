//! Base path mappings: which API and stage stands under which path of a custom domain name.

use crate::{
    ApiGateway, Error,
    domain_names::{change_domain, domain},
    model::*,
    patch,
    state::*,
};
use kit::{Context, Fault, Read};

/// How AWS calls the mapping of a domain's root.
pub(crate) const ROOT: &str = "(none)";

impl ApiGateway {
    /// Maps a path of a domain to a stage; without a stage the path's next part names it.
    pub async fn create_base_path_mapping(&self, cx: &Context, input: CreateBasePathMappingInput) -> Result<BasePathMapping, Fault> {
        let path = input.base_path.filter(|path| !path.is_empty()).unwrap_or(ROOT.into());
        check_path(&path)?;
        let mapping = BasePathMapping {
            base_path: Some(path.clone()),
            rest_api_id: Some(input.rest_api_id),
            stage: input.stage.filter(|s| !s.is_empty()),
        };
        check_target(cx, &mapping)?;
        change_domain(cx, &input.domain_name, |domain| {
            if domain.mappings.contains_key(&path) {
                return Err(conflict("Base path already exists for this domain name"));
            }
            domain.mappings.insert(path, mapping.clone());
            Ok(mapping)
        })
        .await
    }

    /// Describes a mapping.
    pub async fn get_base_path_mapping(&self, cx: &Context, input: GetBasePathMappingInput) -> Result<BasePathMapping, Fault> {
        cx.store().read(|s| domain(s, cx, &input.domain_name)?.mappings.get(&input.base_path).cloned().ok_or_else(no_such_mapping))
    }

    /// All mappings of a domain.
    pub async fn get_base_path_mappings(&self, cx: &Context, input: GetBasePathMappingsInput) -> Result<GetBasePathMappingsOutput, Fault> {
        let all: Vec<_> = cx.store().read(|s| Ok::<_, Fault>(domain(s, cx, &input.domain_name)?.mappings.into_values().collect()))?;
        let (items, position) =
            page(all, |m: &BasePathMapping| m.base_path.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetBasePathMappingsOutput { items: Some(items), position })
    }

    /// Changes a mapping: its path, API or stage.
    pub async fn update_base_path_mapping(&self, cx: &Context, input: UpdateBasePathMappingInput) -> Result<BasePathMapping, Fault> {
        let patches = patch::read(input.patch_operations)?;
        let mut mapping =
            cx.store().read(|s| domain(s, cx, &input.domain_name)?.mappings.get(&input.base_path).cloned().ok_or_else(no_such_mapping))?;
        for patch in &patches {
            match patch.parts()[..] {
                ["basePath"] => mapping.base_path = Some(patch.value.clone().filter(|path| !path.is_empty()).unwrap_or(ROOT.into())),
                // AWS's own documentation writes it in both ways.
                ["restapiId" | "restApiId"] => mapping.rest_api_id = Some(patch.value()?.to_owned()),
                ["stage"] => patch.text(&mut mapping.stage)?,
                _ => return Err(patch.none_of("/basePath, /restapiId, /stage")),
            }
        }
        let path = mapping.base_path.clone().unwrap_or_default();
        check_path(&path)?;
        check_target(cx, &mapping)?;
        change_domain(cx, &input.domain_name, |domain| {
            if path != input.base_path && domain.mappings.contains_key(&path) {
                return Err(conflict("Base path already exists for this domain name"));
            }
            domain.mappings.remove(&input.base_path).ok_or_else(no_such_mapping)?;
            domain.mappings.insert(path, mapping.clone());
            Ok(mapping)
        })
        .await
    }

    /// Takes a mapping away.
    pub async fn delete_base_path_mapping(
        &self,
        cx: &Context,
        input: DeleteBasePathMappingInput,
    ) -> Result<DeleteBasePathMappingOutput, Fault> {
        change_domain(cx, &input.domain_name, |domain| domain.mappings.remove(&input.base_path).ok_or_else(no_such_mapping)).await?;
        Ok(DeleteBasePathMappingOutput {})
    }
}

fn no_such_mapping() -> Fault {
    Error::NotFound.says("Invalid base path mapping identifier specified")
}

fn check_path(path: &str) -> Result<(), Fault> {
    let fits = path == ROOT || path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+!*'()/".contains(&b));
    if fits && path.len() <= 300 { Ok(()) } else { Err(bad("API Gateway base paths may only contain letters, numbers and -_.+!*'()/")) }
}

fn check_target(cx: &Context, mapping: &BasePathMapping) -> Result<(), Fault> {
    let api_id = mapping.rest_api_id.clone().unwrap_or_default();
    cx.store().read(|s| {
        if !s.exists(&APIS, cx.scope(), &api_id)? {
            return Err(bad("Invalid REST API identifier specified"));
        }
        match &mapping.stage {
            Some(stage) if !s.exists(&STAGES, cx.scope(), &(api_id, stage.clone()))? => Err(bad("Invalid stage identifier specified")),
            _ => Ok(()),
        }
    })
}
