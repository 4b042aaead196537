//! The grammar of metric math: operators by precedence, functions, arrays, numbers, texts, ids.

/// Nested deeper nothing is read.
const MOST_DEPTH: usize = 40;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Number(f64),
    Text(String),
    /// An id, or a word like REPEAT.
    Name(String),
    Negated(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Call(String, Vec<Expression>),
    Array(Vec<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    By,
    Power,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Operator(Operator),
    /// A bracket or a comma.
    Mark(char),
}

/// Reads an expression; the error says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Expression, String> {
    if text.len() > 2048 {
        return Err("the expression is longer than 2,048 characters".into());
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let expression = parser.binary(0, 0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expression),
        Some(token) => Err(format!("{token:?} is not expected after a whole expression")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

/// Operators, loosest first.
const LEVELS: [&[Operator]; 6] = {
    use Operator::*;
    [&[Or], &[And], &[Equal, Unequal, Less, Greater, LessOrEqual, GreaterOrEqual], &[Plus, Minus], &[Times, By], &[Power]]
};

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }
    fn take(&mut self, mark: char) -> bool {
        let there = self.tokens.get(self.at) == Some(&Token::Mark(mark));
        self.at += usize::from(there);
        there
    }

    fn binary(&mut self, level: usize, depth: usize) -> Result<Expression, String> {
        if depth > MOST_DEPTH {
            return Err("the expression is nested too deeply".into());
        }
        let Some(operators) = LEVELS.get(level) else { return self.unary(depth) };
        let mut left = self.binary(level + 1, depth)?;
        while let Some(Token::Operator(operator)) = self.tokens.get(self.at).cloned() {
            if !operators.contains(&operator) {
                break;
            }
            self.at += 1;
            // Powers are grouped from the right.
            let right = if operator == Operator::Power { self.binary(level, depth + 1)? } else { self.binary(level + 1, depth)? };
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self, depth: usize) -> Result<Expression, String> {
        match self.next() {
            Some(Token::Operator(Operator::Minus)) => Ok(Expression::Negated(Box::new(self.binary(LEVELS.len() - 1, depth + 1)?))),
            Some(Token::Number(number)) => Ok(Expression::Number(number)),
            Some(Token::Text(text)) => Ok(Expression::Text(text)),
            Some(Token::Name(name)) if self.take('(') => Ok(Expression::Call(name, self.list(')', depth)?)),
            Some(Token::Name(name)) => Ok(Expression::Name(name)),
            Some(Token::Mark('[')) => Ok(Expression::Array(self.list(']', depth)?)),
            Some(Token::Mark('(')) => {
                let inner = self.binary(0, depth + 1)?;
                match self.take(')') {
                    true => Ok(inner),
                    false => Err("a closing parenthesis is missing".into()),
                }
            }
            Some(token) => Err(format!("{token:?} is not expected here")),
            None => Err("the expression ends too early".into()),
        }
    }

    fn list(&mut self, end: char, depth: usize) -> Result<Vec<Expression>, String> {
        let mut items = Vec::new();
        if self.take(end) {
            return Ok(items);
        }
        loop {
            items.push(self.binary(0, depth + 1)?);
            if self.take(end) {
                return Ok(items);
            }
            if !self.take(',') {
                return Err("a comma or the end of a list is missing".into());
            }
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    use Operator::*;
    const SIGNS: [(&str, Operator); 14] = [
        ("==", Equal),
        ("!=", Unequal),
        ("<=", LessOrEqual),
        (">=", GreaterOrEqual),
        ("&&", And),
        ("||", Or),
        ("<", Less),
        (">", Greater),
        ("+", Plus),
        ("-", Minus),
        ("*", Times),
        ("/", By),
        ("^", Power),
        ("=", Equal),
    ];
    let mut rest = text.trim_start();
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length;
        if let Some((sign, operator)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            found.push(Token::Operator(*operator));
            length = sign.len();
        } else if first.is_ascii_digit() || first == '.' {
            length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            found.push(Token::Number(rest[..length].parse().map_err(|_| format!("{} is no number", &rest[..length]))?));
        } else if first.is_ascii_alphabetic() || first == '_' {
            length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(match &rest[..length] {
                "AND" => Token::Operator(And),
                "OR" => Token::Operator(Or),
                name => Token::Name(name.to_owned()),
            });
        } else if matches!(first, '"' | '\'') {
            let inner = rest[1..].find(first).ok_or("a text is not ended")?;
            found.push(Token::Text(rest[1..=inner].to_owned()));
            length = inner + 2;
        } else if matches!(first, '(' | ')' | '[' | ']' | ',') {
            found.push(Token::Mark(first));
            length = 1;
        } else {
            return Err(format!("{first:?} is no part of an expression"));
        }
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_and_nesting() {
        let by = |text: &str| format!("{:?}", parse(text).unwrap());
        assert_eq!(by("1+2*3"), by("1+(2*3)"));
        assert_eq!(by("2^3^2"), by("2^(3^2)"));
        assert_eq!(by("a > 1 AND b < 2 || c == 3"), by("((a>1) && (b<2)) OR (c==3)"));
        assert_eq!(by("-m1*2"), by("(-m1)*2"));
        assert_eq!(by("SUM([m1, m2])"), by("SUM( [ m1 ,m2 ] )"));
    }

    #[test]
    fn says_what_is_wrong() {
        for text in ["", "1+", "(1", "SUM(m1", "m1 m2", "\"open", "m1 % 2", "1..2", &"(".repeat(100), &"-".repeat(500)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
