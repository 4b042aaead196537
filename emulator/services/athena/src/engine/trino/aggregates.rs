//! Aggregates that Trino has and the engine has not. Each keeps the rows that it was given, cut down where only a few can matter, and computes
//! from them at the end: results are exact where Trino's are estimates.

use super::{
    percentile::{self, Percentile},
    running::{self, Running},
    sig::{Fit, Sig},
    ty::Ty,
    udf::fail,
    val::{self, Val},
};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        datatypes::{DataType, FieldRef},
    },
    common::{Result, ScalarValue},
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
    },
};
use std::{
    hash::{Hash, Hasher},
    sync::{Arc, LazyLock},
};

/// Rows kept before those that can't matter are dropped.
const CUT_AT: usize = 8192;

/// Buckets of a histogram at most.
const MOST_BUCKETS: i64 = 10_000;
/// Values of a histogram whose neighbours are weighed against each other.
const MOST_PAIRS: usize = 4096;

const SIGNATURES: &[&str] = &[
    "max_by(V,K)->V",
    "min_by(V,K)->V",
    "max_by_n(V,K,bigint)->array(V)",
    "min_by_n(V,K,bigint)->array(V)",
    "max_n(V,bigint)->array(V)",
    "min_n(V,bigint)->array(V)",
    "map_agg(K,V)->map(K,V)",
    "multimap_agg(K,V)->map(K,array(V))",
    "map_union(map(K,V))->map(K,V)",
    "histogram(K)->map(K,bigint)",
    "numeric_histogram(bigint,double)->map(double,double)",
    "numeric_histogram(bigint,double,double)->map(double,double)",
    "approx_most_frequent(bigint,V,bigint)->map(V,bigint)",
    "set_agg(V)->array(V)",
    "set_union(array(V))->array(V)",
    "geometric_mean(double)->double",
    "kurtosis(double)->double",
    "skewness(double)->double",
    "entropy(bigint)->double",
    "checksum(T)->varbinary",
    "any_value(T)->T",
    "approx_percentile(N,double)->N",
    "approx_percentile(N,array(double))->array(N)",
    "approx_percentile(N,double,double)->N",
    "approx_percentile(N,double,array(double))->array(N)",
];

/// Names of the aggregates.
pub(crate) const NAMES: &[&str] = &[
    "max_by",
    "min_by",
    "max_by_n",
    "min_by_n",
    "max_n",
    "min_n",
    "map_agg",
    "multimap_agg",
    "map_union",
    "histogram",
    "numeric_histogram",
    "approx_most_frequent",
    "set_agg",
    "set_union",
    "geometric_mean",
    "kurtosis",
    "skewness",
    "entropy",
    "checksum",
    "any_value",
    "approx_percentile",
];

/// The engine's aggregates.
pub(crate) static ALL: LazyLock<Vec<Arc<AggregateUDF>>> = LazyLock::new(|| {
    let signatures: Vec<Sig> = SIGNATURES.iter().map(|s| Sig::parse(s)).collect();
    let one = |name: &&str| {
        Arc::new(AggregateUDF::new_from_impl(Aggregate {
            name: name.to_string(),
            signatures: signatures.iter().filter(|s| s.name == **name).cloned().collect(),
            signature: Signature::user_defined(Volatility::Immutable),
        }))
    };
    NAMES.iter().map(one).collect()
});

struct Aggregate {
    name: String,
    signatures: Vec<Sig>,
    signature: Signature,
}

impl std::fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}
impl PartialEq for Aggregate {
    fn eq(&self, other: &Aggregate) -> bool {
        self.name == other.name
    }
}
impl Eq for Aggregate {}
impl Hash for Aggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Aggregate {
    fn fit(&self, given: &[Ty]) -> Result<Fit> {
        let fits = self.signatures.iter().filter_map(|s| s.fits(given));
        fits.min_by_key(|f| f.cost).ok_or_else(|| {
            let given: Vec<String> = given.iter().map(Ty::to_string).collect();
            let expected: Vec<String> = self.signatures.iter().map(Sig::shown).collect();
            fail(format!(
                "FUNCTION_NOT_FOUND: {{}}: Unexpected parameters ({}) for function {}. Expected: {}",
                given.join(", "),
                self.name,
                expected.join(", ")
            ))
        })
    }
}

