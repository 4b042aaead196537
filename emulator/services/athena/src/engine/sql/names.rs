//! Names of columns. Trino allows equal names and columns without one, where the engine wants one name each: what has none, or one that is
//! there already, gets a marked name, and [`shown`] makes of it what a client sees.

use datafusion::sql::sqlparser::{ast::*, tokenizer::Span};
use std::{collections::HashSet, ops::ControlFlow};

/// Stands between a column's own name, which may be empty, and what makes it differ from others. No name of a catalog holds it.
const MARK: char = '\u{1}';

/// A column's name in results, by its place counted from 0.
pub(crate) fn shown(name: &str, place: usize) -> String {
    match name.split_once(MARK) {
        Some(("", _)) => format!("_col{place}"),
        Some((own, _)) => own.to_owned(),
        None => name.to_owned(),
    }
}

/// A plan's text without marks.
pub(crate) fn plain(text: &str) -> String {
    text.replace(MARK, "_col")
}

fn marked(own: &str, place: usize) -> Ident {
    Ident::with_quote('"', format!("{own}{MARK}{place}"))
}

/// Names the columns of a query inside another one.
pub(super) fn name_inner(query: &mut Query) {
    name_body(&mut query.body, false);
}

/// Names the columns of a result: `_col` and its place where there is no name. The left side of a set operation names them.
pub(super) fn name_outer(query: &mut Query) {
    tabulate(&mut query.body);
    let renamed = name_body(&mut query.body, true);
    if let Some(OrderBy { kind: OrderByKind::Expressions(all), .. }) = &mut query.order_by
        && !renamed.is_empty()
    {
        for one in all {
            let _ = VisitMut::visit(&mut one.expr, &mut Renames(&renamed));
        }
    }
}

/// `VALUES 1, 2` that nothing names becomes a table whose columns have no names.
pub(super) fn tabulate(mut body: &mut SetExpr) {
    while let SetExpr::SetOperation { left, .. } = body {
        body = left;
    }
    if let SetExpr::Values(values) = body {
        let count = values.rows.first().map_or(0, |row| row.content.len());
        let Ok(Query { body: made, .. }) = super::read("SELECT * FROM (VALUES 1) AS \"$values\"", &[]) else { return };
        let mut made = *made;
        let SetExpr::Select(select) = &mut made else { return };
        if let TableFactor::Derived { subquery, alias: Some(alias), .. } = &mut select.from[0].relation {
            alias.columns = (0..count).map(|at| TableAliasColumnDef { name: marked("", at), data_type: None }).collect();
            *subquery.body = SetExpr::Values(values.clone());
        }
        *body = made;
    }
}

/// The aliases that got another name.
type Renamed = Vec<(String, Ident)>;

fn name_body(mut body: &mut SetExpr, outer: bool) -> Renamed {
    if let SetExpr::SetOperation { .. } = body {
        while let SetExpr::SetOperation { left, right, .. } = body {
            name_body(right, false);
            body = left;
        }
        name_body(body, outer);
        return Vec::new();
    }
    match body {
        SetExpr::Select(select) => name_select(select, outer),
        SetExpr::Query(query) => name_body(&mut query.body, outer),
        _ => Vec::new(),
    }
}

fn name_select(select: &mut Select, outer: bool) -> Renamed {
    let tables = tables(&select.from);
    let stars = Stars::of(&select.projection);
    let (mut seen, mut renamed) = (HashSet::new(), Vec::new());
    let mut after_star = false;
    for (place, item) in select.projection.iter_mut().enumerate() {
        let (name, of) = match item {
            SelectItem::UnnamedExpr(expr) => match own_name(expr, &tables) {
                Own::Column(name, of) => (name, of),
                Own::Field(name) => {
                    let alias = Ident::new(name.clone());
                    *item = SelectItem::ExprWithAlias { expr: super::rewrite::take(expr), alias };
                    (name, None)
                }
                Own::None => {
                    // How many columns a `*` stands for is not known here.
                    let alias = if outer && !after_star { Ident::new(format!("_col{place}")) } else { marked("", place) };
                    *item = SelectItem::ExprWithAlias { expr: super::rewrite::take(expr), alias };
                    continue;
                }
            },
            SelectItem::ExprWithAlias { alias, .. } => (alias.value.to_lowercase(), None),
            SelectItem::ExprWithAliases { .. } => continue,
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => {
                after_star = true;
                continue;
            }
        };
        // Columns of two tables may have one name in the engine, too, as long as nothing stands around the query.
        let twice = match &of {
            Some(_) if outer => seen.contains(&(name.clone(), of.clone())) || seen.contains(&(name.clone(), None)),
            _ => seen.iter().any(|(other, _)| *other == name),
        };
        if twice || (outer && stars.may_hold(of.as_deref())) {
            let alias = marked(&name, place);
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    *item = SelectItem::ExprWithAlias { expr: super::rewrite::take(expr), alias };
                }
                SelectItem::ExprWithAlias { alias: old, .. } => {
                    if !twice {
                        renamed.push((name.clone(), alias.clone()));
                    }
                    *old = alias;
                }
                _ => {}
            }
        }
        seen.insert((name, of));
    }
    renamed
}

