//! User-defined functions, as entries of the catalog.

use crate::{
    Glue,
    model::*,
    pages,
    state::{clear, fold, must_find_database, own_catalog},
};
use kit::{Context, Fault, Read, Table as Rows, TableScope, Tx};
use wire::kept::Kept;

/// (database, function).
const FUNCTIONS: Rows<(String, String), Kept<UserDefinedFunction>> = Rows::new("glue.functions", TableScope::Region);

/// Removes the functions of a database.
pub(crate) fn remove(tx: &mut Tx<'_>, cx: &Context, database: &str) -> Result<(), Fault> {
    clear(tx, cx, &FUNCTIONS, &(database.to_owned(),))
}

impl Glue {
    /// Makes a function.
    pub async fn create_user_defined_function(
        &self,
        cx: &Context,
        input: CreateUserDefinedFunctionInput,
    ) -> Result<CreateUserDefinedFunctionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let name = input.function_input.function_name.clone().filter(|n| !n.is_empty());
        let name = name.ok_or_else(|| Error::InvalidInput.says("FunctionName is missing."))?;
        let made = made(cx, &input.database_name, &name, input.function_input);
        cx.store()
            .write(|tx| {
                must_find_database(tx, cx, &input.database_name)?;
                let key = (fold(&input.database_name), fold(&name));
                if tx.exists(&FUNCTIONS, cx.scope(), &key)? {
                    return Err(Error::AlreadyExists.says("Function already exists."));
                }
                tx.put(&FUNCTIONS, cx.scope(), &key, &Kept(made))
            })
            .await?;
        Ok(CreateUserDefinedFunctionOutput {})
    }

    /// A function.
    pub async fn get_user_defined_function(
        &self,
        cx: &Context,
        input: GetUserDefinedFunctionInput,
    ) -> Result<GetUserDefinedFunctionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let found = cx.store().read(|s| must_find(s, cx, &input.database_name, &input.function_name))?;
        Ok(GetUserDefinedFunctionOutput { user_defined_function: Some(found) })
    }

    /// Functions whose names fit a pattern (`*` for any text), of one database or all.
    pub async fn get_user_defined_functions(
        &self,
        cx: &Context,
        input: GetUserDefinedFunctionsInput,
    ) -> Result<GetUserDefinedFunctionsOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let all: Vec<UserDefinedFunction> =
            cx.store().read(|s| s.scan(&FUNCTIONS, cx.scope()).map(|row| row.map(|(_, kept)| kept.0)).collect::<Result<_, Fault>>())?;
        let database = input.database_name.as_deref().map(fold);
        let name = |f: &UserDefinedFunction| f.function_name.clone().unwrap_or_default();
        let fits = |f: &UserDefinedFunction| {
            database.as_ref().is_none_or(|d| f.database_name.as_ref() == Some(d))
                && input.function_type.is_none_or(|t| f.function_type == Some(t))
                && input.pattern.split('|').any(|part| crate::tables::glob(part.trim(), &name(f)))
        };
        let some = all.into_iter().filter(fits).collect();
        let key = |f: &UserDefinedFunction| format!("{}\u{1}{}", f.database_name.clone().unwrap_or_default(), name(f));
        let page = pages::cut(some, key, input.next_token.as_deref(), input.max_results, 100)?;
        Ok(GetUserDefinedFunctionsOutput { user_defined_functions: Some(page.items), next_token: page.next })
    }

    /// Replaces a function, which may get another name.
    pub async fn update_user_defined_function(
        &self,
        cx: &Context,
        input: UpdateUserDefinedFunctionInput,
    ) -> Result<UpdateUserDefinedFunctionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let name = input.function_input.function_name.clone().unwrap_or_else(|| input.function_name.clone());
        let next = made(cx, &input.database_name, &name, input.function_input);
        cx.store()
            .write(|tx| {
                let old = must_find(tx, cx, &input.database_name, &input.function_name)?;
                tx.delete(&FUNCTIONS, cx.scope(), &(fold(&input.database_name), fold(&input.function_name)))?;
                let next = UserDefinedFunction { create_time: old.create_time, ..next };
                tx.put(&FUNCTIONS, cx.scope(), &(fold(&input.database_name), fold(&name)), &Kept(next))
            })
            .await?;
        Ok(UpdateUserDefinedFunctionOutput {})
    }

    /// Removes a function.
    pub async fn delete_user_defined_function(
        &self,
        cx: &Context,
        input: DeleteUserDefinedFunctionInput,
    ) -> Result<DeleteUserDefinedFunctionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        cx.store()
            .write(|tx| {
                must_find(tx, cx, &input.database_name, &input.function_name)?;
                tx.delete(&FUNCTIONS, cx.scope(), &(fold(&input.database_name), fold(&input.function_name))).map(drop)
            })
            .await?;
        Ok(DeleteUserDefinedFunctionOutput {})
    }
}

fn must_find(store: &impl Read, cx: &Context, database: &str, name: &str) -> Result<UserDefinedFunction, Fault> {
    must_find_database(store, cx, database)?;
    let row = store.get(&FUNCTIONS, cx.scope(), &(fold(database), fold(name)))?;
    row.map(|kept| kept.0).ok_or_else(|| Error::EntityNotFound.says(format!("Function {name} not found.")))
}

fn made(cx: &Context, database: &str, name: &str, input: UserDefinedFunctionInput) -> UserDefinedFunction {
    UserDefinedFunction {
        function_name: Some(fold(name)),
        database_name: Some(fold(database)),
        class_name: input.class_name,
        owner_name: input.owner_name,
        function_type: input.function_type,
        owner_type: input.owner_type,
        create_time: Some(kit::Timestamp::from_secs(cx.now().secs())),
        resource_uris: input.resource_uris,
        catalog_id: Some(cx.account().to_owned()),
    }
}
