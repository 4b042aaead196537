//! Operators as functions: checked as Trino checks them, with Trino's decimal scales and intervals.

use super::{
    super::{
        cast,
        sig::{common, integer_decimal},
        time,
        ty::Ty,
        val::Val,
    },
    Plain, Typed,
};

fn over(what: &str, a: &Val, b: &Val, ty: &Ty) -> String {
    let sign = match what {
        "addition" => '+',
        "subtraction" => '-',
        _ => '*',
    };
    format!("NUMERIC_VALUE_OUT_OF_RANGE: {ty} {what} overflow: {} {sign} {}", a.int(), b.int())
}

/// The type of a numeric operation: the operator stands for which.
fn numeric(args: &[Ty], op: char) -> Result<Ty, String> {
    let (a, b) = (&args[0], &args[1]);
    let wrong = || format!("TYPE_MISMATCH: {{}}: Cannot apply operator: {a} {op} {b}");
    if *a == Ty::Unknown || *b == Ty::Unknown {
        return Ok(if *a == Ty::Unknown { b.clone() } else { a.clone() });
    }
    if !a.is_numeric() || !b.is_numeric() {
        return Err(wrong());
    }
    let decimal = |ty: &Ty| match ty {
        Ty::Decimal(p, s) => (*p as i16, *s as i16),
        other => match integer_decimal(other) {
            Ty::Decimal(p, s) => (p as i16, s as i16),
            _ => (38, 0),
        },
    };
    let exact = |ty: &Ty| ty.is_integer() || matches!(ty, Ty::Decimal(..));
    if (matches!(a, Ty::Decimal(..)) || matches!(b, Ty::Decimal(..))) && exact(a) && exact(b) {
        let ((p1, s1), (p2, s2)) = (decimal(a), decimal(b));
        let (p, s) = match op {
            '+' | '-' => ((p1 - s1).max(p2 - s2) + s1.max(s2) + 1, s1.max(s2)),
            '*' => (p1 + p2, s1 + s2),
            '/' => (p1 + s2 + (s2 - s1).max(0), s1.max(s2)),
            _ => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        };
        if s > 38 {
            return Err(format!("NUMERIC_VALUE_OUT_OF_RANGE: DECIMAL scale must be in range [0, precision (38)]: {s}"));
        }
        return Ok(Ty::Decimal(p.clamp(1, 38) as u8, s as i8));
    }
    common(a, b).ok_or_else(wrong)
}

fn check(ty: &Ty, n: Option<i64>, what: &str, a: &Val, b: &Val) -> Result<Val, String> {
    let fits = |n: &i64| match ty {
        Ty::Tinyint => i8::try_from(*n).is_ok(),
        Ty::Smallint => i16::try_from(*n).is_ok(),
        Ty::Integer => i32::try_from(*n).is_ok(),
        _ => true,
    };
    n.filter(fits).map(Val::Int).ok_or_else(|| over(what, a, b, ty))
}

fn compute(ret: &Ty, args: &[Ty], a: &[Val], op: char) -> Result<Val, String> {
    let zero = || "DIVISION_BY_ZERO: Division by zero".to_owned();
    let (x, y) = (&a[0], &a[1]);
    match ret {
        Ty::Decimal(p, s) => decimal(&args[0], &args[1], a, op, *p, *s),
        ty if ty.is_integer() => {
            let (i, j) = (x.int(), y.int());
            match op {
                '+' => check(ty, i.checked_add(j), "addition", x, y),
                '-' => check(ty, i.checked_sub(j), "subtraction", x, y),
                '*' => check(ty, i.checked_mul(j), "multiplication", x, y),
                '/' if j == 0 => Err(zero()),
                '/' => check(ty, i.checked_div(j), "division", x, y),
                _ if j == 0 => Err(zero()),
                _ => Ok(Val::Int(i.wrapping_rem(j))),
            }
        }
        ty => {
            let (i, j) = (x.double(), y.double());
            let made = match op {
                '+' => i + j,
                '-' => i - j,
                '*' => i * j,
                '/' => i / j,
                _ => i % j,
            };
            Ok(if *ty == Ty::Real { Val::Real(made as f32) } else { Val::Double(made) })
        }
    }
}

