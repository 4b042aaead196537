//! What expressions come to on a record.

use super::{Expr, Record, Value};
use std::net::IpAddr;

impl Expr {
    /// The value; aggregates come from the group that is being finished.
    pub(super) fn eval(&self, record: &Record, aggregates: &[Value]) -> Value {
        let eval = |expr: &Expr| expr.eval(record, aggregates);
        match self {
            Expr::Field(name) => record.get(name),
            Expr::Literal(value) => value.clone(),
            Expr::Aggregate(at) => aggregates.get(*at).cloned().unwrap_or(Value::Nothing),
            Expr::Not(inner) => Value::truth(!eval(inner).holds()),
            Expr::And(a, b) => Value::truth(eval(a).holds() && eval(b).holds()),
            Expr::Or(a, b) => Value::truth(eval(a).holds() || eval(b).holds()),
            Expr::Matches(inner, regex) => Value::truth(eval(inner).text().is_some_and(|text| regex.is_match(&text))),
            Expr::In(inner, list) => {
                let value = eval(inner);
                Value::truth(value.is_there() && list.iter().any(|one| value.order(&eval(one)).is_eq()))
            }
            Expr::Compare(op, a, b) => compare(op, &eval(a), &eval(b)),
            Expr::Math(op, a, b) => math(*op, eval(a).number(), eval(b).number()),
            Expr::Bin(span_ms, inner) => match eval(inner).number() {
                Some(ms) => Value::Moment((ms as i64).div_euclid(*span_ms) * span_ms),
                None => Value::Nothing,
            },
            Expr::Ceil(span_ms, inner) => match eval(inner).number() {
                Some(ms) => Value::Moment(-(-(ms as i64)).div_euclid(*span_ms) * span_ms),
                None => Value::Nothing,
            },
            Expr::Call(name, arguments) => call(name, &arguments.iter().map(eval).collect::<Vec<_>>()),
        }
    }
}

