//! Which objects a table consists of: its partitions, declared or projected, each with its values and its place.

mod projected;

use super::{location, table::Scans};
use kit::{Context, Fault};
use projected::{Dates, Integers};
use serde_json::{Value, json};

/// Partitions that a projection may make; AWS warns of too many, we refuse.
const MOST_PROJECTED: usize = 100_000;

/// A part of a table: values of its partition keys, and where its objects lie.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// One value for each partition key.
    pub values: Vec<String>,
    /// Bucket.
    pub bucket: String,
    /// Key prefix, ending with a slash unless empty.
    pub prefix: String,
    /// The partition's own storage, where it has one.
    pub storage: Option<Value>,
}

impl Part {
    fn at(place: &str, values: Vec<String>, storage: Option<Value>) -> Result<Part, String> {
        let (bucket, prefix) = location::parse(place).ok_or_else(|| format!("{place} is not a valid S3 location"))?;
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        Ok(Part { values, bucket: bucket.to_owned(), prefix: format!("{prefix}{slash}"), storage })
    }
}

/// What a query asks of a partition key: a comparison with constants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyTest {
    pub key: String,
    /// `=`, `<`, `<=`, `>`, `>=`; several values stand for IN.
    pub operator: &'static str,
    pub values: Vec<String>,
}

/// Names of the partition keys of a table.
pub(crate) fn keys(table: &Value) -> Vec<String> {
    let keys = table["PartitionKeys"].as_array();
    keys.into_iter().flatten().filter_map(|k| k["Name"].as_str()).map(str::to_lowercase).collect()
}

/// The parts of a table that the tests may leave: more than that, never less.
pub(crate) async fn parts(scans: &Scans, table: &Value, tests: &[KeyTest]) -> Result<Vec<Part>, Problem> {
    let cx = &scans.cx;
    let place = table["StorageDescriptor"]["Location"].as_str().unwrap_or("");
    let keys = keys(table);
    if keys.is_empty() {
        return Ok(vec![Part::at(place, Vec::new(), None)?]);
    }
    let parameters = &table["Parameters"];
    if parameters["projection.enabled"].as_str().is_some_and(|e| e.eq_ignore_ascii_case("true")) {
        return Ok(projected(cx, table, &keys, tests)?);
    }
    let declared = declared(cx, table, &expression(table, tests)).await?;
    let part = |mut p: Value| {
        let values = p["Values"].as_array().into_iter().flatten().filter_map(|v| v.as_str()).map(str::to_owned).collect();
        let storage = p["StorageDescriptor"].take();
        let place = storage["Location"].as_str().unwrap_or("").to_owned();
        Part::at(&place, values, Some(storage))
    };
    Ok(declared.into_iter().map(part).collect::<Result<_, String>>()?)
}

async fn declared(cx: &Context, table: &Value, expression: &str) -> Result<Vec<Value>, Fault> {
    let catalog = cx.cloud().ports().catalog()?;
    let mut input = json!({ "DatabaseName": table["DatabaseName"], "TableName": table["Name"] });
    if !expression.is_empty() {
        input["Expression"] = expression.into();
    }
    let mut all = Vec::new();
    loop {
        let mut page = catalog.run(cx, "GetPartitions", input.clone()).await?;
        if let Value::Array(found) = page["Partitions"].take() {
            all.extend(found);
        }
        match page["NextToken"].take() {
            Value::String(token) => input["NextToken"] = token.into(),
            _ => return Ok(all),
        }
    }
}

