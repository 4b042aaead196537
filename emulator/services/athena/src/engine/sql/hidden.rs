//! Hidden columns: `"$path"` and its like stand in no `SELECT *`, but can be named. Tables whose hidden columns a query names get a mark behind
//! their own name, by which the catalog gives them those columns; stars of such tables leave them out.

use datafusion::sql::sqlparser::ast::*;
use std::{
    collections::{BTreeSet, HashSet},
    ops::ControlFlow,
};

/// Stands behind the name of a table whose hidden columns are asked for.
pub(crate) const HIDDEN: &str = "$hidden$";
/// The hidden columns of a table.
pub(crate) const COLUMNS: [&str; 3] = ["$path", "$file_size", "$file_modified_time"];

/// What a query that names hidden columns reads.
pub(crate) struct Reads {
    /// Names that WITH gives to queries: those have no hidden columns.
    queries: HashSet<String>,
    /// The parts of the tables' names.
    pub tables: BTreeSet<Vec<String>>,
    hidden: bool,
}

/// The tables of a query; `None` where it names no hidden column.
pub(crate) fn reads(query: &Query) -> Option<Reads> {
    let mut reads = Reads { queries: HashSet::new(), tables: BTreeSet::new(), hidden: false };
    let _ = Visit::visit(query, &mut reads);
    let Reads { queries, tables, .. } = &mut reads;
    tables.retain(|parts| parts.len() > 1 || parts.first().is_some_and(|name| !queries.contains(name)));
    reads.hidden.then_some(reads)
}

impl Visitor for Reads {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let with = query.with.iter().flat_map(|w| &w.cte_tables);
        self.queries.extend(with.map(|c| fold(&c.alias.name)));
        ControlFlow::Continue(())
    }
    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        self.tables.insert(parts(name).iter().map(fold).collect());
        ControlFlow::Continue(())
    }
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.hidden |= match expr {
            Expr::Identifier(one) => is_hidden(one),
            Expr::CompoundIdentifier(parts) => parts.last().is_some_and(is_hidden),
            _ => false,
        };
        ControlFlow::Continue(())
    }
}

/// Marks the tables of a query whose hidden columns it names, but for those that have none, as views.
pub(crate) fn mark(query: &mut Query, reads: Reads, without: &HashSet<Vec<String>>) {
    let mut walk = Walk { scopes: Vec::new(), named: reads.queries, without, bare: HashSet::new() };
    let _ = VisitMut::visit(query, &mut walk);
    if !walk.bare.is_empty() {
        let _ = VisitMut::visit(query, &mut Shorten(walk.bare));
    }
}

fn parts(name: &ObjectName) -> Vec<Ident> {
    name.0.iter().filter_map(ObjectNamePart::as_ident).cloned().collect()
}

fn fold(ident: &Ident) -> String {
    ident.value.to_lowercase()
}

/// What the expressions of one query name hidden columns of.
#[derive(Default)]
struct Scope {
    /// Any of its tables.
    any: bool,
    /// One of its tables has them.
    found: bool,
    /// Tables by the names that they have in the query.
    of: HashSet<String>,
}

struct Walk<'a> {
    scopes: Vec<Scope>,
    named: HashSet<String>,
    /// Tables without hidden columns.
    without: &'a HashSet<Vec<String>>,
    /// Database and name of tables that now have their own name as an alias.
    bare: HashSet<(String, String)>,
}

impl VisitorMut for Walk<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.scopes.push(Scope::default());
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Some(scope) = self.scopes.last_mut() else { return ControlFlow::Continue(()) };
        match expr {
            Expr::Identifier(one) if is_hidden(one) => scope.any = true,
            Expr::CompoundIdentifier(parts) if parts.last().is_some_and(is_hidden) => {
                scope.of.extend(parts.len().checked_sub(2).map(|at| fold(&parts[at])));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let Some(mut scope) = self.scopes.pop() else { return ControlFlow::Continue(()) };
        if scope.any || !scope.of.is_empty() {
            self.body(&mut query.body, &mut scope);
            // What is none of its own tables is one of a query around.
            if let Some(outer) = self.scopes.last_mut() {
                outer.of.extend(scope.of);
                outer.any |= scope.any && !scope.found;
            }
        }
        ControlFlow::Continue(())
    }
}

