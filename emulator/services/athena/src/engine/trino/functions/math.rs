//! Mathematics.

use super::{
    super::{cast::rescale, ty::Ty, val::Val},
    Plain, Typed, bad,
};

fn d(x: f64) -> Result<Val, String> {
    Ok(Val::Double(x))
}
/// A number of the same type as the argument.
fn like(v: &Val, whole: impl Fn(i64) -> Option<i64>, real: impl Fn(f64) -> f64) -> Result<Val, String> {
    Ok(match v {
        Val::Int(n) => Val::Int(whole(*n).ok_or("NUMERIC_VALUE_OUT_OF_RANGE: Value is out of range")?),
        Val::Real(r) => Val::Real(real(*r as f64) as f32),
        other => Val::Double(real(other.double())),
    })
}
fn whole_decimal(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(match &args[0] {
        Ty::Decimal(p, s) => Ty::Decimal((*p as i8 - s + (*s > 0) as i8).clamp(1, 38) as u8, 0),
        other => other.clone(),
    })
}
fn same_decimal(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(args[0].clone())
}
fn wider_decimal(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(match &args[0] {
        Ty::Decimal(p, s) => Ty::Decimal((*p + 1).min(38), *s),
        other => other.clone(),
    })
}
fn dec(v: &Val) -> (i128, i8) {
    if let Val::Dec(n, s) = v { (*n, *s) } else { (v.int() as i128, 0) }
}
/// Half away from zero, with so many digits behind the point.
fn rounded(x: f64, digits: i64) -> f64 {
    if !x.is_finite() || digits > 17 {
        return x;
    }
    // By the shortest text of the number, as Java's BigDecimal does.
    match super::super::cast::parse_decimal(&format!("{x}")) {
        Some((n, s)) if digits >= 0 && digits < s as i64 => {
            rescale(n, s, digits as i8).map_or(x, |n| super::super::val::decimal_double(n, digits as i8))
        }
        Some((n, s)) if digits < 0 => {
            let by = 10f64.powi(-digits as i32);
            (super::super::val::decimal_double(n, s) / by).round() * by
        }
        _ => x,
    }
}
fn radix(v: &Val) -> Result<u32, String> {
    match v.int() {
        r @ 2..=36 => Ok(r as u32),
        _ => Err(bad("Radix must be between 2 and 36")),
    }
}
fn to_base(n: i64, radix: u32) -> String {
    let mut digits = Vec::new();
    let mut rest = n.unsigned_abs();
    loop {
        digits.push(char::from_digit((rest % radix as u64) as u32, radix).unwrap_or('0'));
        rest /= radix as u64;
        if rest == 0 {
            break;
        }
    }
    if n < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}
fn bits(n: i64, size: i64) -> Result<Val, String> {
    if !(2..=64).contains(&size) {
        return Err(bad(format!("Bits specified in bit_count must be between 2 and 64, got {size}")));
    }
    let (low, high) = (-(1i128 << (size - 1)), (1i128 << (size - 1)) - 1);
    if !(low..=high).contains(&(n as i128)) {
        return Err(bad(format!("Number must be representable with the bits specified. {n} cannot be represented with {size} bits")));
    }
    let mask = if size == 64 { u64::MAX } else { (1u64 << size) - 1 };
    Ok(Val::Int((n as u64 & mask).count_ones() as i64))
}

