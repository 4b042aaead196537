//! Names of result columns as Trino gives them: an expression without a name is called `_col` and its place, counted from 0.

use datafusion::sql::{
    parser::Statement as Parsed,
    sqlparser::ast::{Expr, Ident, SelectItem, SetExpr, Statement},
};

/// Names the expressions of a query that have no name.
pub(super) fn complete(statement: &mut Parsed) {
    if let Parsed::Statement(statement) = statement
        && let Statement::Query(query) = &mut **statement
    {
        name_columns(&mut query.body);
    }
}

/// The left side of a set operation names the columns.
fn name_columns(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => {
            for (place, item) in select.projection.iter_mut().enumerate() {
                match item {
                    SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => {}
                    SelectItem::UnnamedExpr(expr) => {
                        let alias = Ident::new(format!("_col{place}"));
                        *item = SelectItem::ExprWithAlias { expr: std::mem::replace(expr, Expr::Identifier(alias.clone())), alias };
                    }
                    SelectItem::ExprWithAlias { .. } | SelectItem::ExprWithAliases { .. } => {}
                    // How many columns a `*` stands for is not known here: what follows keeps the engine's names.
                    SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => break,
                }
            }
        }
        SetExpr::SetOperation { left, .. } => name_columns(left),
        SetExpr::Query(query) => name_columns(&mut query.body),
        _ => {}
    }
}
