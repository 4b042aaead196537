//! What of SQL Athena's parser takes, as differences from the library's general dialect.

use datafusion::sql::sqlparser::{
    ast::Expr,
    dialect::{Dialect, GenericDialect, Precedence},
    keywords::Keyword,
    parser::{Parser, ParserError},
};
use std::{any::TypeId, cell::Cell};

/// Beginnings of expressions that the parser may read in a statement of so many tokens. A sound one has fewer than it has tokens.
fn most_beginnings(tokens: usize) -> usize {
    5000 + 4 * tokens
}

/// Operators behind one another, as in `a OR b OR c`. Each nests what stands before it, and the library goes down to the first on the stack.
pub(super) const MOST_CHAINED: usize = 1000;

/// What an operator stands behind.
pub(super) fn left(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::BinaryOp { left, .. } | Expr::AnyOp { left, .. } | Expr::AllOp { left, .. } => Some(left),
        Expr::IsDistinctFrom(left, _) | Expr::IsNotDistinctFrom(left, _) => Some(left),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) | Expr::IsUnknown(inner) | Expr::IsNotUnknown(inner) => Some(inner),
        Expr::IsTrue(inner) | Expr::IsNotTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotFalse(inner) => Some(inner),
        Expr::Cast { expr, .. } | Expr::Collate { expr, .. } | Expr::Between { expr, .. } => Some(expr),
        Expr::Like { expr, .. } | Expr::ILike { expr, .. } | Expr::SimilarTo { expr, .. } | Expr::RLike { expr, .. } => Some(expr),
        Expr::InList { expr, .. } | Expr::InSubquery { expr, .. } | Expr::InUnnest { expr, .. } => Some(expr),
        Expr::AtTimeZone { timestamp, .. } => Some(timestamp),
        Expr::CompoundFieldAccess { root, .. } => Some(root),
        _ => None,
    }
}

/// Athena's dialect.
#[derive(Debug)]
pub(crate) struct AthenaDialect {
    /// Beginnings of expressions that the parser may still read. It reads what stands in `cast(` and the like again as arguments of a function
    /// where it doesn't fit, and so again and again for each level.
    left: Cell<usize>,
}

impl AthenaDialect {
    /// For one statement of so many tokens.
    pub fn new(tokens: usize) -> AthenaDialect {
        AthenaDialect { left: Cell::new(most_beginnings(tokens)) }
    }
    /// Whether the parser was stopped.
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0
    }
}

impl Dialect for AthenaDialect {
    fn parse_prefix(&self, _: &mut Parser) -> Option<Result<Expr, ParserError>> {
        self.left.set(self.left.get().saturating_sub(1));
        self.is_spent().then_some(Err(ParserError::RecursionLimitExceeded))
    }
    /// Where the library asks for a dialect by name, the general one's answer fits.
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }
    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }
    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || matches!(c, '_' | '@' | '$')
    }
    fn is_delimited_identifier_start(&self, c: char) -> bool {
        matches!(c, '"' | '`')
    }
    /// `t VERSION AS OF 5`, which [`super::versions`] makes of Athena's `FOR VERSION AS OF`.
    fn supports_table_versioning(&self) -> bool {
        true
    }
    fn supports_unicode_string_literal(&self) -> bool {
        true
    }
    fn supports_group_by_expr(&self) -> bool {
        true
    }
    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }
    fn supports_within_after_array_aggregation(&self) -> bool {
        true
    }
    fn supports_lambda_functions(&self) -> bool {
        true
    }
    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }
    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }
    fn supports_in_empty_list(&self) -> bool {
        false
    }
    fn supports_parenthesized_set_variables(&self) -> bool {
        false
    }
    fn supports_subquery_as_function_arg(&self) -> bool {
        true
    }
    /// `a IS DISTINCT FROM b OR c`: what follows is a value, where the library takes all the rest.
    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, _: u8) -> Option<Result<Expr, ParserError>> {
        if std::iter::successors(Some(expr), |expr| left(expr)).nth(MOST_CHAINED).is_some() {
            return Some(Err(ParserError::RecursionLimitExceeded));
        }
        let distinct = parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]);
        if !distinct && !parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM]) {
            return None;
        }
        let made = if distinct { Expr::IsDistinctFrom } else { Expr::IsNotDistinctFrom };
        Some(parser.parse_subexpr(self.prec_value(Precedence::Eq)).map(|right| made(Box::new(expr.clone()), Box::new(right))))
    }
}