pub(super) const PLAIN: Plain = &[
    ("abs(N)->N", |_, a| like(&a[0], i64::checked_abs, f64::abs)),
    ("sign(N)->N", |_, a| like(&a[0], |n| Some(n.signum()), |x| if x == 0.0 || x.is_nan() { x } else { x.signum() })),
    ("ceil(N)->N", |_, a| like(&a[0], Some, f64::ceil)),
    ("ceiling(N)->N", |_, a| like(&a[0], Some, f64::ceil)),
    ("floor(N)->N", |_, a| like(&a[0], Some, f64::floor)),
    ("round(N)->N", |_, a| like(&a[0], Some, |x| rounded(x, 0))),
    ("round(N,integer)->N", |_, a| {
        let digits = a[1].int();
        like(
            &a[0],
            |n| {
                if digits >= 0 {
                    Some(n)
                } else {
                    Some((n as f64 / 10f64.powi(-digits as i32)).round() as i64 * 10i64.pow((-digits).min(18) as u32))
                }
            },
            |x| rounded(x, digits),
        )
    }),
    ("truncate(double)->double", |_, a| d(a[0].double().trunc())),
    ("truncate(real)->real", |_, a| like(&a[0], Some, f64::trunc)),
    ("sqrt(double)->double", |_, a| d(a[0].double().sqrt())),
    ("cbrt(double)->double", |_, a| d(a[0].double().cbrt())),
    ("exp(double)->double", |_, a| d(a[0].double().exp())),
    ("ln(double)->double", |_, a| d(a[0].double().ln())),
    ("log2(double)->double", |_, a| d(a[0].double().log2())),
    ("log10(double)->double", |_, a| d(a[0].double().log10())),
    ("log(double,double)->double", |_, a| d(a[1].double().ln() / a[0].double().ln())),
    ("power(double,double)->double", |_, a| d(a[0].double().powf(a[1].double()))),
    ("pow(double,double)->double", |_, a| d(a[0].double().powf(a[1].double()))),
    ("pi()->double", |_, _| d(std::f64::consts::PI)),
    ("e()->double", |_, _| d(std::f64::consts::E)),
    ("nan()->double", |_, _| d(f64::NAN)),
    ("infinity()->double", |_, _| d(f64::INFINITY)),
    ("degrees(double)->double", |_, a| d(a[0].double().to_degrees())),
    ("radians(double)->double", |_, a| d(a[0].double().to_radians())),
    ("sin(double)->double", |_, a| d(a[0].double().sin())),
    ("cos(double)->double", |_, a| d(a[0].double().cos())),
    ("tan(double)->double", |_, a| d(a[0].double().tan())),
    ("asin(double)->double", |_, a| d(a[0].double().asin())),
    ("acos(double)->double", |_, a| d(a[0].double().acos())),
    ("atan(double)->double", |_, a| d(a[0].double().atan())),
    ("atan2(double,double)->double", |_, a| d(a[0].double().atan2(a[1].double()))),
    ("sinh(double)->double", |_, a| d(a[0].double().sinh())),
    ("cosh(double)->double", |_, a| d(a[0].double().cosh())),
    ("tanh(double)->double", |_, a| d(a[0].double().tanh())),
    ("is_nan(double)->boolean", |_, a| Ok(Val::Bool(a[0].double().is_nan()))),
    ("is_finite(double)->boolean", |_, a| Ok(Val::Bool(a[0].double().is_finite()))),
    ("is_infinite(double)->boolean", |_, a| Ok(Val::Bool(a[0].double().is_infinite()))),
    ("mod(double,double)->double", |_, a| d(a[0].double() % a[1].double())),
    ("from_base(varchar,bigint)->bigint", |_, a| {
        let r = radix(&a[1])?;
        i64::from_str_radix(a[0].str(), r).map(Val::Int).map_err(|_| bad(format!("Not a valid base-{r} number: {}", a[0].str())))
    }),
    ("to_base(bigint,bigint)->varchar", |_, a| Ok(Val::Str(to_base(a[0].int(), radix(&a[1])?)))),
    ("width_bucket(double,double,double,bigint)->bigint", |_, a| {
        let (x, low, high, count) = (a[0].double(), a[1].double(), a[2].double(), a[3].int());
        if count <= 0 {
            return Err(bad("bucketCount must be greater than 0"));
        }
        if low == high {
            return Err(bad("bounds cannot equal each other"));
        }
        let at = if low < high { (x - low) / (high - low) } else { (low - x) / (low - high) };
        Ok(Val::Int(if at < 0.0 {
            0
        } else if at >= 1.0 {
            count + 1
        } else {
            (at * count as f64) as i64 + 1
        }))
    }),
    ("width_bucket(double,array(double))->bigint", |_, a| {
        if a[1].arr().is_empty() {
            return Err(bad("Bins cannot be an empty array"));
        }
        Ok(Val::Int(a[1].arr().iter().filter(|b| b.double() <= a[0].double()).count() as i64))
    }),
    ("bit_count(bigint,bigint)->bigint", |_, a| bits(a[0].int(), a[1].int())),
    ("bitwise_and(bigint,bigint)->bigint", |_, a| Ok(Val::Int(a[0].int() & a[1].int()))),
    ("bitwise_or(bigint,bigint)->bigint", |_, a| Ok(Val::Int(a[0].int() | a[1].int()))),
    ("bitwise_xor(bigint,bigint)->bigint", |_, a| Ok(Val::Int(a[0].int() ^ a[1].int()))),
    ("bitwise_not(bigint)->bigint", |_, a| Ok(Val::Int(!a[0].int()))),
    ("bitwise_left_shift(bigint,bigint)->bigint", |_, a| Ok(Val::Int(a[0].int().checked_shl(a[1].int().clamp(0, 64) as u32).unwrap_or(0)))),
    ("bitwise_right_shift(bigint,bigint)->bigint", |_, a| {
        Ok(Val::Int((a[0].int() as u64).checked_shr(a[1].int().clamp(0, 64) as u32).unwrap_or(0) as i64))
    }),
    ("bitwise_right_shift_arithmetic(bigint,bigint)->bigint", |_, a| Ok(Val::Int(a[0].int() >> a[1].int().clamp(0, 63)))),
    ("~random()->double", |c, _| Ok(Val::Double((c.random()?.number() >> 11) as f64 / (1u64 << 53) as f64))),
    ("~rand()->double", |c, _| Ok(Val::Double((c.random()?.number() >> 11) as f64 / (1u64 << 53) as f64))),
    ("~random(bigint)->bigint", |c, a| below(c.random()?.number(), 0, a[0].int())),
    ("~rand(bigint)->bigint", |c, a| below(c.random()?.number(), 0, a[0].int())),
    ("~random(bigint,bigint)->bigint", |c, a| below(c.random()?.number(), a[0].int(), a[1].int())),
    ("~rand(bigint,bigint)->bigint", |c, a| below(c.random()?.number(), a[0].int(), a[1].int())),
    ("cosine_similarity(map(varchar,double),map(varchar,double))->double", |_, a| {
        let norm = |v: &Val| v.entries().iter().map(|(_, x)| x.double() * x.double()).sum::<f64>().sqrt();
        let dot: f64 =
            a[0].entries().iter().filter_map(|(k, x)| Some(x.double() * a[1].entries().iter().find(|(l, _)| l.same(k))?.1.double())).sum();
        d(dot / (norm(&a[0]) * norm(&a[1])))
    }),
    ("normal_cdf(double,double,double)->double", |_, a| {
        let z = (a[2].double() - a[0].double()) / a[1].double();
        d(0.5 * (1.0 + erf(z / std::f64::consts::SQRT_2)))
    }),
];

