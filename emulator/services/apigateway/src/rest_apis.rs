//! REST APIs themselves: made with their root resource, described, changed, deleted.

use crate::{ApiGateway, model::*, patch, state::*};
use kit::{Context, Fault, Read};
use std::collections::BTreeMap;

impl ApiGateway {
    /// Makes an API with nothing but its root. A tag `_custom_id_` chooses the id.
    pub async fn create_rest_api(&self, cx: &Context, input: CreateRestApiInput) -> Result<RestApi, Fault> {
        refuse_what_is_not_honoured(&input)?;
        if input.name.trim().is_empty() {
            return Err(bad("Name cannot be empty"));
        }
        if input.description.as_deref() == Some("") {
            return Err(bad("Description cannot be an empty string"));
        }
        input.minimum_compression_size.map_or(Ok(()), check_compression)?;
        if let Some(policy) = &input.policy {
            check_policy(policy)?;
        }
        let custom = input.tags.as_ref().and_then(|tags| tags.get("_custom_id_")).filter(|id| is_id(id));
        let id = custom.cloned().unwrap_or_else(|| cx.ids().lower(10));
        let root = Resource { id: Some(cx.ids().lower(10)), path: Some("/".into()), ..Default::default() };
        let root_id = root.id.clone().unwrap_or_default();
        let settings = RestApi {
            id: Some(id.clone()),
            name: Some(input.name),
            description: input.description,
            created_date: Some(cx.now()),
            version: input.version,
            minimum_compression_size: input.minimum_compression_size,
            binary_media_types: input.binary_media_types.filter(|types| !types.is_empty()),
            api_key_source: Some(input.api_key_source.unwrap_or(ApiKeySourceType::Header)),
            endpoint_configuration: Some(endpoint(input.endpoint_configuration)?),
            policy: input.policy,
            tags: input.tags.filter(|tags| !tags.is_empty()),
            disable_execute_api_endpoint: Some(input.disable_execute_api_endpoint.unwrap_or(false)),
            root_resource_id: Some(root_id.clone()),
            ..Default::default()
        };
        let models = crate::models::defaults(cx);
        let api = Api { settings, resources: BTreeMap::from([(root_id, root)]), models, ..Default::default() };
        let place = Place { account: cx.account().into(), region: cx.region().into() };
        cx.store()
            .write(|tx| {
                if tx.exists(&NAMES, cx.scope(), &id)? {
                    return Err(conflict(format!("The API id {id} is taken.")));
                }
                tx.put(&NAMES, cx.scope(), &id, &place)?;
                tx.put(&APIS, cx.scope(), &id, &api)
            })
            .await?;
        Ok(api.settings)
    }

    /// Describes an API.
    pub async fn get_rest_api(&self, cx: &Context, input: GetRestApiInput) -> Result<RestApi, Fault> {
        of_api(cx, &input.rest_api_id, |api| Ok(with_tags(api.settings.clone())))
    }

    /// APIs of the account and region.
    pub async fn get_rest_apis(&self, cx: &Context, input: GetRestApisInput) -> Result<GetRestApisOutput, Fault> {
        let apis: Vec<Api> = cx.store().read(|s| s.scan(&APIS, cx.scope()).map(|row| row.map(|(_, api)| api)).collect::<Result<_, _>>())?;
        let (items, position) = page(apis, |api| api.id().to_owned(), input.position.as_deref(), input.limit)?;
        Ok(GetRestApisOutput { items: Some(items.into_iter().map(|api| api.settings).collect()), position })
    }

    /// Changes an API.
    pub async fn update_rest_api(&self, cx: &Context, input: UpdateRestApiInput) -> Result<RestApi, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            patches.iter().try_for_each(|patch| apply(&mut api.settings, patch))?;
            Ok(with_tags(api.settings.clone()))
        })
        .await
    }

    /// Deletes an API with all that is in it.
    pub async fn delete_rest_api(&self, cx: &Context, input: DeleteRestApiInput) -> Result<DeleteRestApiOutput, Fault> {
        let id = input.rest_api_id;
        cx.store()
            .write(|tx| {
                api(tx, cx.scope(), &id)?;
                let deployments: Vec<_> = tx.scan(&DEPLOYMENTS, cx.scope()).prefix(&(id.as_str(),)).keys().collect::<Result<_, _>>()?;
                for key in &deployments {
                    tx.delete(&DEPLOYMENTS, cx.scope(), key)?;
                    tx.delete(&PICTURES, cx.scope(), key)?;
                }
                let stages: Vec<_> = tx.scan(&STAGES, cx.scope()).prefix(&(id.as_str(),)).keys().collect::<Result<_, _>>()?;
                stages.iter().try_for_each(|key| tx.delete(&STAGES, cx.scope(), key).map(drop))?;
                tx.delete(&NAMES, cx.scope(), &id)?;
                tx.delete(&APIS, cx.scope(), &id)
            })
            .await?;
        Ok(DeleteRestApiOutput {})
    }
}

fn refuse_what_is_not_honoured(input: &CreateRestApiInput) -> Result<(), Fault> {
    let no = |what: &str| Err(refused("CreateRestApi", what));
    if input.clone_from.is_some() {
        return no("cloneFrom");
    }
    if input.security_policy.is_some() {
        return no("securityPolicy");
    }
    if input.endpoint_access_mode.is_some() {
        return no("endpointAccessMode");
    }
    if input.endpoint_configuration.as_ref().is_some_and(|endpoint| endpoint.vpc_endpoint_ids.is_some()) {
        return no("vpcEndpointIds");
    }
    Ok(())
}

