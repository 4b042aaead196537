//! Documentation parts and versions: kept and given back, in exports too; they change nothing that an API does.

use crate::{ApiGateway, Error, model::*, patch, state::*};
use kit::{Context, Fault};

impl ApiGateway {
    /// Keeps a documentation part.
    pub async fn create_documentation_part(&self, cx: &Context, input: CreateDocumentationPartInput) -> Result<DocumentationPart, Fault> {
        if serde_json::from_str::<serde_json::Value>(&input.properties).ok().filter(|p| p.is_object()).is_none() {
            return Err(bad("Documentation part properties must be non-empty"));
        }
        let part = DocumentationPart { id: Some(cx.ids().lower(6)), location: Some(input.location), properties: Some(input.properties) };
        change(cx, &input.rest_api_id, |api| {
            if api.documentation_parts.values().any(|there| there.location == part.location) {
                return Err(conflict("Documentation part already exists for the specified location"));
            }
            api.documentation_parts.insert(part.id.clone().unwrap_or_default(), part.clone());
            Ok(part)
        })
        .await
    }

    /// Gives a documentation part back.
    pub async fn get_documentation_part(&self, cx: &Context, input: GetDocumentationPartInput) -> Result<DocumentationPart, Fault> {
        let api = cx.store().read(|s| api(s, cx.scope(), &input.rest_api_id)).map_err(|_| no_such_part())?;
        api.documentation_parts.get(&input.documentation_part_id).cloned().ok_or_else(no_such_part)
    }

    /// Documentation parts of an API, by type, path and name where they are asked for.
    pub async fn get_documentation_parts(
        &self,
        cx: &Context,
        input: GetDocumentationPartsInput,
    ) -> Result<GetDocumentationPartsOutput, Fault> {
        if input.location_status.is_some_and(|status| status == LocationStatusType::Undocumented) {
            return Err(refused("GetDocumentationParts", "locationStatus UNDOCUMENTED"));
        }
        let mut all = of_api(cx, &input.rest_api_id, |api| Ok(api.documentation_parts.values().cloned().collect::<Vec<_>>()))?;
        all.retain(|part| {
            let Some(location) = &part.location else { return false };
            let name = location.name.as_deref().unwrap_or_default();
            input.r#type.is_none_or(|kind| location.r#type == Some(kind))
                && input.path.as_ref().is_none_or(|path| location.path.as_ref() == Some(path))
                && input.name_query.as_ref().is_none_or(|query| name.contains(query))
        });
        let (items, position) = page(all, |p| p.id.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetDocumentationPartsOutput { items: Some(items), position })
    }

    /// Changes what a documentation part says.
    pub async fn update_documentation_part(&self, cx: &Context, input: UpdateDocumentationPartInput) -> Result<DocumentationPart, Fault> {
        cx.store().read(|s| api(s, cx.scope(), &input.rest_api_id)).map_err(|_| no_such_part())?;
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            let part = api.documentation_parts.get_mut(&input.documentation_part_id).ok_or_else(no_such_part)?;
            for patch in &patches {
                patch.only_replace("/properties")?;
                part.properties = Some(patch.value()?.to_owned());
            }
            Ok(part.clone())
        })
        .await
    }

    /// Forgets a documentation part.
    pub async fn delete_documentation_part(
        &self,
        cx: &Context,
        input: DeleteDocumentationPartInput,
    ) -> Result<DeleteDocumentationPartOutput, Fault> {
        change(cx, &input.rest_api_id, |api| api.documentation_parts.remove(&input.documentation_part_id).ok_or_else(no_such_part)).await?;
        Ok(DeleteDocumentationPartOutput {})
    }

    /// Keeps a version of the documentation by name.
    pub async fn create_documentation_version(
        &self,
        cx: &Context,
        input: CreateDocumentationVersionInput,
    ) -> Result<DocumentationVersion, Fault> {
        if input.stage_name.is_some() {
            return Err(refused("CreateDocumentationVersion", "stageName (set documentationVersion of the stage instead)"));
        }
        let version = input.documentation_version;
        let kept = DocumentationVersion { version: Some(version.clone()), created_date: Some(cx.now()), description: input.description };
        change(cx, &input.rest_api_id, |api| {
            if api.documentation_versions.contains_key(&version) {
                return Err(conflict("Documentation version already exists"));
            }
            api.documentation_versions.insert(version, kept.clone());
            Ok(kept)
        })
        .await
    }

    /// Gives a version of the documentation back.
    pub async fn get_documentation_version(
        &self,
        cx: &Context,
        input: GetDocumentationVersionInput,
    ) -> Result<DocumentationVersion, Fault> {
        of_api(cx, &input.rest_api_id, |api| {
            api.documentation_versions.get(&input.documentation_version).cloned().ok_or_else(no_such_version)
        })
    }

    /// All versions of an API's documentation.
    pub async fn get_documentation_versions(
        &self,
        cx: &Context,
        input: GetDocumentationVersionsInput,
    ) -> Result<GetDocumentationVersionsOutput, Fault> {
        let all = of_api(cx, &input.rest_api_id, |api| Ok(api.documentation_versions.values().cloned().collect::<Vec<_>>()))?;
        let (items, position) = page(all, |v| v.version.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetDocumentationVersionsOutput { items: Some(items), position })
    }

    /// Changes the description of a version.
    pub async fn update_documentation_version(
        &self,
        cx: &Context,
        input: UpdateDocumentationVersionInput,
    ) -> Result<DocumentationVersion, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            let version = api.documentation_versions.get_mut(&input.documentation_version).ok_or_else(no_such_version)?;
            for patch in &patches {
                patch.only_replace("/description")?;
                patch.text(&mut version.description)?;
            }
            Ok(version.clone())
        })
        .await
    }

    /// Forgets a version of the documentation.
    pub async fn delete_documentation_version(
        &self,
        cx: &Context,
        input: DeleteDocumentationVersionInput,
    ) -> Result<DeleteDocumentationVersionOutput, Fault> {
        change(cx, &input.rest_api_id, |api| api.documentation_versions.remove(&input.documentation_version).ok_or_else(no_such_version))
            .await?;
        Ok(DeleteDocumentationVersionOutput {})
    }
}

fn no_such_part() -> Fault {
    Error::NotFound.says("Invalid Documentation part identifier specified")
}
fn no_such_version() -> Fault {
    Error::NotFound.says("Invalid Documentation version identifier specified")
}