fn below(random: u64, low: i64, high: i64) -> Result<Val, String> {
    if high <= low {
        return Err(bad("bound must be positive"));
    }
    Ok(Val::Int(low + (random % (high - low) as u64) as i64))
}

/// The error function, by its series near zero and its continued fraction beyond.
fn erf(x: f64) -> f64 {
    if x < 0.0 {
        return -erf(-x);
    }
    if x < 2.5 {
        let (mut term, mut sum) = (x, x);
        for n in 1..100 {
            term *= -x * x / n as f64;
            sum += term / (2 * n + 1) as f64;
        }
        return sum * 2.0 / std::f64::consts::PI.sqrt();
    }
    let mut fraction = 0.0;
    for n in (1..60).rev() {
        fraction = n as f64 / 2.0 / (x + fraction);
    }
    1.0 - (-x * x).exp() / std::f64::consts::PI.sqrt() / (x + fraction)
}

pub(super) const TYPED: Typed = &[
    ("abs(decimal)->unknown", same_decimal, |_, a| Ok(Val::Dec(dec(&a[0]).0.abs(), dec(&a[0]).1))),
    ("sign(decimal)->unknown", |_, _| Ok(Ty::Decimal(1, 0)), |_, a| Ok(Val::Dec(dec(&a[0]).0.signum(), 0))),
    ("ceil(decimal)->unknown", whole_decimal, |_, a| floor(&a[0], true)),
    ("ceiling(decimal)->unknown", whole_decimal, |_, a| floor(&a[0], true)),
    ("floor(decimal)->unknown", whole_decimal, |_, a| floor(&a[0], false)),
    ("round(decimal)->unknown", whole_decimal, |_, a| {
        let (n, s) = dec(&a[0]);
        Ok(Val::Dec(rescale(n, s, 0).unwrap_or(0), 0))
    }),
    ("round(decimal,integer)->unknown", wider_decimal, |_, a| {
        let ((n, s), digits) = (dec(&a[0]), a[1].int());
        if digits >= s as i64 {
            return Ok(a[0].clone());
        }
        let cut = rescale(n, s, digits.max(-38) as i8).unwrap_or(0);
        Ok(Val::Dec(rescale(cut, digits as i8, s).unwrap_or(0), s))
    }),
    ("truncate(decimal)->unknown", whole_decimal, |_, a| {
        let (n, s) = dec(&a[0]);
        Ok(Val::Dec(n / 10i128.pow(s as u32), 0))
    }),
    ("truncate(decimal,integer)->unknown", same_decimal, |_, a| {
        let ((n, s), digits) = (dec(&a[0]), a[1].int());
        if digits >= s as i64 {
            return Ok(a[0].clone());
        }
        let by = 10i128.pow((s as i64 - digits).min(38) as u32);
        Ok(Val::Dec(n / by * by, s))
    }),
];

fn floor(v: &Val, up: bool) -> Result<Val, String> {
    let (n, s) = dec(v);
    let by = 10i128.pow(s as u32);
    let low = n.div_euclid(by);
    Ok(Val::Dec(low + (up && n.rem_euclid(by) != 0) as i128, 0))
}
