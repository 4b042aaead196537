//! approx_percentile without weights: all values while they are few, so that small results are exact; a digest of weighted means beyond.
//!
//! Trino answers with a t-digest's estimate. Here two million values of a group are told exactly, in eight bytes each.

use super::{
    ty::Ty,
    udf::fail,
    val::{self, Val},
};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, Float64Array},
        compute::cast,
        datatypes::{DataType, FieldRef, Float64Type},
    },
    common::{Result, ScalarValue},
    logical_expr::Accumulator,
};
use std::sync::Arc;

/// Values of one group that are kept before they are digested.
const MOST_EXACT: usize = 2_000_000;
/// Means that a digest keeps: the most extreme ones stand for few values, those of the middle for many.
const MEANS: usize = 1000;

/// What one accumulator tells another: values, their weights where they are a digest's, and what is asked.
pub(super) fn state(name: &str, asked: &Ty) -> Vec<FieldRef> {
    let list = || Ty::array(Ty::Double);
    vec![
        list().named(&format!("{name}[values]"), true),
        list().named(&format!("{name}[weights]"), true),
        asked.clone().named(&format!("{name}[asked]"), true),
    ]
}

#[derive(Debug)]
pub(super) struct Percentile {
    /// Not yet digested, in no order.
    values: Vec<f64>,
    /// (mean, values that it stands for), by mean.
    digest: Vec<(f64, f64)>,
    /// A share, or an array of them; the same for all rows.
    asked: Option<Val>,
    asked_type: Ty,
    ret: Ty,
    distinct: bool,
    most_exact: usize,
}

impl Percentile {
    pub(super) fn new(asked_type: Ty, ret: Ty, distinct: bool) -> Percentile {
        Percentile { values: Vec::new(), digest: Vec::new(), asked: None, asked_type, ret, distinct, most_exact: MOST_EXACT }
    }

    fn ask(&mut self, array: &ArrayRef) -> Result<()> {
        if self.asked.is_none() {
            let known = (0..array.len()).find(|i| array.is_valid(*i));
            if let Some(at) = known {
                self.asked = val::all(&array.slice(at, 1), &self.asked_type).map_err(fail)?.pop();
            }
        }
        Ok(())
    }

    fn add(&mut self, values: &Float64Array) {
        match values.null_count() {
            0 => self.values.extend_from_slice(values.values()),
            _ => self.values.extend(values.iter().flatten()),
        }
        if self.values.len() > self.most_exact {
            self.compress(Vec::new());
        }
    }

    /// All values and means, with more, as means of neighbours.
    fn compress(&mut self, more: Vec<(f64, f64)>) {
        let mut all = std::mem::take(&mut self.digest);
        all.extend(std::mem::take(&mut self.values).into_iter().map(|v| (v, 1.0)));
        all.extend(more);
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = all.iter().map(|(_, w)| w).sum();
        let mut merged: Vec<(f64, f64)> = Vec::with_capacity(MEANS);
        let mut before = 0.0;
        for (mean, weight) in all {
            // Few values at either end, many in the middle: the share that a mean may stand for follows its distance from the ends.
            let q = before / total;
            let most = (4.0 * total * (q * (1.0 - q)).max(0.0) / MEANS as f64).max(1.0);
            match merged.last_mut() {
                Some((m, w)) if *w + weight <= most => {
                    *m += (mean - *m) * weight / (*w + weight);
                    *w += weight;
                }
                _ => merged.push((mean, weight)),
            }
            before += weight;
        }
        self.digest = merged;
    }

    /// The first value beyond a share of all, as Trino's estimate is for few.
    fn at(&mut self, share: f64) -> Option<f64> {
        if self.digest.is_empty() {
            let count = self.values.len();
            let place = ((share * count as f64).floor() as usize).min(count.checked_sub(1)?);
            return Some(*self.values.select_nth_unstable_by(place, f64::total_cmp).1);
        }
        let total: f64 = self.digest.iter().map(|(_, w)| w).sum();
        let mut sum = 0.0;
        let found = self.digest.iter().find(|(_, w)| {
            sum += w;
            sum > share * total
        });
        found.or(self.digest.last()).map(|(mean, _)| *mean)
    }

