//! Signatures of functions as Trino's documentation writes them, and which of several fits the arguments.
//!
//! `element_at(array(E),bigint)->E`. Capital letters are types that the arguments decide (`N` a number), `decimal` is one of any precision,
//! `...` repeats the last argument. `!` before the name: called with NULLs too. `~`: never folded.

use super::ty::Ty;

/// A type in a signature.
#[derive(Clone, Debug)]
pub(crate) enum Pat {
    Exact(Ty),
    Var(char),
    Decimal,
    Array(Box<Pat>),
    Map(Box<Pat>, Box<Pat>),
    /// A row of any fields.
    Row,
    /// A row of so many fields.
    Fields(Vec<Pat>),
}

/// A signature.
#[derive(Clone, Debug)]
pub(crate) struct Sig {
    pub name: String,
    pub args: Vec<Pat>,
    pub variadic: bool,
    pub ret: Pat,
    pub takes_nulls: bool,
    pub volatile: bool,
}

/// A signature that fits: the types that the arguments are brought to, and that of the result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fit {
    pub args: Vec<Ty>,
    pub ret: Ty,
    pub cost: u32,
}

impl Sig {
    /// Reads a signature; they are written in this crate, so a wrong one is a mistake of ours.
    pub(crate) fn parse(text: &str) -> Sig {
        let takes_nulls = text.contains('!');
        let volatile = text.contains('~');
        let text = text.trim_start_matches(['!', '~']);
        let (name, rest) = text.split_once('(').unwrap_or((text, ")->unknown"));
        let (args, ret) = rest.rsplit_once(")->").unwrap_or(("", "unknown"));
        let mut parts = split(args);
        let variadic = parts.last().is_some_and(|p| p.ends_with("..."));
        if let Some(last) = parts.last_mut() {
            *last = last.trim_end_matches("...").to_owned();
        }
        Sig { name: name.to_owned(), args: parts.iter().map(|p| pat(p)).collect(), variadic, ret: pat(ret), takes_nulls, volatile }
    }

    /// Whether the signature takes arguments of these types.
    pub(crate) fn fits(&self, given: &[Ty]) -> Option<Fit> {
        let enough = if self.variadic { given.len() + 1 >= self.args.len() } else { given.len() == self.args.len() };
        if !enough {
            return None;
        }
        let mut bound = Bound::default();
        let pats = || given.iter().enumerate().map(|(i, ty)| (self.args.get(i).or(self.args.last()), ty));
        let mut cost = 0;
        for (pat, ty) in pats() {
            cost += bound.take(pat?, ty)?;
        }
        let args = pats().map(|(pat, ty)| Some(bound.arg(pat?, ty))).collect::<Option<Vec<_>>>()?;
        Some(Fit { args, ret: bound.made(&self.ret), cost })
    }

    /// `name(bigint, varchar)` for messages.
    pub(crate) fn shown(&self) -> String {
        let args: Vec<String> = self.args.iter().map(Pat::shown).collect();
        format!("{}({})", self.name, args.join(", "))
    }
}

impl Pat {
    fn shown(&self) -> String {
        match self {
            Pat::Exact(ty) => ty.to_string(),
            Pat::Var(c) => c.to_string(),
            Pat::Decimal => "decimal(p,s)".into(),
            Pat::Array(item) => format!("array({})", item.shown()),
            Pat::Map(k, v) => format!("map({},{})", k.shown(), v.shown()),
            Pat::Row | Pat::Fields(_) => "row".into(),
        }
    }
}

fn split(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut part) = (Vec::new(), 0, String::new());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part).trim().to_owned());
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    if !part.trim().is_empty() {
        parts.push(part.trim().to_owned());
    }
    parts
}

