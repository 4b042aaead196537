//! Glob patterns of what a crawl leaves out, relative to the include path.

use regex::Regex;

/// Longer patterns are refused.
const MOST_CHARS: usize = 1_024;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Exclusion(Regex);

impl Exclusion {
    /// `*` stays within a folder, `**` crosses them; `?`, `[a-c]`, `[!a]`, `{a,b}` and `\` as in Glue.
    pub fn new(glob: &str) -> Option<Exclusion> {
        if glob.chars().count() > MOST_CHARS {
            return None;
        }
        let mut out = String::from("^");
        let mut chars = glob.chars().peekable();
        let mut braces = 0;
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.peek() == Some(&'*') => {
                    chars.next();
                    out.push_str(".*");
                }
                '*' => out.push_str("[^/]*"),
                '?' => out.push_str("[^/]"),
                '\\' => out.push_str(&regex::escape(&chars.next()?.to_string())),
                '[' => {
                    out.push('[');
                    if chars.peek() == Some(&'!') {
                        chars.next();
                        out.push('^');
                    }
                    let mut closed = false;
                    for inside in chars.by_ref() {
                        match inside {
                            ']' => {
                                closed = true;
                                break;
                            }
                            '-' => out.push('-'),
                            other => out.push_str(&regex::escape(&other.to_string())),
                        }
                    }
                    if !closed {
                        return None;
                    }
                    out.push(']');
                }
                '{' => {
                    braces += 1;
                    out.push_str("(?:");
                }
                '}' if braces > 0 => {
                    braces -= 1;
                    out.push(')');
                }
                ',' if braces > 0 => out.push('|'),
                other => out.push_str(&regex::escape(&other.to_string())),
            }
        }
        out.push('$');
        (braces == 0).then(|| kit::regex(&out).ok().map(Exclusion)).flatten()
    }

    /// Whether a path below the include path is left out.
    pub fn holds(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_glues() {
        let cases = [
            ("*.csv", "a.csv", true),
            ("*.csv", "x/a.csv", false),
            ("**.csv", "x/a.csv", true),
            ("year=20{15,16}/**", "year=2015/a/b", true),
            ("year=20{15,16}/**", "year=2017/a", false),
            ("[a-c]?/x", "b1/x", true),
            ("[!a]/x", "a/x", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("a.b", "axb", false),
        ];
        for (glob, path, fits) in cases {
            assert_eq!(Exclusion::new(glob).unwrap().holds(path), fits, "{glob} {path}");
        }
        for bad in ["[a", "{a", "a\\"] {
            assert!(Exclusion::new(bad).is_none(), "{bad}");
        }
    }
}
