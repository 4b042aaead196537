//! Queries into lines: metrics are read, expressions evaluated over them, each once.

use crate::{
    check as rules,
    math::{self, Expression, Scene, Series, Value},
    model::*,
    points::{self, MetricId, Span},
    statistics::Stat,
};
use kit::{Fault, Read, Scope, Timestamp};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

const MOST_QUERIES: usize = 500;

/// The values of a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub id: String,
    pub label: String,
    pub values: BTreeMap<i64, f64>,
    /// How many samples stand behind a value; for metrics only.
    pub samples: BTreeMap<i64, f64>,
    pub messages: Vec<MessageData>,
    pub returned: bool,
}

/// Refuses queries that can't be run.
pub(crate) fn check(queries: &[MetricDataQuery]) -> Result<(), Fault> {
    let invalid = |text: String| Err(rules::validation(text));
    if queries.is_empty() || queries.len() > MOST_QUERIES {
        return invalid(format!("The collection MetricDataQueries must have between 1 and {MOST_QUERIES} queries."));
    }
    let mut ids = BTreeSet::new();
    for query in queries {
        let id = &query.id;
        if !id.starts_with(|c: char| c.is_ascii_lowercase()) || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return invalid(format!(
                "Invalid metrics list: the id {id:?} must begin with a lower-case letter and hold letters, digits and _."
            ));
        }
        if !ids.insert(id) {
            return invalid(format!("The values for parameter id in MetricDataQueries are not unique: {id}."));
        }
        if query.account_id.is_some() {
            return Err(rules::not_implemented("AccountId of metric data queries"));
        }
        match (&query.metric_stat, &query.expression) {
            (Some(stat), None) => check_stat(id, stat)?,
            (None, Some(expression)) => check_expression(id, expression)?,
            _ => return invalid(format!("Exactly one of MetricStat and Expression must be specified for {id}.")),
        }
    }
    Ok(())
}

fn check_stat(id: &str, stat: &MetricStat) -> Result<(), Fault> {
    rules::period("Period", stat.period).map_err(|fault| rules::validation(fault.message))?;
    if stat.metric.as_ref().is_none_or(|metric| metric.namespace.is_none() || metric.metric_name.is_none()) {
        return Err(rules::validation(format!("Namespace and MetricName must be specified for {id}.")));
    }
    which(stat).map(drop)
}

fn which(stat: &MetricStat) -> Result<Stat, Fault> {
    Stat::parse(&stat.stat).ok_or_else(|| rules::validation(format!("The value {} for parameter Stat is not supported.", stat.stat)))
}

fn check_expression(id: &str, text: &str) -> Result<(), Fault> {
    if text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT")) {
        return Err(rules::not_implemented("Metrics Insights queries (SELECT)"));
    }
    match math::parse(text) {
        Ok(expression) => refuse(&expression),
        Err(problem) => Err(in_expression(id, &problem)),
    }
}

fn in_expression(id: &str, problem: &str) -> Fault {
    rules::validation(format!("Error in expression '{id}': {problem}."))
}

/// Functions that are not built end the call.
fn refuse(expression: &Expression) -> Result<(), Fault> {
    match expression {
        Expression::Call(name, _) if math::REFUSED.contains(&name.as_str()) => {
            Err(rules::not_implemented(&format!("the function {name} of metric math")))
        }
        Expression::Call(_, inner) | Expression::Array(inner) => inner.iter().try_for_each(refuse),
        Expression::Negated(inner) => refuse(inner),
        Expression::Binary(_, left, right) => refuse(left).and_then(|()| refuse(right)),
        Expression::Number(_) | Expression::Text(_) | Expression::Name(_) => Ok(()),
    }
}

/// Runs checked queries. `spans` tells the span of a period.
pub(crate) fn run(
    read: &impl Read,
    scope: &Scope,
    queries: &[MetricDataQuery],
    spans: &dyn Fn(i64) -> Span,
    now: Timestamp,
) -> Result<Vec<Line>, Fault> {
    let mut lines: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    let mut metrics: BTreeMap<&str, Series> = BTreeMap::new();
    let suffixes = Suffixes::of(queries);
    for query in queries {
        if let Some(stat) = &query.metric_stat {
            let period = i64::from(stat.period);
            let mut line = metric(read, scope, query, stat, spans(period), now)?;
            if query.label.is_none() {
                line.label += &suffixes.text(stat);
            }
            metrics.insert(&query.id, Series { label: line.label.clone(), period, values: line.values.clone() });
            lines.insert(&query.id, vec![line]);
        }
    }
    let periods = queries.iter().filter_map(|query| query.metric_stat.as_ref()).map(|stat| i64::from(stat.period));
    let run = Run { queries, metrics, spans, period: periods.max(), done: RefCell::default() };
    for query in queries.iter().filter(|query| query.expression.is_some()) {
        let found = run.worth(&query.id, &mut Vec::new()).and_then(|value| expression_lines(query, value));
        lines.insert(&query.id, found.map_err(|problem| in_expression(&query.id, &problem))?);
    }
    Ok(queries.iter().flat_map(|query| lines.remove(query.id.as_str()).unwrap_or_default()).collect())
}

