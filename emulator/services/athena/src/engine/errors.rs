//! What goes wrong in a query, in Trino's names and sentences: one table.

use datafusion::{common::SchemaError, error::DataFusionError};
use kit::Fault;

/// The console's sentence for a query that scanned more than its work group allows.
const CUTOFF: &str = "Query cancelled! : Bytes scanned limit was exceeded";

/// Why a query failed.
#[derive(Clone, Debug)]
pub(crate) struct QueryError {
    /// StateChangeReason.
    pub message: String,
    /// 1 system, 2 user, 3 other.
    pub category: i32,
    /// AWS's number of the kind.
    pub kind: i32,
    /// Whether the query was cancelled rather than that it failed.
    pub cancels: bool,
}

impl QueryError {
    pub(crate) fn user(kind: i32, message: impl Into<String>) -> QueryError {
        QueryError { message: message.into(), category: 2, kind, cancels: false }
    }
    pub(crate) fn unbuilt(what: &str) -> QueryError {
        QueryError::user(1200, format!("NOT_SUPPORTED: windtunnel does not run {what} yet"))
    }
    /// Hive's way to say that a statement of the catalog failed.
    pub(crate) fn failed(text: impl Into<String>) -> QueryError {
        QueryError::user(1000, format!("FAILED: {}", text.into()))
    }
    /// A failure in Trino's words, its kind told by its name.
    pub(crate) fn named(text: String) -> QueryError {
        let kind = match text.split(':').next().unwrap_or("") {
            "DIVISION_BY_ZERO" => 1001,
            "TYPE_MISMATCH" => 1002,
            "COLUMN_NOT_FOUND" | "CATALOG_NOT_FOUND" => 1006,
            "INVALID_CAST_ARGUMENT" => 1100,
            "NOT_SUPPORTED" => 1200,
            "NOT_FOUND" => 1300,
            "TABLE_NOT_FOUND" | "SCHEMA_NOT_FOUND" => 1301,
            "FUNCTION_NOT_FOUND" => 1303,
            _ => 1000,
        };
        QueryError::user(kind, text)
    }
    /// The work group's limit: AWS cancels such a query.
    pub(crate) fn beyond_cutoff() -> QueryError {
        QueryError { cancels: true, ..QueryError::user(1000, CUTOFF) }
    }
    /// What is wrong with us rather than with the query.
    pub(crate) fn internal(text: impl std::fmt::Display) -> QueryError {
        QueryError { message: format!("INTERNAL_ERROR: {text}"), category: 1, kind: 1000, cancels: false }
    }
    /// A fault of another service: Athena passes it on with its code.
    pub(crate) fn from_fault(service: &str, fault: &Fault) -> QueryError {
        match fault.code.as_ref() {
            "AccessDenied" | "AccessDeniedException" => QueryError::user(
                1000,
                format!("Access Denied (Service: {service}; Status Code: 403; Error Code: AccessDenied): {}", fault.message),
            ),
            code => {
                QueryError::user(1000, format!("{} (Service: {service}; Status Code: {}; Error Code: {code})", fault.message, fault.status))
            }
        }
    }

    /// An error of the engine for a query's text, which gives the positions.
    pub(crate) fn from_engine(error: DataFusionError, sql: &str) -> QueryError {
        let error = error.find_root_to_owned();
        match &error {
            DataFusionError::SchemaError(schema, _) => return from_schema(schema, sql, &error),
            DataFusionError::External(inner) => {
                if let Some(fault) = inner.downcast_ref::<Fault>() {
                    return QueryError::from_fault("Amazon S3", fault);
                }
                if let Some(known) = inner.downcast_ref::<Carried>() {
                    return known.0.clone();
                }
            }
            DataFusionError::ResourcesExhausted(text) => {
                let limit = super::session::QUERY_MEMORY >> 20;
                let more = text.lines().next().unwrap_or_default();
                return QueryError::user(
                    1000,
                    format!("EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit of {limit}MB [{more}]"),
                );
            }
            DataFusionError::NotImplemented(text) => {
                // What follows a bracket is the engine's own tree.
                let what = text.split(['(', '{', '\n']).next().unwrap_or_default().trim();
                return QueryError::user(1200, format!("NOT_SUPPORTED: windtunnel does not run this query yet: {what}"));
            }
            _ => {}
        }
        let text = error.strip_backtrace();
        if let Some(error) = ungrouped(&text, sql).or_else(|| uncoerced(&text, sql)) {
            return error;
        }
        if let Some(name) = between(&text, "table '", "' not found") {
            // A state that the query named, or a mark, stands behind the table's name.
            let marks = [super::sql::VERSION, super::sql::TIME, super::sql::HIDDEN];
            let name = marks.iter().fold(name.as_str(), |name, mark| name.split(mark).next().unwrap_or(name)).to_owned();
            let short = name.rsplit('.').next().unwrap_or(&name);
            return QueryError::user(1301, format!("TABLE_NOT_FOUND: {}: Table '{name}' does not exist", position(sql, short)));
        }
        if let Some(name) = between(&text, "Invalid function '", "'") {
            return QueryError::user(1303, format!("FUNCTION_NOT_FOUND: {}: Function '{name}' not registered", position(sql, &name)));
        }
        if text.contains("Divide by zero") || text.contains("DivideByZero") {
            return QueryError::user(1001, "DIVISION_BY_ZERO: Division by zero");
        }
        if text.contains("Cannot cast string") || text.contains("Cast error") {
            return QueryError::user(1100, format!("INVALID_CAST_ARGUMENT: {text}"));
        }
        if text.contains("coerce") || text.contains("type_coercion") || text.contains("Cannot infer common") {
            return QueryError::user(1002, format!("TYPE_MISMATCH: {text}"));
        }
        // The engine asks to be told of its faults: whoever reads this has none of them.
        let text = text.split("\nThis issue was likely caused by").next().unwrap_or(&text);
        QueryError::user(1000, format!("GENERIC_USER_ERROR: {text}"))
    }
}

