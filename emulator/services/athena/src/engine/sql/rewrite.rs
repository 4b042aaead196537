//! Expressions of Trino's as expressions that the engine plans: casts, literals, subscripts and calls become functions of ours.

use super::{functions, names, queries, tokens::TYPE};
use datafusion::sql::sqlparser::{ast::*, tokenizer::Span};
use std::ops::ControlFlow;

/// Types of Trino's that nothing here holds.
pub(super) const UNBUILT_TYPES: &[&str] =
    &["ipaddress", "ipprefix", "uuid", "hyperloglog", "p4hyperloglog", "qdigest", "tdigest", "setdigest", "geometry", "sphericalgeography"];

/// What a query's text means beside its words.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// `2020-01-01 00:00:00.000 UTC`: the query's start.
    pub now: String,
    /// Who asks.
    pub user: String,
    /// The database that names without one mean.
    pub database: String,
}

/// Rewrites a query in place. The error is the query's failure.
pub(super) fn rewrite(query: &mut Query, setting: &Setting) -> Result<(), String> {
    let mut rewriter = Rewriter { setting, tries: 0, depth: 0 };
    match VisitMut::visit(query, &mut rewriter) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

pub(super) struct Rewriter<'a> {
    pub setting: &'a Setting,
    /// TRYs around what is visited.
    pub tries: usize,
    /// Queries around what is visited.
    depth: usize,
}

