//! sum: over integers in as many bits as it takes, over decimals and doubles, told when the result's type can't hold it.

use super::{ty::Ty, udf::fail};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int64Array},
        datatypes::{DataType, Decimal128Type, FieldRef, Float32Type, Float64Type, Int64Type},
    },
    common::{Result, ScalarValue},
    logical_expr::{
        Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
    },
};
use std::{collections::HashSet, fmt::Debug, sync::Arc};

/// What the largest decimal stays below.
const DECIMALS: i128 = 10i128.pow(38);

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Sum(Signature);

impl Sum {
    pub(super) fn new() -> Sum {
        Sum(Signature::user_defined(Volatility::Immutable))
    }
}

/// The type in which values are summed up, which is the result's.
fn total(given: &DataType) -> Result<DataType> {
    let ty = Ty::of_data(given);
    Ok(match &ty {
        ty if ty.is_integer() => DataType::Int64,
        Ty::Real => DataType::Float32,
        Ty::Double | Ty::Unknown => DataType::Float64,
        Ty::Decimal(_, s) => DataType::Decimal128(38, *s),
        ty => {
            return Err(fail(format!(
                "FUNCTION_NOT_FOUND: {{}}: Unexpected parameters ({ty}) for function sum. Expected: sum(bigint), sum(decimal(p,s)), \
                 sum(double), sum(real)"
            )));
        }
    })
}

/// The type that partial sums are handed on in: one in which integers have room.
fn part(result: &DataType) -> DataType {
    match result {
        DataType::Int64 => DataType::Decimal128(38, 0),
        DataType::Float32 => DataType::Float64,
        other => other.clone(),
    }
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        "sum"
    }
    fn signature(&self) -> &Signature {
        &self.0
    }
    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [one] = given else {
            return Err(fail(format!("FUNCTION_NOT_FOUND: {{}}: function sum takes one argument, not {}", given.len())));
        };
        let wanted = total(one)?;
        // Decimals stay as they are: they only get more room.
        Ok(vec![if let DataType::Decimal128(..) = one { one.clone() } else { wanted }])
    }
    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        total(&given[0])
    }
    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = Ty::of_data(&part(args.return_type())).named(&format!("{}[sum]", args.name), true);
        let listed = || Ty::array(Ty::of_data(field.data_type())).named(&format!("{}[values]", args.name), true);
        Ok(vec![if args.is_distinct { listed() } else { field }])
    }
    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let result = args.return_type().clone();
        Ok(match (matches!(result, DataType::Float32 | DataType::Float64), args.is_distinct) {
            (true, false) => Box::new(Sums::<f64>::new(result)),
            (false, false) => Box::new(Sums::<i128>::new(result)),
            (true, true) => Box::new(Distinct::<f64>::new(result)),
            (false, true) => Box::new(Distinct::<i128>::new(result)),
        })
    }
    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }
    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        let result = args.return_type().clone();
        Ok(match result {
            DataType::Float32 | DataType::Float64 => Box::new(Sums::<f64>::new(result)),
            _ => Box::new(Sums::<i128>::new(result)),
        })
    }
}

/// What values are summed up as.
trait Total: Copy + Default + Debug + Send + Sync + 'static {
    /// Calls back with the place and the value of each that is not NULL.
    fn each(array: &ArrayRef, take: impl FnMut(usize, Self) -> Result<()>) -> Result<()>;
    fn plus(self, other: Self) -> Result<Self>;
    fn negated(self) -> Self;
    /// Tells values apart.
    fn bits(self) -> i128;
    fn of_bits(bits: i128) -> Self;
    /// A column of sums; an error where one is beyond the type.
    fn column(sums: impl Iterator<Item = Option<Self>>, data_type: &DataType, partial: bool) -> Result<ArrayRef>;
}

