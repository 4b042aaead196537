//! From text to the parser's tokens: names folded, parameters put in, types made into one name each, `VALUES 1, 2` bracketed.
//!
//! Whatever is put in takes the place of what it stands for, so that the parser's places stay those of the text.

use super::dialect::AthenaDialect;
use datafusion::sql::sqlparser::{
    keywords::Keyword,
    tokenizer::{Span, Token, TokenWithSpan, Tokenizer, Word},
};

/// Marks a type that stands as a name.
pub(super) const TYPE: &str = "$type:";

/// The tokens of a query, blanks left out. The error is the message of a MALFORMED_QUERY.
pub(super) fn tokens(sql: &str, parameters: &[String]) -> Result<Vec<TokenWithSpan>, String> {
    let raw = tokenized(sql)?;
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(raw.len());
    let mut parameters_left = parameters.iter();
    for mut token in raw {
        match &mut token.token {
            Token::Whitespace(_) => continue,
            Token::Placeholder(mark) if mark == "?" => {
                let Some(parameter) = parameters_left.next() else {
                    return Err(format!(
                        "line {}: Incorrect number of parameters: expected more than {}",
                        at(token.span),
                        parameters.len()
                    ));
                };
                put_parameter(&mut out, parameter, token.span)?;
                continue;
            }
            Token::Word(word) if word.quote_style == Some('`') => {
                return Err(format!(
                    "line {}: backquoted identifiers are not supported; use double quotes to quote identifiers",
                    at(token.span)
                ));
            }
            Token::Word(word) if word.quote_style == Some('"') => word.value = word.value.to_lowercase(),
            _ => {}
        }
        out.push(token);
    }
    while matches!(out.last().map(|t| &t.token), Some(Token::SemiColon | Token::EOF)) {
        out.pop();
    }
    super::versions::drop_for(&mut out);
    Ok(name_types(select_values(bracket_values(trimmed_sides(out)))))
}

/// Forms with a syntax of their own that the parser does not know, with their places.
pub(super) fn forms(tokens: &[TokenWithSpan]) -> Vec<(String, String)> {
    let calls = ["MATCH_RECOGNIZE", "JSON_OBJECT", "JSON_ARRAY", "JSON_QUERY", "JSON_VALUE", "JSON_EXISTS", "JSON_TABLE"];
    let one = |pair: &[TokenWithSpan]| {
        let Token::Word(word) = &pair[0].token else { return None };
        let name = word.value.to_uppercase();
        let what = match &pair[1].token {
            Token::LParen if calls.contains(&name.as_str()) => name,
            Token::SingleQuotedString(_) if super::rewrite::UNBUILT_TYPES.contains(&name.to_lowercase().as_str()) => {
                format!("the type {name}")
            }
            _ => return None,
        };
        (word.quote_style.is_none()).then(|| (at(pair[0].span), what))
    };
    tokens.windows(2).filter_map(one).collect()
}

/// Number of `?` in a query.
pub(crate) fn placeholders(sql: &str) -> usize {
    tokenized(sql).map_or(0, |all| all.iter().filter(|t| matches!(&t.token, Token::Placeholder(m) if m == "?")).count())
}

fn tokenized(sql: &str) -> Result<Vec<TokenWithSpan>, String> {
    Tokenizer::new(&AthenaDialect::new(0), sql)
        .tokenize_with_location()
        .map_err(|e| format!("line {}:{}: {}", e.location.line, e.location.column, e.message))
}

fn at(span: Span) -> String {
    format!("{}:{}", span.start.line, span.start.column)
}

/// A parameter is an expression where it reads as one without names, else a text.
fn put_parameter(out: &mut Vec<TokenWithSpan>, parameter: &str, span: Span) -> Result<(), String> {
    let read = tokenized(parameter)
        .ok()
        .map(|all| all.into_iter().map(|t| t.token).filter(|t| !matches!(t, Token::Whitespace(_) | Token::EOF)).collect::<Vec<_>>());
    let literal = |tokens: &Vec<Token>| {
        let mut previous_word = false;
        let known = |t: &Token, follows: bool| match t {
            Token::Word(w) => w.quote_style.is_none() && (matches!(w.keyword, Keyword::NULL | Keyword::TRUE | Keyword::FALSE) || follows),
            Token::SemiColon | Token::Placeholder(_) => false,
            _ => true,
        };
        let ok = tokens.iter().enumerate().all(|(i, t)| {
            let follows =
                matches!(tokens.get(i + 1), Some(Token::SingleQuotedString(_) | Token::LParen | Token::LBracket)) || previous_word;
            previous_word = matches!(t, Token::SingleQuotedString(_));
            known(t, follows)
        });
        ok && !tokens.is_empty() && depth_ends(tokens)
    };
    let mut push = |token: Token| out.push(TokenWithSpan { token, span });
    match read.filter(literal) {
        Some(tokens) => {
            push(Token::LParen);
            tokens.into_iter().for_each(&mut push);
            push(Token::RParen);
        }
        None => push(Token::SingleQuotedString(parameter.to_owned())),
    }
    Ok(())
}

fn depth_ends(tokens: &[Token]) -> bool {
    let mut depth = 0i32;
    let open = tokens.iter().all(|t| {
        depth += opening(t);
        depth >= 0
    });
    open && depth == 0
}

