//! SHOW CREATE TABLE: the statement that would make the table, in Hive's layout, one row for each line.

use super::{serdes::LAZY, *};

pub(super) async fn table(desk: &Desk<'_>, name: &TableName) -> Result<Finished, QueryError> {
    let table = desk.table(name).await?;
    if text(&table, "TableType") == "VIRTUAL_VIEW" {
        return views::show_create(desk, name).await;
    }
    Ok(listing("createtab_stmt", statement(&table).lines().map(str::to_owned)))
}

fn statement(table: &Value) -> String {
    let storage = &table["StorageDescriptor"];
    let list = |columns: &Value| {
        let one = |c: &Value| {
            let comment = match text(c, "Comment") {
                "" => String::new(),
                comment => format!(" COMMENT {}", quoted(comment)),
            };
            format!("  `{}` {}{comment}", text(c, "Name"), text(c, "Type"))
        };
        columns.as_array().into_iter().flatten().map(one).collect::<Vec<_>>().join(", \n")
    };
    let mut out = format!("CREATE EXTERNAL TABLE `{}`(\n{})\n", text(table, "Name"), list(&storage["Columns"]));
    let mut parameters = pairs(&table["Parameters"]);
    parameters.retain(|(k, _)| k != "EXTERNAL");
    if let Some(at) = parameters.iter().position(|(k, _)| k == "comment") {
        out += &format!("COMMENT {}\n", quoted(&parameters.remove(at).1));
    }
    if table["PartitionKeys"].as_array().is_some_and(|k| !k.is_empty()) {
        out += &format!("PARTITIONED BY ( \n{})\n", list(&table["PartitionKeys"]));
    }
    if let Some(columns) = storage["BucketColumns"].as_array().filter(|c| !c.is_empty()) {
        let columns: Vec<String> = columns.iter().filter_map(Value::as_str).map(|c| format!("  {c}")).collect();
        out += &format!("CLUSTERED BY ( \n{}) \nINTO {} BUCKETS\n", columns.join(", \n"), storage["NumberOfBuckets"]);
    }
    out += &row_format(&storage["SerdeInfo"]);
    out += &format!(
        "STORED AS INPUTFORMAT \n  {} \nOUTPUTFORMAT \n  {}\n",
        quoted(text(storage, "InputFormat")),
        quoted(text(storage, "OutputFormat"))
    );
    out += &format!("LOCATION\n  {}\nTBLPROPERTIES (\n{})", quoted(text(storage, "Location")), property_lines(&parameters));
    out
}

fn row_format(serde: &Value) -> String {
    let library = text(serde, "SerializationLibrary");
    let properties = pairs(&serde["Parameters"]);
    let of = |name: &str| properties.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    if let (LAZY, Some(fields)) = (library, of("field.delim")) {
        let mut out = format!("ROW FORMAT DELIMITED \n  FIELDS TERMINATED BY {} \n", quoted(fields));
        for (name, words) in [
            ("escape.delim", "ESCAPED BY"),
            ("collection.delim", "COLLECTION ITEMS TERMINATED BY"),
            ("mapkey.delim", "MAP KEYS TERMINATED BY"),
            ("line.delim", "LINES TERMINATED BY"),
            ("serialization.null.format", "NULL DEFINED AS"),
        ] {
            if let Some(value) = of(name) {
                out += &format!("  {words} {} \n", quoted(value));
            }
        }
        return out;
    }
    let rest: Vec<(String, String)> = properties.iter().filter(|(k, v)| !(k == "serialization.format" && v == "1")).cloned().collect();
    let with = if rest.is_empty() { String::new() } else { format!("WITH SERDEPROPERTIES ( \n{}) \n", property_lines(&rest)) };
    format!("ROW FORMAT SERDE \n  {} \n{with}", quoted(library))
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        value.as_object().into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect();
    all.sort();
    all
}

fn property_lines(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(k, v)| format!("  {}={}", quoted(k), quoted(v))).collect::<Vec<_>>().join(", \n")
}

/// A text in Hive's quotes: what the lexer would read back.
fn quoted(text: &str) -> String {
    let escape = |c: char| match c {
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\'' => "\\'".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c.is_control() => format!("\\u{:04X}", c as u32),
        c => c.to_string(),
    };
    format!("'{}'", text.chars().map(escape).collect::<String>())
}
