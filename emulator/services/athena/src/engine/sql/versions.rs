//! Time travel: `t FOR TIMESTAMP AS OF x` and `t FOR VERSION AS OF n` become names that say which state of a table is meant.

use datafusion::sql::sqlparser::{
    ast::*,
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan},
};
use std::ops::ControlFlow;

/// Between a table's name and the milliseconds since 1970 whose state is meant.
pub(crate) const TIME: &str = "$at$";
/// Between a table's name and the id of the snapshot that is meant.
pub(crate) const VERSION: &str = "$version$";

/// A state that a query names: of when, or which.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// Without columns.
    pub expression: Expr,
    /// A moment, rather than an id.
    pub time: bool,
}

/// The parser knows the two clauses without their FOR.
pub(super) fn drop_for(tokens: &mut Vec<TokenWithSpan>) {
    let keyword = |t: Option<&TokenWithSpan>| match t.map(|t| &t.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let next = |at: usize, n: usize| keyword(tokens.get(at + n));
    let is = |at: usize| {
        next(at, 0) == Keyword::FOR
            && matches!(next(at, 1), Keyword::TIMESTAMP | Keyword::VERSION)
            && (next(at, 2), next(at, 3)) == (Keyword::AS, Keyword::OF)
    };
    let mut dropped = (0..tokens.len()).map(is).collect::<Vec<_>>().into_iter();
    tokens.retain(|_| !dropped.next().unwrap_or(false));
}

/// The states that a query names, in the order in which [`put`] takes them.
pub(crate) fn asked(query: &mut Query) -> Vec<Asked> {
    let mut all = Vec::new();
    each(query, |_, version| {
        let (expression, time) = match version {
            TableVersion::VersionAsOf(e) => (e, false),
            TableVersion::TimestampAsOf(e) | TableVersion::ForSystemTimeAsOf(e) => (e, true),
            _ => return true,
        };
        all.push(Asked { expression: expression.clone(), time });
        true
    });
    all
}

/// Puts the states, as numbers, into the names of the tables.
pub(crate) fn put(query: &mut Query, states: &[i64]) {
    let mut states = states.iter();
    each(query, |name, version| {
        let mark = if matches!(version, TableVersion::VersionAsOf(_)) { VERSION } else { TIME };
        if let (Some(state), Some(ObjectNamePart::Identifier(last))) = (states.next(), name.0.last_mut()) {
            last.value = format!("{}{mark}{state}", last.value);
            last.quote_style = Some('"');
        }
        false
    });
}

/// Calls `visit` with every table that has a version, which stays where it answers so; an alias keeps the table's name.
fn each(query: &mut Query, visit: impl FnMut(&mut ObjectName, &TableVersion) -> bool) {
    struct Walk<F>(F);
    impl<F: FnMut(&mut ObjectName, &TableVersion) -> bool> VisitorMut for Walk<F> {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table { name, alias, version: version @ Some(_), .. } = factor {
                let own = name.0.last().and_then(ObjectNamePart::as_ident).cloned();
                let kept = version.as_ref().is_some_and(|v| (self.0)(name, v));
                if !kept {
                    *version = None;
                    if let (None, Some(own)) = (&alias, own) {
                        *alias = Some(TableAlias { explicit: true, name: own, columns: Vec::new(), at: None });
                    }
                }
            }
            ControlFlow::Continue(())
        }
    }
    let _ = VisitMut::visit(query, &mut Walk(visit));
}