pub(crate) fn check_compression(size: i32) -> Result<(), Fault> {
    match (0..=10_485_760).contains(&size) {
        true => Ok(()),
        false => Err(bad("Invalid minimum compression size, must be between 0 and 10485760")),
    }
}

const ONLY_DUALSTACK: &str = "Only dualstack ipAddressType is supported for Private APIs.";

fn endpoint(wanted: Option<EndpointConfiguration>) -> Result<EndpointConfiguration, Fault> {
    let wanted = wanted.unwrap_or_default();
    let types = wanted.types.unwrap_or(vec![EndpointType::Edge]);
    match types.len() {
        0 => Err(bad("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")),
        1 => {
            let private = types[0] == EndpointType::Private;
            let usual = if private { IpAddressType::Dualstack } else { IpAddressType::Ipv4 };
            let ip = wanted.ip_address_type.unwrap_or(usual);
            if private && ip != usual {
                return Err(bad(ONLY_DUALSTACK));
            }
            Ok(EndpointConfiguration { types: Some(types), ip_address_type: Some(ip), vpc_endpoint_ids: None })
        }
        _ => Err(bad("Cannot create an api with multiple Endpoint Types.")),
    }
}

/// Whether an API is met in a VPC only. This machine is taken for the VPC; what AWS asks of such an API, a resource policy, is asked here.
pub(crate) fn is_private(settings: &RestApi) -> bool {
    settings.endpoint_configuration.as_ref().is_some_and(|endpoint| endpoint.types.as_deref() == Some(&[EndpointType::Private]))
}

/// Where one API is described its tags are there, even if it has none.
fn with_tags(mut settings: RestApi) -> RestApi {
    settings.tags.get_or_insert_default();
    settings
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Resources may be abbreviated (`execute-api:/*`); they are written out where the policy is asked.
fn check_policy(policy: &str) -> Result<(), Fault> {
    let written_out = expanded(policy, "arn:aws:execute-api:us-east-1:000000000000:api/");
    let document = kit::policy::Document::parse(&written_out, kit::policy::DocumentKind::Resource);
    document.map(drop).map_err(|e| {
        bad(format!("Invalid policy document. Please check the policy syntax and ensure that Principals are valid. {}", e.message))
    })
}

/// A resource policy with its abbreviated resources written out; `prefix` is the API's ARN with a slash.
pub(crate) fn expanded(policy: &str, prefix: &str) -> String {
    policy.replace("\"execute-api:/", &format!("\"{prefix}"))
}

fn apply(settings: &mut RestApi, patch: &patch::Patch) -> Result<(), Fault> {
    let only_replace = || match patch.op {
        Op::Replace => Ok(()),
        _ => Err(bad("Invalid patch operation specified. Must be one of: [replace]")),
    };
    match patch.parts()[..] {
        ["name"] => settings.name = Some(patch.value()?.to_owned()),
        ["description"] => patch.text(&mut settings.description)?,
        ["version"] => patch.text(&mut settings.version)?,
        ["policy"] => {
            if let Some(policy) = patch.value.as_deref().filter(|p| !p.is_empty() && patch.op != Op::Remove) {
                check_policy(policy)?;
            }
            patch.text(&mut settings.policy)?;
        }
        ["disableExecuteApiEndpoint"] => settings.disable_execute_api_endpoint = Some(patch.boolean()?),
        ["apiKeySource"] => {
            let source = ApiKeySourceType::parse(patch.value()?);
            settings.api_key_source =
                Some(source.ok_or_else(|| bad("Invalid apiKeySource specified. Valid options are HEADER,AUTHORIZER"))?);
        }
        ["minimumCompressionSize"] => {
            only_replace()?;
            let size = patch.value.as_deref().filter(|text| !text.is_empty()).map(|text| text.parse().unwrap_or(-1));
            size.map_or(Ok(()), check_compression)?;
            settings.minimum_compression_size = size;
        }
        ["binaryMediaTypes", media] => binary_media_type(settings.binary_media_types.get_or_insert_default(), patch, media),
        ["endpointConfiguration", "types", _] if patch.op != Op::Replace => {
            return Err(bad("Invalid patch operation specified. Must be 'add'|'remove'|'replace'"));
        }
        // The old type is named, or counted: there is one.
        ["endpointConfiguration", "types", old] if old == "0" || EndpointType::parse(old).is_some() => {
            let kind = EndpointType::parse(patch.value()?);
            let kind = kind.ok_or_else(|| bad("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"))?;
            let endpoint = settings.endpoint_configuration.get_or_insert_default();
            endpoint.types = Some(vec![kind]);
            if kind == EndpointType::Private {
                endpoint.ip_address_type = Some(IpAddressType::Dualstack);
            }
        }
        ["endpointConfiguration", "ipAddressType"] => {
            only_replace()?;
            let kind = IpAddressType::parse(patch.value()?);
            let kind = kind.ok_or_else(|| bad("ipAddressType must be either ipv4 or dualstack."))?;
            if is_private(settings) && kind != IpAddressType::Dualstack {
                return Err(bad(ONLY_DUALSTACK));
            }
            settings.endpoint_configuration.get_or_insert_default().ip_address_type = Some(kind);
        }
        _ => return Err(patch.unknown()),
    }
    settings.binary_media_types = settings.binary_media_types.take().filter(|types| !types.is_empty());
    Ok(())
}

fn binary_media_type(types: &mut Vec<String>, patch: &patch::Patch, media: &str) {
    let new = match patch.op {
        Op::Add => Some(media.to_owned()),
        Op::Replace => patch.value.clone(),
        _ => None,
    };
    if patch.op != Op::Add {
        types.retain(|there| there != media);
    }
    types.extend(new.filter(|new| !types.contains(new)));
}