/// Whether a partition key is one of numbers.
fn numeric(table: &Value, key: &str) -> bool {
    let mut keys = table["PartitionKeys"].as_array().into_iter().flatten();
    let found = keys.find(|k| k["Name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(key)));
    let kind = found.and_then(|k| k["Type"].as_str()).unwrap_or("string").to_lowercase();
    matches!(kind.as_str(), "int" | "integer" | "bigint" | "smallint" | "tinyint")
}

/// The tests as the catalog's own filter; texts are quoted, numbers are not.
fn expression(table: &Value, tests: &[KeyTest]) -> String {
    let one = |test: &KeyTest| {
        let numeric = numeric(table, &test.key);
        let literal = |v: &String| if numeric { v.clone() } else { format!("'{}'", v.replace('\'', "''")) };
        let values: Vec<String> = test.values.iter().map(literal).collect();
        match values.len() {
            1 => format!("{} {} {}", test.key, test.operator, values[0]),
            _ => format!("{} IN ({})", test.key, values.join(", ")),
        }
    };
    tests.iter().map(one).collect::<Vec<_>>().join(" AND ")
}

/// Why the parts of a table can't be told.
pub(crate) enum Problem {
    /// The table's definition is wrong: a sentence.
    Definition(String),
    /// The catalog said no.
    Refused(Fault),
}

impl From<String> for Problem {
    fn from(text: String) -> Problem {
        Problem::Definition(text)
    }
}
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        Problem::Refused(fault)
    }
}

fn projected(cx: &Context, table: &Value, keys: &[String], tests: &[KeyTest]) -> Result<Vec<Part>, String> {
    let (place, parameters) = (table["StorageDescriptor"]["Location"].as_str().unwrap_or(""), &table["Parameters"]);
    let text = |name: String| parameters[name.as_str()].as_str().map(str::to_owned);
    let mut combinations: Vec<Vec<String>> = vec![Vec::new()];
    for key in keys {
        let kind = text(format!("projection.{key}.type")).ok_or_else(|| format!("projection.{key}.type is not set"))?;
        let range = || text(format!("projection.{key}.range")).ok_or_else(|| format!("projection.{key}.range is not set"));
        let asked: Vec<&KeyTest> = tests.iter().filter(|t| t.key == *key).collect();
        let equal = asked.iter().find(|t| t.operator == "=").map(|t| t.values.clone());
        let mut values: Vec<String> = match kind.to_ascii_lowercase().as_str() {
            "enum" => {
                let values = text(format!("projection.{key}.values")).ok_or_else(|| format!("projection.{key}.values is not set"))?;
                values.split(',').map(|v| v.trim().to_owned()).collect()
            }
            "integer" => {
                let (interval, digits) = (text(format!("projection.{key}.interval")), text(format!("projection.{key}.digits")));
                Integers::of(&range()?, interval, digits)?.values(&asked, numeric(table, key))?
            }
            "date" => {
                let format = text(format!("projection.{key}.format")).ok_or_else(|| format!("projection.{key}.format is not set"))?;
                let step = (text(format!("projection.{key}.interval")), text(format!("projection.{key}.interval.unit")));
                Dates::of(cx, &range()?, &format, step)?.values(&asked)?
            }
            "injected" => equal.clone().ok_or_else(|| {
                format!("CONSTRAINT_VIOLATION: For the injected projected partition column {key}, the WHERE clause must contain only static equality conditions, and at least one such condition must be present.")
            })?,
            other => return Err(format!("unknown partition projection type {other} of {key}")),
        };
        if let Some(equal) = equal {
            // The same number may be written with other digits.
            let number = |v: &String| v.parse::<i64>().ok();
            values.retain(|v| equal.iter().any(|e| e == v || (number(e).is_some() && number(e) == number(v))));
        }
        if combinations.len().saturating_mul(values.len()) > MOST_PROJECTED {
            return Err(format!("the partition projection makes more than {MOST_PROJECTED} partitions"));
        }
        combinations = combinations.iter().flat_map(|c| values.iter().map(|v| c.iter().cloned().chain([v.clone()]).collect())).collect();
    }
    let template = text("storage.location.template".into());
    let part = |values: Vec<String>| {
        let place = match &template {
            Some(template) => keys.iter().zip(&values).fold(template.clone(), |t, (k, v)| t.replace(&format!("${{{k}}}"), v)),
            None => keys.iter().zip(&values).fold(format!("{}/", place.trim_end_matches('/')), |p, (k, v)| format!("{p}{k}={v}/")),
        };
        Part::at(&place, values, None)
    };
    combinations.into_iter().map(part).collect()
}
