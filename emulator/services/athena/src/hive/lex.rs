//! Tokens of a statement with their places: words, quoted names, texts, signs. Comments and blanks are left out.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word or number without quotes.
    Word,
    /// Something in backticks, which is always a name.
    Tick,
    /// Something in double quotes: a name, or a text in Hive's statements.
    Double,
    /// Something in single quotes.
    Text,
    /// One sign.
    Sign,
}

/// A token with its place in the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its text, quotes taken off.
    pub text: String,
    /// First byte in the statement.
    pub start: usize,
    /// Byte after its last.
    pub end: usize,
}

impl Token {
    /// Whether it is this keyword.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }
    /// Whether it is this sign.
    pub(crate) fn sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign && self.text.starts_with(sign)
    }
}

/// The tokens of a statement. Backslashes escape in texts where `hive` says so; an open quote ends with the statement.
pub(crate) fn tokens(sql: &str, hive: bool) -> Vec<Token> {
    let bytes = sql.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &sql[at..];
        let first = rest.chars().next().unwrap_or(' ');
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |i| i + 2);
        } else if matches!(first, '`' | '"' | '\'') {
            let (text, length) = quoted(rest, first, hive);
            let kind = match first {
                '`' => Kind::Tick,
                '"' => Kind::Double,
                _ => Kind::Text,
            };
            found.push(Token { kind, text, start: at, end: at + length });
            at += length;
        } else if first.is_alphanumeric() || "_@$".contains(first) {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || "_@$".contains(c))).unwrap_or(rest.len());
            found.push(Token { kind: Kind::Word, text: rest[..length].to_owned(), start: at, end: at + length });
            at += length;
        } else {
            found.push(Token { kind: Kind::Sign, text: first.to_string(), start: at, end: at + first.len_utf8() });
            at += first.len_utf8();
        }
    }
    found
}

/// The text inside quotes at the start of `rest`, and the bytes that it takes with them.
fn quoted(rest: &str, quote: char, hive: bool) -> (String, usize) {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => {
                    chars.next();
                    text.push(quote);
                }
                _ => return (text, at + c.len_utf8()),
            }
        } else if c == '\\' && hive && quote != '`' {
            let Some((_, next)) = chars.next() else { break };
            match next {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                '0'..='3' => {
                    // Octal as in '\001', else a plain NUL.
                    let mut digits = next.to_string();
                    while digits.len() < 3 && chars.peek().is_some_and(|(_, d)| ('0'..='7').contains(d)) {
                        digits.extend(chars.next().map(|(_, d)| d));
                    }
                    text.push(u8::from_str_radix(&digits, 8).map_or('\0', char::from));
                }
                'u' => {
                    let digits: String =
                        std::iter::from_fn(|| chars.next_if(|(_, d)| d.is_ascii_hexdigit()).map(|(_, d)| d)).take(4).collect();
                    text.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or('u'));
                }
                '\'' | '"' | '\\' | ';' => text.push(next),
                // A pattern such as '\d' stays as it is written.
                other => text.extend(['\\', other]),
            }
        } else {
            text.push(c);
        }
    }
    (text, rest.len())
}

/// `1:15` for a byte of a statement; both are counted from one.
pub(crate) fn place(sql: &str, at: usize) -> String {
    let before = &sql[..at.min(sql.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    format!("{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_escapes_are_read() {
        let texts = |sql: &str, hive| tokens(sql, hive).into_iter().map(|t| t.text).collect::<Vec<_>>();
        assert_eq!(texts("a -- x\n/* y */ `b c`.\"d\" 'it''s'", false), ["a", "b c", ".", "d", "it's"]);
        assert_eq!(texts(r#"'\t' "\\" '\u0001' '\001' '^(\S+)'"#, true), ["\t", "\\", "\u{1}", "\u{1}", r"^(\S+)"]);
        assert_eq!(texts(r"'\t'", false), [r"\t"]);
        assert_eq!(texts("'open", false), ["open"]);
        assert_eq!(place("a\nbc d", 5), "2:4");
    }
}
