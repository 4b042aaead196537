//! GROUP BY what the places of objects tell: partition keys and what is computed of them. All rows of an object are of one group, so they need
//! no hashing and no table of groups.

use super::parted::{Parted, Share};
use datafusion::{
    arrow::{
        array::{RecordBatch, RecordBatchOptions, new_null_array},
        datatypes::{Field, Schema},
    },
    common::{
        Result, ScalarValue,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    datasource::{
        listing::PartitionedFile,
        physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder},
        source::DataSourceExec,
    },
    physical_expr::{
        PhysicalExpr,
        expressions::{Column, Literal},
        projection::{ProjectionExpr, ProjectionExprs},
        utils::collect_columns,
    },
    physical_expr_common::physical_expr::is_volatile,
    physical_optimizer::PhysicalOptimizerRule,
    physical_plan::{
        ExecutionPlan, ExecutionPlanProperties, InputOrderMode,
        aggregates::{AggregateExec, AggregateMode},
        coop::CooperativeExec,
        filter::FilterExec,
        projection::ProjectionExec,
    },
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Groups beyond which one plan for each would cost more than it saves.
const MOST_GROUPS: usize = 4096;
/// Shares of the work for each thread, so that none waits long for another.
const SHARES: u64 = 4;

/// Puts [`Parted`] in the place of such a GROUP BY.
#[derive(Debug)]
pub(super) struct ByPart;

impl PhysicalOptimizerRule for ByPart {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match parted(&node)? {
            Some(better) => Ok(Transformed::yes(better)),
            None => Ok(Transformed::no(node)),
        })
        .map(|done| done.data)
    }
    fn name(&self) -> &str {
        "groups_by_part"
    }
    fn schema_check(&self) -> bool {
        true
    }
}

/// The same aggregate object by object, if it is one of that kind.
pub(super) fn parted(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(whole) = node.downcast_ref::<AggregateExec>() else { return Ok(None) };
    let input = whole.input();
    let streams = input.output_partitioning().partition_count();
    // A single stage gives results, not states: then a group must not be seen twice.
    let fits = match whole.mode() {
        AggregateMode::Partial => true,
        AggregateMode::Single => streams == 1,
        _ => false,
    };
    let groups = whole.group_expr();
    let plain = fits && groups.is_single() && !groups.is_empty() && whole.limit_options().is_none();
    if !plain || *whole.input_order_mode() != InputOrderMode::Linear {
        return Ok(None);
    }
    let Some(scan) = scan_of(input) else { return Ok(None) };
    let Some(keys) = keys_of(whole, input) else { return Ok(None) };
    let files: Vec<&PartitionedFile> = scan.file_groups.iter().flat_map(|g| g.iter()).collect();
    let most = files.iter().map(|f| f.effective_size()).sum::<u64>() / (streams as u64 * SHARES);
    let most = if *whole.mode() == AggregateMode::Partial { most } else { u64::MAX };
    let Some(shares) = shares(whole, &keys, &files, most)? else { return Ok(None) };
    Ok(Some(Arc::new(Parted::new(node.clone(), narrowed(whole, input, &keys)?, shares)?)))
}

/// The scan that an aggregate's rows come from, with nothing between that makes other rows of them.
fn scan_of(plan: &Arc<dyn ExecutionPlan>) -> Option<&FileScanConfig> {
    if plan.fetch().is_some() {
        return None;
    }
    if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
        return scan.data_source().downcast_ref::<FileScanConfig>();
    }
    let between = plan.downcast_ref::<CooperativeExec>().is_some()
        || plan.downcast_ref::<FilterExec>().is_some()
        || plan.downcast_ref::<ProjectionExec>().is_some();
    if between { scan_of(plan.children().first()?) } else { None }
}

/// The partition key that a column of a plan shows.
fn key_at(plan: &Arc<dyn ExecutionPlan>, column: usize) -> Option<usize> {
    let shown = |expression: &Arc<dyn PhysicalExpr>| expression.downcast_ref::<Column>().map(Column::index);
    if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
        let scan = scan.data_source().downcast_ref::<FileScanConfig>()?;
        let place = match scan.file_source.projection() {
            Some(projection) => shown(&projection.as_ref().get(column)?.expr)?,
            None => column,
        };
        return place.checked_sub(scan.file_schema().fields().len());
    }
    let column = match (plan.downcast_ref::<ProjectionExec>(), plan.downcast_ref::<FilterExec>()) {
        (Some(projection), _) => shown(&projection.expr().get(column)?.expr)?,
        (_, Some(filter)) => filter.projection().as_ref().map_or(Some(column), |p| p.get(column).copied())?,
        _ => column,
    };
    key_at(plan.children().first()?, column)
}

/// Columns of the aggregate's input that its groups are made of, each with its partition key; `None` where one is no key.
fn keys_of(whole: &AggregateExec, input: &Arc<dyn ExecutionPlan>) -> Option<HashMap<usize, usize>> {
    let mut keys = HashMap::new();
    for (expression, _) in whole.group_expr().expr() {
        let columns = collect_columns(expression);
        if columns.is_empty() || is_volatile(expression) {
            return None;
        }
        for column in columns {
            keys.insert(column.index(), key_at(input, column.index())?);
        }
    }
    Some(keys)
}