fn types(fields: &[FieldRef]) -> Vec<Ty> {
    fields.iter().map(|f| Ty::of(f)).collect()
}

impl AggregateUDFImpl for Aggregate {
    fn name(&self) -> &str {
        &self.name
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let given: Vec<Ty> = given.iter().map(Ty::of_data).collect();
        Ok(self.fit(&given)?.args.iter().map(Ty::data_type).collect())
    }
    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let given: Vec<Ty> = given.iter().map(Ty::of_data).collect();
        Ok(self.fit(&given)?.ret.data_type())
    }
    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        Ok(self.fit(&types(fields))?.ret.named(&self.name, true))
    }
    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let given = self.fit(&types(args.input_fields))?.args;
        if self.name == "approx_percentile" && given.len() == 2 {
            return Ok(percentile::state(args.name, &given[1]));
        }
        if !args.is_distinct
            && let Some(state) = running::state(&self.name, &given)
        {
            return Ok(vec![state.named(&format!("{}[state]", args.name), true)]);
        }
        Ok(vec![rows_type(&given).named(&format!("{}[rows]", args.name), true)])
    }
    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let given = types(args.expr_fields);
        let fit = self.fit(&given)?;
        if self.name == "approx_percentile" && fit.args.len() == 2 {
            return Ok(Box::new(Percentile::new(fit.args[1].clone(), fit.ret, args.is_distinct)));
        }
        if !args.is_distinct
            && let Some(state) = running::state(&self.name, &fit.args)
        {
            return Ok(Box::new(Running::new(&self.name, fit.args, fit.ret, state)));
        }
        Ok(Box::new(Rows {
            name: self.name.clone(),
            args: fit.args,
            ret: fit.ret,
            rows: Vec::new(),
            beyond: 0,
            distinct: args.is_distinct,
            cut_at: CUT_AT,
        }))
    }
}

fn rows_type(args: &[Ty]) -> Ty {
    Ty::array(Ty::Row(args.iter().map(|ty| (None, ty.clone())).collect()))
}

#[derive(Debug)]
struct Rows {
    name: String,
    args: Vec<Ty>,
    ret: Ty,
    rows: Vec<Vec<Val>>,
    /// Bytes that texts, lists and such hold beyond their values.
    beyond: usize,
    distinct: bool,
    cut_at: usize,
}

impl Rows {
    /// Drops rows that can't matter any more.
    fn cut(&mut self) {
        if self.rows.len() < self.cut_at {
            return;
        }
        if matches!(self.name.as_str(), "max_by" | "min_by" | "any_value" | "set_agg" | "max_n" | "min_n" | "max_by_n" | "min_by_n") {
            self.rows = reduced(&self.name, std::mem::take(&mut self.rows));
            self.beyond = self.rows.iter().flatten().map(val::beyond).sum();
        }
        self.cut_at = (self.rows.len() * 2).max(CUT_AT);
    }
}

/// The rows that an aggregate needs of those that it has.
fn reduced(name: &str, mut rows: Vec<Vec<Val>>) -> Vec<Vec<Val>> {
    match name {
        "any_value" => {
            rows.retain(|r| !r[0].is_null());
            rows.truncate(1);
        }
        "set_agg" => rows = distinct(rows),
        _ => {
            let key = if name.contains("_by") { 1 } else { 0 };
            rows.retain(|r| !r[key].is_null());
            let keep =
                if name.ends_with("_n") { rows.first().and_then(|r| r.last()).map_or(0, Val::int).clamp(0, 10_000) as usize } else { 1 };
            rows.sort_by(|a, b| if name.starts_with("max") { b[key].order(&a[key]) } else { a[key].order(&b[key]) });
            rows.truncate(keep);
        }
    }
    rows
}

