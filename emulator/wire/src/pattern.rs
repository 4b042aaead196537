//! The model's patterns, compiled on first use.
//!
//! AWS's models carry Java regular expressions. Most are plain; some are rewritten into what the regex crate reads, some need look-around
//! and run in fancy-regex, few are beyond both and constrain nothing.

use crate::Pattern;
use std::borrow::Cow;

/// Beyond this compiled size a pattern is refused: repetition counts of the models reach thousands.
const SIZE_LIMIT: usize = 4 << 20;

/// A compiled pattern.
pub enum Compiled {
    /// Linear time.
    Plain(regex::Regex),
    /// Look-around or back-references, which only this engine runs.
    Fancy(fancy_regex::Regex),
    /// One class, repeated: the class, and how many characters at least and at most. Large counts would make large programs.
    Counted(regex::Regex, usize, usize),
    /// Neither engine takes it: everything matches, and a test lists which patterns these are.
    Unusable,
}

impl Pattern {
    /// Whether the whole text matches, as AWS's validators ask. A pattern that no engine takes matches everything, and so does a text on
    /// which the backtracking engine gives up.
    pub fn matches(&self, text: &str) -> bool {
        match self.compiled.get_or_init(|| compile(self.source)) {
            Compiled::Plain(regex) => regex.is_match(text),
            Compiled::Fancy(regex) => regex.is_match(text).unwrap_or(true),
            Compiled::Counted(regex, min, max) => (*min..=*max).contains(&text.chars().count()) && regex.is_match(text),
            Compiled::Unusable => true,
        }
    }

    /// Whether one of the engines takes the pattern.
    pub fn is_usable(&self) -> bool {
        !matches!(self.compiled.get_or_init(|| compile(self.source)), Compiled::Unusable)
    }
}

/// Compiles a pattern of the model to match whole texts.
fn compile(source: &str) -> Compiled {
    if let Some((class, min, max)) = counted(source)
        && let Ok(regex) = regex::Regex::new(&format!(r"\A(?:{})*\z", rewrite(class)))
    {
        return Compiled::Counted(regex, min, max);
    }
    let rewritten = rewrite(source);
    let whole = format!(r"\A(?:{rewritten})\z");
    if let Ok(regex) = regex::RegexBuilder::new(&whole).size_limit(SIZE_LIMIT).build() {
        return Compiled::Plain(regex);
    }
    match fancy_regex::RegexBuilder::new(&whole).backtrack_limit(100_000).delegate_size_limit(SIZE_LIMIT).build() {
        Ok(regex) => Compiled::Fancy(regex),
        Err(_) => Compiled::Unusable,
    }
}

/// A pattern that is one class repeated many times (`.{1,4096}`, `^[^\p{C}]{1,2048}$`): the class and the counts.
fn counted(source: &str) -> Option<(&str, usize, usize)> {
    let inner = source.strip_prefix('^').unwrap_or(source);
    let inner = inner.strip_suffix('$').unwrap_or(inner).strip_suffix('}')?;
    let (class, counts) = inner.rsplit_once('{')?;
    let (min, max) = counts.split_once(',').unwrap_or((counts, counts));
    let (min, max) = (min.parse().ok()?, if max.is_empty() { usize::MAX } else { max.parse().ok()? });
    (max > 32 && is_one_class(class)).then_some((class, min, max))
}

fn is_one_class(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        Some('.') => chars.next().is_none(),
        Some('\\') => matches!(chars.next(), Some('w' | 'd' | 's' | 'S' | 'W' | 'D')) && chars.next().is_none(),
        Some('[') => {
            // The first bracket that no backslash stands before has to be the last character.
            let mut escaped = false;
            let end = text.char_indices().skip(2).find(|(_, c)| {
                let closes = *c == ']' && !escaped;
                escaped = *c == '\\' && !escaped;
                closes
            });
            !text[1..].contains("[") && end.is_some_and(|(index, _)| index + 1 == text.len())
        }
        _ => false,
    }
}