fn pat(text: &str) -> Pat {
    let inner = |name: &str| text.strip_prefix(name).and_then(|t| t.strip_prefix('(')).and_then(|t| t.strip_suffix(')')).map(split);
    match text {
        "decimal" => return Pat::Decimal,
        "row" => return Pat::Row,
        "timestamptz" => return Pat::Exact(Ty::utc()),
        _ => {}
    }
    if text.len() == 1 && text.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Pat::Var(text.chars().next().unwrap_or('T'));
    }
    if let Some([item]) = inner("array").as_deref() {
        return Pat::Array(Box::new(pat(item)));
    }
    if let Some([key, value]) = inner("map").as_deref() {
        return Pat::Map(Box::new(pat(key)), Box::new(pat(value)));
    }
    if let Some(fields) = inner("row") {
        return Pat::Fields(fields.iter().map(|f| pat(f)).collect());
    }
    Pat::Exact(Ty::parse(text).unwrap_or(Ty::Unknown))
}

#[derive(Default)]
struct Bound(Vec<(char, Ty)>);

impl Bound {
    fn get(&self, c: char) -> Option<&Ty> {
        self.0.iter().find(|(name, _)| *name == c).map(|(_, ty)| ty)
    }
    /// What it costs to take a type for a pattern.
    fn take(&mut self, pat: &Pat, ty: &Ty) -> Option<u32> {
        match (pat, ty) {
            (Pat::Var(c), ty) => {
                if *c == 'N' && !ty.is_numeric() && *ty != Ty::Unknown {
                    return None;
                }
                let Some(at) = self.0.iter().position(|(name, _)| name == c) else {
                    self.0.push((*c, ty.clone()));
                    return Some(1);
                };
                let together = common(&self.0[at].1, ty)?;
                let cost = if together == self.0[at].1 && together == *ty { 1 } else { 3 };
                self.0[at].1 = together;
                Some(cost)
            }
            (Pat::Exact(wanted), ty) => coercion(ty, wanted),
            (Pat::Decimal, Ty::Decimal(..)) | (Pat::Row, Ty::Row(_)) => Some(0),
            (Pat::Decimal, ty) if ty.is_integer() => Some(4),
            (Pat::Array(item), Ty::Array(of)) => self.take(item, of),
            (Pat::Map(k, v), Ty::Map(key, value)) => Some(self.take(k, key)? + self.take(v, value)?),
            (Pat::Fields(pats), Ty::Row(fields)) if pats.len() == fields.len() => {
                pats.iter().zip(fields).map(|(p, (_, ty))| self.take(p, ty)).sum()
            }
            (_, Ty::Unknown) => Some(2),
            _ => None,
        }
    }
    /// The type that an argument is brought to.
    fn arg(&self, pat: &Pat, given: &Ty) -> Ty {
        match (pat, given) {
            (Pat::Exact(wanted), given) if alike(wanted, given) => given.clone(),
            (Pat::Decimal, given) if given.is_integer() => integer_decimal(given),
            (Pat::Decimal | Pat::Row | Pat::Fields(_), given) => given.clone(),
            (Pat::Array(item), Ty::Array(of)) => Ty::array(self.arg(item, of)),
            (Pat::Map(k, v), Ty::Map(key, value)) => Ty::map(self.arg(k, key), self.arg(v, value)),
            (pat, _) => self.made(pat),
        }
    }
    fn made(&self, pat: &Pat) -> Ty {
        match pat {
            Pat::Exact(ty) => ty.clone(),
            Pat::Var(c) => self.get(*c).cloned().unwrap_or(Ty::Unknown),
            Pat::Decimal => Ty::Decimal(38, 0),
            Pat::Array(item) => Ty::array(self.made(item)),
            Pat::Map(k, v) => Ty::map(self.made(k), self.made(v)),
            Pat::Row => Ty::Row(Vec::new()),
            Pat::Fields(fields) => Ty::Row(fields.iter().map(|f| (None, self.made(f))).collect()),
        }
    }
}

/// Whether two types differ in nothing that a function sees.
fn alike(a: &Ty, b: &Ty) -> bool {
    a == b
        || (a.is_text() && b.is_text())
        || matches!((a, b), (Ty::Timestamp(_), Ty::Timestamp(_)) | (Ty::TimestampTz(_), Ty::TimestampTz(_)))
}

fn rank(ty: &Ty) -> Option<u32> {
    Some(match ty {
        Ty::Tinyint => 0,
        Ty::Smallint => 1,
        Ty::Integer => 2,
        Ty::Bigint => 3,
        Ty::Decimal(..) => 5,
        Ty::Real => 7,
        Ty::Double => 8,
        _ => return None,
    })
}