fn distinct(rows: Vec<Vec<Val>>) -> Vec<Vec<Val>> {
    let mut seen = std::collections::HashSet::new();
    rows.into_iter().filter(|r| seen.insert(format!("{r:?}"))).collect()
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let columns = values.iter().zip(&self.args).map(|(a, ty)| val::all(a, ty).map_err(fail)).collect::<Result<Vec<_>>>()?;
        let count = values.first().map_or(0, |a| a.len());
        self.beyond += columns.iter().flatten().map(val::beyond).sum::<usize>();
        self.rows.extend((0..count).map(|row| columns.iter().map(|c| c[row].clone()).collect::<Vec<_>>()));
        self.cut();
        Ok(())
    }
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        let Ty::Array(row) = rows_type(&self.args) else { return Ok(()) };
        for at in 0..lists.len() {
            if !lists.is_null(at) {
                let rows = val::all(&lists.value(at), &row).map_err(fail)?;
                self.beyond += rows.iter().map(val::beyond).sum::<usize>();
                self.rows.extend(rows.into_iter().map(|r| if let Val::Row(parts) = r { parts } else { Vec::new() }));
            }
        }
        self.cut();
        Ok(())
    }
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let rows: Vec<Val> = std::mem::take(&mut self.rows).into_iter().map(Val::Row).collect();
        let array = val::column(&[Val::Arr(rows)], &rows_type(&self.args)).map_err(fail)?;
        Ok(vec![ScalarValue::try_from_array(&array, 0)?])
    }
    fn evaluate(&mut self) -> Result<ScalarValue> {
        let rows = if self.distinct { distinct(self.rows.clone()) } else { self.rows.clone() };
        let value = result(&self.name, rows, &self.args).map_err(fail)?;
        ScalarValue::try_from_array(&val::column(&[value], &self.ret).map_err(fail)?, 0)
    }
    fn size(&self) -> usize {
        std::mem::size_of_val(self) + self.rows.capacity() * (24 + self.args.len() * (std::mem::size_of::<Val>() + 16)) + self.beyond
    }
}

