//! `count(DISTINCT text)` over all rows. Texts of up to fifteen bytes are numbers of 128 bits, by steps that can be undone; longer ones are
//! kept and compared. What is counted is exact.

use super::{
    long::{BLOCK, Hashing, Longs, Xxh3},
    short::{LONGEST, Shorts, number, number_of_view, united},
};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, BinaryViewArray, BinaryViewBuilder, GenericByteViewArray, ListArray},
        buffer::{Buffer, OffsetBuffer},
        datatypes::{ByteViewType, DataType, Field, FieldRef},
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

/// Longest text that a view holds in itself.
const IN_VIEW: u32 = 12;
/// Views that are remembered while one batch is read.
const REMEMBERED: usize = 1024;

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
        let field = |part: &str, ty| Arc::new(Field::new(format!("{}[{part}]", args.name), ty, true));
        Ok(vec![field("short", DataType::LargeBinary), field("long", DataType::List(piece()))])
    }
    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Distinct::<Xxh3>::default()))
    }
}

/// How many long texts there are, or a piece of memory that they stand in.
fn piece() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::BinaryView, true))
}

#[derive(Debug, Default)]
struct Distinct<H: Hashing> {
    short: Shorts,
    /// Numbers of short texts that other accumulators saw, in order.
    told: Vec<u128>,
    long: Longs<H>,
    /// Numbers of the batch at hand.
    batch: Vec<u128>,
}

impl<H: Hashing> Distinct<H> {
    fn all_short(&mut self) -> Vec<u128> {
        let told = std::mem::take(&mut self.told);
        united(told, self.short.take().into_iter())
    }

    fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a [u8]>) -> Result<()> {
        let mut block = Block::default();
        for text in texts {
            match text.len() {
                ..=LONGEST => self.batch.push(number(text)),
                _ => block.push(text, &mut self.long)?,
            }
        }
        block.flush(&mut self.long)
    }

    /// Views tell short texts at once, and which of long ones are the same piece of memory, as those are that a dictionary was read into.
    fn views<T: ByteViewType>(&mut self, array: &GenericByteViewArray<T>) -> Result<()> {
        let (views, buffers) = (array.views(), array.data_buffers());
        let long: usize = views.iter().map(|view| *view as u32 as usize).filter(|len| *len > IN_VIEW as usize).sum();
        let repeated = long > buffers.iter().map(Buffer::len).sum();
        let mut seen = vec![0; if repeated { REMEMBERED } else { 0 }];
        let mut block = Block::default();
        for row in 0..views.len() {
            let view = views[row];
            if array.is_null(row) {
            } else if view as u32 <= IN_VIEW {
                self.batch.push(number_of_view(view));
            } else if !remembered(&mut seen, view) {
                let text: &[u8] = array.value(row).as_ref();
                match text.len() {
                    ..=LONGEST => self.batch.push(number(text)),
                    _ => block.push(text, &mut self.long)?,
                }
            }
        }
        block.flush(&mut self.long)
    }
}

/// Whether a view was met in this batch; it is from now on.
fn remembered(seen: &mut [u128], view: u128) -> bool {
    // The upper half is the text's place.
    let at = ((view >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) as usize >> (usize::BITS - REMEMBERED.ilog2());
    seen.get_mut(at).is_some_and(|seen| std::mem::replace(seen, view) == view)
}

/// Long texts that are looked up together.
struct Block<'a> {
    texts: [&'a [u8]; BLOCK],
    len: usize,
}

impl Default for Block<'_> {
    fn default() -> Self {
        Block { texts: [&[]; BLOCK], len: 0 }
    }
}

impl<'a> Block<'a> {
    fn push<H: Hashing>(&mut self, text: &'a [u8], into: &mut Longs<H>) -> Result<()> {
        self.texts[self.len] = text;
        self.len += 1;
        if self.len == BLOCK { self.flush(into) } else { Ok(()) }
    }
    fn flush<H: Hashing>(&mut self, into: &mut Longs<H>) -> Result<()> {
        into.add(&self.texts[..std::mem::take(&mut self.len)])
    }
}

impl<H: Hashing> Accumulator for Distinct<H> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let array = &values[0];
        self.batch.clear();
        self.batch.reserve(array.len());
        match array.data_type() {
            DataType::Utf8 => self.texts(array.as_string::<i32>().iter().flatten().map(str::as_bytes))?,
            DataType::LargeUtf8 => self.texts(array.as_string::<i64>().iter().flatten().map(str::as_bytes))?,
            DataType::Binary => self.texts(array.as_binary::<i32>().iter().flatten())?,
            DataType::LargeBinary => self.texts(array.as_binary::<i64>().iter().flatten())?,
            DataType::Utf8View => self.views(array.as_string_view())?,
            DataType::BinaryView => self.views(array.as_binary_view())?,
            other => return Err(DataFusionError::Internal(format!("no distinct texts of {other}"))),
        }
        self.short.add(&self.batch);
        Ok(())
    }
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for bytes in states[0].as_binary::<i64>().iter().flatten() {
            let (numbers, _) = bytes.as_chunks::<16>();
            let told = std::mem::take(&mut self.told);
            self.told = united(told, numbers.iter().map(|p| u128::from_le_bytes(*p)));
        }
        for pieces in states[1].as_list::<i32>().iter().flatten() {
            let pieces = pieces.as_binary_view();
            // The first tells how many texts there are.
            if let Some(count) = pieces.iter().next().flatten().and_then(|count| count.first_chunk()) {
                self.long.unite(u64::from_le_bytes(*count) as usize, (1..pieces.len()).map(|i| buffer(pieces, i)))?;
            }
        }
        Ok(())
    }
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let numbers = self.all_short().into_iter().flat_map(u128::to_le_bytes).collect();
        let mut pieces = BinaryViewBuilder::new();
        pieces.append_value((self.long.len() as u64).to_le_bytes());
        for buffer in self.long.take() {
            let length = u32::try_from(buffer.len()).map_err(|_| DataFusionError::ResourcesExhausted("distinct texts".into()))?;
            let block = pieces.append_block(buffer);
            pieces.try_append_view(block, 0, length)?;
        }
        let pieces = pieces.finish();
        let list = ListArray::try_new(piece(), OffsetBuffer::from_lengths([pieces.len()]), Arc::new(pieces), None)?;
        Ok(vec![ScalarValue::LargeBinary(Some(numbers)), ScalarValue::List(Arc::new(list))])
    }
    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some((self.all_short().len() + self.long.len()) as i64)))
    }
    fn size(&self) -> usize {
        size_of_val(self) + self.short.size() + (self.told.capacity() + self.batch.capacity()) * size_of::<u128>() + self.long.size()
    }
}

