//! Versions of layers: published, shown, listed, deleted.

use super::{LAYERS, LayerName, LayerVersion, NEWEST, find, gone, number};
use crate::{Lambda, code, functions, model::*, state::*};
use kit::{Context, Fault, Read, Reply};

impl Lambda {
    /// Takes a zip as the next version.
    pub async fn publish_layer_version(&self, cx: &Context, input: PublishLayerVersionInput) -> Result<PublishLayerVersionOutput, Fault> {
        let name = LayerName::parse(cx, &input.layer_name)?;
        if name.scope != *cx.scope() {
            return Err(invalid("A layer can only be published in the account and region of the request."));
        }
        let source = code::Source {
            zip: input.content.zip_file,
            bucket: input.content.s3_bucket,
            key: input.content.s3_key,
            object_version: input.content.s3_object_version,
            kms_key_arn: None,
        };
        let code = code::take(cx, source).await?;
        let texts = |list: Vec<&'static str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let version = LayerVersion {
            description: input.description.unwrap_or_default(),
            license: input.license_info,
            runtimes: input.compatible_runtimes.map(|list| texts(list.iter().map(|r| r.as_str()).collect())),
            architectures: input.compatible_architectures.map(|list| texts(list.iter().map(|a| a.as_str()).collect())),
            created: cx.now(),
            code: Some(code),
            policy: None,
            deleted: false,
        };
        let number = cx
            .store()
            .write(|tx| {
                let number = tx.get(&NEWEST, &name.scope, &name.layer)?.unwrap_or(0) + 1;
                if let Some(code) = &version.code {
                    tx.adopt(&code.zip);
                }
                tx.put(&NEWEST, &name.scope, &name.layer, &number)?;
                tx.put(&LAYERS, &name.scope, &(name.layer.clone(), number), &version)?;
                Ok(number)
            })
            .await?;
        let shown = show(cx, &name, number, &version);
        Ok(PublishLayerVersionOutput {
            content: shown.content,
            layer_arn: shown.layer_arn,
            layer_version_arn: shown.layer_version_arn,
            description: shown.description,
            created_date: shown.created_date,
            version: shown.version,
            compatible_runtimes: shown.compatible_runtimes,
            license_info: shown.license_info,
            compatible_architectures: shown.compatible_architectures,
        })
    }

    /// A version with a place to fetch it from.
    pub async fn get_layer_version(&self, cx: &Context, input: GetLayerVersionInput) -> Result<GetLayerVersionOutput, Fault> {
        let name = LayerName::parse(cx, &input.layer_name)?;
        get(cx, &name, number(input.version_number)?)
    }

    /// The same, by ARN.
    pub async fn get_layer_version_by_arn(
        &self,
        cx: &Context,
        input: GetLayerVersionByArnInput,
    ) -> Result<GetLayerVersionByArnOutput, Fault> {
        let (name, number) = LayerName::version(&input.arn).ok_or_else(gone)?;
        get(cx, &name, number)
    }

    /// Takes a version away; one that isn't there is as gone as one that was.
    pub async fn delete_layer_version(
        &self,
        cx: &Context,
        input: DeleteLayerVersionInput,
    ) -> Result<Reply<DeleteLayerVersionOutput>, Fault> {
        let name = LayerName::parse(cx, &input.layer_name)?;
        let key = (name.layer.clone(), number(input.version_number)?);
        cx.store()
            .write(|tx| {
                let Some(version) = tx.get(&LAYERS, &name.scope, &key)? else { return Ok(()) };
                tx.put(&LAYERS, &name.scope, &key, &LayerVersion { deleted: true, ..version })
            })
            .await?;
        Ok(Reply::new(DeleteLayerVersionOutput {}).status(204))
    }

    /// Versions of a layer, newest first.
    pub async fn list_layer_versions(&self, cx: &Context, input: ListLayerVersionsInput) -> Result<ListLayerVersionsOutput, Fault> {
        let name = LayerName::parse(cx, &input.layer_name)?;
        let wanted = Wanted { runtime: input.compatible_runtime, architecture: input.compatible_architecture };
        let rows = cx.store().read(|s| {
            let mut rows = Vec::new();
            for row in s.scan(&LAYERS, &name.scope).prefix(&(name.layer.as_str(),)).reverse() {
                let ((_, number), version) = row?;
                if !version.deleted && wanted.fits(&version) {
                    rows.push((number, item(&name, number, &version)));
                }
            }
            Ok::<_, Fault>(rows)
        })?;
        let limit = input.max_items.unwrap_or(50).clamp(1, 50) as usize;
        // Newest first: the key of a page counts down.
        let key = |(number, _): &(u64, LayerVersionsListItem)| format!("{:020}", u64::MAX - number);
        let page = kit::pages::page(rows, key, input.marker.as_deref(), limit, functions::bad_marker)?;
        Ok(ListLayerVersionsOutput { layer_versions: Some(page.items.into_iter().map(|(_, v)| v).collect()), next_marker: page.next })
    }

    /// Layers with their newest version.
    pub async fn list_layers(&self, cx: &Context, input: ListLayersInput) -> Result<ListLayersOutput, Fault> {
        let wanted = Wanted { runtime: input.compatible_runtime, architecture: input.compatible_architecture };
        let rows = cx.store().read(|s| {
            let mut rows: Vec<(String, LayersListItem)> = Vec::new();
            for row in s.scan(&LAYERS, cx.scope()) {
                let ((layer, number), version) = row?;
                if version.deleted || !wanted.fits(&version) {
                    continue;
                }
                let name = LayerName { scope: cx.scope().clone(), layer: layer.clone() };
                let newest = LayersListItem {
                    layer_name: Some(layer.clone()),
                    layer_arn: Some(name.arn()),
                    latest_matching_version: Some(item(&name, number, &version)),
                };
                match rows.last_mut().filter(|(last, _)| *last == layer) {
                    Some((_, last)) => *last = newest,
                    None => rows.push((layer, newest)),
                }
            }
            Ok::<_, Fault>(rows)
        })?;
        let limit = input.max_items.unwrap_or(50).clamp(1, 50) as usize;
        let page = kit::pages::page(rows, |(layer, _)| layer.clone(), input.marker.as_deref(), limit, functions::bad_marker)?;
        Ok(ListLayersOutput { layers: Some(page.items.into_iter().map(|(_, l)| l).collect()), next_marker: page.next })
    }
}

