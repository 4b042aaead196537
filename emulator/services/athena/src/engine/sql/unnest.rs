//! UNNEST in all its forms, planned where the engine's own planner can't: arrays of the rows before it, several at once, maps, rows,
//! WITH ORDINALITY, CROSS and LEFT JOIN.

use crate::engine::trino::ty::Ty;
use datafusion::{
    arrow::datatypes::DataType,
    common::{Column, DataFusionError, Result, TableReference, UnnestOptions},
    logical_expr::{
        Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ScalarUDF, col,
        expr::ScalarFunction,
        ident, lit,
        planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning},
    },
    sql::sqlparser::ast::{
        Expr as Ast, Ident, Join, JoinConstraint, JoinOperator, TableAlias, TableFactor, TableWithJoins, Value, ValueWithSpan,
    },
};
use std::{collections::HashMap, sync::Arc};

/// Plans UNNEST.
#[derive(Debug)]
pub(crate) struct Unnests(HashMap<String, Arc<ScalarUDF>>);

impl Unnests {
    pub(crate) fn new(functions: &[Arc<ScalarUDF>]) -> Unnests {
        let wanted = ["map_entries", "sequence", "cardinality", "greatest", "$cast"];
        Unnests(functions.iter().filter(|f| wanted.contains(&f.name())).map(|f| (f.name().to_owned(), f.clone())).collect())
    }
    fn call(&self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        let function = self.0.get(name).ok_or_else(|| DataFusionError::Internal(format!("{name} is missing")))?;
        Ok(Expr::ScalarFunction(ScalarFunction::new_udf(function.clone(), arguments)))
    }
}

impl RelationPlanner for Unnests {
    fn plan_relation(&self, relation: TableFactor, context: &mut dyn RelationPlannerContext) -> Result<RelationPlanning> {
        match relation {
            TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } => {
                let input = LogicalPlanBuilder::empty(true).build()?;
                let plan = self.unnest(context, input, array_exprs, with_ordinality, alias, false)?;
                Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
            }
            TableFactor::NestedJoin { mut table_with_joins, alias: None }
                if matches!(table_with_joins.joins.last(), Some(Join { relation: TableFactor::UNNEST { .. }, .. })) =>
            {
                let Some(Join { relation, join_operator, .. }) = table_with_joins.joins.pop() else {
                    return Err(DataFusionError::Internal("no join".into()));
                };
                let TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } = relation else {
                    return Err(DataFusionError::Internal("no unnest".into()));
                };
                let outer = outer(&join_operator)?;
                let TableWithJoins { relation, joins } = *table_with_joins;
                let before = match joins.is_empty() {
                    true => relation,
                    false => TableFactor::NestedJoin { table_with_joins: Box::new(TableWithJoins { relation, joins }), alias: None },
                };
                let input = context.plan(before)?;
                let plan = self.unnest(context, input, array_exprs, with_ordinality, alias, outer)?;
                Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
            }
            other => Ok(RelationPlanning::Original(Box::new(other))),
        }
    }
}

/// Whether rows without elements stay.
fn outer(operator: &JoinOperator) -> Result<bool> {
    let on_true = |constraint: &JoinConstraint| {
        matches!(constraint, JoinConstraint::None | JoinConstraint::On(Ast::Value(ValueWithSpan { value: Value::Boolean(true), .. })))
    };
    match operator {
        JoinOperator::CrossJoin(_) => Ok(false),
        JoinOperator::Inner(c) | JoinOperator::Join(c) if on_true(c) => Ok(false),
        JoinOperator::Left(c) | JoinOperator::LeftOuter(c) if on_true(c) => Ok(true),
        _ => Err(crate::engine::trino::udf::fail(
            "NOT_SUPPORTED: line 1:1: only LEFT JOIN UNNEST ON TRUE, INNER JOIN UNNEST ON TRUE and CROSS JOIN UNNEST are supported".into(),
        )),
    }
}

/// A list to unnest, and what its elements become.
struct Source {
    list: String,
    element: Ty,
    parts: Option<Vec<(String, Ty)>>,
}