fn result(name: &str, rows: Vec<Vec<Val>>, args: &[Ty]) -> std::result::Result<Val, String> {
    let doubles = || rows.iter().filter(|r| !r[0].is_null()).map(|r| r[0].double()).collect::<Vec<f64>>();
    Ok(match name {
        "max_by" | "min_by" => reduced(name, rows).pop().map_or(Val::Null, |mut r| r.swap_remove(0)),
        "any_value" => reduced(name, rows).pop().map_or(Val::Null, |mut r| r.swap_remove(0)),
        "max_by_n" | "min_by_n" | "max_n" | "min_n" => {
            let kept = reduced(name, rows);
            if kept.is_empty() { Val::Null } else { Val::Arr(kept.into_iter().map(|mut r| r.swap_remove(0)).collect()) }
        }
        "map_agg" => pairs(rows.into_iter().filter(|r| !r[0].is_null()).map(two)),
        "map_union" => pairs(rows.into_iter().flat_map(|mut r| if let Val::Map(m) = r.swap_remove(0) { m } else { Vec::new() })),
        "multimap_agg" => {
            let mut map: Vec<(Val, Val)> = Vec::new();
            let mut places = std::collections::HashMap::new();
            for (key, value) in rows.into_iter().filter(|r| !r[0].is_null()).map(two) {
                let at = *places.entry(format!("{key:?}")).or_insert_with(|| {
                    map.push((key, Val::Arr(Vec::new())));
                    map.len() - 1
                });
                if let Val::Arr(all) = &mut map[at].1 {
                    all.push(value);
                }
            }
            if map.is_empty() { Val::Null } else { Val::Map(map) }
        }
        "histogram" => counted(counts(rows, 0)),
        "approx_most_frequent" => {
            let most = buckets(&rows, 2)?;
            let mut all = counts(rows, 1);
            all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
            all.truncate(most);
            counted(all)
        }
        "numeric_histogram" => numeric_histogram(&rows, buckets(&rows, 2)?),
        "set_agg" => listed(distinct(rows).into_iter().map(|mut r| r.swap_remove(0)).collect()),
        "set_union" => {
            let flat = rows.iter().flat_map(|r| r[0].arr().iter().map(|v| vec![v.clone()])).collect();
            listed(distinct(flat).into_iter().map(|mut r| r.swap_remove(0)).collect())
        }
        "geometric_mean" => {
            let all = doubles();
            if all.is_empty() { Val::Null } else { Val::Double((all.iter().map(|x| x.ln()).sum::<f64>() / all.len() as f64).exp()) }
        }
        "skewness" | "kurtosis" => moments(&doubles(), name == "kurtosis"),
        "entropy" => {
            let all = doubles();
            let sum: f64 = all.iter().sum();
            if all.is_empty() || sum == 0.0 {
                Val::Double(0.0)
            } else {
                Val::Double(all.iter().filter(|x| **x > 0.0).map(|x| x / sum * (sum / x).log2()).sum())
            }
        }
        "checksum" => match rows.is_empty() {
            true => Val::Null,
            false => {
                let one = |r: &Vec<Val>| {
                    if r[0].is_null() { 0x9E37_79B1_85EB_CA87 } else { twox_hash::XxHash64::oneshot(0, format!("{:?}", r[0]).as_bytes()) }
                };
                Val::Bin(rows.iter().fold(0u64, |sum, r| sum.wrapping_add(one(r))).to_le_bytes().to_vec())
            }
        },
        _ => percentiles(rows, args)?,
    })
}

/// How often each value of a column stands there, in the order of first sight.
fn counts(rows: Vec<Vec<Val>>, column: usize) -> Vec<(Val, i64)> {
    let mut map: Vec<(Val, i64)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for key in rows.into_iter().map(|mut r| r.swap_remove(column)).filter(|k| !k.is_null()) {
        let at = *places.entry(format!("{key:?}")).or_insert_with(|| {
            map.push((key, 0));
            map.len() - 1
        });
        map[at].1 += 1;
    }
    map
}
fn counted(map: Vec<(Val, i64)>) -> Val {
    if map.is_empty() { Val::Null } else { Val::Map(map.into_iter().map(|(k, n)| (k, Val::Int(n))).collect()) }
}

/// The count of buckets, an aggregate's first argument.
fn buckets(rows: &[Vec<Val>], least: i64) -> std::result::Result<usize, String> {
    let asked = rows.first().map_or(least, |r| r[0].int());
    match (least..=MOST_BUCKETS).contains(&asked) {
        true => Ok(asked as usize),
        false => Err(format!("INVALID_FUNCTION_ARGUMENT: the number of buckets must be from {least} to {MOST_BUCKETS}, not {asked}")),
    }
}