/// What a list is narrowed to.
struct Wanted {
    runtime: Option<Runtime>,
    architecture: Option<Architecture>,
}

impl Wanted {
    fn fits(&self, version: &LayerVersion) -> bool {
        let has = |list: &Option<Vec<String>>, text: &str| list.as_ref().is_some_and(|list| list.iter().any(|t| t == text));
        self.runtime.is_none_or(|r| has(&version.runtimes, r.as_str()))
            && self.architecture.is_none_or(|a| has(&version.architectures, a.as_str()))
    }
}

fn get(cx: &Context, name: &LayerName, number: u64) -> Result<GetLayerVersionOutput, Fault> {
    let version = cx.store().read(|s| find(s, name, number))?.ok_or_else(gone)?;
    Ok(show(cx, name, number, &version))
}

fn runtimes(version: &LayerVersion) -> Option<Vec<Runtime>> {
    version.runtimes.as_ref().map(|list| list.iter().filter_map(|r| Runtime::parse(r)).collect())
}

fn architectures(version: &LayerVersion) -> Option<Vec<Architecture>> {
    version.architectures.as_ref().map(|list| list.iter().filter_map(|a| Architecture::parse(a)).collect())
}

fn date(version: &LayerVersion) -> String {
    kit::time::iso_millis(version.created).replace('Z', "+0000")
}

fn show(cx: &Context, name: &LayerName, number: u64, version: &LayerVersion) -> GetLayerVersionOutput {
    let content = version.code.as_ref().map(|code| LayerVersionContentOutput {
        location: Some(code::layer_location(cx, name, number, code)),
        code_sha256: Some(code.sha256.clone()),
        code_size: Some(code.bytes as i64),
        ..LayerVersionContentOutput::default()
    });
    GetLayerVersionOutput {
        content,
        layer_arn: Some(name.arn()),
        layer_version_arn: Some(name.version_arn(number)),
        description: Some(version.description.clone()),
        created_date: Some(date(version)),
        version: Some(number as i64),
        compatible_runtimes: runtimes(version),
        license_info: version.license.clone(),
        compatible_architectures: architectures(version),
    }
}

fn item(name: &LayerName, number: u64, version: &LayerVersion) -> LayerVersionsListItem {
    LayerVersionsListItem {
        layer_version_arn: Some(name.version_arn(number)),
        version: Some(number as i64),
        description: Some(version.description.clone()),
        created_date: Some(date(version)),
        compatible_runtimes: runtimes(version),
        license_info: version.license.clone(),
        compatible_architectures: architectures(version),
    }
}