/// Files by the group that they are of, none of more than `most` bytes unless it is one file; `None` for too many groups, and for keys of which
/// none can be made.
fn shares(whole: &AggregateExec, keys: &HashMap<usize, usize>, files: &[&PartitionedFile], most: u64) -> Result<Option<Vec<Share>>> {
    // Groups by their place among them: one is worked out once for each set of keys, and made once for each share.
    let mut groups: HashMap<Vec<ScalarValue>, usize> = HashMap::new();
    let mut known: HashMap<Vec<&ScalarValue>, usize> = HashMap::new();
    let mut members: Vec<Vec<&PartitionedFile>> = Vec::new();
    for file in files {
        let values: Vec<&ScalarValue> = keys.values().map(|key| &file.partition_values[*key]).collect();
        let place = match known.get(&values) {
            Some(place) => *place,
            None => {
                // What can't be worked out of a key is an error only where a row comes to it, which a filter may prevent.
                let Ok(group) = group(whole, keys, file) else { return Ok(None) };
                let place = *groups.entry(group).or_insert(members.len());
                members.resize_with(members.len().max(place + 1), Vec::new);
                known.insert(values, place);
                place
            }
        };
        members[place].push(file);
        if members.len() > MOST_GROUPS {
            return Ok(None);
        }
    }
    let mut order: Vec<(Vec<ScalarValue>, usize)> = groups.into_iter().collect();
    order.sort_unstable_by_key(|(_, place)| *place);
    Ok(Some(order.into_iter().flat_map(|(group, place)| shared(group.into(), &members[place], most)).collect()))
}

/// The files of one group in shares of at most so many bytes, or of one file.
fn shared(group: Arc<[ScalarValue]>, files: &[&PartitionedFile], most: u64) -> Vec<Share> {
    let (mut shares, mut size) = (Vec::<Share>::new(), 0u64);
    for file in files {
        size = size.saturating_add(file.effective_size());
        match shares.last_mut().filter(|_| size <= most) {
            Some(share) => share.files.push((*file).clone()),
            None => {
                size = file.effective_size();
                shares.push(Share { group: group.clone(), files: vec![(*file).clone()] });
            }
        }
    }
    shares
}

/// The values of a file's group, from one row that has the file's partition keys.
fn group(whole: &AggregateExec, keys: &HashMap<usize, usize>, file: &PartitionedFile) -> Result<Vec<ScalarValue>> {
    let schema = whole.input().schema();
    let fields: Vec<Field> = schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true)).collect();
    let columns = fields.iter().enumerate().map(|(i, field)| match keys.get(&i) {
        Some(key) => file.partition_values[*key].to_array(),
        None => Ok(new_null_array(field.data_type(), 1)),
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?;
    let expressions = whole.group_expr().expr().iter();
    expressions.map(|(e, _)| ScalarValue::try_from_array(&e.evaluate(&row)?.into_array(1)?, 0)).collect()
}

/// The aggregate's input without the keys that nothing but the groups asks for: a constant that costs nothing stands in their places.
fn narrowed(whole: &AggregateExec, input: &Arc<dyn ExecutionPlan>, keys: &HashMap<usize, usize>) -> Result<Arc<dyn ExecutionPlan>> {
    let read = |plan: &Arc<dyn ExecutionPlan>| plan.downcast_ref::<DataSourceExec>().is_some();
    let directly = read(input) || input.downcast_ref::<CooperativeExec>().is_some_and(|c| read(c.input()));
    let arguments = whole.aggr_expr().iter().flat_map(|a| a.expressions());
    let filters = whole.filter_expr().iter().flatten().cloned();
    let asked: HashSet<usize> = arguments.chain(filters).flat_map(|e| collect_columns(&e)).map(|c| c.index()).collect();
    let Some(scan) = scan_of(input).filter(|_| directly) else { return Ok(input.clone()) };
    let column = |(i, field): (usize, &Arc<Field>)| {
        let expression: Arc<dyn PhysicalExpr> = match keys.contains_key(&i) && !asked.contains(&i) {
            true => Arc::new(Literal::new(ScalarValue::Boolean(None))),
            false => Arc::new(Column::new(field.name(), i)),
        };
        ProjectionExpr::new(expression, field.name())
    };
    let projection = ProjectionExprs::new(input.schema().fields().iter().enumerate().map(column));
    Ok(match scan.file_source.try_pushdown_projection(&projection)? {
        Some(source) => DataSourceExec::from_data_source(FileScanConfigBuilder::from(scan.clone()).with_source(source).build()),
        None => input.clone(),
    })
}

/// A plan that reads these files instead of its own, in one stream.
pub(super) fn reading(plan: &Arc<dyn ExecutionPlan>, files: Vec<PartitionedFile>) -> Result<Arc<dyn ExecutionPlan>> {
    if let Some(scan) = plan.downcast_ref::<DataSourceExec>().and_then(|s| s.data_source().downcast_ref::<FileScanConfig>()) {
        let config = FileScanConfigBuilder::from(scan.clone()).with_file_groups(vec![FileGroup::new(files)]).with_output_partitioning(None);
        return Ok(DataSourceExec::from_data_source(config.build()));
    }
    let children = plan.children().into_iter().map(|child| reading(child, files.clone())).collect::<Result<Vec<_>>>()?;
    datafusion::physical_plan::replace_children_if_necessary(plan.clone(), children)
}