impl VisitorMut for Rewriter<'_> {
    type Break = String;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        if functions::is_try(expr) {
            self.tries += 1;
        }
        if smallest(expr) {
            *expr = call("$cast", vec![text(&i64::MIN.to_string()), text("bigint")]);
        }
        ControlFlow::Continue(())
    }
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        match self.expression(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
    fn pre_visit_table_factor(&mut self, relation: &mut TableFactor) -> ControlFlow<String> {
        match queries::sample(relation) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<String> {
        match queries::select(select) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
    fn post_visit_table_factor(&mut self, relation: &mut TableFactor) -> ControlFlow<String> {
        match relation {
            TableFactor::NestedJoin { table_with_joins, .. } => queries::nest(table_with_joins),
            TableFactor::Derived { subquery, alias, .. } if alias.as_ref().is_none_or(|a| a.columns.is_empty()) => {
                names::tabulate(&mut subquery.body);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<String> {
        self.depth += 1;
        ControlFlow::Continue(())
    }
    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<String> {
        if let Err(error) = queries::query(query) {
            return ControlFlow::Break(error);
        }
        self.depth -= 1;
        for with in query.with.iter_mut().flat_map(|w| &mut w.cte_tables).filter(|w| w.alias.columns.is_empty()) {
            names::tabulate(&mut with.query.body);
        }
        match self.depth {
            0 => names::name_outer(query),
            _ => names::name_inner(query),
        }
        ControlFlow::Continue(())
    }
}

impl Rewriter<'_> {
    fn expression(&mut self, expr: &mut Expr) -> Result<(), String> {
        let made = match expr {
            // A whole number that fits is an integer to Trino, where the engine would make it a bigint.
            Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) if digits.parse::<i32>().is_ok() => {
                Some(as_integer(take(expr)))
            }
            Expr::Nested(inner) if matches!(**inner, Expr::Subquery(_)) => None,
            Expr::Tuple(items) => Some(call("$row", std::mem::take(items))),
            Expr::InSubquery { expr: row, subquery, negated } => match row_of(row) {
                Some(values) => Some(row_in(values, subquery, *negated)?),
                None => None,
            },
            Expr::Cast { kind, expr: inner, data_type, .. } => {
                let name =
                    type_name(data_type).ok_or_else(|| format!("TYPE_MISMATCH: line {}: Unknown type: {data_type}", at(start(inner))))?;
                if UNBUILT_TYPES.iter().any(|t| name.to_lowercase().starts_with(t)) {
                    return Err(unbuilt(&format!("the type {}", name.to_uppercase()), start(inner)));
                }
                let tried = *kind == CastKind::TryCast || self.tries > 0;
                Some(call(if tried { "try$$cast" } else { "$cast" }, vec![take(inner), text(&name)]))
            }
            Expr::TypedString(typed) => typed_literal(typed)?,
            Expr::Interval(interval) => Some(interval_literal(interval)?),
            Expr::AtTimeZone { timestamp, time_zone } => Some(call(self.name("at_timezone"), vec![take(timestamp), take(time_zone)])),
            Expr::Extract { field, expr: inner, .. } => {
                let field = field.to_string().to_lowercase();
                Some(call(self.name(&field), vec![take(inner)]))
            }
            Expr::Ceil { expr: inner, .. } => Some(call(self.name("ceil"), vec![take(inner)])),
            Expr::Floor { expr: inner, .. } => Some(call(self.name("floor"), vec![take(inner)])),
            Expr::Position { expr: inner, r#in } => Some(call("strpos", vec![take(r#in), take(inner)])),
            Expr::Substring { expr: inner, substring_from, substring_for, .. } => {
                let mut arguments = vec![take(inner)];
                arguments.push(substring_from.as_mut().map_or_else(|| integer("1"), |e| take(e)));
                arguments.extend(substring_for.as_mut().map(|e| take(e)));
                Some(call("substr", arguments))
            }
            Expr::Trim { trim_where, trim_what, expr: inner, trim_characters } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    _ => "trim",
                };
                let mut arguments = vec![take(inner)];
                arguments.extend(trim_what.as_mut().map(|e| take(e)));
                arguments.extend(trim_characters.take().unwrap_or_default());
                Some(call(name, arguments))
            }
            Expr::Like { pattern, escape_char, .. } => {
                like(pattern, escape_char.take())?;
                None
            }
            Expr::CompoundFieldAccess { root, access_chain } => Some(self.access(take(root), std::mem::take(access_chain))?),
            Expr::BinaryOp { left, op, right } if self.tries > 0 => {
                let name = match op {
                    BinaryOperator::Plus => "try$$add",
                    BinaryOperator::Minus => "try$$subtract",
                    BinaryOperator::Multiply => "try$$multiply",
                    BinaryOperator::Divide => "try$$divide",
                    BinaryOperator::Modulo => "try$$modulus",
                    _ => return Ok(()),
                };
                Some(call(name, vec![take(left), take(right)]))
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => match &**inner {
                // A number's sign is part of it.
                Expr::Cast { .. } | Expr::Value(_) => None,
                _ => Some(call(self.name("$negate"), vec![take(inner)])),
            },
            Expr::UnaryOp { op: UnaryOperator::Plus, expr: inner } => Some(take(inner)),
            Expr::Function(function) => {
                if let Some(WindowType::WindowSpec(spec)) = &mut function.over {
                    queries::frame(spec)?;
                }
                functions::rewrite(self, expr)?;
                None
            }
            Expr::Value(ValueWithSpan { value: Value::Number(digits, _), span })
                if digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<i64>().is_err() =>
            {
                return Err(format!("INVALID_LITERAL: line {}: Invalid numeric literal: {digits}", at(*span)));
            }
            Expr::MatchAgainst { .. } => return Err(unbuilt("MATCH AGAINST", expr.span())),
            _ => None,
        };
        if let Some(made) = made {
            *expr = made;
        }
        Ok(())
    }

    /// A function of ours, in the form that fails or the one that doesn't.
    pub(super) fn name(&self, name: &str) -> String {
        if self.tries > 0 { format!("try${name}") } else { name.to_owned() }
    }

    /// `a.b[1].c`: names first, then subscripts and fields from left to right.
    fn access(&self, root: Expr, chain: Vec<AccessExpr>) -> Result<Expr, String> {
        let mut out = root;
        for access in chain {
            out = match (out, access) {
                (Expr::Identifier(first), AccessExpr::Dot(Expr::Identifier(next))) => Expr::CompoundIdentifier(vec![first, next]),
                (Expr::CompoundIdentifier(mut parts), AccessExpr::Dot(Expr::Identifier(next))) => {
                    parts.push(next);
                    Expr::CompoundIdentifier(parts)
                }
                (value, AccessExpr::Dot(Expr::Identifier(field))) => {
                    call(self.name("$field"), vec![value, text(&field.value.to_lowercase())])
                }
                (value, AccessExpr::Subscript(Subscript::Index { index })) => call(self.name("$subscript"), vec![value, index]),
                (_, other) => return Err(format!("NOT_SUPPORTED: line 1:1: the access {other} is not supported")),
            };
        }
        Ok(out)
    }
}

/// Where an expression begins. The library asks all that is in it, at each level of a stack of its own.
fn start(expr: &Expr) -> Span {
    std::iter::successors(Some(expr), |expr| super::dialect::left(expr)).last().map_or(Span::empty(), Spanned::span)
}

/// `1:15` of a place.
pub(super) fn at(span: Span) -> String {
    format!("{}:{}", span.start.line.max(1), span.start.column.max(1))
}
pub(super) fn unbuilt(what: &str, place: Span) -> String {
    format!("NOT_SUPPORTED: line {}: windtunnel does not run {what} yet", at(place))
}

pub(super) fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()))
}
pub(super) fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).with_empty_span())
}
/// A whole number as it is.
pub(super) fn integer(digits: &str) -> Expr {
    Expr::Value(Value::Number(digits.to_owned(), false).with_empty_span())
}
/// The engine's LIKE escapes by a backslash; Trino's by what ESCAPE says, and by nothing without it.
fn like(pattern: &mut Expr, escape: Option<ValueWithSpan>) -> Result<(), String> {
    let escape = escape.and_then(|e| e.value.into_string()).and_then(|e| e.chars().next());
    let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(written), .. }) = pattern else {
        return match escape {
            Some(_) => {
                Err("NOT_SUPPORTED: line 1:1: windtunnel does not run LIKE with ESCAPE on patterns that are no constants yet".into())
            }
            None => Ok(()),
        };
    };
    let mut out = String::new();
    for c in written.chars() {
        match c {
            c if Some(c) == escape => out.push('\\'),
            '\\' => out.push_str("\\\\"),
            c => out.push(c),
        }
    }
    *written = out;
    Ok(())
}