/// Ben-Haim's and Tom-Tov's histogram, by which Trino goes: neighbours are put together, at their weighted mean, until there are no more than so
/// many; always those whose union adds the least variance. Trino does so whenever a hundred more have come, so that its answer may differ a little.
fn numeric_histogram(rows: &[Vec<Val>], most: usize) -> Val {
    let known = rows.iter().filter(|r| !r[1].is_null() && r.get(2).is_none_or(|w| !w.is_null()));
    let mut all: Vec<(f64, f64)> = known.map(|r| (r[1].double(), r.get(2).map_or(1.0, Val::double))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.dedup_by(|next, first| {
        let same = next.0 == first.0;
        first.1 += if same { next.1 } else { 0.0 };
        same
    });
    // Far too many values are put together two by two first: what follows looks at all pairs each time.
    while all.len() > most.max(MOST_PAIRS) {
        all = all.chunks(2).map(|pair| if let [a, b] = pair { united(*a, *b) } else { pair[0] }).collect();
    }
    while all.len() > most {
        let cost = |at: usize| {
            let ((a, m), (b, n)) = (all[at], all[at + 1]);
            (a - b) * (a - b) * (m * n / (m + n))
        };
        let Some(at) = (0..all.len() - 1).min_by(|a, b| cost(*a).total_cmp(&cost(*b))) else { break };
        all[at] = united(all[at], all[at + 1]);
        all.remove(at + 1);
    }
    if all.is_empty() { Val::Null } else { Val::Map(all.into_iter().map(|(x, w)| (Val::Double(x), Val::Double(w))).collect()) }
}
fn united((a, m): (f64, f64), (b, n): (f64, f64)) -> (f64, f64) {
    ((a * m + b * n) / (m + n), m + n)
}

fn two(mut row: Vec<Val>) -> (Val, Val) {
    let value = row.swap_remove(1);
    (row.swap_remove(0), value)
}
fn listed(all: Vec<Val>) -> Val {
    if all.is_empty() { Val::Null } else { Val::Arr(all) }
}
/// The first value of each key, as Trino keeps it.
fn pairs(all: impl Iterator<Item = (Val, Val)>) -> Val {
    let mut seen = std::collections::HashSet::new();
    let map: Vec<(Val, Val)> = all.filter(|(k, _)| seen.insert(format!("{k:?}"))).collect();
    if map.is_empty() { Val::Null } else { Val::Map(map) }
}

fn moments(all: &[f64], fourth: bool) -> Val {
    let n = all.len() as f64;
    if n < if fourth { 4.0 } else { 3.0 } {
        return Val::Null;
    }
    let mean = all.iter().sum::<f64>() / n;
    let sum = |power: i32| all.iter().map(|x| (x - mean).powi(power)).sum::<f64>();
    let m2 = sum(2);
    Val::Double(match fourth {
        false => n.sqrt() * sum(3) / m2.powf(1.5),
        true => {
            let variance = m2 / (n - 1.0);
            n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0)) * sum(4) / (variance * variance)
                - 3.0 * (n - 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0))
        }
    })
}

/// Values at percentiles: (value, percentiles) or (value, weight, percentiles).
fn percentiles(rows: Vec<Vec<Val>>, args: &[Ty]) -> std::result::Result<Val, String> {
    let weighted = args.len() == 3;
    let wanted = match rows.first().and_then(|r| r.last()) {
        Some(wanted) => wanted.clone(),
        None => return Ok(Val::Null),
    };
    let check = |p: f64| {
        if (0.0..=1.0).contains(&p) { Ok(p) } else { Err("INVALID_FUNCTION_ARGUMENT: Percentile must be between 0 and 1".to_owned()) }
    };
    let mut known: Vec<(Val, f64)> = Vec::with_capacity(rows.len());
    for mut row in rows {
        let weight = if weighted { row[1].double() } else { 1.0 };
        let value = row.swap_remove(0);
        if !value.is_null() && weight > 0.0 {
            known.push((value, weight));
        }
    }
    if known.is_empty() {
        return Ok(Val::Null);
    }
    known.sort_unstable_by(|a, b| a.0.order(&b.0));
    let total: f64 = known.iter().map(|(_, w)| w).sum();
    let at = |p: f64| {
        let (target, mut sum) = (p * total, 0.0);
        let found = known.iter().find(|(_, w)| {
            sum += w;
            sum > target
        });
        found.or(known.last()).map_or(Val::Null, |(v, _)| v.clone())
    };
    Ok(match &wanted {
        Val::Arr(all) => Val::Arr(all.iter().map(|p| check(p.double()).map(at)).collect::<std::result::Result<_, _>>()?),
        p => at(check(p.double())?),
    })
}