/// A column that is neither grouped nor aggregated.
fn ungrouped(text: &str, sql: &str) -> Option<QueryError> {
    let name = between(text, "column \"", "\" must appear in the GROUP BY").or_else(|| {
        let named = between(text, "HAVING clause references", " must appear in the GROUP BY")?;
        named.rsplit([':', ',', '"']).map(str::trim).find(|n| !n.is_empty()).map(str::to_owned)
    })?;
    let short = name.rsplit('.').next().unwrap_or(&name).to_owned();
    let shown = if sql.to_lowercase().contains(&name) { &name } else { &short };
    let place = position(sql, &short);
    let text = format!("EXPRESSION_NOT_AGGREGATE: {place}: '{shown}' must be an aggregate expression or appear in GROUP BY clause");
    Some(QueryError::user(1000, text))
}

/// An aggregate or window function of the engine over types that it doesn't take.
fn uncoerced(text: &str, sql: &str) -> Option<QueryError> {
    if let Some(at) = text.find("FUNCTION_NOT_FOUND: {}") {
        // Ours, in a sentence of the engine's.
        let own = text[at..].split(['\n', '"']).next().unwrap_or_default().split(" No function matches").next().unwrap_or_default();
        return Some(QueryError::user(1303, own));
    }
    let name = between(text, "satisfy a call to '", "'").or_else(|| between(text, "Function '", "' "))?;
    let given = between(text, "coercion from ", " to the signature").unwrap_or_default();
    let given = given.trim_matches(['[', ']']).replace("LargeUtf8", "varchar").replace("Utf8", "varchar").replace("Boolean", "boolean");
    let given = given.replace("Date32", "date").replace("Int32", "integer").replace("Int64", "bigint").replace("Float64", "double");
    let place = position(sql, &name);
    let given = if given.is_empty() { given } else { format!(" ({given})") };
    Some(QueryError::user(1303, format!("FUNCTION_NOT_FOUND: {place}: Unexpected parameters{given} for function {name}")))
}

fn from_schema(schema: &SchemaError, sql: &str, error: &DataFusionError) -> QueryError {
    match schema {
        SchemaError::FieldNotFound { field, .. } => QueryError::user(
            1006,
            format!("COLUMN_NOT_FOUND: {}: Column '{}' cannot be resolved", position(sql, field.name()), field.name()),
        ),
        SchemaError::AmbiguousReference { field } => {
            QueryError::user(1006, format!("AMBIGUOUS_NAME: {}: Column '{}' is ambiguous", position(sql, field.name()), field.name()))
        }
        _ => QueryError::user(1000, format!("GENERIC_USER_ERROR: {}", error.strip_backtrace())),
    }
}

/// Carries a query's own error through the engine.
#[derive(Debug)]
pub(crate) struct Carried(pub QueryError);

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}
impl std::error::Error for Carried {}

pub(crate) fn carry(error: QueryError) -> DataFusionError {
    DataFusionError::External(Box::new(Carried(error)))
}

trait RootToOwned {
    fn find_root_to_owned(self) -> DataFusionError;
}

impl RootToOwned for DataFusionError {
    /// Takes the wrappers off that only say where an error came by.
    fn find_root_to_owned(self) -> DataFusionError {
        match self {
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => inner.find_root_to_owned(),
            DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
                Ok(inner) => inner.find_root_to_owned(),
                Err(shared) => copied(&shared),
            },
            DataFusionError::Collection(mut all) if !all.is_empty() => all.remove(0).find_root_to_owned(),
            other => other,
        }
    }
}

/// An error that others hold too, as far as what it is matters.
fn copied(error: &DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => copied(inner),
        DataFusionError::Shared(inner) => copied(inner),
        DataFusionError::Collection(all) if !all.is_empty() => copied(&all[0]),
        DataFusionError::ResourcesExhausted(text) => DataFusionError::ResourcesExhausted(text.clone()),
        DataFusionError::External(inner) => {
            let fault = inner.downcast_ref::<Fault>().map(|fault| DataFusionError::External(Box::new(fault.clone())));
            let known = || inner.downcast_ref::<Carried>().map(|known| carry(known.0.clone()));
            fault.or_else(known).unwrap_or_else(|| DataFusionError::Execution(error.strip_backtrace()))
        }
        other => DataFusionError::Execution(other.strip_backtrace()),
    }
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(rest[..rest.find(after)?].to_owned())
}

/// `line 1:15` of a name in a query's text; of its start when it isn't found as a word.
pub(crate) fn position(sql: &str, name: &str) -> String {
    if name.is_empty() {
        return "line 1:1".into();
    }
    let (lower, name) = (sql.to_ascii_lowercase(), name.to_ascii_lowercase());
    let word = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    let at = lower
        .match_indices(&name)
        .map(|(i, _)| i)
        .find(|i| word(lower[..*i].chars().next_back()) && word(lower[*i + name.len()..].chars().next()))
        .map(|i| i - usize::from(lower[..i].ends_with('"')))
        .unwrap_or(0);
    let line = sql[..at].matches('\n').count() + 1;
    let column = sql[..at].rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    format!("line {line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn names_are_found_in_the_text() {
        assert_eq!(position("select x from\n  t", "t"), "line 2:3");
        assert_eq!(position("select tt from t", "t"), "line 1:16");
        assert_eq!(position("select 1", "nope"), "line 1:1");
        assert_eq!(position("select \"$path\"", "$path"), "line 1:8", "a name begins with its quotes");
    }
}
