//! What concerns types: casts, rows, comparisons of many, `format`.

use super::{
    super::{cast, ty::Ty, val::Val},
    Plain, Typed, bad,
};

fn named(_: &[Ty], constants: &[Option<Val>]) -> Result<Ty, String> {
    match constants.get(1) {
        Some(Some(Val::Str(name))) => Ty::parse(name).map_err(|e| format!("TYPE_MISMATCH: {{}}: {e}")),
        _ => Err("the type of a cast is a constant".into()),
    }
}
fn fields(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(Ty::Row(args.iter().map(|ty| (None, ty.clone())).collect()))
}
fn extreme(a: &[Val], most: bool) -> Result<Val, String> {
    let found = if most { a.iter().max_by(|x, y| x.order(y)) } else { a.iter().min_by(|x, y| x.order(y)) };
    Ok(found.cloned().unwrap_or(Val::Null))
}
fn field(args: &[Ty], constants: &[Option<Val>]) -> Result<Ty, String> {
    let name = match constants.get(1) {
        Some(Some(Val::Str(name))) => name.as_str(),
        _ => "",
    };
    let Ty::Row(fields) = &args[0] else { return Err(format!("TYPE_MISMATCH: {{}}: Expression {} is not of type ROW", args[0])) };
    at(fields, name).map(|i| fields[i].1.clone()).ok_or_else(|| format!("COLUMN_NOT_FOUND: {{}}: Column '{name}' cannot be resolved"))
}
fn at(fields: &[(Option<String>, Ty)], name: &str) -> Option<usize> {
    fields.iter().enumerate().position(|(i, (n, _))| n.as_deref().map_or(format!("field{i}") == name, |n| n.eq_ignore_ascii_case(name)))
}

pub(super) const PLAIN: Plain = &[
    ("greatest(T,T...)->T", |_, a| extreme(a, true)),
    ("least(T,T...)->T", |_, a| extreme(a, false)),
    ("!typeof(T)->varchar", |c, _| Ok(Val::Str(c.args[0].to_string()))),
    ("~uuid()->varchar", |c, _| Ok(Val::Str(c.random()?.uuid()))),
    ("~fail(varchar)->unknown", |_, a| Err(format!("GENERIC_USER_ERROR: {}", a[0].str()))),
    ("!$try(T)->T", |_, a| Ok(a[0].clone())),
];

pub(super) const TYPED: Typed = &[
    ("$cast(T,varchar)->unknown", named, |c, a| cast::cast(&a[0], &c.args[0], c.ret)),
    ("!$row(A)->unknown", fields, |_, a| Ok(Val::Row(a.to_vec()))),
    ("!$row(A,B)->unknown", fields, |_, a| Ok(Val::Row(a.to_vec()))),
    ("!$row(A,B,C)->unknown", fields, |_, a| Ok(Val::Row(a.to_vec()))),
    ("!$row(A,B,C,D)->unknown", fields, |_, a| Ok(Val::Row(a.to_vec()))),
    ("!$row(A,B,C,D,E)->unknown", fields, |_, a| Ok(Val::Row(a.to_vec()))),
    ("!$row(A,B,C,D,E,F)->unknown", fields, |_, a| Ok(Val::Row(a.to_vec()))),
    ("!$row(A,B,C,D,E,F,G)->unknown", fields, |_, a| Ok(Val::Row(a.to_vec()))),
    ("!$row(A,B,C,D,E,F,G,H)->unknown", fields, |_, a| Ok(Val::Row(a.to_vec()))),
    ("$field(row,varchar)->unknown", field, |c, a| {
        let Ty::Row(fields) = &c.args[0] else { return Ok(Val::Null) };
        Ok(at(fields, a[1].str()).and_then(|i| a[0].arr().get(i).cloned()).unwrap_or(Val::Null))
    }),
    ("!format(varchar,A)->unknown", text, |c, a| format(a, c.args)),
    ("!format(varchar,A,B)->unknown", text, |c, a| format(a, c.args)),
    ("!format(varchar,A,B,C)->unknown", text, |c, a| format(a, c.args)),
    ("!format(varchar,A,B,C,D)->unknown", text, |c, a| format(a, c.args)),
    ("!format(varchar,A,B,C,D,E)->unknown", text, |c, a| format(a, c.args)),
    ("!format(varchar,A,B,C,D,E,F)->unknown", text, |c, a| format(a, c.args)),
];

fn text(_: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(Ty::VARCHAR)
}