fn is_hidden(ident: &Ident) -> bool {
    COLUMNS.contains(&ident.value.as_str())
}

impl Walk<'_> {
    fn body(&mut self, body: &mut SetExpr, scope: &mut Scope) {
        match body {
            SetExpr::Select(select) => self.select(select, scope),
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left, scope);
                self.body(right, scope);
            }
            _ => {}
        }
    }

    fn select(&mut self, select: &mut Select, scope: &mut Scope) {
        let mut tables = Tables::default();
        for from in &mut select.from {
            self.joined(from, scope, &mut tables);
        }
        if tables.marked.is_empty() {
            return;
        }
        let mut items = Vec::with_capacity(select.projection.len());
        for item in std::mem::take(&mut select.projection) {
            match item {
                // One star leaves out a column of one table only.
                SelectItem::Wildcard(_) if tables.marked.len() > 1 && tables.plain => {
                    items.extend(tables.all.iter().map(|name| star(name, tables.marked.contains(name))));
                }
                SelectItem::Wildcard(mut options) => {
                    options.opt_exclude = Some(left_out());
                    items.push(SelectItem::Wildcard(options));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let of = name.0.last().and_then(ObjectNamePart::as_ident).cloned();
                    items.push(match of.filter(|of| tables.marked.iter().any(|m| fold(m) == fold(of))) {
                        Some(of) => star(&of, true),
                        None => SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options),
                    });
                }
                other => items.push(other),
            }
        }
        select.projection = items;
    }

    fn joined(&mut self, from: &mut TableWithJoins, scope: &mut Scope, tables: &mut Tables) {
        self.factor(&mut from.relation, scope, tables);
        for join in &mut from.joins {
            tables.plain &= !merges(&join.join_operator);
            self.factor(&mut join.relation, scope, tables);
        }
    }

    fn factor(&mut self, factor: &mut TableFactor, scope: &mut Scope, tables: &mut Tables) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let parts = parts(name);
                let Some(own) = parts.last() else { return };
                let shown = alias.as_ref().map_or(own, |a| &a.name).clone();
                tables.all.push(shown.clone());
                let of_query = parts.len() == 1 && self.named.contains(&fold(own));
                let asked = scope.of.remove(&fold(&shown)) || scope.any;
                if of_query || !asked || self.without.contains(&parts.iter().map(fold).collect::<Vec<_>>()) {
                    return;
                }
                scope.found = true;
                if alias.is_none() {
                    *alias = Some(TableAlias { explicit: true, name: own.clone(), columns: Vec::new(), at: None });
                    self.bare.extend(parts.len().checked_sub(2).map(|at| (fold(&parts[at]), fold(own))));
                }
                if let Some(ObjectNamePart::Identifier(last)) = name.0.last_mut() {
                    last.value = format!("{}{HIDDEN}", last.value.to_lowercase());
                    last.quote_style = Some('"');
                }
                tables.marked.push(shown);
            }
            TableFactor::NestedJoin { table_with_joins, alias: None, .. } => self.joined(table_with_joins, scope, tables),
            TableFactor::Derived { alias: Some(alias), .. } | TableFactor::UNNEST { alias: Some(alias), .. } => {
                tables.all.push(alias.name.clone());
            }
            _ => tables.plain = false,
        }
    }
}

/// The tables of one select.
struct Tables {
    all: Vec<Ident>,
    marked: Vec<Ident>,
    /// Whether `*` is the columns of all, one after the other.
    plain: bool,
}

impl Default for Tables {
    fn default() -> Tables {
        Tables { all: Vec::new(), marked: Vec::new(), plain: true }
    }
}

/// Whether a join makes one column of two.
fn merges(join: &JoinOperator) -> bool {
    use JoinOperator::*;
    let constraint = match join {
        Join(c) | Inner(c) | Left(c) | LeftOuter(c) | Right(c) | RightOuter(c) | FullOuter(c) | CrossJoin(c) => c,
        _ => return true,
    };
    matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural)
}

fn left_out() -> ExcludeSelectItem {
    ExcludeSelectItem::Multiple(COLUMNS.iter().map(|c| ObjectName::from(vec![Ident::with_quote('"', *c)])).collect())
}

