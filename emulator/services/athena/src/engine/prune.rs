//! What need not be read: a filter weighed against the smallest and largest values of stripes, or of whole objects.

use super::table::strip;
use datafusion::{
    arrow::{
        array::{ArrayRef, BooleanArray, UInt64Array},
        datatypes::{Schema, SchemaRef},
    },
    catalog::Session,
    common::{Column, DFSchema, ScalarValue, pruning::PruningStatistics},
    logical_expr::{Expr, utils::conjunction},
    physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// A filter that is ready to be weighed.
#[derive(Debug)]
pub(crate) struct Pruner {
    predicate: Arc<PruningPredicate>,
    schema: SchemaRef,
}

/// What is known of rows that are read together or not at all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Container {
    rows: Option<u64>,
    columns: HashMap<String, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    bounds: Option<(ScalarValue, ScalarValue)>,
    nulls: Option<u64>,
}

impl Container {
    /// So many rows, nothing known of their values.
    pub(crate) fn of(rows: u64) -> Container {
        Container { rows: Some(rows), columns: HashMap::new() }
    }
    /// Smallest and largest value of a column, and how many of its values are NULL.
    pub(crate) fn set(&mut self, column: &str, bounds: Option<(ScalarValue, ScalarValue)>, nulls: Option<u64>) {
        self.columns.insert(column.to_owned(), Known { bounds, nulls });
    }
}

impl Pruner {
    /// A pruner for those of the filters that speak only of the columns of `schema`; `None` where they rule out nothing.
    pub(crate) fn new(state: &dyn Session, schema: &Schema, filters: &[Expr]) -> Option<Pruner> {
        let known = |filter: &&Expr| !filter.is_volatile() && filter.column_refs().iter().all(|c| schema.index_of(c.name()).is_ok());
        let all = conjunction(filters.iter().filter(known).cloned())?;
        let df_schema = DFSchema::try_from(schema.clone()).ok()?;
        let expression = state.create_physical_expr(strip(all).ok()?, &df_schema).ok()?;
        let schema: SchemaRef = Arc::new(schema.clone());
        let predicate = PruningPredicateBuilder::new().with_file_schema(schema.clone()).build(expression)?;
        Some(Pruner { predicate, schema })
    }

    /// Which of the containers may hold a row that is wanted. In doubt, all.
    pub(crate) fn keep(&self, containers: &[Container]) -> Vec<bool> {
        let known = Asked { containers, schema: &self.schema };
        self.predicate.prune(&known).unwrap_or_else(|_| vec![true; containers.len()])
    }
}

/// Containers as the engine asks for them.
struct Asked<'a> {
    containers: &'a [Container],
    schema: &'a SchemaRef,
}

impl Asked<'_> {
    fn column(&self, column: &Column, pick: impl Fn(&(ScalarValue, ScalarValue)) -> ScalarValue) -> Option<ArrayRef> {
        let wanted = self.schema.field_with_name(column.name()).ok()?.data_type();
        let null = ScalarValue::try_new_null(wanted).ok()?;
        let one = |container: &Container| {
            let bounds = container.columns.get(column.name()).and_then(|known| known.bounds.as_ref());
            bounds.and_then(|b| pick(b).cast_to(wanted).ok()).unwrap_or_else(|| null.clone())
        };
        ScalarValue::iter_to_array(self.containers.iter().map(one)).ok()
    }
}

impl PruningStatistics for Asked<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(column, |(low, _)| low.clone())
    }
    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(column, |(_, high)| high.clone())
    }
    fn num_containers(&self) -> usize {
        self.containers.len()
    }
    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let one = |c: &Container| c.columns.get(column.name()).and_then(|known| known.nulls);
        Some(Arc::new(UInt64Array::from_iter(self.containers.iter().map(one))))
    }
    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter(self.containers.iter().map(|c| c.rows))))
    }
    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