    fn result(&mut self) -> std::result::Result<Val, String> {
        if !self.digest.is_empty() && !self.values.is_empty() {
            self.compress(Vec::new());
        }
        let item = match &self.ret {
            Ty::Array(item) => (**item).clone(),
            other => other.clone(),
        };
        let asked = self.asked.clone();
        let mut one = |p: &Val| {
            let share = p.double();
            if !(0.0..=1.0).contains(&share) {
                return Err("INVALID_FUNCTION_ARGUMENT: Percentile must be between 0 and 1".to_owned());
            }
            Ok(self.at(share).map_or(Val::Null, |found| match &item {
                Ty::Double => Val::Double(found),
                Ty::Real => Val::Real(found as f32),
                Ty::Decimal(_, s) => Val::Dec((found * 10f64.powi(*s as i32)).round() as i128, *s),
                _ => Val::Int(found.round() as i64),
            }))
        };
        match asked {
            None => Ok(Val::Null),
            Some(Val::Arr(all)) => {
                let made = all.iter().map(&mut one).collect::<std::result::Result<Vec<_>, _>>()?;
                Ok(if made.iter().all(Val::is_null) { Val::Null } else { Val::Arr(made) })
            }
            Some(p) => one(&p),
        }
    }
}

fn doubles(array: &ArrayRef) -> Result<Float64Array> {
    let array = if *array.data_type() == DataType::Float64 { array.clone() } else { cast(array, &DataType::Float64)? };
    Ok(array.as_primitive::<Float64Type>().clone())
}

fn list(values: impl Iterator<Item = f64>) -> ScalarValue {
    let values: Vec<ScalarValue> = values.map(|v| ScalarValue::Float64(Some(v))).collect();
    ScalarValue::List(ScalarValue::new_list_nullable(&values, &DataType::Float64))
}

impl Accumulator for Percentile {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.ask(&values[1])?;
        let values = doubles(&values[0])?;
        self.add(&values);
        if self.distinct {
            self.values.sort_unstable_by(f64::total_cmp);
            self.values.dedup();
        }
        Ok(())
    }
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.ask(&states[2])?;
        let (values, weights) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for at in (0..values.len()).filter(|at| values.is_valid(*at)) {
            let (values, weights) = (doubles(&values.value(at))?, doubles(&weights.value(at))?);
            match weights.is_empty() {
                true => self.add(&values),
                false => self.compress(values.values().iter().copied().zip(weights.values().iter().copied()).collect()),
            }
        }
        Ok(())
    }
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let asked = val::column(&[self.asked.clone().unwrap_or(Val::Null)], &self.asked_type).map_err(fail)?;
        let asked = ScalarValue::try_from_array(&asked, 0)?;
        if self.digest.is_empty() {
            let values = Arc::new(Float64Array::from(std::mem::take(&mut self.values))) as ArrayRef;
            let whole = ScalarValue::List(Arc::new(datafusion::common::utils::SingleRowListArrayBuilder::new(values).build_list_array()));
            return Ok(vec![whole, list(std::iter::empty()), asked]);
        }
        self.compress(Vec::new());
        let digest = std::mem::take(&mut self.digest);
        Ok(vec![list(digest.iter().map(|(m, _)| *m)), list(digest.iter().map(|(_, w)| *w)), asked])
    }
    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.distinct {
            self.values.sort_unstable_by(f64::total_cmp);
            self.values.dedup();
        }
        let value = self.result().map_err(fail)?;
        ScalarValue::try_from_array(&val::column(&[value], &self.ret).map_err(fail)?, 0)
    }
    fn size(&self) -> usize {
        std::mem::size_of_val(self) + self.values.capacity() * 8 + self.digest.capacity() * 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_near_what_all_values_give() {
        let mut one = Percentile::new(Ty::Double, Ty::Double, false);
        one.most_exact = 10_000;
        let shares: ArrayRef = Arc::new(Float64Array::from(vec![0.95; 1000]));
        for chunk in 0..200 {
            let values: ArrayRef =
                Arc::new(Float64Array::from_iter_values((0..1000).map(|i| ((chunk * 1000 + i) * 7919 % 200_000) as f64)));
            one.update_batch(&[values, shares.clone()]).unwrap();
        }
        assert!(one.digest.len() < 8000, "{}", one.digest.len());
        let state: Vec<ArrayRef> = one.state().unwrap().iter().map(|s| s.to_array_of_size(1).unwrap()).collect();
        let mut other = Percentile::new(Ty::Double, Ty::Double, false);
        other.merge_batch(&state).unwrap();
        let ScalarValue::Float64(Some(found)) = other.evaluate().unwrap() else { panic!("a double") };
        assert!((found - 190_000.0).abs() < 200.0, "{found}");
        assert!(other.at(0.0).unwrap() < 5.0 && other.at(1.0).unwrap() > 199_990.0);
    }
}
