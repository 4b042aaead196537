//! Settings of function URLs: made, changed, shown, deleted. AWS's answers as recorded.

use super::{NAMES, Place, URLS, Url, address};
use crate::{Lambda, functions, model::*, names::Name, state::*};
use kit::{Context, Fault, Read, Reply, Tx};

impl Lambda {
    /// Gives a function or an alias an address.
    pub async fn create_function_url_config(
        &self,
        cx: &Context,
        input: CreateFunctionUrlConfigInput,
    ) -> Result<CreateFunctionUrlConfigOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let place = place(&name);
        let url = Url {
            id: cx.ids().lower(32),
            auth: input.auth_type.as_str().to_owned(),
            cors: input.cors,
            mode: input.invoke_mode.map(|mode| mode.as_str().to_owned()),
            created: cx.now(),
            modified: cx.now(),
        };
        cx.store()
            .write(|tx| {
                exists(tx, &name)?;
                if tx.exists(&URLS, &name.scope, &place.key())? {
                    return Err(user(Error::ResourceConflict.says(format!(
                        "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig exists for this Lambda function",
                        name.arn()
                    ))));
                }
                tx.put(&URLS, &name.scope, &place.key(), &url)?;
                tx.put(&NAMES, &name.scope, &url.id, &place)
            })
            .await?;
        let shown = show(cx, &name, &url);
        Ok(CreateFunctionUrlConfigOutput {
            function_url: shown.function_url,
            function_arn: shown.function_arn,
            auth_type: shown.auth_type,
            cors: shown.cors,
            creation_time: shown.creation_time,
            invoke_mode: input.invoke_mode,
        })
    }

    /// Changes what the request names.
    pub async fn update_function_url_config(
        &self,
        cx: &Context,
        input: UpdateFunctionUrlConfigInput,
    ) -> Result<UpdateFunctionUrlConfigOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let key = place(&name).key();
        let url = cx
            .store()
            .write(|tx| {
                exists(tx, &name)?;
                let mut url = tx.get(&URLS, &name.scope, &key)?.ok_or_else(gone)?;
                if let Some(auth) = input.auth_type {
                    url.auth = auth.as_str().to_owned();
                }
                if let Some(mode) = input.invoke_mode {
                    url.mode = Some(mode.as_str().to_owned());
                }
                if let Some(cors) = input.cors.clone() {
                    // One without members takes it away.
                    url.cors = (cors != Cors::default()).then_some(cors);
                }
                url.modified = cx.now();
                tx.put(&URLS, &name.scope, &key, &url)?;
                Ok(url)
            })
            .await?;
        let shown = show(cx, &name, &url);
        Ok(UpdateFunctionUrlConfigOutput {
            function_url: shown.function_url,
            function_arn: shown.function_arn,
            auth_type: shown.auth_type,
            cors: shown.cors,
            creation_time: shown.creation_time,
            last_modified_time: shown.last_modified_time,
            invoke_mode: url.mode.as_deref().and_then(InvokeMode::parse),
        })
    }

    /// The settings of one URL.
    pub async fn get_function_url_config(
        &self,
        cx: &Context,
        input: GetFunctionUrlConfigInput,
    ) -> Result<GetFunctionUrlConfigOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let url = cx.store().read(|s| s.get(&URLS, &name.scope, &place(&name).key()))?.ok_or_else(gone)?;
        let shown = show(cx, &name, &url);
        Ok(GetFunctionUrlConfigOutput {
            function_url: shown.function_url,
            function_arn: shown.function_arn,
            auth_type: shown.auth_type,
            cors: shown.cors,
            creation_time: shown.creation_time,
            last_modified_time: shown.last_modified_time,
            invoke_mode: shown.invoke_mode,
        })
    }

    /// The URLs of a function and its aliases.
    pub async fn list_function_url_configs(
        &self,
        cx: &Context,
        input: ListFunctionUrlConfigsInput,
    ) -> Result<ListFunctionUrlConfigsOutput, Fault> {
        let name = Name { qualifier: None, ..Name::parse(cx, &input.function_name, None)? };
        let rows = cx.store().read(|s| {
            exists(s, &name)?;
            let mut rows = Vec::new();
            for row in s.scan(&URLS, &name.scope).prefix(&(name.function.as_str(),)) {
                let ((function, qualifier), url) = row?;
                let place = Place { function, qualifier: qualifier.clone(), ..place(&name) };
                rows.push((qualifier, show(cx, &place.name(), &url)));
            }
            Ok::<_, Fault>(rows)
        })?;
        let limit = input.max_items.unwrap_or(50).clamp(1, 50) as usize;
        let page = kit::pages::page(rows, |(qualifier, _)| qualifier.clone(), input.marker.as_deref(), limit, functions::bad_marker)?;
        Ok(ListFunctionUrlConfigsOutput {
            function_url_configs: page.items.into_iter().map(|(_, url)| url).collect(),
            next_marker: page.next,
        })
    }

    /// Takes an address away.
    pub async fn delete_function_url_config(
        &self,
        cx: &Context,
        input: DeleteFunctionUrlConfigInput,
    ) -> Result<Reply<DeleteFunctionUrlConfigOutput>, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        cx.store()
            .write(|tx| {
                let url = tx.delete(&URLS, &name.scope, &place(&name).key())?.ok_or_else(gone)?;
                tx.delete(&NAMES, &name.scope, &url.id).map(drop)
            })
            .await?;
        Ok(Reply::new(DeleteFunctionUrlConfigOutput {}).status(204))
    }
}

/// Takes away all URLs of a function that is being deleted.
pub(crate) fn remove_all(tx: &mut Tx<'_>, name: &Name) -> Result<(), Fault> {
    let keys: Vec<(String, String)> = tx.scan(&URLS, &name.scope).prefix(&(name.function.as_str(),)).keys().collect::<Result<_, _>>()?;
    for key in keys {
        if let Some(url) = tx.delete(&URLS, &name.scope, &key)? {
            tx.delete(&NAMES, &name.scope, &url.id)?;
        }
    }
    Ok(())
}

fn place(name: &Name) -> Place {
    Place {
        account: name.scope.account.to_string(),
        region: name.scope.region.to_string(),
        function: name.function.clone(),
        qualifier: name.qualifier.clone().unwrap_or_else(|| LATEST.into()),
    }
}

/// The function and the alias must be there.
fn exists(read: &impl Read, name: &Name) -> Result<(), Fault> {
    let missing = |_| user(Error::ResourceNotFound.says("Function does not exist"));
    let function = function(read, name).map_err(missing)?;
    config(read, name, &function).map(drop).map_err(missing)
}

fn gone() -> Fault {
    user(Error::ResourceNotFound.says("The resource you requested does not exist."))
}

fn show(cx: &Context, name: &Name, url: &Url) -> FunctionUrlConfig {
    FunctionUrlConfig {
        function_url: address::url(cx.cloud(), &url.id, &name.scope.region),
        function_arn: name.arn(),
        creation_time: kit::time::iso_millis(url.created),
        last_modified_time: kit::time::iso_millis(url.modified),
        cors: url.cors.clone(),
        auth_type: FunctionUrlAuthType::parse(&url.auth),
        invoke_mode: Some(url.mode.as_deref().and_then(InvokeMode::parse).unwrap_or(InvokeMode::Buffered)),
    }
}