/// A call of a function of ours.
pub(super) fn call(name: impl Into<String>, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_quote('"', name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// The values of `(a, b)`.
fn row_of(expr: &Expr) -> Option<Vec<Expr>> {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else { return None };
    let value = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e.clone()),
        _ => None,
    };
    (name.to_string() == "\"$row\"").then(|| list.args.iter().filter_map(value).collect())
}

/// `(a, b) IN (SELECT c, d ...)`: true where there is such a row, NULL where there may be one.
fn row_in(values: Vec<Expr>, subquery: &Query, negated: bool) -> Result<Expr, String> {
    let column = |at: usize| Ident::with_quote('"', format!("$c{at}"));
    let equal = |(at, value): (usize, Expr)| Expr::BinaryOp {
        left: Box::new(value),
        op: BinaryOperator::Eq,
        right: Box::new(Expr::Identifier(column(at))),
    };
    let all = |values: Vec<Expr>| {
        let and = |a: Expr, b: Expr| Expr::BinaryOp { left: Box::new(a), op: BinaryOperator::And, right: Box::new(b) };
        values
            .into_iter()
            .enumerate()
            .map(equal)
            .reduce(and)
            .map_or_else(|| Expr::Value(Value::Null.with_empty_span()), |e| Expr::Nested(Box::new(e)))
    };
    let count = values.len();
    let found = |condition: Expr| -> Result<Expr, String> {
        let mut query = super::read("SELECT 1 FROM (SELECT 1) AS \"$rows\"", &[])?;
        let SetExpr::Select(select) = query.body.as_mut() else { unreachable!("the text is a select") };
        select.selection = Some(condition);
        if let TableFactor::Derived { subquery: rows, alias: Some(alias), .. } = &mut select.from[0].relation {
            **rows = subquery.clone();
            alias.columns = (0..count).map(|at| TableAliasColumnDef { name: column(at), data_type: None }).collect();
        }
        Ok(Expr::Exists { subquery: Box::new(query), negated: false })
    };
    let is = found(all(values.clone()))?;
    let may_be = found(Expr::IsNotFalse(Box::new(all(values))))?;
    let truth = |value: Value| Expr::Value(value.with_empty_span());
    Ok(Expr::Case {
        case_token: helpers::attached_token::AttachedToken::empty(),
        end_token: helpers::attached_token::AttachedToken::empty(),
        operand: None,
        conditions: vec![
            CaseWhen { condition: is, result: truth(Value::Boolean(!negated)) },
            CaseWhen { condition: may_be, result: truth(Value::Null) },
        ],
        else_result: Some(Box::new(truth(Value::Boolean(negated)))),
    })
}

