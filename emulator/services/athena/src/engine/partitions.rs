//! Which objects a table consists of: its partitions, declared or projected, each with its values and its place.

use super::location;
use kit::{Context, Fault, time};
use serde_json::Value;

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
}

impl Part {
    fn at(place: &str, values: Vec<String>) -> Result<Part, String> {
        let (bucket, prefix) = location::parse(place).ok_or_else(|| format!("{place} is not a valid S3 location"))?;
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        Ok(Part { values, bucket: bucket.to_owned(), prefix: format!("{prefix}{slash}") })
    }
}

/// Names of the partition keys of a table.
pub(crate) fn keys(table: &Value) -> Vec<String> {
    let keys = table["PartitionKeys"].as_array();
    keys.into_iter().flatten().filter_map(|k| k["Name"].as_str()).map(str::to_lowercase).collect()
}

/// All parts of a table.
pub(crate) async fn parts(cx: &Context, table: &Value) -> Result<Vec<Part>, Problem> {
    let place = table["StorageDescriptor"]["Location"].as_str().unwrap_or("");
    let keys = keys(table);
    if keys.is_empty() {
        return Ok(vec![Part::at(place, Vec::new())?]);
    }
    let parameters = &table["Parameters"];
    if parameters["projection.enabled"].as_str().is_some_and(|e| e.eq_ignore_ascii_case("true")) {
        return Ok(projected(cx, &keys, place, parameters)?);
    }
    let (database, name) = (table["DatabaseName"].as_str().unwrap_or(""), table["Name"].as_str().unwrap_or(""));
    let declared = cx.cloud().ports().catalog()?.partitions(cx, database, name).await?;
    let part = |p: &Value| {
        let values = p["Values"].as_array().into_iter().flatten().filter_map(|v| v.as_str()).map(str::to_owned).collect();
        Part::at(p["StorageDescriptor"]["Location"].as_str().unwrap_or(""), values)
    };
    Ok(declared.iter().map(part).collect::<Result<_, String>>()?)
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

fn projected(cx: &Context, keys: &[String], place: &str, parameters: &Value) -> Result<Vec<Part>, String> {
    let text = |name: String| parameters[name.as_str()].as_str().map(str::to_owned);
    let mut combinations: Vec<Vec<String>> = vec![Vec::new()];
    for key in keys {
        let kind = text(format!("projection.{key}.type")).ok_or_else(|| format!("projection.{key}.type is not set"))?;
        let range = || text(format!("projection.{key}.range")).ok_or_else(|| format!("projection.{key}.range is not set"));
        let values = match kind.to_ascii_lowercase().as_str() {
            "enum" => {
                let values = text(format!("projection.{key}.values")).ok_or_else(|| format!("projection.{key}.values is not set"))?;
                values.split(',').map(|v| v.trim().to_owned()).collect()
            }
            "integer" => integers(&range()?, text(format!("projection.{key}.interval")), text(format!("projection.{key}.digits")))?,
            "date" => dates(
                cx,
                &range()?,
                &text(format!("projection.{key}.format")).unwrap_or_else(|| "yyyy-MM-dd".into()),
                text(format!("projection.{key}.interval.unit")),
            )?,
            other => return Err(format!("the partition projection type {other} is not supported by windtunnel yet")),
        };
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
        Part::at(&place, values)
    };
    combinations.into_iter().map(part).collect()
}

fn integers(range: &str, interval: Option<String>, digits: Option<String>) -> Result<Vec<String>, String> {
    let wrong = || format!("{range} is not a range of integers");
    let (low, high) = range.split_once(',').ok_or_else(wrong)?;
    let (low, high): (i64, i64) = (low.trim().parse().map_err(|_| wrong())?, high.trim().parse().map_err(|_| wrong())?);
    let step: usize = interval.and_then(|i| i.parse().ok()).unwrap_or(1).max(1);
    let digits: usize = digits.and_then(|d| d.parse().ok()).unwrap_or(0).min(32);
    if (high - low) as usize / step > MOST_PROJECTED {
        return Err(wrong());
    }
    Ok((low..=high).step_by(step).map(|n| format!("{n:0digits$}")).collect())
}

const DAY_NS: i128 = 86_400_000_000_000;

fn dates(cx: &Context, range: &str, format: &str, unit: Option<String>) -> Result<Vec<String>, String> {
    if format != "yyyy-MM-dd" && format != "yyyy/MM/dd" && format != "yyyyMMdd" {
        return Err(format!("the date format {format} of a partition projection is not supported by windtunnel yet"));
    }
    if unit.is_some_and(|u| !u.eq_ignore_ascii_case("DAYS")) {
        return Err("partition projections of dates step by DAYS only in windtunnel yet".into());
    }
    let wrong = || format!("{range} is not a range of dates in the form {format}");
    let (low, high) = range.split_once(',').ok_or_else(wrong)?;
    let today = cx.now().unix_ns.div_euclid(DAY_NS);
    let day = |text: &str| -> Option<i128> {
        let text = text.trim();
        if let Some(relative) = text.strip_prefix("NOW") {
            let relative = relative.trim();
            if relative.is_empty() {
                return Some(today);
            }
            let (amount, unit) = relative.split_at(relative.find(|c: char| c.is_ascii_alphabetic())?);
            let amount: i128 = amount.replace(' ', "").parse().ok()?;
            let days = match unit.to_ascii_uppercase().trim_end_matches('S') {
                "DAY" => 1,
                "WEEK" => 7,
                "MONTH" => 31,
                "YEAR" => 366,
                _ => return None,
            };
            return Some(today + amount * days);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let iso = (digits.len() == 8).then(|| format!("{}-{}-{}T00:00:00Z", &digits[..4], &digits[4..6], &digits[6..]))?;
        Some(time::parse_iso(&iso)?.unix_ns.div_euclid(DAY_NS))
    };
    let (low, high) = (day(low).ok_or_else(wrong)?, day(high).ok_or_else(wrong)?);
    if high - low > MOST_PROJECTED as i128 {
        return Err(wrong());
    }
    let shown = |day: i128| {
        let iso = time::date(kit::Timestamp { unix_ns: day * DAY_NS });
        match format {
            "yyyy/MM/dd" => iso.replace('-', "/"),
            "yyyyMMdd" => iso.replace('-', ""),
            _ => iso,
        }
    };
    Ok((low..=high).map(shown).collect())
}
