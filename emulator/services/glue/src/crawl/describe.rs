//! What a crawler writes of a table and its partitions: names, SerDes, parameters. Pure; the forms are those of tables that AWS's crawlers made.

use super::{
    stats::Stats,
    tree::{Part, Planned},
};
use crate::infer::{Form, Found, kinds::Column};
use serde_json::{Map, Value, json};

/// Who writes: a crawl of a crawler.
pub(crate) struct Writer<'a> {
    pub crawler: &'a str,
    /// CRAWL_RUN_ID.
    pub run: &'a str,
}

/// The name of a table: the last folder of its path, or the file, or the bucket.
pub(crate) fn name(prefix: &str, bucket: &str, include: &[String], planned: &Planned) -> String {
    let folders = include.iter().chain(&planned.folders);
    let last = planned.file.as_ref().or_else(|| folders.last()).map_or(bucket, String::as_str);
    let clean = |c: char| if c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() && c.is_alphanumeric() { c } else { '_' };
    format!("{prefix}{last}").to_lowercase().chars().map(clean).collect()
}

/// `TableInput` of a table.
pub(crate) fn table(name: &str, location: &str, planned: &Planned, writer: &Writer<'_>) -> Value {
    let mut parameters = parameters(&planned.found, planned.stats, writer);
    if !planned.keys.is_empty() {
        parameters.insert("partition_filtering.enabled".into(), "true".into());
    }
    let keys: Vec<Value> = planned.keys.iter().map(|key| json!({ "Name": key, "Type": "string" })).collect();
    json!({
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": storage(&planned.found, location, &parameters),
        "PartitionKeys": keys,
        "Parameters": parameters,
    })
}

/// `PartitionInput` of a partition.
pub(crate) fn partition(location: &str, part: &Part, writer: &Writer<'_>) -> Value {
    let parameters = parameters(&part.found, part.stats, writer);
    json!({
        "Values": part.values(),
        "StorageDescriptor": storage(&part.found, location, &parameters),
        "Parameters": parameters,
    })
}

/// Columns as the catalog has them: Hive folds their names.
pub(crate) fn columns(columns: &[Column]) -> Vec<Value> {
    columns.iter().map(|column| json!({ "Name": column.name.to_lowercase(), "Type": column.kind.text() })).collect()
}

fn parameters(found: &Found, stats: Stats, writer: &Writer<'_>) -> Map<String, Value> {
    let mut all = Map::new();
    let mut set = |name: &str, value: String| drop(all.insert(name.to_owned(), Value::String(value)));
    set("CrawlerSchemaDeserializerVersion", "1.0".into());
    set("CrawlerSchemaSerializerVersion", "1.0".into());
    set("UPDATED_BY_CRAWLER", writer.crawler.to_owned());
    set("CRAWL_RUN_ID", writer.run.to_owned());
    set("classification", found.classification.clone());
    set("compressionType", found.compression.name().to_owned());
    set("typeOfData", "file".into());
    stats.parameters().into_iter().for_each(|(name, value)| set(name, value));
    match &found.form {
        Form::Csv(layout) => {
            set("delimiter", layout.delimiter.to_string());
            set("columnsOrdered", "true".into());
            set("areColumnsQuoted", layout.quote.is_some().to_string());
            if layout.header {
                set("skip.header.line.count", "1".into());
            }
        }
        Form::Avro(schema) => set("avro.schema.literal", schema.clone()),
        Form::Grok { pattern, custom } => {
            set("grokPattern", pattern.clone());
            if let Some(custom) = custom {
                set("grokCustomPatterns", custom.clone());
            }
        }
        Form::Xml(tag) => set("rowTag", tag.clone()),
        _ => {}
    }
    all
}

const TEXT_IN: &str = "org.apache.hadoop.mapred.TextInputFormat";
const TEXT_OUT: &str = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

fn storage(found: &Found, location: &str, parameters: &Map<String, Value>) -> Value {
    let (input, output, serde) = forms(found);
    json!({
        "Columns": columns(&found.columns),
        "Location": location,
        "InputFormat": input,
        "OutputFormat": output,
        "Compressed": found.compression != crate::infer::compression::Compression::None,
        "NumberOfBuckets": -1,
        "SerdeInfo": serde,
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": parameters,
        "StoredAsSubDirectories": false,
    })
}

/// Input format, output format, SerDe.
fn forms(found: &Found) -> (&'static str, &'static str, Value) {
    let serde = |library: &str, parameters: Value| json!({ "SerializationLibrary": library, "Parameters": parameters });
    match &found.form {
        Form::Parquet => (
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            serde("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", json!({ "serialization.format": "1" })),
        ),
        Form::Orc => (
            "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
            "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
            serde("org.apache.hadoop.hive.ql.io.orc.OrcSerde", json!({})),
        ),
        Form::Avro(schema) => (
            "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
            "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
            serde("org.apache.hadoop.hive.serde2.avro.AvroSerDe", json!({ "avro.schema.literal": schema, "serialization.format": "1" })),
        ),
        Form::Json => {
            let mut paths: Vec<&str> = found.columns.iter().map(|c| c.name.as_str()).collect();
            paths.sort_unstable();
            (TEXT_IN, TEXT_OUT, serde("org.openx.data.jsonserde.JsonSerDe", json!({ "paths": paths.join(",") })))
        }
        Form::Csv(layout) if layout.open => {
            let quote = layout.quote.unwrap_or('"').to_string();
            let parameters = json!({ "separatorChar": layout.delimiter.to_string(), "quoteChar": quote, "serialization.format": "1" });
            (TEXT_IN, TEXT_OUT, serde("org.apache.hadoop.hive.serde2.OpenCSVSerde", parameters))
        }
        Form::Csv(layout) => {
            let parameters = json!({ "field.delim": layout.delimiter.to_string() });
            (TEXT_IN, TEXT_OUT, serde("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", parameters))
        }
        Form::Grok { pattern, custom } => {
            let mut parameters = json!({ "input.format": pattern });
            if let Some(custom) = custom {
                parameters["input.grokCustomPatterns"] = custom.clone().into();
            }
            (TEXT_IN, TEXT_OUT, serde("com.amazonaws.glue.serde.GrokSerDe", parameters))
        }
        // The classes are those of AWS's Developer Guide; what a crawler's table has among the SerDe's parameters is not documented.
        Form::Ion => (
            "com.amazon.ionhiveserde.formats.IonInputFormat",
            "com.amazon.ionhiveserde.formats.IonOutputFormat",
            serde("com.amazon.ionhiveserde.IonHiveSerDe", json!({ "serialization.format": "1" })),
        ),
        // Nothing in Athena reads these.
        Form::Xml(_) | Form::Unknown => ("", "", json!({ "Parameters": {} })),
    }
}