/// Java's Formatter: `%[argument$][flags][width][.precision]conversion`.
fn format(a: &[Val], types: &[Ty]) -> Result<Val, String> {
    if a[0].is_null() {
        return Ok(Val::Null);
    }
    let (mut out, mut next) = (String::new(), 1);
    let mut rest = a[0].str();
    while let Some(at) = rest.find('%') {
        out += &rest[..at];
        rest = &rest[at + 1..];
        let end = rest.find(|c: char| c.is_ascii_alphabetic() || c == '%').ok_or_else(|| bad("Invalid format string"))?;
        let (spec, conversion) = (&rest[..end], rest.as_bytes()[end] as char);
        rest = &rest[end + 1..];
        match conversion {
            '%' => out.push('%'),
            'n' => out.push('\n'),
            conversion => {
                let (place, spec) = match spec.split_once('$') {
                    Some((n, spec)) => (n.parse::<usize>().map_err(|_| bad("Invalid format string"))?, spec),
                    None => {
                        next += 1;
                        (next - 1, spec)
                    }
                };
                let (value, ty) = a.get(place).zip(types.get(place)).ok_or_else(|| {
                    bad(format!("Invalid format string: {} (MissingFormatArgumentException: Format specifier '%{conversion}')", a[0].str()))
                })?;
                out += &one(value, ty, spec, conversion)?;
            }
        }
    }
    Ok(Val::Str(out + rest))
}

/// A number's shortest text at so many places behind the point, halves away from zero, as Java has it.
fn half_up(text: &str, places: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let places = places.min(10_000);
    let point = |digits: String| {
        if places == 0 { digits } else { format!("{}.{}", &digits[..digits.len() - places], &digits[digits.len() - places..]) }
    };
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
    let digits = format!("{whole}{kept}");
    if fraction.as_bytes().get(places).is_none_or(|next| *next < b'5') {
        return point(digits);
    }
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
    let mut up = digits.as_bytes().to_vec();
    let nines = up.iter().rev().take_while(|d| **d == b'9').count();
    let end = up.len() - nines;
    up[end..].fill(b'0');
    match end {
        0 => up.insert(0, b'1'),
        end => up[end - 1] += 1,
    }
    point(format!("{sign}{}", String::from_utf8_lossy(&up)))
}

fn one(value: &Val, ty: &Ty, spec: &str, conversion: char) -> Result<String, String> {
    let flags: String = spec.chars().take_while(|c| "-#+ 0,(".contains(*c)).collect();
    let (width, precision) = spec[flags.len()..].split_once('.').unwrap_or((&spec[flags.len()..], ""));
    let (width, precision) = (width.parse::<usize>().unwrap_or(0).min(10_000), precision.parse::<usize>().ok());
    let wrong = || bad(format!("Invalid format string: %{spec}{conversion} (IllegalFormatConversionException: {conversion} != {ty})"));
    let mut text = if value.is_null() {
        "null".to_owned()
    } else {
        match conversion {
            'd' if ty.is_integer() => value.int().to_string(),
            'x' | 'X' if ty.is_integer() => format!("{:x}", value.int()),
            'o' if ty.is_integer() => format!("{:o}", value.int()),
            'f' if matches!(ty, Ty::Decimal(..)) => half_up(&cast::text(value, ty)?, precision.unwrap_or(6)),
            'f' if matches!(ty, Ty::Double | Ty::Real) && !value.double().is_finite() => cast::text(value, ty)?,
            'f' if matches!(ty, Ty::Double | Ty::Real) => half_up(&value.double().to_string(), precision.unwrap_or(6)),
            'e' | 'E' if matches!(ty, Ty::Double | Ty::Real) => {
                let text = format!("{:.*e}", precision.unwrap_or(6), value.double());
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                let exponent: i32 = exponent.parse().unwrap_or(0);
                format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
            }
            's' | 'S' => {
                let text = cast::text(value, ty)?;
                precision.map_or(text.clone(), |p| text.chars().take(p).collect())
            }
            'b' | 'B' => (!matches!(value, Val::Bool(false))).to_string(),
            'c' if ty.is_text() => value.str().to_owned(),
            _ => return Err(wrong()),
        }
    };
    if flags.contains(',') {
        let (whole, fraction) = text.split_once('.').map_or((text.clone(), String::new()), |(w, f)| (w.to_owned(), format!(".{f}")));
        let (sign, digits) = whole.strip_prefix('-').map_or(("", whole.as_str()), |d| ("-", d));
        let grouped: String = digits
            .chars()
            .enumerate()
            .flat_map(|(i, c)| [if i > 0 && (digits.len() - i) % 3 == 0 { Some(',') } else { None }, Some(c)])
            .flatten()
            .collect();
        text = format!("{sign}{grouped}{fraction}");
    }
    if flags.contains('+') && !text.starts_with('-') && "dfe".contains(conversion) {
        text.insert(0, '+');
    }
    if conversion.is_ascii_uppercase() {
        text = text.to_uppercase();
    }
    let missing = width.saturating_sub(text.chars().count());
    Ok(if flags.contains('-') {
        text + &" ".repeat(missing)
    } else if flags.contains('0') {
        let (sign, digits) = if text.starts_with(['-', '+']) { text.split_at(1) } else { ("", text.as_str()) };
        format!("{sign}{}{digits}", "0".repeat(missing))
    } else {
        " ".repeat(missing) + &text
    })
}