/// What a `*` of a select may stand for.
#[derive(Default)]
struct Stars {
    all: bool,
    of: HashSet<String>,
}

impl Stars {
    fn of(items: &[SelectItem]) -> Stars {
        let mut stars = Stars::default();
        for item in items {
            match item {
                SelectItem::Wildcard(_) => stars.all = true,
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    stars.of.extend(name.0.last().and_then(ObjectNamePart::as_ident).map(|i| i.value.to_lowercase()));
                }
                SelectItem::QualifiedWildcard(..) => stars.all = true,
                _ => {}
            }
        }
        stars
    }
    fn may_hold(&self, table: Option<&str>) -> bool {
        self.all || table.map_or(!self.of.is_empty(), |table| self.of.contains(table))
    }
}

/// The name that an expression has by itself.
enum Own {
    /// A column's, with its table where that is written.
    Column(String, Option<String>),
    /// That of a row's field.
    Field(String),
    None,
}

fn own_name(expr: &Expr, tables: &HashSet<String>) -> Own {
    match expr {
        Expr::Identifier(one) => Own::Column(one.value.to_lowercase(), None),
        Expr::CompoundIdentifier(parts) => {
            let lower: Vec<String> = parts.iter().map(|p| p.value.to_lowercase()).collect();
            // `t.c`, `db.t.c` and `catalog.db.t.c` are columns, and what goes on behind them is a field.
            let table = (0..3.min(lower.len() - 1)).find(|at| tables.contains(&lower[*at]));
            match table {
                Some(at) if at + 2 == lower.len() => Own::Column(lower[at + 1].clone(), Some(lower[at].clone())),
                _ => Own::Field(lower[lower.len() - 1].clone()),
            }
        }
        Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) if name.to_string() == "\"$field\"" => {
            match list.args.last() {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))) => {
                    value.value.clone().into_string().map_or(Own::None, Own::Field)
                }
                _ => Own::None,
            }
        }
        Expr::Nested(inner) if matches!(**inner, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => own_name(inner, tables),
        _ => Own::None,
    }
}

/// The names that the tables of a select have in it.
fn tables(from: &[TableWithJoins]) -> HashSet<String> {
    let mut names = HashSet::new();
    for one in from {
        for relation in std::iter::once(&one.relation).chain(one.joins.iter().map(|j| &j.relation)) {
            match relation {
                TableFactor::Table { alias: Some(alias), .. }
                | TableFactor::Derived { alias: Some(alias), .. }
                | TableFactor::UNNEST { alias: Some(alias), .. } => {
                    names.insert(alias.name.value.to_lowercase());
                }
                TableFactor::Table { name, .. } => {
                    names.extend(name.0.last().and_then(ObjectNamePart::as_ident).map(|i| i.value.to_lowercase()));
                }
                TableFactor::NestedJoin { table_with_joins, .. } => {
                    names.extend(tables(std::slice::from_ref(table_with_joins)));
                }
                _ => {}
            }
        }
    }
    names
}

/// ORDER BY names the aliases of the result.
struct Renames<'a>(&'a Renamed);

impl VisitorMut for Renames<'_> {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr
            && let Some((_, alias)) = self.0.iter().find(|(own, _)| *own == name.value.to_lowercase())
        {
            *name = Ident { span: Span::empty(), ..alias.clone() };
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(sql: &str) -> String {
        let mut query = super::super::read(sql, &[]).unwrap();
        name_outer(&mut query);
        query.to_string().replace(MARK, "#")
    }

    #[test]
    fn what_has_no_name_or_one_that_is_there_gets_one() {
        assert_eq!(named("SELECT a, a + 1, T.a, b AS a FROM t"), "SELECT a, a + 1 AS _col1, T.a AS \"a#2\", b AS \"a#3\" FROM t");
        assert_eq!(named("SELECT t.a, u.a FROM t, u"), "SELECT t.a, u.a FROM t, u");
        assert_eq!(named("SELECT r.a, db.t.b, t.r.c FROM db.t"), "SELECT r.a AS a, db.t.b, t.r.c AS c FROM db.t");
        assert_eq!(named("SELECT *, a + 1, n AS x FROM t ORDER BY x"), "SELECT *, a + 1 AS \"#1\", n AS \"x#2\" FROM t ORDER BY \"x#2\"");
        assert_eq!(named("SELECT t.*, u.a FROM t, u ORDER BY u.a"), "SELECT t.*, u.a FROM t, u ORDER BY u.a");
        assert_eq!(named("VALUES (1, 2)"), "SELECT * FROM (VALUES (1, 2)) AS \"$values\" (\"#0\", \"#1\")");
        assert_eq!([shown("\u{1}3", 2), shown("a\u{1}1", 5), shown("a", 0)], ["_col2", "a", "a"]);
    }
}
