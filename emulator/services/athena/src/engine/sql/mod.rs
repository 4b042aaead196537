//! Athena's SQL on its way to the engine: read, rewritten to what the engine plans, with errors in Trino's words.

mod dialect;
mod functions;
mod hidden;
mod names;
mod operators;
mod queries;
mod rewrite;
mod tokens;
mod unnest;
mod usings;
mod versions;

pub(super) use datafusion::sql::sqlparser::ast::Query;
pub(crate) use hidden::{COLUMNS as HIDDEN_COLUMNS, HIDDEN, mark, reads};
pub(super) use names::{plain, shown};
pub(super) use operators::{Operators, kind};
pub(super) use rewrite::Setting;
pub(crate) use tokens::placeholders;
pub(super) use unnest::Unnests;
pub(super) use usings::Usings;
pub(crate) use versions::{TIME, VERSION};
pub(super) use versions::{asked, put};

use datafusion::sql::{
    parser::Statement as Parsed,
    sqlparser::{
        ast::{Expr, SelectItem, SetExpr, Statement},
        keywords::Keyword,
        parser::{Parser, ParserError},
        tokenizer::{Token, TokenWithSpan},
    },
};

/// Nesting of a statement that the parser follows.
const DEPTH: usize = 60;

/// Reads a query. The error is the message of a MALFORMED_QUERY.
pub(super) fn read(sql: &str, parameters: &[String]) -> Result<Query, String> {
    let tokens = tokens::tokens(sql, parameters)?;
    if tokens.is_empty() {
        return Err("line 1:1: mismatched input '<EOF>'. Expecting: <query>".into());
    }
    let forms = tokens::forms(&tokens);
    let sets = |token: &&TokenWithSpan| matches!(&token.token, Token::Word(word) if matches!(word.keyword, Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT));
    if tokens.iter().filter(sets).count() > dialect::MOST_CHAINED {
        return Err(malformed(&ParserError::RecursionLimitExceeded, sql));
    }
    let dialect = dialect::AthenaDialect::new(tokens.len());
    let mut parser = Parser::new(&dialect).with_recursion_limit(DEPTH).with_tokens_with_locations(tokens);
    let query = parser.parse_query().map_err(|e| if dialect.is_spent() { ParserError::RecursionLimitExceeded } else { e });
    let query = query.map_err(|e| unread(&forms).unwrap_or_else(|| malformed(&e, sql)))?;
    let next = parser.peek_token();
    match next.token {
        // A type before a text reads as a column and its alias.
        Token::EOF if !forms.iter().any(|(_, what)| what.starts_with("the type")) => Ok(*query),
        _ if !forms.is_empty() => Err(unread(&forms).unwrap_or_default()),
        Token::SemiColon => Err("Only one sql statement is allowed. Got: several".into()),
        found => Err(format!(
            "line {}:{}: mismatched input '{found}'. Expecting: ',', 'EXCEPT', 'FETCH', 'GROUP', 'HAVING', 'INTERSECT', 'LIMIT', 'OFFSET', 'ORDER', 'UNION', 'WHERE', 'WINDOW', <EOF>",
            next.span.start.line, next.span.start.column
        )),
    }
}

/// The refusal of what Trino reads and the parser doesn't: the first of such forms.
fn unread(forms: &[(String, String)]) -> Option<String> {
    forms.first().map(|(place, what)| format!("NOT_SUPPORTED: line {place}: windtunnel does not run {what} yet"))
}

/// Makes a query one that the engine plans. The error is the query's failure.
pub(super) fn prepared(mut query: Query, setting: &Setting) -> Result<Parsed, String> {
    rewrite::rewrite(&mut query, setting)?;
    Ok(Parsed::Statement(Box::new(Statement::Query(Box::new(query)))))
}

/// A query for the value of an expression.
pub(super) fn constant(expression: Expr, setting: &Setting) -> Result<Parsed, String> {
    let mut query = read("SELECT 1", &[])?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = vec![SelectItem::UnnamedExpr(expression)];
    }
    prepared(query, setting)
}