fn as_integer(expr: Expr) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type: DataType::Int(None), array: false, format: None }
}
/// Takes [`as_integer`] off again, where the engine wants the bare number.
pub(super) fn bare(expr: &mut Expr) {
    if let Expr::Cast { expr: inner, data_type: DataType::Int(None), .. } = expr
        && matches!(**inner, Expr::Value(ValueWithSpan { value: Value::Number(..), .. }))
    {
        *expr = take(inner);
    }
}

/// Whether an expression is the smallest whole number, whose digits alone are none.
fn smallest(expr: &Expr) -> bool {
    let digits = |e: &Expr| match e {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => digits == "9223372036854775808",
        _ => false,
    };
    matches!(expr, Expr::UnaryOp { op: UnaryOperator::Minus, expr } if digits(expr))
}

/// The type's text behind a name that the tokens made, or a type of the parser's own.
pub(super) fn type_name(data_type: &DataType) -> Option<String> {
    if let DataType::Custom(name, _) = data_type
        && let Some(ident) = name.0.first().and_then(ObjectNamePart::as_ident)
        && let Some(name) = ident.value.strip_prefix(TYPE)
    {
        return Some(name.to_owned());
    }
    Some(data_type.to_string())
}

fn typed_literal(typed: &TypedString) -> Result<Option<Expr>, String> {
    let Some(value) = typed.value.value.clone().into_string() else { return Ok(None) };
    Ok(Some(match &typed.data_type {
        DataType::Timestamp(..) => call("$timestamp", vec![text(&value)]),
        DataType::JSON => call("json_parse", vec![text(&value)]),
        DataType::Decimal(_) | DataType::Numeric(_) | DataType::Dec(_) => {
            let digits = value.bytes().filter(u8::is_ascii_digit).count().max(1);
            let scale = value.split_once('.').map_or(0, |(_, f)| f.len());
            call("$cast", vec![text(&value), text(&format!("decimal({digits},{scale})"))])
        }
        other => call("$cast", vec![text(&value), text(&other.to_string())]),
    }))
}

fn interval_literal(interval: &Interval) -> Result<Expr, String> {
    let value = match &*interval.value {
        Expr::Value(v) => v.value.clone().into_string(),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match &**expr {
            Expr::Value(v) => v.value.clone().into_string().map(|t| format!("-{t}")),
            _ => None,
        },
        _ => None,
    };
    let value = value.ok_or("INVALID_LITERAL: line 1:1: an interval is written as INTERVAL '1' DAY")?;
    let field = |f: &Option<DateTimeField>| f.as_ref().map(|f| f.to_string().to_lowercase()).unwrap_or_default();
    Ok(call("$interval", vec![text(&value), text(&field(&interval.leading_field)), text(&field(&interval.last_field))]))
}
