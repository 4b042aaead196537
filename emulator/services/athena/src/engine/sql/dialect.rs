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
        let distinct = parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]);
        if !distinct && !parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM]) {
            return None;
        }
        let made = if distinct { Expr::IsDistinctFrom } else { Expr::IsNotDistinctFrom };
        Some(parser.parse_subexpr(self.prec_value(Precedence::Eq)).map(|right| made(Box::new(expr.clone()), Box::new(right))))
    }
}
