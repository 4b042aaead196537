//! `sum` as Trino has it: whole numbers and decimals that leave their type's range are an error, and a sum of reals is a real. What is summed as
//! the engine does it anyway (doubles, intervals, DISTINCT) stays the engine's.

use super::{ty::Ty, udf::fail};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray},
        compute::sum_checked,
        datatypes::{DataType, Decimal128Type, FieldRef, Float32Type, Int64Type},
    },
    common::{Result, ScalarValue},
    functions_aggregate::sum::sum_udaf,
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
        utils::AggregateOrderSensitivity,
    },
};
use std::{
    fmt::Debug,
    sync::{Arc, LazyLock},
};

/// The largest decimal and one.
const DECIMAL_END: i128 = 100_000_000_000_000_000_000_000_000_000_000_000_000;

/// The aggregate.
pub(crate) static SUM: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::new_from_impl(Sum { signature: Signature::user_defined(Volatility::Immutable) })));

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    signature: Signature,
}

/// Which of ours sums a type; `None` where the engine does.
fn ours(args: &AccumulatorArgs<'_>) -> Option<DataType> {
    let ty = args.expr_fields.first()?.data_type();
    (!args.is_distinct && matches!(ty, DataType::Int64 | DataType::Decimal128(..) | DataType::Float32)).then(|| ty.clone())
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        "sum"
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        use DataType::*;
        if let [one] = given {
            match one {
                Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 | Null => return Ok(vec![Int64]),
                Float32 | Float64 | Decimal128(..) | Interval(_) | Duration(_) => return Ok(vec![one.clone()]),
                _ => {}
            }
        }
        let given: Vec<String> = given.iter().map(|ty| Ty::of_data(ty).to_string()).collect();
        Err(fail(format!(
            "FUNCTION_NOT_FOUND: {{}}: Unexpected parameters ({}) for function sum. Expected: sum(double), sum(decimal(p,s)), sum(real), sum(bigint), sum(interval day to second), sum(interval year to month)",
            given.join(", ")
        )))
    }
    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        if given == [DataType::Float32] { Ok(DataType::Float32) } else { sum_udaf().return_type(given) }
    }
    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        sum_udaf().state_fields(args)
    }
    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let ret = args.return_field.data_type().clone();
        Ok(match ours(&args) {
            Some(DataType::Int64) => Box::new(One::<Int64Type>::new(ret)),
            Some(DataType::Decimal128(..)) => Box::new(One::<Decimal128Type>::new(ret)),
            Some(_) => Box::new(One::<Float32Type>::new(ret)),
            None => return sum_udaf().accumulator(args),
        })
    }
    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if ours(&args).is_some() { self.accumulator(args) } else { sum_udaf().create_sliding_accumulator(args) }
    }
    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }
    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        let ret = args.return_field.data_type().clone();
        Ok(match ours(&args) {
            Some(DataType::Int64) => Box::new(Many::<Int64Type>::new(ret)),
            Some(DataType::Decimal128(..)) => Box::new(Many::<Decimal128Type>::new(ret)),
            Some(_) => Box::new(Many::<Float32Type>::new(ret)),
            None => return sum_udaf().create_groups_accumulator(args),
        })
    }
    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// A number that is summed.
trait Number: ArrowPrimitiveType<Native: ArrowNativeTypeOp + Debug> + Debug + Send {
    /// The sum; `None` where it leaves the range.
    fn plus(a: Self::Native, b: Self::Native) -> Option<Self::Native> {
        a.add_checked(b).ok()
    }
    /// The error of a sum that left the range.
    fn over(a: Self::Native, b: Self::Native) -> String;
}
impl Number for Int64Type {
    fn over(a: i64, b: i64) -> String {
        format!("NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow: {a} + {b}")
    }
}
impl Number for Float32Type {
    fn over(_: f32, _: f32) -> String {
        "NUMERIC_VALUE_OUT_OF_RANGE: real overflow".into()
    }
}
impl Number for Decimal128Type {
    fn plus(a: i128, b: i128) -> Option<i128> {
        a.checked_add(b).filter(|sum| sum.unsigned_abs() < DECIMAL_END.unsigned_abs())
    }
    fn over(_: i128, _: i128) -> String {
        "NUMERIC_VALUE_OUT_OF_RANGE: Decimal overflow".into()
    }
}

fn plus<T: Number>(a: T::Native, b: T::Native) -> Result<T::Native> {
    T::plus(a, b).ok_or_else(|| fail(T::over(a, b)))
}

/// The sum of all rows, or of a window's.
#[derive(Debug)]
struct One<T: Number> {
    ret: DataType,
    sum: T::Native,
    /// Values in the sum.
    count: u64,
}

impl<T: Number> One<T> {
    fn new(ret: DataType) -> One<T> {
        One { ret, sum: T::default_value(), count: 0 }
    }
    fn add(&mut self, values: &PrimitiveArray<T>) -> Result<()> {
        // A batch whose own sum leaves the range may come back into it: value by value then.
        let together = sum_checked(values).ok().flatten().and_then(|sum| T::plus(self.sum, sum));
        self.sum = match together {
            Some(sum) => sum,
            None => values.iter().flatten().try_fold(self.sum, plus::<T>)?,
        };
        self.count += (values.len() - values.null_count()) as u64;
        Ok(())
    }
}

impl<T: Number> Accumulator for One<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(values[0].as_primitive::<T>())
    }
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.add(states[0].as_primitive::<T>())
    }
    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<T>().iter().flatten() {
            self.sum = self.sum.sub_checked(value)?;
            self.count -= 1;
        }
        Ok(())
    }
    fn supports_retract_batch(&self) -> bool {
        true
    }
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }
    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::new_primitive::<T>((self.count > 0).then_some(self.sum), &self.ret)
    }
    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The sums of groups.
#[derive(Debug)]
struct Many<T: Number> {
    ret: DataType,
    sums: Vec<Option<T::Native>>,
}

impl<T: Number> Many<T> {
    fn new(ret: DataType) -> Many<T> {
        Many { ret, sums: Vec::new() }
    }
    fn array(&self, sums: Vec<Option<T::Native>>) -> ArrayRef {
        Arc::new(PrimitiveArray::<T>::from_iter(sums).with_data_type(self.ret.clone()))
    }
}

impl<T: Number> GroupsAccumulator for Many<T> {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.sums.resize(total, None);
        let values = values[0].as_primitive::<T>();
        if filter.is_none() && values.null_count() == 0 {
            for (value, group) in values.values().iter().zip(groups) {
                let sum = &mut self.sums[*group];
                *sum = Some(sum.map_or(Ok(*value), |sum| plus::<T>(sum, *value))?);
            }
            return Ok(());
        }
        for (at, group) in groups.iter().enumerate() {
            if values.is_valid(at) && filter.is_none_or(|f| f.is_valid(at) && f.value(at)) {
                let (sum, value) = (&mut self.sums[*group], values.value(at));
                *sum = Some(sum.map_or(Ok(value), |sum| plus::<T>(sum, value))?);
            }
        }
        Ok(())
    }
    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.update_batch(values, groups, None, total)
    }
    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = emit_to.take_needed(&mut self.sums);
        Ok(self.array(sums))
    }
    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }
    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<T>();
        let kept = |at: usize| values.is_valid(at) && filter.is_none_or(|f| f.is_valid(at) && f.value(at));
        let states = (0..values.len()).map(|at| kept(at).then(|| values.value(at))).collect();
        Ok(vec![self.array(states)])
    }
    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<Option<T::Native>>()
    }
}
