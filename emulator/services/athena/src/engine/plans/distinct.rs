//! `count(DISTINCT text)` over all rows: texts are told apart by fingerprints instead of being kept.
//!
//! A text of up to twelve bytes is its own fingerprint, mixed by steps that can be undone: no two are the same. Of longer ones 128 bits of
//! XXH3 are kept: among a thousand million texts the chance that any two meet is one in 10^21.

use super::fingerprints::{Fingerprints, united};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        datatypes::{DataType, Field, FieldRef},
    },
    common::{DataFusionError, Result, ScalarValue, tree_node::Transformed},
    functions_aggregate::count::count_udaf,
    logical_expr::{
        Accumulator, Aggregate, AggregateUDF, AggregateUDFImpl, Expr, ExprSchemable, LogicalPlan, Signature, Volatility,
        expr::{AggregateFunction, AggregateFunctionParams},
        function::{AccumulatorArgs, StateFieldsArgs},
    },
    optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule},
};
use std::sync::{Arc, LazyLock};
use twox_hash::XxHash3_128;

/// Longest text that is its own fingerprint: its length takes the rest of 128 bits.
const WHOLE: usize = 12;

static COUNT: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(CountDistinct { signature }))
});

/// Puts [`CountDistinct`] in the place of `count(DISTINCT text)` where there is no GROUP BY. A single one stands as a GROUP BY of its own by
/// now, which the engine can spill to disk.
#[derive(Debug)]
pub(super) struct CountTexts;

impl OptimizerRule for CountTexts {
    fn name(&self) -> &str {
        "count_distinct_texts"
    }
    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }
    fn supports_rewrite(&self) -> bool {
        true
    }
    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(whole) = &plan else { return Ok(Transformed::no(plan)) };
        if !whole.group_expr.is_empty() || !whole.aggr_expr.iter().any(|e| ours(e, whole).is_some()) {
            return Ok(Transformed::no(plan));
        }
        let expressions = whole.aggr_expr.iter().map(|e| ours(e, whole).unwrap_or_else(|| e.clone())).collect();
        let schema = whole.schema.clone();
        Ok(Transformed::yes(LogicalPlan::Aggregate(Aggregate::try_new_with_schema(whole.input.clone(), Vec::new(), expressions, schema)?)))
    }
}

/// The same by us; `None` where it stays the engine's.
fn ours(expression: &Expr, whole: &Aggregate) -> Option<Expr> {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = expression else { return None };
    let [argument] = params.args.as_slice() else { return None };
    let plain = func.name() == "count" && params.distinct && params.order_by.is_empty();
    if !plain || !text(&argument.get_type(whole.input.schema()).ok()?) {
        return None;
    }
    let params = AggregateFunctionParams { distinct: false, ..params.clone() };
    Some(Expr::AggregateFunction(AggregateFunction { func: COUNT.clone(), params }))
}

fn text(ty: &DataType) -> bool {
    use DataType::*;
    matches!(ty, Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView)
}

/// The aggregate; it bears the name of what it stands for.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CountDistinct {
    signature: Signature,
}

impl AggregateUDFImpl for CountDistinct {
    fn name(&self) -> &str {
        "$count_distinct"
    }
    fn schema_name(&self, params: &AggregateFunctionParams) -> Result<String> {
        count_udaf().schema_name(&AggregateFunctionParams { distinct: true, ..params.clone() })
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given.to_vec())
    }
    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }
    fn is_nullable(&self) -> bool {
        false
    }
    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }
    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[fingerprints]", args.name), DataType::LargeBinary, true))])
    }
    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Distinct::default()))
    }
}

#[derive(Debug, Default)]
struct Distinct {
    seen: Fingerprints,
    /// What other accumulators saw, in order.
    told: Vec<u128>,
    /// Of the batch at hand.
    batch: Vec<u128>,
}

impl Distinct {
    fn all(&mut self) -> Vec<u128> {
        let told = std::mem::take(&mut self.told);
        united(told, self.seen.take().into_iter())
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.batch.clear();
        fingerprints(&values[0], &mut self.batch)?;
        self.seen.add(&self.batch);
        Ok(())
    }
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for bytes in states[0].as_binary::<i64>().iter().flatten() {
            let (prints, _) = bytes.as_chunks::<16>();
            let told = std::mem::take(&mut self.told);
            self.told = united(told, prints.iter().map(|p| u128::from_le_bytes(*p)));
        }
        Ok(())
    }
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let bytes = self.all().into_iter().flat_map(u128::to_le_bytes).collect();
        Ok(vec![ScalarValue::LargeBinary(Some(bytes))])
    }
    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(self.all().len() as i64)))
    }
    fn size(&self) -> usize {
        size_of_val(self) + self.seen.size() + (self.told.capacity() + self.batch.capacity()) * size_of::<u128>()
    }
}

