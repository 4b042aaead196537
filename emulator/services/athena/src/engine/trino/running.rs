//! Aggregates that need no rows once they have seen them: a few numbers, or a count for each value, are kept of each group.

use super::{
    ty::Ty,
    udf::fail,
    val::{self, Val},
};
use datafusion::{
    arrow::array::ArrayRef,
    common::{Result, ScalarValue},
    logical_expr::Accumulator,
};
use std::collections::HashMap;

/// The type of what an aggregate hands on; `None` for those that keep rows.
pub(super) fn state(name: &str, args: &[Ty]) -> Option<Ty> {
    Some(match name {
        "geometric_mean" | "entropy" | "skewness" | "kurtosis" => Ty::array(Ty::Double),
        "checksum" => Ty::array(Ty::Bigint),
        "histogram" => Ty::map(args[0].clone(), Ty::Bigint),
        _ => return None,
    })
}

#[derive(Debug)]
pub(super) struct Running {
    kept: Kept,
    arg: Ty,
    ret: Ty,
    state: Ty,
}

/// What is kept.
#[derive(Debug)]
enum Kept {
    /// How many values, and the sum of their logarithms.
    Logarithms(f64, f64),
    /// How many counts, their sum, and the sum of each times its binary logarithm.
    Counts(f64, f64, f64),
    /// Moments; the fourth is asked rather than the third.
    Moments(Moments, bool),
    /// How many rows, and the sum of their hashes.
    Hashes(i64, u64),
    Values(Values),
}

impl Running {
    pub(super) fn new(name: &str, args: Vec<Ty>, ret: Ty, state: Ty) -> Running {
        let kept = match name {
            "geometric_mean" => Kept::Logarithms(0.0, 0.0),
            "entropy" => Kept::Counts(0.0, 0.0, 0.0),
            "skewness" | "kurtosis" => Kept::Moments(Moments::default(), name == "kurtosis"),
            "checksum" => Kept::Hashes(0, 0),
            _ => Kept::Values(Values::default()),
        };
        let arg = args.into_iter().next().unwrap_or(Ty::Unknown);
        Running { kept, arg, ret, state }
    }

    fn add(&mut self, value: Val) {
        match &mut self.kept {
            Kept::Hashes(rows, sum) => {
                *rows += 1;
                *sum = sum.wrapping_add(match value {
                    Val::Null => 0x9E37_79B1_85EB_CA87,
                    value => twox_hash::XxHash64::oneshot(0, format!("{value:?}").as_bytes()),
                });
            }
            _ if value.is_null() => {}
            Kept::Logarithms(count, sum) => (*count, *sum) = (*count + 1.0, *sum + value.double().ln()),
            Kept::Counts(count, sum, logs) => {
                let x = value.double();
                let log = if x > 0.0 { x * x.log2() } else { 0.0 };
                (*count, *sum, *logs) = (*count + 1.0, *sum + x, *logs + log);
            }
            Kept::Moments(moments, _) => *moments = moments.and(&Moments { count: 1.0, mean: value.double(), ..Moments::default() }),
            Kept::Values(values) => values.add(value, 1),
        }
    }

    fn merge(&mut self, state: Val) {
        let parts = state.arr();
        match (&mut self.kept, parts) {
            (Kept::Hashes(rows, sum), [n, s]) => (*rows, *sum) = (*rows + n.int(), sum.wrapping_add(s.int() as u64)),
            (Kept::Logarithms(count, sum), [n, s]) => (*count, *sum) = (*count + n.double(), *sum + s.double()),
            (Kept::Counts(count, sum, logs), [n, s, l]) => {
                (*count, *sum, *logs) = (*count + n.double(), *sum + s.double(), *logs + l.double());
            }
            (Kept::Moments(moments, _), [count, mean, m2, m3, m4]) => {
                let other = Moments { count: count.double(), mean: mean.double(), m2: m2.double(), m3: m3.double(), m4: m4.double() };
                *moments = moments.and(&other);
            }
            (Kept::Values(values), _) => {
                if let Val::Map(entries) = state {
                    entries.into_iter().for_each(|(value, count)| values.add(value, count.int()));
                }
            }
            _ => {}
        }
    }

    fn result(&mut self) -> Val {
        match &mut self.kept {
            Kept::Logarithms(count, _) if *count == 0.0 => Val::Null,
            Kept::Logarithms(count, sum) => Val::Double((*sum / *count).exp()),
            Kept::Counts(count, sum, _) if *count == 0.0 || *sum == 0.0 => Val::Double(0.0),
            Kept::Counts(_, sum, logs) => Val::Double((sum.log2() - *logs / *sum).max(0.0)),
            Kept::Moments(moments, fourth) => moments.result(*fourth),
            Kept::Hashes(0, _) => Val::Null,
            Kept::Hashes(_, sum) => Val::Bin(sum.to_le_bytes().to_vec()),
            Kept::Values(values) if values.all.is_empty() => Val::Null,
            Kept::Values(values) => Val::Map(values.all.iter().map(|(value, n)| (value.clone(), Val::Int(*n))).collect()),
        }
    }
}

