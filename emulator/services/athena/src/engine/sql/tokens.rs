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
    bracket_values(&mut out);
    select_values(&mut out);
    name_types(&mut out);
    Ok(out)
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
    Tokenizer::new(&AthenaDialect, sql)
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

/// `VALUES 1, 2` becomes `VALUES (1), (2)`.
fn bracket_values(tokens: &mut Vec<TokenWithSpan>) {
    let mut i = 0;
    while i < tokens.len() {
        if !is_word(tokens.get(i), "VALUES")
            || is(tokens.get(i + 1), &Token::LParen)
            || is(i.checked_sub(1).and_then(|p| tokens.get(p)), &Token::Period)
        {
            i += 1;
            continue;
        }
        let mut at = i + 1;
        loop {
            let (start, mut depth) = (at, 0);
            while let Some(token) = tokens.get(at) {
                let ends = depth == 0
                    && (token.token == Token::Comma
                        || token.token == Token::RParen
                        || ["ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "OFFSET", "FETCH"].iter().any(|w| is_word(Some(token), w)));
                if ends {
                    break;
                }
                depth += opening(&token.token);
                at += 1;
            }
            if at == start {
                break;
            }
            let bracketed = is(tokens.get(start), &Token::LParen);
            if !bracketed {
                let (first, last) = (tokens[start].span, tokens[at - 1].span);
                tokens.insert(at, TokenWithSpan { token: Token::RParen, span: last });
                tokens.insert(start, TokenWithSpan { token: Token::LParen, span: first });
                at += 2;
            }
            if !is(tokens.get(at), &Token::Comma) {
                break;
            }
            at += 1;
        }
        i += 1;
    }
}

/// `x IN (VALUES 1)` and `x > ANY (VALUES 1)`: the parser takes a SELECT there.
fn select_values(tokens: &mut Vec<TokenWithSpan>) {
    let mut i = 0;
    while i + 2 < tokens.len() {
        i += 1;
        let before = ["IN", "ANY", "ALL", "SOME"].iter().any(|w| is_word(tokens.get(i - 1), w));
        if !(before && is(tokens.get(i), &Token::LParen) && is_word(tokens.get(i + 1), "VALUES")) {
            continue;
        }
        let (mut depth, mut end) = (0, i);
        while let Some(token) = tokens.get(end) {
            depth += opening(&token.token);
            if depth == 0 {
                break;
            }
            end += 1;
        }
        let span = tokens[i].span;
        let word = |keyword| Token::make_keyword(keyword);
        let front = [word("SELECT"), Token::Mul, word("FROM"), Token::LParen];
        tokens.insert(end.min(tokens.len()), TokenWithSpan { token: Token::RParen, span });
        tokens.splice(i + 1..i + 1, front.map(|token| TokenWithSpan { token, span }));
    }
}

/// The type of each cast becomes one quoted name, which the rewrite reads as Trino's type.
fn name_types(tokens: &mut Vec<TokenWithSpan>) {
    let mut i = 0;
    while i < tokens.len() {
        let cast = (is_word(tokens.get(i), "CAST") || is_word(tokens.get(i), "TRY_CAST")) && is(tokens.get(i + 1), &Token::LParen);
        if !cast {
            i += 1;
            continue;
        }
        let (mut depth, mut at, mut place) = (0, i + 1, None);
        while let Some(token) = tokens.get(at) {
            depth += opening(&token.token);
            if depth == 0 {
                break;
            }
            if depth == 1 && is_word(Some(token), "AS") {
                place = Some(at + 1);
            }
            at += 1;
        }
        if let Some(place) = place.filter(|p| *p < at && at < tokens.len()) {
            let name: Vec<String> = tokens[place..at].iter().map(|t| t.token.to_string()).collect();
            let word = Word { value: format!("{TYPE}{}", name.join(" ")), quote_style: Some('"'), keyword: Keyword::NoKeyword };
            let span = tokens[place].span;
            tokens.splice(place..at, [TokenWithSpan { token: Token::Word(word), span }]);
        }
        i += 1;
    }
}
