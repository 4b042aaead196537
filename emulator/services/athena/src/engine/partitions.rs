//! Which objects a table consists of: its partitions, declared or projected, each with its values and its place.

use super::{
    location,
    table::Scans,
    trino::{functions::formats, time},
};
use kit::{Context, Fault};
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
        return Ok(projected(cx, &keys, place, parameters, tests)?);
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

/// The tests as the catalog's own filter; texts are quoted, numbers are not.
fn expression(table: &Value, tests: &[KeyTest]) -> String {
    let kind = |key: &str| {
        let found = table["PartitionKeys"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|k| k["Name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(key)));
        found.and_then(|k| k["Type"].as_str()).unwrap_or("string").to_lowercase()
    };
    let one = |test: &KeyTest| {
        let numeric = matches!(kind(&test.key).as_str(), "int" | "integer" | "bigint" | "smallint" | "tinyint");
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

fn projected(cx: &Context, keys: &[String], place: &str, parameters: &Value, tests: &[KeyTest]) -> Result<Vec<Part>, String> {
    let text = |name: String| parameters[name.as_str()].as_str().map(str::to_owned);
    let mut combinations: Vec<Vec<String>> = vec![Vec::new()];
    for key in keys {
        let kind = text(format!("projection.{key}.type")).ok_or_else(|| format!("projection.{key}.type is not set"))?;
        let range = || text(format!("projection.{key}.range")).ok_or_else(|| format!("projection.{key}.range is not set"));
        let equal = tests.iter().find(|t| t.key == *key && t.operator == "=").map(|t| t.values.clone());
        let mut values: Vec<String> = match kind.to_ascii_lowercase().as_str() {
            "enum" => {
                let values = text(format!("projection.{key}.values")).ok_or_else(|| format!("projection.{key}.values is not set"))?;
                values.split(',').map(|v| v.trim().to_owned()).collect()
            }
            "integer" => integers(&range()?, text(format!("projection.{key}.interval")), text(format!("projection.{key}.digits")))?,
            "date" => {
                let format = text(format!("projection.{key}.format")).ok_or_else(|| format!("projection.{key}.format is not set"))?;
                let step = (text(format!("projection.{key}.interval")), text(format!("projection.{key}.interval.unit")));
                dates(cx, &range()?, &format, step)?
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

fn integers(range: &str, interval: Option<String>, digits: Option<String>) -> Result<Vec<String>, String> {
    let wrong = || format!("{range} is not a range of integers");
    let (low, high) = range.split_once(',').ok_or_else(wrong)?;
    let (low, high): (i64, i64) = (low.trim().parse().map_err(|_| wrong())?, high.trim().parse().map_err(|_| wrong())?);
    let step: usize = interval.and_then(|i| i.parse().ok()).unwrap_or(1).max(1);
    let digits: usize = digits.and_then(|d| d.parse().ok()).unwrap_or(0).min(32);
    if high < low || (high as i128 - low as i128) / step as i128 > MOST_PROJECTED as i128 {
        return Err(wrong());
    }
    Ok((low..=high).step_by(step).map(|n| format!("{n:0digits$}")).collect())
}

/// The dates of a range in a format; `NOW`, with something added or taken off, is the clock's.
fn dates(cx: &Context, range: &str, format: &str, (interval, unit): (Option<String>, Option<String>)) -> Result<Vec<String>, String> {
    let wrong = || format!("{range} is not a range of dates in the form {format}");
    let (low, high) = range.split_once(',').ok_or_else(wrong)?;
    let now = (cx.now().unix_ns / 1000) as i64;
    let at = |text: &str| -> Option<i64> {
        let text = text.trim();
        let Some(relative) = text.strip_prefix("NOW") else { return Some(formats::parse_joda(text, format).ok()?.0) };
        let relative = relative.replace(' ', "");
        if relative.is_empty() {
            return Some(now);
        }
        let (amount, unit) = relative.split_at(relative.find(|c: char| c.is_ascii_alphabetic())?);
        shift(now, amount.parse().ok()?, unit)
    };
    let (low, high) = (at(low).ok_or_else(wrong)?, at(high).ok_or_else(wrong)?);
    // A format without days steps by months, one with hours by hours only where the table says so.
    let default = if format.contains('d') {
        "DAYS"
    } else if format.contains('M') {
        "MONTHS"
    } else {
        "YEARS"
    };
    let (unit, step) = (unit.unwrap_or_else(|| default.into()), interval.and_then(|i| i.parse::<i64>().ok()).unwrap_or(1).max(1));
    let mut all: Vec<String> = Vec::new();
    for i in 0.. {
        let moment = shift(low, i * step, &unit).ok_or_else(|| format!("{unit} is not a unit of dates"))?;
        if moment > high {
            break;
        }
        if all.len() > MOST_PROJECTED {
            return Err(format!("the partition projection makes more than {MOST_PROJECTED} partitions"));
        }
        let shown = formats::joda(moment, "UTC", 0, format)?;
        if all.last() != Some(&shown) {
            all.push(shown);
        }
    }
    // The range's end belongs to it, wherever in its period it lies.
    let end = formats::joda(high, "UTC", 0, format)?;
    if all.last().is_some_and(|last| *last != end) && high >= low && step == 1 {
        all.push(end);
    }
    Ok(all)
}

fn shift(at: i64, amount: i64, unit: &str) -> Option<i64> {
    let months = |count: i64| time::add_months(at.div_euclid(time::DAY), count) * time::DAY + at.rem_euclid(time::DAY);
    Some(match unit.to_ascii_uppercase().trim_end_matches('S') {
        "SECOND" => at + amount * time::SECOND,
        "MINUTE" => at + amount * time::MINUTE,
        "HOUR" => at + amount * time::HOUR,
        "DAY" => at + amount * time::DAY,
        "WEEK" => at + amount * 7 * time::DAY,
        "MONTH" => months(amount),
        "YEAR" => months(12 * amount),
        _ => return None,
    })
}
