//! Saved queries: texts for Insights under a name, perhaps with the groups that they are for. Folders are slashes in the name.

use crate::{
    Error, Logs,
    groups::{bad_token, refused},
    model::*,
};
use kit::{Context, Fault, Read, Table, TableScope};
use serde::{Deserialize, Serialize};

/// Saved queries by id.
const DEFINITIONS: Table<String, StoredDefinition> = Table::new("logs.query_definitions", TableScope::Region);
/// AWS's quota of an account and region.
const MOST_DEFINITIONS: usize = 1000;

/// A saved query.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredDefinition {
    id: String,
    name: String,
    text: String,
    groups: Vec<String>,
    modified_ms: i64,
}

impl Logs {
    /// Saves a query, new or in place of the one whose id is given.
    pub async fn put_query_definition(&self, cx: &Context, input: PutQueryDefinitionInput) -> Result<PutQueryDefinitionOutput, Fault> {
        if input.query_language.is_some_and(|language| language != QueryLanguage::Cwli) {
            return Err(refused("query languages other than Logs Insights' own (queryLanguage)"));
        }
        if input.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty()) {
            return Err(refused("placeholders in saved queries (parameters)"));
        }
        if input.client_token.is_some() {
            cx.warn("clientToken has no effect: a saved query that is put again without its id is saved again");
        }
        let id = cx
            .store()
            .write(|tx| {
                let id = match &input.query_definition_id {
                    Some(id) if tx.exists(&DEFINITIONS, cx.scope(), id)? => id.clone(),
                    Some(_) => return Err(no_definition()),
                    None if tx.scan(&DEFINITIONS, cx.scope()).keys().count() >= MOST_DEFINITIONS => {
                        return Err(Error::LimitExceeded.says("Resource limit exceeded."));
                    }
                    None => cx.ids().uuid(),
                };
                let definition = StoredDefinition {
                    id: id.clone(),
                    name: input.name,
                    text: input.query_string,
                    groups: input.log_group_names.unwrap_or_default(),
                    modified_ms: cx.now().millis(),
                };
                tx.put(&DEFINITIONS, cx.scope(), &id, &definition)?;
                Ok(id)
            })
            .await?;
        Ok(PutQueryDefinitionOutput { query_definition_id: Some(id) })
    }

    /// Saved queries by the start of their names, in the order of their names.
    pub async fn describe_query_definitions(
        &self,
        cx: &Context,
        input: DescribeQueryDefinitionsInput,
    ) -> Result<DescribeQueryDefinitionsOutput, Fault> {
        if input.query_language.is_some_and(|language| language != QueryLanguage::Cwli) {
            return Ok(DescribeQueryDefinitionsOutput { query_definitions: Some(Vec::new()), next_token: None });
        }
        let prefix = input.query_definition_name_prefix.as_deref().unwrap_or("");
        let mut found: Vec<StoredDefinition> = cx.store().read(|s| {
            let rows = s.scan(&DEFINITIONS, cx.scope()).map(|row| row.map(|(_, definition)| definition));
            rows.filter(|row| row.as_ref().map_or(true, |d| d.name.starts_with(prefix))).collect::<Result<_, Fault>>()
        })?;
        found.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        let limit = input.max_results.unwrap_or(1000).clamp(1, 1000) as usize;
        let key = |definition: &StoredDefinition| format!("{}\0{}", definition.name, definition.id);
        let page = kit::pages::page(found, key, input.next_token.as_deref(), limit, bad_token)?;
        let shown = |definition: StoredDefinition| QueryDefinition {
            query_language: Some(QueryLanguage::Cwli),
            query_definition_id: Some(definition.id),
            name: Some(definition.name),
            query_string: Some(definition.text),
            last_modified: Some(definition.modified_ms),
            log_group_names: Some(definition.groups).filter(|groups| !groups.is_empty()),
            ..QueryDefinition::default()
        };
        Ok(DescribeQueryDefinitionsOutput { query_definitions: Some(page.items.into_iter().map(shown).collect()), next_token: page.next })
    }

    /// Deletes a saved query.
    pub async fn delete_query_definition(
        &self,
        cx: &Context,
        input: DeleteQueryDefinitionInput,
    ) -> Result<DeleteQueryDefinitionOutput, Fault> {
        cx.store().write(|tx| tx.delete(&DEFINITIONS, cx.scope(), &input.query_definition_id)?.ok_or_else(no_definition)).await?;
        Ok(DeleteQueryDefinitionOutput { success: Some(true) })
    }
}

fn no_definition() -> Fault {
    Error::ResourceNotFound.says("The specified query definition does not exist.")
}
