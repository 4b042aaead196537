//! Arrays.

use super::{
    super::{cast, time, ty::Ty, val::Val},
    Plain, Typed, bad,
};

/// Elements that a sequence may have: Trino's limit.
const MOST: usize = 10_000;
/// Elements that all combinations together may have: Trino's limit.
const MOST_COMBINED: usize = 100_000;

fn list(items: Vec<Val>) -> Result<Val, String> {
    Ok(Val::Arr(items))
}
fn has(items: &[Val], value: &Val) -> bool {
    items.iter().any(|v| v.same(value))
}
fn distinct(items: &[Val]) -> Vec<Val> {
    let mut out: Vec<Val> = Vec::new();
    for v in items {
        if !has(&out, v) {
            out.push(v.clone());
        }
    }
    out
}
fn sorted(items: &[Val]) -> Vec<Val> {
    let mut out = items.to_vec();
    out.sort_by(Val::order);
    out
}
/// The element at a place counted from one, from the end where negative.
fn at(items: &[Val], place: i64) -> Result<Option<&Val>, String> {
    match place {
        0 => Err(bad("SQL array indices start at 1")),
        n if n > 0 => Ok(items.get(n as usize - 1)),
        n => Ok(items.len().checked_sub(n.unsigned_abs() as usize).map(|i| &items[i])),
    }
}
fn extreme(items: &[Val], most: bool) -> Val {
    if items.iter().any(Val::is_null) || items.is_empty() {
        return Val::Null;
    }
    let found = if most { items.iter().max_by(|a, b| a.order(b)) } else { items.iter().min_by(|a, b| a.order(b)) };
    found.cloned().unwrap_or(Val::Null)
}
fn joined(a: &[Val], ty: &Ty, nulls: Option<&str>) -> Result<Val, String> {
    let Ty::Array(item) = ty else { return Ok(Val::Null) };
    let mut parts = Vec::new();
    for v in a[0].arr() {
        match (v.is_null(), nulls) {
            (true, None) => {}
            (true, Some(text)) => parts.push(text.to_owned()),
            _ => parts.push(cast::text(v, item)?),
        }
    }
    Ok(Val::Str(parts.join(a[1].str())))
}
fn zipped(a: &[Val]) -> Result<Val, String> {
    let most = a.iter().map(|v| v.arr().len()).max().unwrap_or(0);
    list((0..most).map(|i| Val::Row(a.iter().map(|v| v.arr().get(i).cloned().unwrap_or(Val::Null)).collect())).collect())
}
fn ngrams(items: &[Val], n: i64) -> Result<Val, String> {
    if n <= 0 {
        return Err(bad("N must be positive"));
    }
    let n = (n as usize).min(items.len());
    list(if n == 0 { vec![Val::Arr(Vec::new())] } else { items.windows(n).map(|w| Val::Arr(w.to_vec())).collect() })
}
fn combinations(items: &[Val], n: i64) -> Result<Val, String> {
    if !(0..=5).contains(&n) {
        return Err(bad(format!("combination size must be in range [0, 5]: {n}")));
    }
    fn go(items: &[Val], n: usize, from: usize, part: &mut Vec<Val>, out: &mut Vec<Val>) {
        if part.len() == n {
            out.push(Val::Arr(part.clone()));
            return;
        }
        for i in from..items.len() {
            if out.len() * n.max(1) > MOST_COMBINED {
                return;
            }
            part.push(items[i].clone());
            go(items, n, i + 1, part, out);
            part.pop();
        }
    }
    let mut out = Vec::new();
    go(items, n as usize, 0, &mut Vec::new(), &mut out);
    if out.len() * n.max(1) as usize > MOST_COMBINED {
        return Err(bad("combinations exceed max size"));
    }
    list(out)
}

fn enough(count: i128) -> Result<(), String> {
    match (0..=MOST as i128).contains(&count) {
        true => Ok(()),
        false => Err(bad(format!("result of sequence function must not have more than {MOST} entries"))),
    }
}
fn sequence(from: i64, to: i64, step: i64) -> Result<Vec<i64>, String> {
    if step == 0 {
        return Err(bad("step must not be zero"));
    }
    if (to > from) != (step > 0) && to != from {
        return Err(bad(
            "sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start",
        ));
    }
    enough((to as i128 - from as i128) / step as i128 + 1)?;
    let (from, to, step) = (i128::from(from), i128::from(to), i128::from(step));
    Ok((0..=(to - from) / step).map(|i| (from + i * step) as i64).collect())
}
/// Days or micros from one to the other by an interval.
fn dated(from: i64, to: i64, interval: &Val, unit: i64) -> Result<Vec<i64>, String> {
    let Val::Interval(months, ms) = interval else { return Ok(Vec::new()) };
    if *months == 0 {
        return sequence(from, to, ms * 1000 / unit);
    }
    let mut out = Vec::new();
    for i in 0.. {
        let per_day = time::DAY / unit;
        let at = time::add_months(from.div_euclid(per_day), i * *months as i64) * per_day + from.rem_euclid(per_day);
        if (*months > 0 && at > to) || (*months < 0 && at < to) {
            break;
        }
        enough(i as i128 + 1)?;
        out.push(at);
    }
    Ok(out)
}