fn valid<T>(array: &dyn Array, values: impl Iterator<Item = T>, mut take: impl FnMut(usize, T) -> Result<()>) -> Result<()> {
    match array.nulls().filter(|n| n.null_count() > 0) {
        None => values.enumerate().try_for_each(|(at, value)| take(at, value)),
        Some(nulls) => values.enumerate().filter(|(at, _)| nulls.is_valid(*at)).try_for_each(|(at, value)| take(at, value)),
    }
}

fn beyond(what: &str) -> datafusion::error::DataFusionError {
    fail(format!("NUMERIC_VALUE_OUT_OF_RANGE: {what}"))
}

impl Total for i128 {
    fn each(array: &ArrayRef, take: impl FnMut(usize, i128) -> Result<()>) -> Result<()> {
        if let Some(values) = array.as_primitive_opt::<Int64Type>() {
            return valid(values, values.values().iter().map(|v| i128::from(*v)), take);
        }
        let values = array.as_primitive_opt::<Decimal128Type>().ok_or_else(|| fail("sum of what is no number".into()))?;
        valid(values, values.values().iter().copied(), take)
    }
    fn plus(self, other: i128) -> Result<i128> {
        self.checked_add(other).ok_or_else(|| beyond("Decimal overflow"))
    }
    fn negated(self) -> i128 {
        -self
    }
    fn bits(self) -> i128 {
        self
    }
    fn of_bits(bits: i128) -> i128 {
        bits
    }
    fn column(sums: impl Iterator<Item = Option<i128>>, data_type: &DataType, partial: bool) -> Result<ArrayRef> {
        if let DataType::Decimal128(p, s) = data_type {
            let fits = |sum: Option<i128>| match sum {
                Some(sum) if !partial && (sum >= DECIMALS || sum <= -DECIMALS) => Err(beyond("Decimal overflow")),
                sum => Ok(sum),
            };
            let sums = sums.map(fits).collect::<Result<Decimal128Array>>()?;
            return Ok(Arc::new(sums.with_precision_and_scale(*p, *s)?));
        }
        let fits = |sum: Option<i128>| sum.map(|sum| i64::try_from(sum).map_err(|_| beyond("bigint addition overflow"))).transpose();
        Ok(Arc::new(sums.map(fits).collect::<Result<Int64Array>>()?))
    }
}

impl Total for f64 {
    fn each(array: &ArrayRef, take: impl FnMut(usize, f64) -> Result<()>) -> Result<()> {
        if let Some(values) = array.as_primitive_opt::<Float32Type>() {
            return valid(values, values.values().iter().map(|v| f64::from(*v)), take);
        }
        let values = array.as_primitive_opt::<Float64Type>().ok_or_else(|| fail("sum of what is no number".into()))?;
        valid(values, values.values().iter().copied(), take)
    }
    fn plus(self, other: f64) -> Result<f64> {
        Ok(self + other)
    }
    fn negated(self) -> f64 {
        -self
    }
    fn bits(self) -> i128 {
        i128::from(self.to_bits())
    }
    fn of_bits(bits: i128) -> f64 {
        f64::from_bits(bits as u64)
    }
    fn column(sums: impl Iterator<Item = Option<f64>>, data_type: &DataType, _: bool) -> Result<ArrayRef> {
        Ok(match data_type {
            DataType::Float32 => Arc::new(sums.map(|sum| sum.map(|s| s as f32)).collect::<Float32Array>()),
            _ => Arc::new(sums.collect::<Float64Array>()),
        })
    }
}

/// Sums of groups; the only one's, where there are no groups.
#[derive(Debug)]
struct Sums<S> {
    result: DataType,
    /// The sum of each group and how many values it is of: a sum of none is NULL.
    groups: Vec<(S, u64)>,
}