impl Unnests {
    fn unnest(
        &self,
        context: &mut dyn RelationPlannerContext,
        input: LogicalPlan,
        arrays: Vec<Ast>,
        ordinality: bool,
        alias: Option<TableAlias>,
        outer: bool,
    ) -> Result<LogicalPlan> {
        let schema = input.schema().clone();
        let kept: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
        let mut listed = kept.clone();
        let mut sources: Vec<Source> = Vec::new();
        let mut sizes = Vec::new();
        for array in arrays {
            let mut expr = context.sql_to_expr(array, &schema)?;
            let mut ty = Ty::of(&expr.to_field(&schema)?.1);
            if let Ty::Map(key, value) = &ty {
                let row = Ty::Row(vec![(None, (**key).clone()), (None, (**value).clone())]);
                expr = self.call("map_entries", vec![expr])?;
                ty = Ty::array(row);
            }
            let Ty::Array(element) = ty else {
                return Err(crate::engine::trino::udf::fail(format!("INVALID_FUNCTION_ARGUMENT: line 1:1: Cannot unnest type: {ty}")));
            };
            sizes.push(self.call("cardinality", vec![expr.clone()])?);
            let list = format!("__unnest_{}_{}", schema.fields().len(), sources.len());
            let parts = match &*element {
                Ty::Row(fields) => Some(
                    fields.iter().enumerate().map(|(i, (n, t))| (n.clone().unwrap_or_else(|| format!("field{i}")), t.clone())).collect(),
                ),
                _ => None,
            };
            listed.push(expr.alias(&list));
            sources.push(Source { list, element: *element, parts });
        }
        if ordinality || outer {
            listed.push(self.places(sizes)?.alias("__places"));
        }
        let projected = LogicalPlanBuilder::from(input).project(listed)?;
        let mut columns: Vec<Column> = sources.iter().map(|s| Column::new_unqualified(&s.list)).collect();
        if ordinality || outer {
            columns.push(Column::new_unqualified("__places"));
        }
        let options = UnnestOptions::new().with_preserve_nulls(outer);
        let unnested = projected.unnest_columns_with_options(columns, options)?;
        let mut out = kept;
        let table = alias.as_ref().map(|a| TableReference::bare(context.normalize_ident(a.name.clone())));
        let mut names = alias.iter().flat_map(|a| a.columns.iter().map(|c| c.name.clone())).collect::<Vec<Ident>>().into_iter();
        let mut push = |expr: Expr, fallback: String, context: &dyn RelationPlannerContext| {
            let name = names.next().map_or(fallback, |n| context.normalize_ident(n));
            out.push(match &table {
                Some(table) => expr.alias_qualified(Some(table.clone()), name),
                None => expr.alias(name),
            });
        };
        let mut place = 0;
        for source in &sources {
            match &source.parts {
                Some(parts) => {
                    for (name, _) in parts {
                        push(datafusion::functions::core::expr_fn::get_field(ident(&source.list), name.as_str()), name.clone(), context);
                        place += 1;
                    }
                }
                None => {
                    let _ = &source.element;
                    push(ident(&source.list), format!("_col{place}"), context);
                    place += 1;
                }
            }
        }
        if ordinality {
            push(col("__places").cast_to(&DataType::Int64, unnested.schema())?, "ordinality".into(), context);
        }
        unnested.project(out)?.build()
    }

    /// `[1, 2, ...]` as long as the longest array; NULL where all are empty, so that an outer join keeps the row.
    fn places(&self, sizes: Vec<Expr>) -> Result<Expr> {
        let known = |e: Expr| datafusion::functions::core::expr_fn::coalesce(vec![e, lit(0i64)]);
        let mut sizes: Vec<Expr> = sizes.into_iter().map(known).collect();
        let longest = match sizes.len() {
            1 => sizes.remove(0),
            _ => self.call("greatest", sizes)?,
        };
        let places = self.call("sequence", vec![lit(1i64), longest.clone()])?;
        datafusion::logical_expr::when(longest.gt(lit(0i64)), places).end()
    }
}