impl Accumulator for Running {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        val::all(&values[0], &self.arg).map_err(fail)?.into_iter().for_each(|value| self.add(value));
        Ok(())
    }
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        val::all(&states[0], &self.state).map_err(fail)?.into_iter().for_each(|state| self.merge(state));
        Ok(())
    }
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let doubles = |all: &[f64]| Val::Arr(all.iter().map(|x| Val::Double(*x)).collect());
        let state = match &mut self.kept {
            Kept::Logarithms(count, sum) => doubles(&[*count, *sum]),
            Kept::Counts(count, sum, logs) => doubles(&[*count, *sum, *logs]),
            Kept::Moments(m, _) => doubles(&[m.count, m.mean, m.m2, m.m3, m.m4]),
            Kept::Hashes(rows, sum) => Val::Arr(vec![Val::Int(*rows), Val::Int(*sum as i64)]),
            Kept::Values(values) => Val::Map(std::mem::take(values).all.into_iter().map(|(v, n)| (v, Val::Int(n))).collect()),
        };
        Ok(vec![ScalarValue::try_from_array(&val::column(&[state], &self.state).map_err(fail)?, 0)?])
    }
    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&val::column(&[self.result()], &self.ret).map_err(fail)?, 0)
    }
    fn size(&self) -> usize {
        size_of_val(self) + if let Kept::Values(values) = &self.kept { values.size } else { 0 }
    }
}

/// How often each value stands there, in the order of first sight.
#[derive(Debug, Default)]
struct Values {
    all: Vec<(Val, i64)>,
    places: HashMap<String, usize>,
    /// Bytes, about.
    size: usize,
}

impl Values {
    fn add(&mut self, value: Val, count: i64) {
        let name = format!("{value:?}");
        match self.places.get(&name) {
            Some(at) => self.all[*at].1 += count,
            None => {
                // The entry of the list, that of the map, and their texts.
                self.size += 2 * size_of::<(Val, i64)>() + size_of::<(String, usize)>() + name.capacity() + val::beyond(&value);
                self.places.insert(name, self.all.len());
                self.all.push((value, count));
            }
        }
    }
}

/// Sums of powers of the distances from the mean, which can be put together.
#[derive(Clone, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Moments {
    /// Both together, by Pébay's formulas.
    fn and(&self, other: &Moments) -> Moments {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other.clone() } else { self.clone() };
        }
        let (a, b) = (self.count, other.count);
        let n = a + b;
        let delta = other.mean - self.mean;
        let d = delta / n;
        Moments {
            count: n,
            mean: self.mean + b * d,
            m2: self.m2 + other.m2 + delta * d * a * b,
            m3: self.m3 + other.m3 + delta * d * d * a * b * (a - b) + 3.0 * d * (a * other.m2 - b * self.m2),
            m4: self.m4
                + other.m4
                + delta * d * d * d * a * b * (a * a - a * b + b * b)
                + 6.0 * d * d * (a * a * other.m2 + b * b * self.m2)
                + 4.0 * d * (a * other.m3 - b * self.m3),
        }
    }

    fn result(&self, fourth: bool) -> Val {
        let n = self.count;
        if n < if fourth { 4.0 } else { 3.0 } {
            return Val::Null;
        }
        Val::Double(match fourth {
            false => n.sqrt() * self.m3 / self.m2.powf(1.5),
            true => {
                let variance = self.m2 / (n - 1.0);
                n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0)) * self.m4 / (variance * variance)
                    - 3.0 * (n - 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_parts_are_those_of_the_whole() {
        let one = |x: i32| Moments { count: 1.0, mean: f64::from(x * x % 17), ..Moments::default() };
        let all = |range: std::ops::Range<i32>| range.map(one).fold(Moments::default(), |sum, x| sum.and(&x));
        let (whole, parts) = (all(0..100), all(0..30).and(&all(30..100)));
        for (a, b) in [(whole.m2, parts.m2), (whole.m3, parts.m3), (whole.m4, parts.m4)] {
            assert!((a - b).abs() < 1e-6 * a.abs(), "{a} {b}");
        }
        let mean = (0..100).map(|x| f64::from(x * x % 17)).sum::<f64>() / 100.0;
        let m4: f64 = (0..100).map(|x| (f64::from(x * x % 17) - mean).powi(4)).sum();
        assert!((whole.m4 - m4).abs() < 1e-6 * m4, "{} {m4}", whole.m4);
    }
}
