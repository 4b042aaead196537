//! Reading the language. A refusal says what was expected and where.

use super::{Aggregate, Command, Expr, Named, Query, Value, eval::FUNCTIONS, stats::AGGREGATES};
use regex::Regex;

const MOST_CHARS: usize = 10_000;
const MOST_DEPTH: usize = 64;
const MOST_COMMANDS: usize = 100;
/// Operators in one query: values are computed by recursion.
const MOST_OPERATORS: usize = 500;

impl Query {
    /// Reads a query; the error is for people.
    pub fn parse(text: &str) -> Result<Query, String> {
        if text.chars().count() > MOST_CHARS {
            return Err(format!("the query is longer than {MOST_CHARS} characters"));
        }
        let mut reader = Reader { rest: text, depth: 0, operators: 0, aggregates: None };
        let mut commands = Vec::new();
        loop {
            commands.push(reader.command()?);
            if commands.len() > MOST_COMMANDS {
                return Err(format!("the query has more than {MOST_COMMANDS} commands"));
            }
            if !reader.takes("|") {
                break;
            }
        }
        reader.skip();
        match reader.rest.is_empty() {
            true => Ok(Query { commands }),
            false => Err(reader.wrong("the end of the query or |")),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    operators: usize,
    /// The aggregates of the `stats` that is being read.
    aggregates: Option<Vec<Aggregate>>,
}

type Done<T> = Result<T, String>;

impl<'a> Reader<'a> {
    fn wrong(&self, expected: &str) -> String {
        let at: String = self.rest.chars().take(40).collect();
        format!("expected {expected} at '{at}'")
    }
    /// Blanks and comments.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix('#') {
                Some(comment) => self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest),
                None => return,
            }
        }
    }
    fn takes(&mut self, text: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
    fn operator(&mut self) -> Done<()> {
        self.operators += 1;
        if self.operators > MOST_OPERATORS { Err(format!("the query has more than {MOST_OPERATORS} operators")) } else { Ok(()) }
    }
    fn needs(&mut self, text: &str) -> Done<()> {
        if self.takes(text) { Ok(()) } else { Err(self.wrong(text)) }
    }
    /// A word in any case, whole.
    fn word(&mut self, word: &str) -> bool {
        self.skip();
        let Some(start) = self.rest.get(..word.len()) else { return false };
        let goes_on = self.rest[word.len()..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@'));
        if !start.eq_ignore_ascii_case(word) || goes_on {
            return false;
        }
        self.rest = &self.rest[word.len()..];
        true
    }

    fn command(&mut self) -> Done<Command> {
        if self.word("fields") {
            return self.list().map(Command::Fields);
        }
        if self.word("display") {
            return self.list().map(Command::Display);
        }
        if self.word("filter") || self.word("where") {
            return self.expr().map(Command::Filter);
        }
        if self.word("stats") {
            return self.stats();
        }
        if self.word("sort") || (self.word("order") && self.word("by")) {
            return self.sort();
        }
        if self.word("limit") || self.word("head") {
            return Ok(Command::Limit(self.whole()?));
        }
        if self.word("dedup") {
            let names = self.list()?.into_iter().map(|named| named.name).collect();
            return Ok(Command::Dedup(names));
        }
        if self.word("parse") {
            return self.parse();
        }
        Err(self.wrong("one of the commands fields, display, filter, stats, sort, limit, parse, dedup"))
    }

    fn list(&mut self) -> Done<Vec<Named>> {
        let mut list = vec![self.named()?];
        while self.takes(",") {
            list.push(self.named()?);
        }
        Ok(list)
    }
    /// `expr as name`; without a name the expression's text is it.
    fn named(&mut self) -> Done<Named> {
        self.skip();
        let before = self.rest;
        let expr = self.expr()?;
        let text = before[..before.len() - self.rest.len()].trim().to_owned();
        let name = match (self.word("as"), &expr) {
            (true, _) => self.name()?,
            (false, Expr::Field(name)) => name.clone(),
            (false, _) => text,
        };
        Ok(Named { name, expr })
    }
    fn stats(&mut self) -> Done<Command> {
        self.aggregates = Some(Vec::new());
        let values = self.list()?;
        let aggregates = self.aggregates.take().unwrap_or_default();
        if aggregates.is_empty() {
            return Err(self.wrong("an aggregate like count(*) in stats"));
        }
        let by = if self.word("by") { self.list()? } else { Vec::new() };
        Ok(Command::Stats { values, aggregates, by })
    }
    fn sort(&mut self) -> Done<Command> {
        let mut keys = Vec::new();
        loop {
            self.skip();
            let before = self.rest;
            let key = match self.expr()? {
                field @ Expr::Field(_) => field,
                // `sort count(*) desc` means the field of that name.
                _ => Expr::Field(before[..before.len() - self.rest.len()].trim().to_owned()),
            };
            let down = self.word("desc");
            let _ = !down && self.word("asc");
            keys.push((key, down));
            if !self.takes(",") {
                return Ok(Command::Sort(keys));
            }
        }
    }
    /// `parse @message "user=* id=*" as user, id`, or with a regular expression whose groups have names.
    fn parse(&mut self) -> Done<Command> {
        self.skip();
        let field = if self.rest.starts_with(['"', '\'', '/']) { "@message".to_owned() } else { self.name()? };
        self.skip();
        if self.rest.starts_with('/') {
            let regex = self.regex()?;
            let names: Vec<String> = regex.capture_names().skip(1).flatten().map(str::to_owned).collect();
            return match names.len() == regex.captures_len() - 1 && !names.is_empty() {
                true => Ok(Command::Parse { field, regex, names }),
                false => Err(self.wrong("groups with names, like (?<user>...), in parse")),
            };
        }
        let glob = self.quoted()?;
        let pattern = glob.split('*').map(regex::escape).collect::<Vec<_>>();
        // The last star takes the rest where nothing stands behind it.
        let last = if glob.ends_with('*') { "(?s)(.*)$" } else { "" };
        let joined = if last.is_empty() { pattern.join("(.*?)") } else { pattern[..pattern.len() - 1].join("(.*?)") + last };
        let regex = build(&format!("(?s){joined}"))?;
        self.needs("as")?;
        let mut names = vec![self.name()?];
        while self.takes(",") {
            names.push(self.name()?);
        }
        match names.len() == glob.matches('*').count() {
            true => Ok(Command::Parse { field, regex, names }),
            false => Err(format!("parse has {} names for {} stars", names.len(), glob.matches('*').count())),
        }
    }

    fn expr(&mut self) -> Done<Expr> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err("the query is nested too deeply".into());
        }
        let mut left = self.and()?;
        while self.word("or") {
            self.operator()?;
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }
    fn and(&mut self) -> Done<Expr> {
        let mut left = self.not()?;
        while self.word("and") {
            self.operator()?;
            left = Expr::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }
    fn not(&mut self) -> Done<Expr> {
        let mut negations = 0;
        while self.word("not") {
            negations += 1;
        }
        let inner = self.comparison()?;
        Ok(if negations % 2 == 1 { Expr::Not(Box::new(inner)) } else { inner })
    }
    fn comparison(&mut self) -> Done<Expr> {
        let left = Box::new(self.sum()?);
        let before = self.rest;
        let negated = self.word("not");
        let found = if self.word("like") || self.takes("=~") {
            self.skip();
            let regex = match self.rest.starts_with('/') {
                true => self.regex()?,
                false => build(&regex::escape(&self.quoted()?))?,
            };
            Some(Expr::Matches(left.clone(), regex))
        } else if self.word("in") {
            self.needs("[")?;
            let mut list = vec![self.sum()?];
            while self.takes(",") {
                list.push(self.sum()?);
            }
            self.needs("]")?;
            Some(Expr::In(left.clone(), list))
        } else {
            None
        };
        if let Some(found) = found {
            return Ok(if negated { Expr::Not(Box::new(found)) } else { found });
        }
        self.rest = before;
        for op in ["!=", "<=", ">=", "=", "<", ">"] {
            if self.takes(op) {
                return Ok(Expr::Compare(op, left, Box::new(self.sum()?)));
            }
        }
        Ok(*left)
    }
    fn sum(&mut self) -> Done<Expr> {
        self.math(&['+', '-'], |reader| reader.math(&['*', '/', '%'], |reader| reader.math(&['^'], Reader::primary)))
    }
    fn math(&mut self, ops: &[char], below: impl Fn(&mut Self) -> Done<Expr>) -> Done<Expr> {
        let mut left = below(self)?;
        while let Some(op) = ops.iter().find(|op| self.takes(op.encode_utf8(&mut [0; 4]))) {
            self.operator()?;
            left = Expr::Math(*op, Box::new(left), Box::new(below(self)?));
        }
        Ok(left)
    }
    fn primary(&mut self) -> Done<Expr> {
        self.skip();
        if self.takes("(") {
            let inner = self.expr()?;
            self.needs(")")?;
            return Ok(inner);
        }
        match self.rest.chars().next() {
            Some('"' | '\'') => self.quoted().map(|text| Expr::Literal(Value::Text(text))),
            Some(c) if c.is_ascii_digit() || c == '-' => self.number().map(|n| Expr::Literal(Value::Number(n))),
            _ => self.field_or_call(),
        }
    }
    fn field_or_call(&mut self) -> Done<Expr> {
        let quoted = self.rest.starts_with('`');
        let name = self.name()?;
        if quoted || !self.takes("(") {
            return Ok(Expr::Field(name));
        }
        if name.eq_ignore_ascii_case("bin") || name.eq_ignore_ascii_case("datefloor") {
            return self.bin().map(|(span_ms, of)| Expr::Bin(span_ms, of));
        }
        if name.eq_ignore_ascii_case("dateceil") {
            return self.bin().map(|(span_ms, of)| Expr::Ceil(span_ms, of));
        }
        if let Some((aggregate, needs)) = AGGREGATES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            return self.aggregate(aggregate, *needs);
        }
        let known = FUNCTIONS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(&name));
        let (function, least, most) = known.ok_or_else(|| format!("windtunnel's Insights has no function {name}"))?;
        let mut arguments = Vec::new();
        while !self.takes(")") {
            if !arguments.is_empty() {
                self.needs(",")?;
            }
            arguments.push(self.expr()?);
        }
        match (*least..=*most).contains(&arguments.len()) {
            true => Ok(Expr::Call((*function).to_owned(), arguments)),
            false => Err(format!("{function} takes {least} to {most} arguments, not {}", arguments.len())),
        }
    }
    fn aggregate(&mut self, function: &str, needs: bool) -> Done<Expr> {
        let Some(mut others) = self.aggregates.take() else { return Err(format!("{function} is an aggregate: it stands in stats")) };
        let whole = !needs && (self.takes("*") || self.rest.trim_start().starts_with(')'));
        let of = if whole { None } else { Some(self.expr()?) };
        let percent = match function == "pct" {
            true => {
                self.needs(",")?;
                self.skip();
                self.number()?
            }
            false => 0.0,
        };
        self.needs(")")?;
        others.push(Aggregate { function: function.to_owned(), of, percent });
        let at = others.len() - 1;
        self.aggregates = Some(others);
        Ok(Expr::Aggregate(at))
    }
    /// `bin(5m)`, `datefloor(@timestamp, 1h)`: the span in milliseconds, and of what.
    fn bin(&mut self) -> Done<(i64, Box<Expr>)> {
        self.skip();
        let of = match self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            true => Expr::Field("@timestamp".into()),
            false => {
                let of = self.sum()?;
                self.needs(",")?;
                self.skip();
                of
            }
        };
        let count = self.number()?;
        const UNITS: [(&str, f64); 14] = [
            ("ms", 1.0),
            ("seconds", 1e3),
            ("second", 1e3),
            ("s", 1e3),
            ("minutes", 6e4),
            ("minute", 6e4),
            ("m", 6e4),
            ("hours", 3.6e6),
            ("hour", 3.6e6),
            ("h", 3.6e6),
            ("days", 8.64e7),
            ("d", 8.64e7),
            ("weeks", 6.048e8),
            ("w", 6.048e8),
        ];
        let unit = UNITS.iter().find(|(unit, _)| self.word(unit)).map(|(_, ms)| ms);
        let span = unit.map(|ms| (ms * count) as i64).filter(|span| *span > 0).ok_or_else(|| self.wrong("a span like 5m"))?;
        self.needs(")")?;
        Ok((span, Box::new(of)))
    }

    /// A field's name; with other characters between backticks.
    fn name(&mut self) -> Done<String> {
        self.skip();
        if let Some(rest) = self.rest.strip_prefix('`') {
            let (name, rest) = rest.split_once('`').ok_or_else(|| self.wrong("a closing `"))?;
            self.rest = rest;
            return Ok(name.to_owned());
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | '$'))).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.wrong("a field"));
        }
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(name.to_owned())
    }
    fn whole(&mut self) -> Done<usize> {
        self.skip();
        let before = self.wrong("a whole number");
        let number = self.number()?;
        if number >= 1.0 && number.fract() == 0.0 { Ok(number as usize) } else { Err(before) }
    }
    fn number(&mut self) -> Done<f64> {
        let sign = usize::from(self.rest.starts_with('-'));
        let digits = &self.rest[sign..];
        let end = sign + digits.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(digits.len());
        let number = self.rest[..end].parse().map_err(|_| self.wrong("a number"))?;
        self.rest = &self.rest[end..];
        Ok(number)
    }
    fn quoted(&mut self) -> Done<String> {
        self.skip();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(|| self.wrong("a text in quotes"))?;
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(out);
                }
                '\\' => out.extend(chars.next().map(|(_, c)| c)),
                c => out.push(c),
            }
        }
        Err(self.wrong("a closing quote"))
    }
    /// `/.../`, a slash in it behind a backslash.
    fn regex(&mut self) -> Done<Regex> {
        let rest = &self.rest[1..];
        let mut escaped = false;
        let end = rest.find(|c| {
            let ends = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or_else(|| self.wrong("a closing /"))?;
        let regex = build(&rest[..end].replace("\\/", "/"))?;
        self.rest = &rest[end + 1..];
        Ok(regex)
    }
}

fn build(pattern: &str) -> Done<Regex> {
    kit::regex(pattern).map_err(|_| format!("'{pattern}' is no regular expression"))
}