fn decimal(a: &Ty, b: &Ty, values: &[Val], op: char, p: u8, s: i8) -> Result<Val, String> {
    let own = |ty: &Ty, v: &Val| match (ty, v) {
        (Ty::Decimal(_, s), Val::Dec(n, _)) => (*n, *s),
        (_, v) => (v.int() as i128, 0),
    };
    let ((x, s1), (y, s2)) = (own(a, &values[0]), own(b, &values[1]));
    let over = || "NUMERIC_VALUE_OUT_OF_RANGE: Decimal overflow".to_owned();
    let up = |n: i128, from: i8| cast::rescale(n, from, s1.max(s2)).ok_or_else(over);
    let made = match op {
        '+' => up(x, s1)?.checked_add(up(y, s2)?),
        '-' => up(x, s1)?.checked_sub(up(y, s2)?),
        '*' => x.checked_mul(y),
        _ if y == 0 => return Err("DIVISION_BY_ZERO: Division by zero".into()),
        '/' => {
            let scaled = 10i128.checked_pow((s as i32 + s2 as i32 - s1 as i32) as u32).and_then(|by| x.checked_mul(by)).ok_or_else(over)?;
            let (quotient, rest) = (scaled / y, scaled % y);
            let up = rest.unsigned_abs() * 2 >= y.unsigned_abs();
            Some(quotient + if up { scaled.signum() * y.signum() } else { 0 })
        }
        _ => Some(up(x, s1)? % up(y, s2)?),
    };
    let most = 10u128.checked_pow(p as u32).unwrap_or(u128::MAX);
    made.filter(|n| n.unsigned_abs() < most).map(|n| Val::Dec(n, s)).ok_or_else(over)
}

/// A moment with an interval on top: months first, then the rest.
fn shifted(c: &super::super::udf::Call<'_>, value: &Val, interval: &Val, sign: i64) -> Result<Val, String> {
    let Val::Interval(months, ms) = interval else { return Ok(Val::Null) };
    let (months, micros) = (sign * *months as i64, ms.checked_mul(sign * 1000).ok_or_else(beyond)?);
    // Further than the calendar goes.
    if months.abs() > 12 * 300_000 || micros.abs() / time::DAY > 366 * 300_000 {
        return Err("INVALID_FUNCTION_ARGUMENT: the result is beyond the range of dates".into());
    }
    Ok(match (value, c.ret) {
        (Val::Date(d), _) => {
            if micros % time::DAY != 0 {
                return Err("INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date".into());
            }
            Val::Date((time::add_months(*d as i64, months) + micros / time::DAY) as i32)
        }
        (Val::Ts(t), Ty::TimestampTz(zone)) => {
            let local = t + time::offset(*t, zone);
            let moved = time::add_months(local.div_euclid(time::DAY), months) * time::DAY + local.rem_euclid(time::DAY);
            Val::Ts(if months == 0 { *t } else { time::from_local(moved, zone) } + micros)
        }
        (Val::Ts(t), _) => Val::Ts(time::add_months(t.div_euclid(time::DAY), months) * time::DAY + t.rem_euclid(time::DAY) + micros),
        (Val::Time(t), _) => Val::Time((t + micros).rem_euclid(time::DAY)),
        _ => Val::Null,
    })
}

fn first(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(args[0].clone())
}
fn second(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(args[1].clone())
}

pub(super) const PLAIN: Plain = &[
    ("$add(interval,interval)->interval", |_, a| both(&a[0], &a[1], 1)),
    ("$subtract(interval,interval)->interval", |_, a| both(&a[0], &a[1], -1)),
    ("$subtract(date,date)->interval", |_, a| Ok(Val::Interval(0, (a[0].int() - a[1].int()) * 86_400_000))),
    ("$subtract(timestamp,timestamp)->interval", |_, a| Ok(Val::Interval(0, (a[0].int() - a[1].int()) / 1000))),
    ("$subtract(timestamptz,timestamptz)->interval", |_, a| Ok(Val::Interval(0, (a[0].int() - a[1].int()) / 1000))),
    ("$subtract(time,time)->interval", |_, a| Ok(Val::Interval(0, (a[0].int() - a[1].int()) / 1000))),
    ("$multiply(interval,double)->interval", |_, a| times(&a[0], a[1].double())),
    ("$multiply(double,interval)->interval", |_, a| times(&a[1], a[0].double())),
    ("$divide(interval,double)->interval", |_, a| times(&a[0], 1.0 / a[1].double())),
    ("$negate(interval)->interval", |_, a| times(&a[0], -1.0)),
    ("$negate(N)->N", |c, a| match &a[0] {
        Val::Int(n) => check(c.ret, n.checked_neg(), "negation", &a[0], &a[0]),
        Val::Real(r) => Ok(Val::Real(-r)),
        Val::Dec(n, s) => Ok(Val::Dec(-n, *s)),
        v => Ok(Val::Double(-v.double())),
    }),
];