/// `Expected: x, found: y at Line: 1, Column: 5` in Athena's form.
fn malformed(error: &ParserError, sql: &str) -> String {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
        ParserError::RecursionLimitExceeded => return "line 1:1: statement is too large (stack overflow during analysis)".into(),
    };
    let (what, place) = text.rsplit_once(" at Line: ").unwrap_or((&text, "1, Column: 1"));
    let (line, column) = place.split_once(", Column: ").unwrap_or((place, "1"));
    let what = what.trim_start_matches("sql parser error: ");
    let sentence = match what.split_once(", found: ") {
        Some((expected, found)) => {
            let found = if found == "EOF" { "<EOF>" } else { found };
            format!(
                "mismatched input '{found}'. Expecting: {}",
                expected.trim_start_matches("Expected: ").trim_start_matches("Expected an ")
            )
        }
        None => what.to_owned(),
    };
    if !text.contains(" at Line: ") {
        // The parser tells no place of some of its errors: it is where the word stands that it found.
        let found = what.split_once(", found: ").map_or("", |(_, found)| found);
        return format!("{}: {sentence}", super::errors::position(sql, found));
    }
    format!("line {}:{}: {sentence}", line.trim(), column.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trinos_forms_are_read() {
        for sql in [
            "SELECT CAST(x AS ROW(a integer, b varchar)) FROM t",
            "SELECT transform(a, x -> x + 1), reduce(a, 0, (s, x) -> s + x, s -> s) FROM t",
            "SELECT * FROM (VALUES 1, (2), 3) AS t(x)",
            "SELECT * FROM t CROSS JOIN UNNEST(a, b) WITH ORDINALITY AS u(x, y, n)",
            "SELECT a[1].b, m['k'], TIMESTAMP '2020-01-01 00:00:00', INTERVAL '1' DAY, X'65', JSON '{}' FROM t",
            "SELECT listagg(x, ',') WITHIN GROUP (ORDER BY x), count(*) FILTER (WHERE x > 1) FROM t GROUP BY GROUPING SETS ((a), ())",
            "SELECT x FROM t OFFSET 2 LIMIT 1",
            "SELECT try(1/0), if(a, 1), position('a' IN s), extract(dow FROM d), \"A b\" FROM \"DB\".t",
            "TABLE t",
            "SELECT lag(x) IGNORE NULLS OVER (PARTITION BY y ORDER BY z) FROM t",
            "SELECT * FROM t FETCH FIRST 3 ROWS ONLY",
            "SELECT date_add('day', ?, d) FROM t",
            "SELECT * FROM t FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00 UTC' AS x JOIN u FOR VERSION AS OF 5 ON true",
        ] {
            read(sql, &["5".into()]).unwrap_or_else(|e| panic!("{sql}: {e}"));
        }
    }

    #[test]
    fn mistakes_are_told_with_their_places() {
        let wrong = |sql: &str| read(sql, &[]).unwrap_err();
        assert_eq!(wrong("SELECT FROM"), "line 1:8: mismatched input 'FROM'. Expecting: expression");
        assert!(wrong("SELECT a b c").starts_with("line 1:12: mismatched input 'c'"));
        assert!(wrong("SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A B+))").ends_with("does not run MATCH_RECOGNIZE yet"));
        assert!(wrong("SELECT json_object('a': 1)").ends_with("does not run JSON_OBJECT yet"));
        assert!(wrong("SELECT IPADDRESS '10.0.0.1'").contains("does not run the type IPADDRESS"));
        assert!(wrong("SELECT `a`").starts_with("line 1:8: backquoted identifiers"));
        assert!(wrong("SELECT 1; SELECT 2").starts_with("Only one sql statement"));
        assert!(wrong(&format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500))).contains("too large"));
        // As long as a statement may be: what is read takes no longer than its length says.
        wrong(&format!("SELECT {}", "(values ".repeat(32 << 10)));
    }

    #[test]
    fn what_never_fits_is_not_tried_for_ever() {
        let wrong = |sql: &str| read(sql, &[]).unwrap_err();
        // The parser tries each of them as more than one thing, and what is in it with it.
        for open in ["cast(", "try_cast(", "position(", "substring(", "overlay(", "ceil(", "convert(", "array["] {
            wrong(&format!("SELECT {}1", open.repeat(50)));
            let closed = format!("SELECT {}1{}", open.repeat(50), ")".repeat(50));
            assert!(read(&closed, &[]).is_err() || !open.contains("cast"), "{closed}");
        }
        for chain in ["1 OR ", "x IS NULL AND ", "x - ", "1 UNION SELECT "] {
            assert!(wrong(&format!("SELECT {}1", chain.repeat(20_000))).contains("too large"), "{chain}");
            let sound = format!("SELECT {}1", chain.repeat(400));
            assert!(crate::describe_statement(&sound).is_ok(), "{chain}");
        }
        let nested = format!("SELECT {}1{}", "cast(".repeat(20), " AS varchar)".repeat(20));
        read(&nested, &[]).unwrap_or_else(|e| panic!("{nested}: {e}"));
    }
}