/// Java's and JavaScript's ways of writing into those of the regex crate.
fn rewrite(source: &str) -> Cow<'_, str> {
    if !source.contains(['\\', '[', '/', '+', '{', '^', '$']) {
        return Cow::Borrowed(source);
    }
    let source = strip_slashes(source);
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len() + 8);
    let mut at = 0;
    // How deep in brackets: inside a class some characters need a backslash that Java does without.
    let mut class = 0usize;
    let mut class_start = 0;
    while at < chars.len() {
        let c = chars[at];
        match c {
            '\\' => at += escape(&chars[at..], class > 0, &mut out),
            '[' if class == 0 => {
                class = 1;
                out.push('[');
                at += 1;
                if chars.get(at) == Some(&'^') {
                    out.push('^');
                    at += 1;
                }
                class_start = at;
            }
            '[' if chars.get(at + 1) == Some(&':') => {
                // A POSIX class such as [:alpha:] is passed on whole.
                let end = (at..chars.len()).find(|&i| chars[i] == ':' && chars.get(i + 1) == Some(&']') && i > at + 1);
                let end = end.map_or(at + 1, |e| e + 2);
                out.extend(&chars[at..end]);
                at = end;
            }
            '[' => {
                out.push_str(r"\[");
                at += 1;
            }
            ']' if class > 0 && at == class_start => {
                out.push_str(r"\]");
                at += 1;
            }
            ']' if class > 0 => {
                class = 0;
                out.push(']');
                at += 1;
            }
            '-' if class > 0 && dash_is_literal(&chars, at, class_start) => {
                out.push_str(r"\-");
                at += 1;
            }
            '&' | '~' if class > 0 && chars.get(at + 1) == Some(&c) && !(c == '&' && chars.get(at + 2) == Some(&'[')) => {
                // Doubled, these are set operations.
                out.push('\\');
                out.push(c);
                at += 1;
            }
            '{' if class == 0 && !is_repetition(&chars[at..]) => {
                out.push_str(r"\{");
                at += 1;
            }
            // Possessive quantifiers change speed and, in the models, nothing else.
            '+' if class == 0 && at > 0 && matches!(chars[at - 1], '+' | '*' | '?' | '}') && !(at > 1 && chars[at - 2] == '\\') => at += 1,
            _ => {
                out.push(c);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

/// Some models write a pattern as JavaScript does, between slashes.
fn strip_slashes(source: &str) -> &str {
    match source.strip_prefix("/^").and_then(|s| s.strip_suffix("$/")) {
        Some(inner) => inner,
        None => source,
    }
}

/// A dash that starts or ends a class or stands beside a shorthand is a dash.
fn dash_is_literal(chars: &[char], at: usize, class_start: usize) -> bool {
    let shorthand = |i: usize| i > 0 && chars[i - 1] == '\\' && matches!(chars[i], 'w' | 'd' | 's' | 'W' | 'D' | 'S');
    let after_shorthand = at > class_start + 1 && shorthand(at - 1);
    let after_property = at > class_start && chars[at - 1] == '}';
    let before_shorthand = chars.get(at + 1) == Some(&'\\') && chars.get(at + 2).is_some_and(|c| matches!(c, 'w' | 'd' | 's' | 'p'));
    // After a finished range: `a-z-_`.
    let after_range =
        at >= class_start + 3 && chars[at - 2] == '-' && chars[at - 3] != '\\' && at - 3 >= class_start && chars[at - 1] != '\\';
    at == class_start || chars.get(at + 1) == Some(&']') || after_shorthand || after_property || before_shorthand || after_range
}

fn is_repetition(chars: &[char]) -> bool {
    let inner: String = chars[1..].iter().take_while(|c| **c != '}').collect();
    let mut parts = inner.splitn(2, ',');
    let number = |s: &str| s.chars().all(|c| c.is_ascii_digit());
    let first = parts.next().unwrap_or("");
    !first.is_empty() && number(first) && parts.next().is_none_or(number)
}

/// Writes one escape and returns how many characters of the source it took.
fn escape(chars: &[char], in_class: bool, out: &mut String) -> usize {
    let Some(&next) = chars.get(1) else {
        out.push_str(r"\\");
        return 1;
    };
    match next {
        'u' => match chars.get(2..6).map(|h| h.iter().collect::<String>()).and_then(|h| u32::from_str_radix(&h, 16).ok()) {
            Some(unit) => return code_unit(chars, unit, out),
            None => out.push('u'),
        },
        'p' | 'P' => {
            if chars.get(2) == Some(&'{') {
                let name: String = chars[3..].iter().take_while(|c| **c != '}').collect();
                property(&name, next == 'P', in_class, out);
                return (4 + name.chars().count()).min(chars.len());
            }
            out.push('\\');
            out.push(next);
        }
        // Java's shorthands are ASCII.
        'w' => shorthand("0-9A-Za-z_", in_class, false, out),
        'd' => shorthand("0-9", in_class, false, out),
        's' => shorthand(r"\x20\t\n\x0B\x0C\r", in_class, false, out),
        'W' if !in_class => shorthand("0-9A-Za-z_", false, true, out),
        'D' if !in_class => shorthand("0-9", false, true, out),
        'S' if !in_class => shorthand(r"\x20\t\n\x0B\x0C\r", false, true, out),
        'h' => out.push_str(if in_class { r"\x20\t" } else { r"[\x20\t]" }),
        'R' => out.push_str(r"(?:\r\n|[\n\r])"),
        'Z' => out.push_str(r"\z"),
        'e' => out.push_str(r"\x1b"),
        '0'..='9' if in_class => {
            // Octal in a class (`\0`): the character itself.
            let digits: String = chars[1..].iter().take(3).take_while(|c| c.is_digit(8)).collect();
            let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
            out.push_str(&format!(r"\x{{{code:x}}}"));
            return 1 + digits.len().max(1);
        }
        c if c.is_ascii_alphanumeric() || c == '<' || c == '>' => {
            out.push('\\');
            out.push(c);
        }
        c if c.is_ascii_punctuation() => {
            out.push('\\');
            out.push(c);
        }
        c => out.push(c),
    }
    2
}

fn shorthand(members: &str, in_class: bool, negated: bool, out: &mut String) {
    match (in_class, negated) {
        (true, _) => out.push_str(members),
        (false, false) => out.push_str(&format!("[{members}]")),
        (false, true) => out.push_str(&format!("[^{members}]")),
    }
}

/// `\uXXXX`, where surrogates stand for everything beyond the basic plane.
fn code_unit(chars: &[char], unit: u32, out: &mut String) -> usize {
    const SURROGATES: std::ops::RangeInclusive<u32> = 0xD800..=0xDFFF;
    if !SURROGATES.contains(&unit) {
        out.push_str(&format!(r"\x{{{unit:x}}}"));
        return 6;
    }
    let unit_at = |i: usize| -> Option<u32> {
        if chars.get(i) != Some(&'\\') || chars.get(i + 1) != Some(&'u') {
            return None;
        }
        u32::from_str_radix(&chars.get(i + 2..i + 6)?.iter().collect::<String>(), 16).ok()
    };
    // A pair is one character, as in `\uD83D\uDE39`, and may start a range of pairs: `\uD800\uDC00-\uDBFF\uDFFF`.
    if let Some(low) = unit_at(6).filter(|low| (0xDC00..=0xDFFF).contains(low) && unit < 0xDC00) {
        out.push_str(&format!(r"\x{{{:x}}}", 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)));
        return 12;
    }
    // A range over lone surrogates, `\uD800-\uDFFF`, means the planes above.
    if chars.get(6) == Some(&'-')
        && let Some(end) = unit_at(7)
    {
        if SURROGATES.contains(&end) {
            out.push_str(r"\x{10000}-\x{10ffff}");
        } else {
            out.push_str(&format!(r"\x{{e000}}-\x{{{end:x}}}\x{{10000}}-\x{{10ffff}}"));
        }
        return 13;
    }
    out.push_str(r"\x{10000}");
    6
}

/// Java's named classes.
fn property(name: &str, negated: bool, in_class: bool, out: &mut String) {
    let posix = match name {
        "Alpha" => "alpha",
        "Alnum" => "alnum",
        "ASCII" => "ascii",
        "Digit" => "digit",
        "Lower" => "lower",
        "Upper" => "upper",
        "Punct" => "punct",
        "Graph" => "graph",
        "Print" => "print",
        "Blank" => "blank",
        "Cntrl" => "cntrl",
        "XDigit" => "xdigit",
        "Space" => "space",
        "LD" if !negated => return shorthand(r"\p{L}\p{Nd}", in_class, false, out),
        "all" if !negated => return shorthand(r"\x{0}-\x{10ffff}", in_class, false, out),
        _ => {
            let name = name.strip_prefix("Is").filter(|n| !n.is_empty()).unwrap_or(name);
            let mark = if negated { 'P' } else { 'p' };
            out.push_str(&format!(r"\{mark}{{{name}}}"));
            return;
        }
    };
    let caret = if negated { "^" } else { "" };
    let class = format!("[:{caret}{posix}:]");
    out.push_str(&if in_class { class } else { format!("[{class}]") });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &'static str, text: &str) -> bool {
        let pattern = Pattern::new(pattern);
        assert!(pattern.is_usable(), "{}", pattern.source);
        pattern.matches(text)
    }

    #[test]
    fn the_whole_text_has_to_match() {
        assert!(matches("[a-z]+", "abc"));
        assert!(!matches("[a-z]+", "abc1"));
        assert!(!matches("a|ab", "abb"));
        assert!(matches("a|ab", "ab"));
        assert!(!matches("[a-z]+", "abc\n"));
    }

    #[test]
    fn reads_java() {
        assert!(matches(r"[\p{Alpha}-_]+", "ab-_"));
        assert!(matches(r"[\w-]+", "a-b"));
        assert!(matches(r"[a-zA-Z0-9-_]+", "a-b_9"));
        assert!(matches(r"\/aws\/[^\/]*+", "/aws/x"));
        assert!(matches(r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*", "höi 😹\n"));
        assert!(matches(r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]+", "ok"));
        assert!(matches(r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$", "Ünit 1"));
        assert!(matches(r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", "a1"));
        assert!(!matches(r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", "2024"));
        assert!(matches(r"((?!^\d+$)^[0-9a-zA-Z-_]+$)", "v1"));
        assert!(!matches(r"((?!^\d+$)^[0-9a-zA-Z-_]+$)", "1"));
        assert!(!matches(r"\w+", "é"), "Java's shorthands are ASCII");
    }

    #[test]
    fn large_counts() {
        assert!(matches(r"^[^\p{C}]{1,2048}$", &"é".repeat(2048)));
        assert!(!matches(r"^[^\p{C}]{1,2048}$", &"é".repeat(2049)));
        assert!(!matches(r".{1,100000}", "a\nb"));
        assert!(!matches(r"\S{3,8192}", "ab"));
        assert!(matches(r"[\w\]-]{1,8192}", "a]-"));
    }

    #[test]
    fn lambdas_arn() {
        let arn = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
        assert!(matches(arn, "arn:aws:lambda:eu-west-1:000000000000:function:process:$LATEST"));
        assert!(!matches(arn, "invalid:function:name"));
    }
}
