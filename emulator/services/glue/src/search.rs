//! Searching tables over all databases of the account.

use crate::{
    Glue,
    model::*,
    pages,
    state::{TABLES, own_catalog, unbuilt},
};
use kit::{Context, Fault, Read};

impl Glue {
    /// Tables that have the text somewhere and fit all filters. The order is by database and name unless the caller names another.
    pub async fn search_tables(&self, cx: &Context, input: SearchTablesInput) -> Result<SearchTablesOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        unbuilt(input.resource_share_type.is_some(), "ResourceShareType")?;
        unbuilt(input.include_status_details == Some(true), "IncludeStatusDetails")?;
        let all: Vec<Table> =
            cx.store().read(|s| s.scan(&TABLES, cx.scope()).map(|row| row.map(|(_, kept)| kept.0)).collect::<Result<_, Fault>>())?;
        let mut found = Vec::new();
        for table in all {
            let has = input.search_text.as_deref().is_none_or(|text| holds(&table, text));
            let fits = input.filters.iter().flatten().try_fold(true, |fits, f| Ok::<_, Fault>(fits && filter(&table, f)?))?;
            if has && fits {
                found.push(table);
            }
        }
        for sort in input.sort_criteria.iter().flatten() {
            let name = sort.field_name.as_deref().unwrap_or_default();
            let key = |table: &Table| field(table, name);
            if found.first().is_some_and(|table| key(table).is_none()) && !KEYS.contains(&name) {
                return Err(Error::InvalidInput.says(format!("Tables cannot be sorted by {name}.")));
            }
            found.sort_by_key(key);
            if sort.sort == Some(Sort::Desc) {
                found.reverse();
            }
        }
        // Where the order is the caller's, the token is a place in it.
        let numbered: Vec<(usize, Table)> = found.into_iter().enumerate().collect();
        let page = pages::cut(numbered, |(at, _)| format!("{at:012}"), input.next_token.as_deref(), input.max_results, 100)?;
        Ok(SearchTablesOutput { table_list: Some(page.items.into_iter().map(|(_, table)| table).collect()), next_token: page.next })
    }
}

/// Attributes that filters and orders may name, beside the keys of parameters.
const KEYS: [&str; 6] = ["Name", "DatabaseName", "Description", "Owner", "CreateTime", "UpdateTime"];

fn field(table: &Table, name: &str) -> Option<String> {
    let time = |at: Option<kit::Timestamp>| at.map(|at| format!("{:020}", at.secs()));
    match name {
        "Name" => Some(table.name.clone()),
        "DatabaseName" => table.database_name.clone(),
        "Description" => table.description.clone(),
        "Owner" => table.owner.clone(),
        "CreateTime" => time(table.create_time),
        "UpdateTime" => time(table.update_time),
        key => table.parameters.as_ref().and_then(|p| p.get(key).cloned()),
    }
}

/// Everything about a table that a person may search for. A text in quotes has to be the whole of it.
fn holds(table: &Table, text: &str) -> bool {
    let wanted = text.to_lowercase();
    let exact = wanted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let columns = table.storage_descriptor.iter().flat_map(|s| s.columns.iter().flatten()).chain(table.partition_keys.iter().flatten());
    let columns = columns.flat_map(|c| [Some(c.name.clone()), c.comment.clone()]);
    let parameters = table.parameters.iter().flatten().flat_map(|(key, value)| [Some(key.clone()), Some(value.clone())]);
    let own = ["Name", "DatabaseName", "Description", "Owner"].map(|name| field(table, name));
    own.into_iter().chain(columns).chain(parameters).flatten().any(|value| match exact {
        Some(exact) => value.to_lowercase() == exact,
        None => value.to_lowercase().contains(&wanted),
    })
}

fn filter(table: &Table, filter: &PropertyPredicate) -> Result<bool, Fault> {
    let (Some(key), Some(value)) = (filter.key.as_deref(), filter.value.as_deref()) else {
        return Err(Error::InvalidInput.says("A filter needs Key and Value."));
    };
    let own = field(table, key);
    let timed = matches!(key, "CreateTime" | "UpdateTime");
    let Some(comparator) = filter.comparator else {
        // Without a comparator texts are searched in, as AWS documents it.
        return Ok(own.is_some_and(|own| own.to_lowercase().contains(&value.to_lowercase())));
    };
    let value = match timed {
        true => format!("{:020}", value.parse::<i64>().map_err(|_| Error::InvalidInput.says(format!("{value} is no time in seconds.")))?),
        false => value.to_owned(),
    };
    let Some(own) = own else { return Ok(false) };
    Ok(match comparator {
        Comparator::Equals => own == value,
        Comparator::GreaterThan => own > value,
        Comparator::LessThan => own < value,
        Comparator::GreaterThanEquals => own >= value,
        Comparator::LessThanEquals => own <= value,
    })
}
