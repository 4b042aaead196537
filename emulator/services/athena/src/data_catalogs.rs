//! Data catalogs: the account's own, and other names of it. Catalogs behind functions, Hive's metastores and federated ones are refused.

use crate::{
    Athena,
    model::*,
    state::{CatalogRow, DATA_CATALOGS, invalid},
    work_groups::{must_find, tags},
};
use kit::{Access, Authorize, Context, Fault, Read, pages, wire::kept::Kept};
use std::collections::BTreeMap;

/// The catalog that every account has.
pub(crate) const OWN: &str = "AwsDataCatalog";

impl Athena {
    /// Registers another name of the account's catalog.
    pub async fn create_data_catalog(&self, cx: &Context, input: CreateDataCatalogInput) -> Result<CreateDataCatalogOutput, Fault> {
        let catalog = checked(cx, input.name, input.r#type, input.description, input.parameters)?;
        let key = fold(&catalog.name);
        let row = CatalogRow { catalog: Kept(catalog), tags: tags(input.tags) };
        cx.store()
            .write(|tx| {
                if is_own(&key) || tx.exists(&DATA_CATALOGS, cx.scope(), &key)? {
                    return Err(invalid("INVALID_INPUT", format!("DataCatalog {} is already created", row.catalog.0.name)));
                }
                tx.put(&DATA_CATALOGS, cx.scope(), &key, &row)
            })
            .await?;
        Ok(CreateDataCatalogOutput::default())
    }

    /// A catalog by name.
    pub async fn get_data_catalog(&self, cx: &Context, input: GetDataCatalogInput) -> Result<GetDataCatalogOutput, Fault> {
        let found = cx.store().read(|s| find(s, cx, &input.name))?;
        Ok(GetDataCatalogOutput { data_catalog: Some(found.catalog.0) })
    }

    /// Replaces what is said of a catalog.
    pub async fn update_data_catalog(&self, cx: &Context, input: UpdateDataCatalogInput) -> Result<UpdateDataCatalogOutput, Fault> {
        let catalog = checked(cx, input.name, input.r#type, input.description, input.parameters)?;
        let key = fold(&catalog.name);
        cx.store()
            .write(|tx| {
                let mut row = registered(tx, cx, &catalog.name)?;
                row.catalog = Kept(catalog);
                tx.put(&DATA_CATALOGS, cx.scope(), &key, &row)
            })
            .await?;
        Ok(UpdateDataCatalogOutput {})
    }

    /// Forgets a name; the databases behind it stay.
    pub async fn delete_data_catalog(&self, cx: &Context, input: DeleteDataCatalogInput) -> Result<DeleteDataCatalogOutput, Fault> {
        if input.delete_catalog_only == Some(true) {
            // AWS's model: for federated catalogs alone, and those are not made here.
            return Err(invalid("INVALID_INPUT", "DeleteCatalogOnly can be used with catalogs of type FEDERATED only"));
        }
        let gone = cx
            .store()
            .write(|tx| {
                let row = registered(tx, cx, &input.name)?;
                tx.delete(&DATA_CATALOGS, cx.scope(), &fold(&input.name)).map(|_| row)
            })
            .await?;
        Ok(DeleteDataCatalogOutput { data_catalog: Some(gone.catalog.0) })
    }

    /// Catalogs by name.
    pub async fn list_data_catalogs(&self, cx: &Context, input: ListDataCatalogsInput) -> Result<ListDataCatalogsOutput, Fault> {
        if let Some(group) = &input.work_group {
            // It tells who asks where people come from IAM Identity Center; nobody does here, but the group must be there.
            cx.store().read(|s| must_find(s, cx, group))?;
        }
        let mut names = cx.store().read(|s| names(s, cx))?;
        names.push(OWN.into());
        names.sort();
        let limit = input.max_results.unwrap_or(50).clamp(2, 50) as usize;
        let bad = || invalid("MALFORMED_TOKEN", "Malformed nextPageToken");
        let page = pages::page(names, String::clone, input.next_token.as_deref(), limit, bad)?;
        let summary =
            |name| DataCatalogSummary { catalog_name: Some(name), r#type: Some(DataCatalogType::Glue), ..DataCatalogSummary::default() };
        Ok(ListDataCatalogsOutput { data_catalogs_summary: Some(page.items.into_iter().map(summary).collect()), next_token: page.next })
    }
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}
fn is_own(name: &str) -> bool {
    name.eq_ignore_ascii_case(OWN)
}

/// Names of the registered catalogs, without the account's own.
pub(crate) fn names(store: &impl Read, cx: &Context) -> Result<Vec<String>, Fault> {
    store.scan(&DATA_CATALOGS, cx.scope()).map(|row| row.map(|(_, r)| r.catalog.0.name)).collect()
}

/// A catalog, the account's own among them.
pub(crate) fn find(store: &impl Read, cx: &Context, name: &str) -> Result<CatalogRow, Fault> {
    if is_own(name) {
        let parameters = BTreeMap::from([("catalog-id".to_owned(), cx.account().to_owned())]);
        let own = DataCatalog {
            name: name.to_owned(),
            r#type: Some(DataCatalogType::Glue),
            parameters: Some(parameters),
            ..DataCatalog::default()
        };
        return Ok(CatalogRow { catalog: Kept(own), tags: BTreeMap::new() });
    }
    let row = store.get(&DATA_CATALOGS, cx.scope(), &fold(name))?;
    row.ok_or_else(|| invalid("CATALOG_NOT_FOUND", format!("DataCatalog {name} was not found")))
}

/// A catalog that can be changed.
pub(crate) fn registered(store: &impl Read, cx: &Context, name: &str) -> Result<CatalogRow, Fault> {
    match is_own(name) {
        true => Err(invalid("INVALID_INPUT", format!("{OWN} is the account's own data catalog and can't be changed"))),
        false => find(store, cx, name),
    }
}

fn checked(
    cx: &Context,
    name: String,
    kind: DataCatalogType,
    description: Option<String>,
    parameters: Option<BTreeMap<String, String>>,
) -> Result<DataCatalog, Fault> {
    let unbuilt = |what: String| Fault::new("NotImplemented", 501, format!("windtunnel does not run {what} yet."));
    if kind != DataCatalogType::Glue {
        return Err(unbuilt(format!("data catalogs of type {kind}; those of type GLUE are")));
    }
    let given = parameters.unwrap_or_default();
    let id = given
        .get("catalog-id")
        .ok_or_else(|| invalid("INVALID_INPUT", "The parameter catalog-id is required for a catalog of type GLUE"))?;
    if given.len() > 1 {
        return Err(invalid("INVALID_INPUT", "A catalog of type GLUE takes the parameter catalog-id alone"));
    }
    if id != cx.account() {
        return Err(unbuilt(format!("queries over the Glue catalog of another account ({id})")));
    }
    Ok(DataCatalog { name, description, r#type: Some(kind), parameters: Some(given), ..DataCatalog::default() })
}

impl Authorize<Athena> for ListDataCatalogsInput {
    fn access(&self, _: &Athena, _: &Context) -> Access {
        Access::any("athena:ListDataCatalogs")
    }
}

macro_rules! on_catalog {
    ($($input:ident => $action:literal;)*) => {$(
        impl Authorize<Athena> for $input {
            fn access(&self, _: &Athena, cx: &Context) -> Access {
                Access::on($action, format!("arn:aws:athena:{}:{}:datacatalog/{}", cx.region(), cx.account(), self.name))
            }
        }
    )*};
}
on_catalog! {
    CreateDataCatalogInput => "athena:CreateDataCatalog";
    GetDataCatalogInput => "athena:GetDataCatalog";
    UpdateDataCatalogInput => "athena:UpdateDataCatalog";
    DeleteDataCatalogInput => "athena:DeleteDataCatalog";
}