pub(super) const PLAIN: Plain = &[
    ("cardinality(array(E))->bigint", |_, a| Ok(Val::Int(a[0].arr().len() as i64))),
    ("element_at(array(E),bigint)->E", |_, a| Ok(at(a[0].arr(), a[1].int())?.cloned().unwrap_or(Val::Null))),
    ("$subscript(array(E),bigint)->E", |_, a| match a[1].int() {
        0 => Err(bad("SQL array indices start at 1")),
        n if n < 0 => Err(bad(format!("Array subscript is negative: {n}"))),
        n => a[0]
            .arr()
            .get(n as usize - 1)
            .cloned()
            .ok_or_else(|| bad(format!("Array subscript must be less than or equal to array length: {n} > {}", a[0].arr().len()))),
    }),
    ("contains(array(E),E)->boolean", |_, a| {
        if has(a[0].arr(), &a[1]) {
            return Ok(Val::Bool(true));
        }
        Ok(if a[0].arr().iter().any(Val::is_null) { Val::Null } else { Val::Bool(false) })
    }),
    ("array_distinct(array(E))->array(E)", |_, a| list(distinct(a[0].arr()))),
    ("array_sort(array(E))->array(E)", |_, a| list(sorted(a[0].arr()))),
    ("array_max(array(E))->E", |_, a| Ok(extreme(a[0].arr(), true))),
    ("array_min(array(E))->E", |_, a| Ok(extreme(a[0].arr(), false))),
    ("array_position(array(E),E)->bigint", |_, a| Ok(Val::Int(a[0].arr().iter().position(|v| v.same(&a[1])).map_or(0, |i| i as i64 + 1)))),
    ("array_remove(array(E),E)->array(E)", |_, a| list(a[0].arr().iter().filter(|v| !v.same(&a[1])).cloned().collect())),
    ("array_union(array(E),array(E))->array(E)", |_, a| list(distinct(&[a[0].arr(), a[1].arr()].concat()))),
    ("array_intersect(array(E),array(E))->array(E)", |_, a| {
        list(distinct(a[0].arr()).into_iter().filter(|v| has(a[1].arr(), v)).collect())
    }),
    ("array_except(array(E),array(E))->array(E)", |_, a| list(distinct(a[0].arr()).into_iter().filter(|v| !has(a[1].arr(), v)).collect())),
    ("arrays_overlap(array(E),array(E))->boolean", |_, a| {
        if a[0].arr().iter().any(|v| !v.is_null() && has(a[1].arr(), v)) {
            return Ok(Val::Bool(true));
        }
        let null = a.iter().any(|x| x.arr().iter().any(Val::is_null)) && a.iter().all(|x| !x.arr().is_empty());
        Ok(if null { Val::Null } else { Val::Bool(false) })
    }),
    ("array_join(array(E),varchar)->varchar", |c, a| joined(a, &c.args[0], None)),
    ("array_join(array(E),varchar,varchar)->varchar", |c, a| joined(a, &c.args[0], Some(a[2].str()))),
    ("array_histogram(array(E))->map(E,bigint)", |_, a| {
        let keys = distinct(a[0].arr()).into_iter().filter(|v| !v.is_null());
        Ok(Val::Map(
            keys.map(|k| {
                let n = a[0].arr().iter().filter(|v| v.same(&k)).count();
                (k, Val::Int(n as i64))
            })
            .collect(),
        ))
    }),
    ("concat(array(E),array(E)...)->array(E)", |_, a| list(a.iter().flat_map(|v| v.arr().iter().cloned()).collect())),
    ("!$concat(array(E),array(E))->array(E)", |_, a| {
        if a.iter().any(Val::is_null) { Ok(Val::Null) } else { list([a[0].arr(), a[1].arr()].concat()) }
    }),
    ("!$concat(array(E),E)->array(E)", |_, a| {
        if a[0].is_null() { Ok(Val::Null) } else { list(a[0].arr().iter().chain([&a[1]]).cloned().collect()) }
    }),
    ("!$concat(E,array(E))->array(E)", |_, a| {
        if a[1].is_null() { Ok(Val::Null) } else { list([&a[0]].into_iter().chain(a[1].arr()).cloned().collect()) }
    }),
    ("flatten(array(array(E)))->array(E)", |_, a| list(a[0].arr().iter().flat_map(|v| v.arr().iter().cloned()).collect())),
    ("!repeat(E,bigint)->array(E)", |_, a| {
        let count = a[1].int();
        enough(count as i128)?;
        list(vec![a[0].clone(); count as usize])
    }),
    ("reverse(array(E))->array(E)", |_, a| list(a[0].arr().iter().rev().cloned().collect())),
    ("~shuffle(array(E))->array(E)", |c, a| {
        let mut items = a[0].arr().to_vec();
        for i in (1..items.len()).rev() {
            items.swap(i, (c.random()?.number() % (i as u64 + 1)) as usize);
        }
        list(items)
    }),
    ("trim_array(array(E),bigint)->array(E)", |_, a| {
        let (items, n) = (a[0].arr(), a[1].int());
        if n < 0 || n as usize > items.len() {
            return Err(bad(format!("size must not exceed array cardinality {}: {n}", items.len())));
        }
        list(items[..items.len() - n as usize].to_vec())
    }),
    ("slice(array(E),bigint,bigint)->array(E)", |_, a| {
        let (items, start, length) = (a[0].arr(), a[1].int(), a[2].int());
        if start == 0 {
            return Err(bad("SQL array indices start at 1"));
        }
        if length < 0 {
            return Err(bad("length must be greater than or equal to 0"));
        }
        let from = if start > 0 { start - 1 } else { items.len() as i64 + start };
        list(if from < 0 { Vec::new() } else { items.iter().skip(from as usize).take(length as usize).cloned().collect() })
    }),
    ("ngrams(array(E),bigint)->array(array(E))", |_, a| ngrams(a[0].arr(), a[1].int())),
    ("combinations(array(E),bigint)->array(array(E))", |_, a| combinations(a[0].arr(), a[1].int())),
    ("sequence(bigint,bigint)->array(bigint)", |_, a| {
        let (from, to) = (a[0].int(), a[1].int());
        list(sequence(from, to, if to < from { -1 } else { 1 })?.into_iter().map(Val::Int).collect())
    }),
    ("sequence(bigint,bigint,bigint)->array(bigint)", |_, a| {
        list(sequence(a[0].int(), a[1].int(), a[2].int())?.into_iter().map(Val::Int).collect())
    }),
    ("sequence(date,date)->array(date)", |_, a| {
        let (from, to) = (a[0].int(), a[1].int());
        list(sequence(from, to, if to < from { -1 } else { 1 })?.into_iter().map(|d| Val::Date(d as i32)).collect())
    }),
    ("sequence(date,date,interval)->array(date)", |_, a| {
        list(dated(a[0].int(), a[1].int(), &a[2], time::DAY)?.into_iter().map(|d| Val::Date(d as i32)).collect())
    }),
    ("sequence(timestamp,timestamp,interval)->array(timestamp(3))", |_, a| {
        list(dated(a[0].int(), a[1].int(), &a[2], 1)?.into_iter().map(Val::Ts).collect())
    }),
    ("sequence(timestamptz,timestamptz,interval)->array(timestamptz)", |_, a| {
        list(dated(a[0].int(), a[1].int(), &a[2], 1)?.into_iter().map(Val::Ts).collect())
    }),
    ("array_average(array(double))->double", |_, a| {
        let known: Vec<f64> = a[0].arr().iter().filter(|v| !v.is_null()).map(Val::double).collect();
        Ok(if known.is_empty() { Val::Null } else { Val::Double(known.iter().sum::<f64>() / known.len() as f64) })
    }),
    ("dot_product(array(double),array(double))->double", |_, a| {
        Ok(Val::Double(a[0].arr().iter().zip(a[1].arr()).map(|(x, y)| x.double() * y.double()).sum()))
    }),
    ("euclidean_distance(array(double),array(double))->double", |_, a| {
        Ok(Val::Double(a[0].arr().iter().zip(a[1].arr()).map(|(x, y)| (x.double() - y.double()).powi(2)).sum::<f64>().sqrt()))
    }),
];

fn rows(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    let fields = args.iter().map(|ty| if let Ty::Array(item) = ty { (None, (**item).clone()) } else { (None, Ty::Unknown) });
    Ok(Ty::array(Ty::Row(fields.collect())))
}

pub(super) const TYPED: Typed = &[
    ("zip(array(A),array(B))->unknown", rows, |_, a| zipped(a)),
    ("zip(array(A),array(B),array(C))->unknown", rows, |_, a| zipped(a)),
    ("zip(array(A),array(B),array(C),array(D))->unknown", rows, |_, a| zipped(a)),
    ("zip(array(A),array(B),array(C),array(D),array(E))->unknown", rows, |_, a| zipped(a)),
];