/// What labels of metrics need to differ, as recorded: the statistic and the period, where the queries have more than one.
struct Suffixes {
    stat: bool,
    period: bool,
}

impl Suffixes {
    fn of(queries: &[MetricDataQuery]) -> Suffixes {
        let stats = || queries.iter().filter_map(|query| query.metric_stat.as_ref());
        let differ = |key: fn(&MetricStat) -> String| stats().map(key).collect::<BTreeSet<_>>().len() > 1;
        Suffixes { stat: differ(|stat| stat.stat.clone()), period: differ(|stat| stat.period.to_string()) }
    }
    fn text(&self, stat: &MetricStat) -> String {
        let one = if self.stat { format!(" {}", stat.stat) } else { String::new() };
        let other = if self.period { format!(" {}", stat.period) } else { String::new() };
        one + &other
    }
}

fn metric(read: &impl Read, scope: &Scope, query: &MetricDataQuery, stat: &MetricStat, span: Span, now: Timestamp) -> Result<Line, Fault> {
    let metric = stat.metric.clone().unwrap_or_default();
    let (namespace, name) = (metric.namespace.unwrap_or_default(), metric.metric_name.unwrap_or_default());
    let id = MetricId::new(&namespace, &name, metric.dimensions.as_deref().unwrap_or_default());
    let which = which(stat)?;
    let mut line = Line {
        id: query.id.clone(),
        label: query.label.clone().unwrap_or(name),
        returned: query.return_data != Some(false),
        ..Line::default()
    };
    let periods = points::read(read, scope, &id, stat.unit, span, now)?;
    let units: BTreeSet<&str> = periods.values().flat_map(|units| units.keys().copied()).collect();
    if units.len() > 1 {
        let all: Vec<&str> = units.iter().copied().collect();
        let value = format!("Multiple units returned: '[{}]'", all.join(", "));
        line.messages.push(MessageData { code: Some("MultipleUnits".into()), value: Some(value) });
    }
    // As recorded: of several units the first one by name is told.
    let Some(unit) = units.first() else { return Ok(line) };
    for (start, stats) in periods.iter().filter_map(|(start, units)| Some((*start, units.get(unit)?))) {
        if let Some(value) = which.of(stats) {
            line.values.insert(start, value);
            line.samples.insert(start, stats.count);
        }
    }
    Ok(line)
}

struct Run<'a> {
    queries: &'a [MetricDataQuery],
    metrics: BTreeMap<&'a str, Series>,
    spans: &'a dyn Fn(i64) -> Span,
    period: Option<i64>,
    done: RefCell<BTreeMap<String, Result<Value, String>>>,
}

impl Run<'_> {
    /// What a query is worth; `path` are the queries that wait for it.
    fn worth(&self, id: &str, path: &mut Vec<String>) -> Result<Value, String> {
        if let Some(series) = self.metrics.get(id) {
            return Ok(Value::Series(series.clone()));
        }
        if let Some(done) = self.done.borrow().get(id) {
            return done.clone();
        }
        let query = self.queries.iter().find(|query| query.id == id).ok_or_else(|| format!("the id {id} is not defined"))?;
        if path.iter().any(|waiting| waiting == id) || path.len() > 20 {
            return Err(format!("the expression {id} needs itself, or too many others"));
        }
        path.push(id.to_owned());
        let value = self.evaluate(query, path);
        path.pop();
        self.done.borrow_mut().insert(id.to_owned(), value.clone());
        value
    }

    fn evaluate(&self, query: &MetricDataQuery, path: &mut Vec<String>) -> Result<Value, String> {
        let expression = math::parse(query.expression.as_deref().unwrap_or_default())?;
        let span = (self.spans)(query.period.map(i64::from).or(self.period).unwrap_or(60));
        let path = RefCell::new(path);
        let find = |id: &str| self.worth(id, &mut path.borrow_mut());
        let metrics = |text: Option<&str>| {
            let wanted = self.metrics.iter().filter(|(id, series)| text.is_none_or(|t| id.contains(t) || series.label.contains(t)));
            wanted.map(|(_, series)| series.clone()).collect()
        };
        math::evaluate(&expression, &Scene { find: &find, metrics: &metrics, start: span.start, end: span.end, period: span.period })
    }
}

fn expression_lines(query: &MetricDataQuery, value: Value) -> Result<Vec<Line>, String> {
    let returned = query.return_data != Some(false);
    let line = |label: String, values| Line { id: query.id.clone(), label, values, returned, ..Line::default() };
    match value {
        Value::Series(series) => Ok(vec![line(query.label.clone().unwrap_or_else(|| query.id.clone()), series.values)]),
        Value::Array(all) => {
            let many = all.len() > 1;
            let label = |of: &str| match &query.label {
                Some(own) if many => format!("{own} {of}"),
                Some(own) => own.clone(),
                None => of.to_owned(),
            };
            Ok(all.into_iter().map(|series| line(label(&series.label), series.values)).collect())
        }
        Value::Scalar(_) if !returned => Ok(Vec::new()),
        Value::Scalar(_) => Err("it is a scalar, and only time series can be returned".into()),
    }
}