/// The memory behind a value, which is not copied where the value is more than a view holds.
fn buffer(array: &BinaryViewArray, at: usize) -> Buffer {
    let view = array.views()[at];
    let length = view as u32;
    match array.data_buffers().get((view >> 64) as u32 as usize).filter(|_| length > IN_VIEW) {
        Some(buffer) => buffer.slice_with_length((view >> 96) as usize, length as usize),
        None => Buffer::from(array.value(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{BinaryArray, StringArray, StringViewArray, UInt32Array};

    /// Every hash is the same.
    #[derive(Debug, Default)]
    struct Weak;
    impl Hashing for Weak {
        fn of(_: &[u8]) -> u32 {
            7
        }
    }

    fn seen<H: Hashing>(batches: &[ArrayRef]) -> Distinct<H> {
        let mut all = Distinct::default();
        batches.iter().for_each(|batch| all.update_batch(std::slice::from_ref(batch)).unwrap());
        all
    }

    fn counted<H: Hashing>(batches: &[ArrayRef]) -> i64 {
        let ScalarValue::Int64(Some(count)) = seen::<H>(batches).evaluate().unwrap() else { panic!() };
        count
    }

    fn texts_are_counted_once<H: Hashing>() {
        let texts: Vec<Option<String>> = (0..9000).map(|i| (i % 7 != 0).then(|| "x".repeat(i % 40) + &(i % 300).to_string())).collect();
        let told = texts.iter().flatten().collect::<std::collections::BTreeSet<_>>().len() as i64;
        let arrays: [ArrayRef; 3] = [
            Arc::new(StringArray::from(texts.clone())),
            Arc::new(StringViewArray::from(texts.clone())),
            Arc::new(BinaryArray::from_iter(texts.iter().map(|t| t.as_ref().map(|t| t.as_bytes())))),
        ];
        for array in &arrays {
            assert_eq!(counted::<H>(std::slice::from_ref(array)), told, "{}", array.data_type());
        }
        assert_eq!(counted::<H>(&arrays), told, "the same text is one, whatever holds it");
        // What two accumulators saw of it, passed on as the engine does.
        let mut last = Distinct::<H>::default();
        for part in [&arrays[0].slice(0, 5000), &arrays[1].slice(3000, 6000)] {
            let state = seen::<H>(std::slice::from_ref(part)).state().unwrap();
            last.merge_batch(&state.iter().map(|s| s.to_array().unwrap()).collect::<Vec<_>>()).unwrap();
        }
        assert_eq!(last.evaluate().unwrap(), ScalarValue::Int64(Some(told)));
    }

    #[test]
    fn texts_of_all_lengths_are_counted_once() {
        texts_are_counted_once::<Xxh3>();
    }

    #[test]
    fn texts_of_one_hash_are_counted_as_they_are() {
        texts_are_counted_once::<Weak>();
        let texts = StringArray::from_iter_values((0..400).map(|i| format!("a text that is longer than a view {}", i % 200)));
        assert_eq!(counted::<Weak>(&[Arc::new(texts)]), 200);
    }

    #[test]
    fn what_looks_alike_is_told_apart() {
        let texts = vec!["", "\0", "\0\0", "a", "a\0", "aaaaaaaaaaaa", "aaaaaaaaaaaaa", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "", "a"];
        assert_eq!(counted::<Xxh3>(&[Arc::new(StringArray::from(texts.clone()))]), 9);
        assert_eq!(counted::<Xxh3>(&[Arc::new(StringViewArray::from(texts))]), 9);
        let none: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>, None]));
        assert_eq!(counted::<Xxh3>(&[none]), 0);
    }

    #[test]
    fn texts_of_a_dictionary_are_counted_once() {
        let words = StringViewArray::from_iter_values((0..2000).map(|i| format!("a word of a dictionary, number {i}")));
        let rows = UInt32Array::from_iter_values((0..20_000).map(|i| i * 7 % 3000 % 1999));
        let read = datafusion::arrow::compute::take(&words, &rows, None).unwrap();
        assert!(read.as_string_view().total_buffer_bytes_used() > words.get_buffer_memory_size(), "views of the same memory");
        assert_eq!(counted::<Xxh3>(&[read.clone(), read, Arc::new(words.slice(1990, 10))]), 2000);
    }
}