fn opening(token: &Token) -> i32 {
    match token {
        Token::LParen | Token::LBracket => 1,
        Token::RParen | Token::RBracket => -1,
        _ => 0,
    }
}

fn is_word(token: Option<&TokenWithSpan>, word: &str) -> bool {
    matches!(token.map(|t| &t.token), Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}
fn is(token: Option<&TokenWithSpan>, wanted: &Token) -> bool {
    token.is_some_and(|t| t.token == *wanted)
}

/// `trim(LEADING FROM x)`: the parser wants to be told what is taken off.
fn trimmed_sides(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let side = ["LEADING", "TRAILING", "BOTH"].iter().any(|w| is_word(out.last(), w));
        let place = out.len();
        let call = place > 2 && is(out.get(place - 2), &Token::LParen) && is_word(out.get(place - 3), "TRIM");
        if side && call && is_word(Some(&token), "FROM") {
            out.push(TokenWithSpan { token: Token::SingleQuotedString(" ".into()), span: token.span });
        }
        out.push(token);
    }
    out
}

/// A list behind VALUES.
struct Values {
    /// Brackets around it.
    depth: i32,
    /// Whether its item got a bracket.
    open: bool,
}

/// `VALUES 1, 2` becomes `VALUES (1), (2)`.
fn bracket_values(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let ends = |token: &TokenWithSpan| {
        matches!(token.token, Token::Comma | Token::RParen)
            || ["ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "OFFSET", "FETCH"].iter().any(|w| is_word(Some(token), w))
    };
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let (mut lists, mut depth, mut starts): (Vec<Values>, i32, bool) = (Vec::new(), 0, false);
    for token in tokens {
        if let Some(list) = lists.last_mut().filter(|list| list.depth == depth) {
            let (end, comma) = (ends(&token), token.token == Token::Comma);
            if starts && !end {
                list.open = token.token != Token::LParen;
                if list.open {
                    out.push(TokenWithSpan { token: Token::LParen, span: token.span });
                }
            } else if end && std::mem::take(&mut list.open) {
                let span = out.last().map_or(token.span, |last| last.span);
                out.push(TokenWithSpan { token: Token::RParen, span });
            }
            let empty = starts;
            starts = end && comma && !empty;
            if end && !starts {
                lists.pop();
            }
        }
        depth += opening(&token.token);
        if is_word(Some(&token), "VALUES") && !is(out.last(), &Token::Period) {
            lists.push(Values { depth, open: false });
            starts = true;
        }
        out.push(token);
    }
    if lists.last().is_some_and(|list| list.open && list.depth == depth) {
        let span = out.last().map_or(Span::empty(), |last| last.span);
        out.push(TokenWithSpan { token: Token::RParen, span });
    }
    out
}

/// `x IN (VALUES 1)` and `x > ANY (VALUES 1)`: the parser takes a SELECT there.
fn select_values(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // The depths of brackets that got another one inside.
    let (mut doubled, mut depth) = (Vec::new(), 0);
    for (at, token) in tokens.iter().enumerate() {
        let span = token.span;
        depth += opening(&token.token);
        if token.token == Token::RParen && doubled.pop_if(|d| *d == depth + 1).is_some() {
            out.push(TokenWithSpan { token: Token::RParen, span });
        }
        out.push(token.clone());
        let before = at > 0 && ["IN", "ANY", "ALL", "SOME"].iter().any(|w| is_word(tokens.get(at - 1), w));
        if before && token.token == Token::LParen && is_word(tokens.get(at + 1), "VALUES") {
            let front = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM"), Token::LParen];
            out.extend(front.map(|token| TokenWithSpan { token, span }));
            doubled.push(depth);
        }
    }
    out
}

/// A bracket on its way.
struct Bracket {
    /// Of a CAST.
    cast: bool,
    /// Where the type of a CAST begins.
    ty: Option<usize>,
    /// Inside of a type.
    inside: bool,
}

/// The type of each cast becomes one quoted name, which the rewrite reads as Trino's type.
fn name_types(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut brackets: Vec<Bracket> = Vec::new();
    for token in tokens {
        match opening(&token.token) {
            1 => {
                let inside = brackets.last().is_some_and(|b| b.inside || b.ty.is_some());
                let call = is_word(out.last(), "CAST") || is_word(out.last(), "TRY_CAST");
                brackets.push(Bracket { cast: call && !inside && token.token == Token::LParen, ty: None, inside });
            }
            -1 => {
                let ty = brackets.pop().and_then(|b| b.ty).filter(|ty| *ty < out.len());
                if let Some(ty) = ty {
                    let span = out[ty].span;
                    let name: Vec<String> = out.drain(ty..).map(|t| t.token.to_string()).collect();
                    let word = Word { value: format!("{TYPE}{}", name.join(" ")), quote_style: Some('"'), keyword: Keyword::NoKeyword };
                    out.push(TokenWithSpan { token: Token::Word(word), span });
                }
            }
            _ => {
                let begins = is_word(Some(&token), "AS");
                if let Some(cast) = brackets.last_mut().filter(|b| begins && b.cast) {
                    cast.ty = Some(out.len() + 1);
                }
            }
        }
        out.push(token);
    }
    out
}