/// What Trino converts by itself, and how gladly.
fn coercion(from: &Ty, to: &Ty) -> Option<u32> {
    if alike(from, to) {
        return Some(0);
    }
    if *from == Ty::Unknown {
        return Some(1);
    }
    match (from, to) {
        (Ty::Date, Ty::Timestamp(_)) => Some(2),
        (Ty::Date, Ty::TimestampTz(_)) => Some(4),
        (Ty::Timestamp(_), Ty::TimestampTz(_)) => Some(3),
        (Ty::Array(a), Ty::Array(b)) => coercion(a, b),
        (Ty::Map(a, b), Ty::Map(c, d)) => Some(coercion(a, c)? + coercion(b, d)?),
        _ => {
            let (a, b) = (rank(from)?, rank(to)?);
            (a < b).then(|| b - a)
        }
    }
}

pub(crate) fn integer_decimal(ty: &Ty) -> Ty {
    Ty::Decimal(
        match ty {
            Ty::Tinyint => 3,
            Ty::Smallint => 5,
            Ty::Integer => 10,
            _ => 19,
        },
        0,
    )
}

/// The type that both values fit in.
pub(crate) fn common(a: &Ty, b: &Ty) -> Option<Ty> {
    if a == b || *b == Ty::Unknown {
        return Some(a.clone());
    }
    if *a == Ty::Unknown {
        return Some(b.clone());
    }
    match (a, b) {
        (Ty::Decimal(p, s), Ty::Decimal(q, t)) => {
            let scale = *s.max(t);
            Some(Ty::Decimal(((*p as i8 - s).max(*q as i8 - t) + scale).clamp(1, 38) as u8, scale))
        }
        (Ty::Decimal(..), i) if i.is_integer() => common(a, &integer_decimal(i)),
        (i, Ty::Decimal(..)) if i.is_integer() => common(&integer_decimal(i), b),
        (Ty::Array(x), Ty::Array(y)) => Some(Ty::array(common(x, y)?)),
        (Ty::Map(k, v), Ty::Map(l, w)) => Some(Ty::map(common(k, l)?, common(v, w)?)),
        (Ty::Row(x), Ty::Row(y)) if x.len() == y.len() => x
            .iter()
            .zip(y)
            .map(|((n, s), (m, t))| Some((if n == m { n.clone() } else { None }, common(s, t)?)))
            .collect::<Option<_>>()
            .map(Ty::Row),
        (Ty::Varchar(Some(x)), Ty::Varchar(Some(y))) => Some(Ty::Varchar(Some(*x.max(y)))),
        (x, y) if x.is_text() && y.is_text() => Some(Ty::VARCHAR),
        (Ty::Timestamp(x), Ty::Timestamp(y)) => Some(Ty::Timestamp(*x.max(y))),
        _ => match (coercion(a, b), coercion(b, a)) {
            (Some(_), _) => Some(b.clone()),
            (_, Some(_)) => Some(a.clone()),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(sig: &str, given: &[&str]) -> Option<String> {
        let given: Vec<Ty> = given.iter().map(|t| Ty::parse(t).unwrap()).collect();
        Sig::parse(sig).fits(&given).map(|f| f.ret.to_string())
    }

    #[test]
    fn arguments_decide_the_result() {
        assert_eq!(fit("element_at(array(E),bigint)->E", &["array(varchar)", "integer"]).as_deref(), Some("varchar"));
        assert_eq!(fit("greatest(T...)->T", &["integer", "double", "bigint"]).as_deref(), Some("double"));
        assert_eq!(
            fit("map_concat(map(K,V)...)->map(K,V)", &["map(varchar,integer)", "map(varchar,bigint)"]).as_deref(),
            Some("map(varchar, bigint)")
        );
        assert_eq!(fit("length(varchar)->bigint", &["integer"]), None);
        assert_eq!(fit("pi()->double", &[]).as_deref(), Some("double"));
        assert_eq!(fit("abs(N)->N", &["decimal(5,2)"]).as_deref(), Some("decimal(5,2)"));
    }
}
