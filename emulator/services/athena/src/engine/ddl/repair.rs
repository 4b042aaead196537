//! MSCK REPAIR TABLE: folders `key=value` below a table's place that are no partitions yet become partitions.

use super::{partitions, *};
use crate::engine::{location, table::owned};
use kit::Need;
use std::collections::BTreeSet;

const LIST_PAGE: usize = 1000;

pub(super) async fn repair(desk: &Desk<'_>, name: &TableName) -> Result<Finished, QueryError> {
    let table = desk.changeable(name).await?;
    let keys = partitions::key_names(&table);
    if keys.is_empty() {
        return Err(QueryError::failed(format!(
            "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Table {} is not a partitioned table",
            text(&table, "Name")
        )));
    }
    let known = desk.catalog.partitions(desk.cx, text(&table, "DatabaseName"), text(&table, "Name")).await.map_err(refused)?;
    let known: BTreeSet<Vec<String>> = known.iter().map(|p| texts(&p["Values"])).collect();
    let found = folders(desk, &table, &keys).await?;
    let new: Vec<Vec<String>> = found.into_iter().filter(|values| !known.contains(values)).collect();
    let inputs = new.iter().map(|values| partitions::input(&table, values, &partitions::place(&table, &keys, values))).collect();
    partitions::create(desk, &table, inputs).await?;
    let spec = |values: &Vec<String>| keys.iter().zip(values).map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("/");
    let table_name = text(&table, "Name");
    let mut rows = Vec::new();
    if !new.is_empty() {
        rows.push(format!(
            "Partitions not in metastore:\t{}",
            new.iter().map(|v| format!("{table_name}:{}", spec(v))).collect::<Vec<_>>().join("\t")
        ));
        rows.extend(new.iter().map(|v| format!("Repair: Added partition to metastore {table_name}:{}", spec(v))));
    }
    Ok(Finished { update_count: None, ..listing("result", rows.into_iter()) })
}

fn texts(values: &Value) -> Vec<String> {
    values.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The values of every folder below the table's place that names all its keys in their order.
async fn folders(desk: &Desk<'_>, table: &Value, keys: &[String]) -> Result<BTreeSet<Vec<String>>, QueryError> {
    let place = text(&table["StorageDescriptor"], "Location");
    let (bucket, prefix) = location::parse(place).ok_or_else(|| QueryError::failed(format!("{place} is not a valid S3 location")))?;
    let prefix = if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") };
    let outside = |fault| QueryError::from_fault("Amazon S3", &fault);
    let port = desk.cx.cloud().ports().objects().map_err(outside)?;
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let need = Need::on("s3:ListBucket", format!("arn:aws:s3:::{bucket}")).key("s3:prefix", prefix.clone());
        let grant = desk.cx.grant(&owned(desk.cx, need, bucket)).map_err(outside)?;
        let page = port.list(desk.cx, grant, bucket, &prefix, after.take(), LIST_PAGE).await.map_err(outside)?;
        let full = page.len() == LIST_PAGE;
        after = page.last().map(|o| o.key.clone());
        found.extend(page.iter().filter_map(|o| values_of(o.key.strip_prefix(&prefix)?, keys)));
        if !full {
            return Ok(found);
        }
    }
}

fn values_of(rest: &str, keys: &[String]) -> Option<Vec<String>> {
    let parts: Vec<&str> = rest.split('/').collect();
    if parts.len() <= keys.len() {
        return None;
    }
    let value = |(key, part): (&String, &&str)| {
        let (name, value) = part.split_once('=')?;
        // Only lower-case names are found: AWS's own trap.
        (name == key).then(|| percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    keys.iter().zip(&parts).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::values_of;

    #[test]
    fn folders_name_keys_in_their_order() {
        let keys = ["year".to_owned(), "day".to_owned()];
        assert_eq!(values_of("year=2026/day=01%2F02/x.json", &keys), Some(vec!["2026".into(), "01/02".into()]));
        for other in ["year=2026/x.json", "day=1/year=2/x", "Year=2026/day=1/x", "2026/01/x"] {
            assert_eq!(values_of(other, &keys), None, "{other}");
        }
    }
}