/// The fingerprint of each value; NULL has none.
fn fingerprints(array: &ArrayRef, into: &mut Vec<u128>) -> Result<()> {
    into.reserve(array.len());
    match array.data_type() {
        DataType::Utf8 => into.extend(array.as_string::<i32>().iter().flatten().map(|t| of(t.as_bytes()))),
        DataType::LargeUtf8 => into.extend(array.as_string::<i64>().iter().flatten().map(|t| of(t.as_bytes()))),
        DataType::Binary => into.extend(array.as_binary::<i32>().iter().flatten().map(of)),
        DataType::LargeBinary => into.extend(array.as_binary::<i64>().iter().flatten().map(of)),
        DataType::Utf8View => into.extend(array.as_string_view().iter().flatten().map(|t| of(t.as_bytes()))),
        DataType::BinaryView => into.extend(array.as_binary_view().iter().flatten().map(of)),
        other => return Err(DataFusionError::Internal(format!("no fingerprints of {other}"))),
    }
    Ok(())
}

fn of(text: &[u8]) -> u128 {
    if text.len() > WHOLE {
        return XxHash3_128::oneshot(text);
    }
    let mut whole = [0; 16];
    whole[..text.len()].copy_from_slice(text);
    whole[WHOLE] = text.len() as u8;
    mixed(u128::from_le_bytes(whole))
}

/// Spreads bits over the whole; each step can be undone, so that no two become one.
fn mixed(mut bits: u128) -> u128 {
    const ODD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
    for _ in 0..2 {
        bits = (bits ^ (bits >> 64)).wrapping_mul(ODD);
    }
    bits ^ (bits >> 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{BinaryArray, StringArray, StringViewArray};

    fn counted(batches: &[ArrayRef]) -> (Distinct, i64) {
        let (mut one, mut other) = (Distinct::default(), Distinct::default());
        for batch in batches {
            one.update_batch(std::slice::from_ref(batch)).unwrap();
            other.update_batch(std::slice::from_ref(batch)).unwrap();
        }
        let ScalarValue::Int64(Some(count)) = other.evaluate().unwrap() else { panic!() };
        (one, count)
    }

    #[test]
    fn texts_of_all_lengths_are_counted_once() {
        let texts: Vec<Option<String>> = (0..9000).map(|i| (i % 7 != 0).then(|| "x".repeat(i % 40) + &(i % 300).to_string())).collect();
        let told = texts.iter().flatten().collect::<std::collections::BTreeSet<_>>().len() as i64;
        let arrays: [ArrayRef; 3] = [
            Arc::new(StringArray::from(texts.clone())),
            Arc::new(StringViewArray::from(texts.clone())),
            Arc::new(BinaryArray::from_iter(texts.iter().map(|t| t.as_ref().map(|t| t.as_bytes())))),
        ];
        for array in &arrays {
            assert_eq!(counted(std::slice::from_ref(array)).1, told, "{}", array.data_type());
        }
        assert_eq!(counted(&arrays).1, told, "the same text has one fingerprint, whatever holds it");
        // What two accumulators saw of it.
        let mut last = Distinct::default();
        for part in [&arrays[0].slice(0, 5000), &arrays[1].slice(3000, 6000)] {
            let state = counted(std::slice::from_ref(part)).0.state().unwrap();
            last.merge_batch(&[state[0].to_array().unwrap()]).unwrap();
        }
        assert_eq!(last.evaluate().unwrap(), ScalarValue::Int64(Some(told)));
    }

    #[test]
    fn what_looks_alike_is_told_apart() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["", "\0", "\0\0", "a", "a\0", "aaaaaaaaaaaa", "aaaaaaaaaaaaa", "", "a"]));
        assert_eq!(counted(&[texts]).1, 7);
        let none: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>, None]));
        assert_eq!(counted(&[none]).1, 0);
    }
}