fn both(a: &Val, b: &Val, sign: i64) -> Result<Val, String> {
    let (Val::Interval(m, x), Val::Interval(n, y)) = (a, b) else { return Ok(Val::Null) };
    let months = m.checked_add(sign as i32 * n).ok_or_else(beyond)?;
    Ok(Val::Interval(months, y.checked_mul(sign).and_then(|y| x.checked_add(y)).ok_or_else(beyond)?))
}
fn beyond() -> String {
    "NUMERIC_VALUE_OUT_OF_RANGE: interval overflow".into()
}
fn times(a: &Val, by: f64) -> Result<Val, String> {
    let Val::Interval(m, x) = a else { return Ok(Val::Null) };
    let (months, ms) = ((f64::from(*m) * by).round(), (*x as f64 * by).round());
    if months.abs() > f64::from(i32::MAX) || ms.abs() >= i64::MAX as f64 || months.is_nan() || ms.is_nan() {
        return Err(beyond());
    }
    Ok(Val::Interval(months as i32, ms as i64))
}

/// What sums and means of decimals have in Trino: all digits, and the scale of the values; the engine widens both.
fn aggregated(given: &[Ty], mean: bool) -> Result<Ty, String> {
    Ok(match &given[0] {
        Ty::Decimal(p, s) if mean => Ty::Decimal(if *p < 38 { p - 4 } else { 38 }, s - 4),
        Ty::Decimal(_, s) => Ty::Decimal(38, *s),
        other => other.clone(),
    })
}

pub(super) const TYPED: Typed = &[
    ("$sum(T)->unknown", |t, _| aggregated(t, false), |c, a| cast::cast(&a[0], &c.args[0], c.ret)),
    ("$avg(T)->unknown", |t, _| aggregated(t, true), |c, a| cast::cast(&a[0], &c.args[0], c.ret)),
    ("$add(N,M)->unknown", |t, _| numeric(t, '+'), |c, a| compute(c.ret, c.args, a, '+')),
    ("$subtract(N,M)->unknown", |t, _| numeric(t, '-'), |c, a| compute(c.ret, c.args, a, '-')),
    ("$multiply(N,M)->unknown", |t, _| numeric(t, '*'), |c, a| compute(c.ret, c.args, a, '*')),
    ("$divide(N,M)->unknown", |t, _| numeric(t, '/'), |c, a| compute(c.ret, c.args, a, '/')),
    ("$modulus(N,M)->unknown", |t, _| numeric(t, '%'), |c, a| compute(c.ret, c.args, a, '%')),
    ("mod(N,M)->unknown", |t, _| numeric(t, '%'), |c, a| compute(c.ret, c.args, a, '%')),
    ("$add(date,interval)->date", first, |c, a| shifted(c, &a[0], &a[1], 1)),
    ("$add(timestamp,interval)->unknown", first, |c, a| shifted(c, &a[0], &a[1], 1)),
    ("$add(timestamptz,interval)->unknown", first, |c, a| shifted(c, &a[0], &a[1], 1)),
    ("$add(time,interval)->unknown", first, |c, a| shifted(c, &a[0], &a[1], 1)),
    ("$add(interval,date)->unknown", second, |c, a| shifted(c, &a[1], &a[0], 1)),
    ("$add(interval,timestamp)->unknown", second, |c, a| shifted(c, &a[1], &a[0], 1)),
    ("$add(interval,timestamptz)->unknown", second, |c, a| shifted(c, &a[1], &a[0], 1)),
    ("$subtract(date,interval)->unknown", first, |c, a| shifted(c, &a[0], &a[1], -1)),
    ("$subtract(timestamp,interval)->unknown", first, |c, a| shifted(c, &a[0], &a[1], -1)),
    ("$subtract(timestamptz,interval)->unknown", first, |c, a| shifted(c, &a[0], &a[1], -1)),
    ("$subtract(time,interval)->unknown", first, |c, a| shifted(c, &a[0], &a[1], -1)),
];