/// What isn't there equals nothing and differs from everything.
fn compare(op: &str, a: &Value, b: &Value) -> Value {
    if !a.is_there() || !b.is_there() {
        return Value::truth(op == "!=" && a.is_there() != b.is_there());
    }
    let order = a.order(b);
    Value::truth(match op {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

fn math(op: char, a: Option<f64>, b: Option<f64>) -> Value {
    let (Some(a), Some(b)) = (a, b) else { return Value::Nothing };
    let number = match op {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '/' => a / b,
        '%' => a % b,
        _ => a.powf(b),
    };
    if number.is_finite() { Value::Number(number) } else { Value::Nothing }
}

/// Functions by name, with the least and the most arguments that they take.
pub(super) const FUNCTIONS: &[(&str, usize, usize)] = &[
    ("abs", 1, 1),
    ("ceil", 1, 1),
    ("floor", 1, 1),
    ("sqrt", 1, 1),
    ("log", 1, 1),
    ("greatest", 1, 20),
    ("least", 1, 20),
    ("concat", 1, 20),
    ("strlen", 1, 1),
    ("toupper", 1, 1),
    ("tolower", 1, 1),
    ("trim", 1, 2),
    ("ltrim", 1, 2),
    ("rtrim", 1, 2),
    ("replace", 3, 3),
    ("strcontains", 2, 2),
    ("substr", 2, 3),
    ("ispresent", 1, 1),
    ("isempty", 1, 1),
    ("isblank", 1, 1),
    ("coalesce", 1, 20),
    ("fromMillis", 1, 1),
    ("toMillis", 1, 1),
    ("isValidIp", 1, 1),
    ("isValidIpv4", 1, 1),
    ("isValidIpv6", 1, 1),
    ("isIpInSubnet", 2, 2),
    ("isIpv4InSubnet", 2, 2),
    ("isIpv6InSubnet", 2, 2),
];

fn call(name: &str, arguments: &[Value]) -> Value {
    let first = &arguments[0];
    let number = |f: fn(f64) -> f64| first.number().map(f).filter(|n| n.is_finite()).map_or(Value::Nothing, Value::Number);
    let text = |f: &dyn Fn(&str) -> String| first.text().map_or(Value::Nothing, |text| Value::Text(f(&text)));
    let there = || arguments.iter().filter(|value| value.is_there());
    let other = |at: usize| arguments.get(at).and_then(Value::text).unwrap_or_default();
    // What is trimmed: blanks, or any of the characters that are given.
    let given = arguments.get(1).and_then(Value::text);
    let unwanted = |c: char| given.as_ref().map_or(c.is_whitespace(), |given| given.contains(c));
    let ip = || first.text()?.parse::<IpAddr>().ok();
    match name {
        "abs" => number(f64::abs),
        "ceil" => number(f64::ceil),
        "floor" => number(f64::floor),
        "sqrt" => number(f64::sqrt),
        "log" => number(f64::ln),
        "greatest" => there().max_by(|a, b| a.order(b)).cloned().unwrap_or(Value::Nothing),
        "least" => there().min_by(|a, b| a.order(b)).cloned().unwrap_or(Value::Nothing),
        "concat" => Value::Text(arguments.iter().filter_map(Value::text).collect()),
        "strlen" => first.text().map_or(Value::Nothing, |text| Value::Number(text.chars().count() as f64)),
        "toupper" => text(&|text| text.to_uppercase()),
        "tolower" => text(&|text| text.to_lowercase()),
        "trim" => text(&|text| text.trim_matches(unwanted).to_owned()),
        "ltrim" => text(&|text| text.trim_start_matches(unwanted).to_owned()),
        "rtrim" => text(&|text| text.trim_end_matches(unwanted).to_owned()),
        "isValidIp" => Value::truth(ip().is_some()),
        "isValidIpv4" => Value::truth(ip().is_some_and(|ip| ip.is_ipv4())),
        "isValidIpv6" => Value::truth(ip().is_some_and(|ip| ip.is_ipv6())),
        "isIpInSubnet" => Value::truth(ip().is_some_and(|ip| within(ip, &other(1)))),
        "isIpv4InSubnet" => Value::truth(ip().is_some_and(|ip| ip.is_ipv4() && within(ip, &other(1)))),
        "isIpv6InSubnet" => Value::truth(ip().is_some_and(|ip| ip.is_ipv6() && within(ip, &other(1)))),
        "replace" => text(&|text| text.replace(&other(1), &other(2))),
        "strcontains" => Value::truth(first.text().is_some_and(|text| text.contains(&other(1)))),
        "substr" => {
            let from = arguments[1].number().unwrap_or(0.0).max(0.0) as usize;
            let most = arguments.get(2).and_then(Value::number).map_or(usize::MAX, |n| n.max(0.0) as usize);
            text(&|text| text.chars().skip(from).take(most).collect())
        }
        "ispresent" => Value::truth(first.is_there()),
        "isempty" => Value::truth(first.text().is_none_or(|text| text.is_empty())),
        "isblank" => Value::truth(first.text().is_none_or(|text| text.trim().is_empty())),
        "coalesce" => there().next().cloned().unwrap_or(Value::Nothing),
        "fromMillis" => first.number().map_or(Value::Nothing, |ms| Value::Moment(ms as i64)),
        "toMillis" => first.number().map_or(Value::Nothing, Value::Number),
        _ => Value::Nothing,
    }
}

/// Whether an address is one of a subnet (`10.0.0.0/8`).
fn within(ip: IpAddr, subnet: &str) -> bool {
    let Some((Ok(base), Ok(bits))) = subnet.split_once('/').map(|(base, bits)| (base.parse::<IpAddr>(), bits.parse::<u32>())) else {
        return false;
    };
    let same = |a: u128, b: u128, width: u32| {
        bits <= width && a.checked_shr(width - bits).unwrap_or(0) == b.checked_shr(width - bits).unwrap_or(0)
    };
    match (ip, base) {
        (IpAddr::V4(ip), IpAddr::V4(base)) => same(ip.to_bits().into(), base.to_bits().into(), 32),
        (IpAddr::V6(ip), IpAddr::V6(base)) => same(ip.to_bits(), base.to_bits(), 128),
        _ => false,
    }
}