impl<S: Total> Sums<S> {
    fn new(result: DataType) -> Sums<S> {
        Sums { result, groups: Vec::new() }
    }
    fn only(&mut self) -> &mut (S, u64) {
        if self.groups.is_empty() {
            self.groups.push((S::default(), 0));
        }
        &mut self.groups[0]
    }
    fn add(&mut self, array: &ArrayRef) -> Result<()> {
        let only = self.only();
        S::each(array, |_, value| {
            *only = (only.0.plus(value)?, only.1 + 1);
            Ok(())
        })
    }
    fn add_to(&mut self, array: &ArrayRef, places: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.groups.resize(count, (S::default(), 0));
        let groups = &mut self.groups;
        S::each(array, |at, value| {
            if filter.is_none_or(|f| f.is_valid(at) && f.value(at)) {
                let group = &mut groups[places[at]];
                *group = (group.0.plus(value)?, group.1 + 1);
            }
            Ok(())
        })
    }
}

fn known<S>((sum, count): (S, u64)) -> Option<S> {
    (count > 0).then_some(sum)
}

impl<S: Total> Accumulator for Sums<S> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0])
    }
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.add(&states[0])
    }
    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let only = self.only();
        S::each(&values[0], |_, value| {
            *only = (only.0.plus(value.negated())?, only.1.saturating_sub(1));
            Ok(())
        })
    }
    fn supports_retract_batch(&self) -> bool {
        true
    }
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let column = S::column(std::iter::once(known(*self.only())), &part(&self.result), true)?;
        Ok(vec![ScalarValue::try_from_array(&column, 0)?])
    }
    fn evaluate(&mut self) -> Result<ScalarValue> {
        let column = S::column(std::iter::once(known(*self.only())), &self.result, false)?;
        ScalarValue::try_from_array(&column, 0)
    }
    fn size(&self) -> usize {
        size_of_val(self) + self.groups.capacity() * size_of::<(S, u64)>()
    }
}

impl<S: Total> GroupsAccumulator for Sums<S> {
    fn update_batch(&mut self, values: &[ArrayRef], places: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.add_to(&values[0], places, filter, count)
    }
    fn merge_batch(&mut self, states: &[ArrayRef], places: &[usize], count: usize) -> Result<()> {
        self.add_to(&states[0], places, None, count)
    }
    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut all = vec![None; values[0].len()];
        S::each(&values[0], |at, value| {
            all[at] = filter.is_none_or(|f| f.is_valid(at) && f.value(at)).then_some(value);
            Ok(())
        })?;
        Ok(vec![S::column(all.into_iter(), &part(&self.result), true)?])
    }
    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        S::column(emit_to.take_needed(&mut self.groups).into_iter().map(known), &self.result, false)
    }
    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![S::column(emit_to.take_needed(&mut self.groups).into_iter().map(known), &part(&self.result), true)?])
    }
    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<(S, u64)>()
    }
}

/// The sum of values of which each counts once.
#[derive(Debug)]
struct Distinct<S> {
    result: DataType,
    seen: HashSet<i128>,
    kind: std::marker::PhantomData<S>,
}

impl<S: Total> Distinct<S> {
    fn new(result: DataType) -> Distinct<S> {
        Distinct { result, seen: HashSet::new(), kind: std::marker::PhantomData }
    }
    fn add(&mut self, array: &ArrayRef) -> Result<()> {
        S::each(array, |_, value| {
            self.seen.insert(value.bits());
            Ok(())
        })
    }
}

impl<S: Total> Accumulator for Distinct<S> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0])
    }
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        (0..lists.len()).filter(|at| lists.is_valid(*at)).try_for_each(|at| self.add(&lists.value(at)))
    }
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = S::column(self.seen.iter().map(|bits| Some(S::of_bits(*bits))), &part(&self.result), true)?;
        let list = datafusion::common::utils::SingleRowListArrayBuilder::new(values).build_list_array();
        Ok(vec![ScalarValue::List(Arc::new(list))])
    }
    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut sum = S::default();
        for bits in &self.seen {
            sum = sum.plus(S::of_bits(*bits))?;
        }
        let column = S::column(std::iter::once((!self.seen.is_empty()).then_some(sum)), &self.result, false)?;
        ScalarValue::try_from_array(&column, 0)
    }
    fn size(&self) -> usize {
        size_of_val(self) + self.seen.capacity() * (size_of::<i128>() + 8)
    }
}