fn star(of: &Ident, hidden: bool) -> SelectItem {
    let options = WildcardAdditionalOptions { opt_exclude: hidden.then(left_out), ..WildcardAdditionalOptions::default() };
    SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(vec![of.clone()])), options)
}

/// `db.t.c` becomes `t.c` where `t` is an alias now.
struct Shorten(HashSet<(String, String)>);

impl VisitorMut for Shorten {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(parts) = expr {
            let at = |i: usize| parts.get(i).zip(parts.get(i + 1)).is_some_and(|(d, t)| self.0.contains(&(fold(d), fold(t))));
            if let Some(from) = [0, 1].into_iter().find(|i| at(*i)).filter(|i| parts.len() > i + 2) {
                parts.drain(..=from);
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    fn marked(sql: &str) -> String {
        let mut query = super::super::read(sql, &[]).unwrap();
        let view = HashSet::from([vec!["view".to_owned()], vec!["db".to_owned(), "view".to_owned()]]);
        if let Some(reads) = super::reads(&query) {
            super::mark(&mut query, reads, &view);
        }
        query.to_string().replace(" EXCLUDE (\"$path\", \"$file_size\", \"$file_modified_time\")", " -")
    }

    #[test]
    fn tables_are_marked_whose_hidden_columns_are_named() {
        assert_eq!(marked("SELECT '\"$path\"' FROM t"), "SELECT '\"$path\"' FROM t");
        assert_eq!(marked("SELECT *, \"$PATH\" FROM db.t"), "SELECT * -, \"$path\" FROM db.\"t$hidden$\" AS t");
        assert_eq!(marked("SELECT db.t.a FROM db.t ORDER BY \"$path\""), "SELECT t.a FROM db.\"t$hidden$\" AS t ORDER BY \"$path\"");
        assert_eq!(
            marked("SELECT a.*, b.* FROM t a JOIN u AS b ON a.\"$path\" = b.p"),
            "SELECT a.* -, b.* FROM \"t$hidden$\" a JOIN u AS b ON a.\"$path\" = b.p"
        );
        assert_eq!(
            marked("SELECT * FROM t a, u b WHERE a.\"$path\" = b.\"$path\""),
            "SELECT a.* -, b.* - FROM \"t$hidden$\" a, \"u$hidden$\" b WHERE a.\"$path\" = b.\"$path\""
        );
        assert_eq!(
            marked("WITH x AS (SELECT \"$path\" AS p FROM t) SELECT *, (SELECT max(k) FROM u WHERE u.k = v.\"$file_size\") FROM x, v"),
            "WITH x AS (SELECT \"$path\" AS p FROM \"t$hidden$\" AS t) SELECT * -, (SELECT max(k) FROM u WHERE u.k = v.\"$file_size\") FROM x, \"v$hidden$\" AS v"
        );
        assert_eq!(marked("WITH x AS (SELECT 1) SELECT \"$path\" FROM x"), "WITH x AS (SELECT 1) SELECT \"$path\" FROM x");
    }

    #[test]
    fn what_has_no_hidden_columns_is_left_as_it_is() {
        assert_eq!(
            marked("SELECT *, \"$path\" FROM t JOIN view ON t.k = view.k JOIN db.view AS w ON w.k = t.k"),
            "SELECT * -, \"$path\" FROM \"t$hidden$\" AS t JOIN view ON t.k = view.k JOIN db.view AS w ON w.k = t.k"
        );
        assert_eq!(marked("SELECT view.\"$path\" FROM view, t"), "SELECT view.\"$path\" FROM view, t");
        assert_eq!(
            marked("SELECT (SELECT max(k) FROM view WHERE p = \"$path\") FROM t"),
            "SELECT (SELECT max(k) FROM view WHERE p = \"$path\") FROM \"t$hidden$\" AS t",
            "a column of the query around"
        );
        let read = |sql| super::reads(&super::super::read(sql, &[]).unwrap()).map(|r| r.tables.into_iter().collect::<Vec<_>>());
        assert_eq!(read("SELECT a FROM t"), None);
        let tables = read("WITH x AS (SELECT * FROM Db.U) SELECT \"$path\" FROM x, t WHERE k IN (SELECT k FROM db.x)");
        assert_eq!(tables.unwrap(), [vec!["db", "u"], vec!["db", "x"], vec!["t"]]);
    }
}
