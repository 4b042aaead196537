//! Functions that take lambdas. A lambda is evaluated once for all elements of all rows; what it gives is put back row by row.

use super::{
    sig::common,
    ty::Ty,
    udf::fail,
    val::{self, Val},
};
use datafusion::{
    arrow::{
        array::{ArrayRef, UInt32Array},
        compute::take_arrays,
        datatypes::{DataType, FieldRef},
    },
    common::Result,
    logical_expr::{
        ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF, HigherOrderUDFImpl,
        LambdaArgument, LambdaParametersProgress, ValueOrLambda, Volatility,
    },
};
use std::sync::{Arc, LazyLock};

/// Pairs of elements that a comparison may be asked about.
const MOST_PAIRS: usize = 4_000_000;

/// The functions, which the engine knows with `lambda$` before the name.
pub(crate) const NAMES: &[&str] = &[
    "transform",
    "filter",
    "any_match",
    "all_match",
    "none_match",
    "reduce",
    "zip_with",
    "map_filter",
    "transform_keys",
    "transform_values",
    "map_zip_with",
    "array_sort",
    "find_first",
    "find_first_index",
];

/// The engine's functions.
pub(crate) static ALL: LazyLock<Vec<Arc<HigherOrderUDF>>> = LazyLock::new(|| {
    let one = |name: &&str| {
        Arc::new(HigherOrderUDF::new_from_impl(Lambda {
            name: format!("lambda${name}"),
            signature: HigherOrderSignature::user_defined(Volatility::Immutable),
        }))
    };
    NAMES.iter().map(one).collect()
});

#[derive(Debug, PartialEq, Eq, Hash)]
struct Lambda {
    name: String,
    signature: HigherOrderSignature,
}

fn wrong(name: &str) -> datafusion::error::DataFusionError {
    fail(format!("FUNCTION_NOT_FOUND: {{}}: Unexpected parameters for function {name}"))
}

impl Lambda {
    fn short(&self) -> &str {
        self.name.trim_start_matches("lambda$")
    }
    /// The types of what elements the lambdas are given: of arrays, and keys and values of maps.
    fn given(&self, values: &[Ty]) -> Result<Vec<Ty>> {
        let item = |i: usize| match values.get(i) {
            Some(Ty::Array(item)) => Ok((**item).clone()),
            Some(Ty::Unknown) => Ok(Ty::Unknown),
            _ => Err(wrong(self.short())),
        };
        let entry = |i: usize| match values.get(i) {
            Some(Ty::Map(k, v)) => Ok(((**k).clone(), (**v).clone())),
            _ => Err(wrong(self.short())),
        };
        Ok(match self.short() {
            "zip_with" => vec![item(0)?, item(1)?],
            "map_filter" | "transform_keys" | "transform_values" => {
                let (k, v) = entry(0)?;
                vec![k, v]
            }
            "map_zip_with" => {
                let ((k, v), (_, w)) = (entry(0)?, entry(1)?);
                vec![k, v, w]
            }
            "array_sort" => vec![item(0)?, item(0)?],
            _ => vec![item(0)?],
        })
    }
}

fn values<L>(fields: &[ValueOrLambda<FieldRef, L>]) -> Vec<Ty> {
    fields.iter().filter_map(|f| if let ValueOrLambda::Value(f) = f { Some(Ty::of(f)) } else { None }).collect()
}
fn named(types: Vec<Ty>) -> Vec<FieldRef> {
    types.iter().map(|t| t.named("item", true)).collect()
}

impl HigherOrderUDFImpl for Lambda {
    fn name(&self) -> &str {
        &self.name
    }
    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }
    fn coerce_value_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given.to_vec())
    }
    fn lambda_parameters(&self, _step: usize, fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>]) -> Result<LambdaParametersProgress> {
        let values = values(fields);
        if self.short() != "reduce" {
            return Ok(LambdaParametersProgress::Complete(vec![named(self.given(&values)?)]));
        }
        let item = self.given(&values)?.remove(0);
        let start = values.get(1).cloned().ok_or_else(|| wrong("reduce"))?;
        let bodies: Vec<Option<&FieldRef>> =
            fields.iter().filter_map(|f| if let ValueOrLambda::Lambda(f) = f { Some(f.as_ref()) } else { None }).collect();
        Ok(match bodies.first().copied().flatten() {
            // What the state becomes is known once the first lambda was planned with what it starts as.
            None => LambdaParametersProgress::Partial(vec![Some(named(vec![start, item])), None]),
            Some(body) => {
                let state = common(&start, &Ty::of(body)).unwrap_or(start);
                LambdaParametersProgress::Complete(vec![named(vec![state.clone(), item]), named(vec![state])])
            }
        })
    }
    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs<'_>) -> Result<FieldRef> {
        let values = values(args.arg_fields);
        let bodies: Vec<Ty> =
            args.arg_fields.iter().filter_map(|f| if let ValueOrLambda::Lambda(f) = f { Some(Ty::of(f)) } else { None }).collect();
        let body = bodies.last().cloned().ok_or_else(|| wrong(self.short()))?;
        let given = self.given(&values)?;
        let ty = match self.short() {
            "transform" | "zip_with" => Ty::array(body),
            "filter" | "array_sort" => Ty::array(given[0].clone()),
            "any_match" | "all_match" | "none_match" => Ty::Boolean,
            "find_first" => given[0].clone(),
            "find_first_index" => Ty::Bigint,
            "map_filter" => Ty::map(given[0].clone(), given[1].clone()),
            "transform_keys" => Ty::map(body, given[1].clone()),
            "transform_values" | "map_zip_with" => Ty::map(given[0].clone(), body),
            _ => body,
        };
        Ok(ty.named(&self.name, true))
    }
    fn clear_null_values(&self) -> bool {
        false
    }
    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let types = values(&args.arg_fields);
        let mut columns = Vec::new();
        let mut lambdas = Vec::new();
        for argument in &args.args {
            match argument {
                ValueOrLambda::Value(value) => {
                    columns.push(val::all(&value.to_array(args.number_rows)?, &types[columns.len()]).map_err(fail)?)
                }
                ValueOrLambda::Lambda(lambda) => lambdas.push(lambda),
            }
        }
        let bodies: Vec<Ty> =
            args.arg_fields.iter().filter_map(|f| if let ValueOrLambda::Lambda(f) = f { Some(Ty::of(f)) } else { None }).collect();
        let job = Job { given: self.given(&types)?, types: &types, columns, lambdas, bodies, rows: args.number_rows };
        let out = match self.short() {
            "reduce" => job.reduce()?,
            "array_sort" => job.sort()?,
            name => job.each(name)?,
        };
        Ok(ColumnarValue::Array(val::column(&out, &Ty::of(&args.return_field)).map_err(fail)?))
    }
}

struct Job<'a> {
    given: Vec<Ty>,
    types: &'a [Ty],
    columns: Vec<Vec<Val>>,
    lambdas: Vec<&'a LambdaArgument>,
    bodies: Vec<Ty>,
    rows: usize,
}

/// A lambda's values for elements that came from these rows.
fn evaluate(lambda: &LambdaArgument, arguments: &[(Vec<Val>, &Ty)], rows: &[u32], body: &Ty) -> Result<Vec<Val>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let arrays = arguments.iter().map(|(values, ty)| val::column(values, ty).map_err(fail)).collect::<Result<Vec<ArrayRef>>>()?;
    let getters: Vec<Box<dyn Fn() -> Result<ArrayRef>>> =
        arrays.into_iter().map(|a| Box::new(move || Ok(a.clone())) as Box<dyn Fn() -> Result<ArrayRef>>).collect();
    let getters: Vec<&dyn Fn() -> Result<ArrayRef>> = getters.iter().map(|g| &**g).collect();
    let indices = UInt32Array::from(rows.to_vec());
    let found = lambda.evaluate(&getters, |captured| Ok(take_arrays(captured, &indices, None)?))?;
    val::all(&found.into_array(rows.len())?, body).map_err(fail)
}

impl Job<'_> {
    /// What a row's lambda sees, element by element.
    fn elements(&self, name: &str, row: usize) -> Vec<Vec<Val>> {
        let first = &self.columns[0][row];
        match name {
            "zip_with" => {
                let (a, b) = (first.arr(), self.columns[1][row].arr());
                let at = |all: &[Val], i: usize| all.get(i).cloned().unwrap_or(Val::Null);
                (0..a.len().max(b.len())).map(|i| vec![at(a, i), at(b, i)]).collect()
            }
            "map_zip_with" => {
                let second = &self.columns[1][row];
                let of = |map: &Val, key: &Val| map.entries().iter().find(|(k, _)| k.same(key)).map_or(Val::Null, |(_, v)| v.clone());
                let mut keys: Vec<Val> = first.entries().iter().map(|(k, _)| k.clone()).collect();
                keys.extend(
                    second
                        .entries()
                        .iter()
                        .map(|(k, _)| k.clone())
                        .filter(|k| of(first, k).is_null() && !first.entries().iter().any(|(l, _)| l.same(k))),
                );
                keys.into_iter().map(|k| vec![k.clone(), of(first, &k), of(second, &k)]).collect()
            }
            "map_filter" | "transform_keys" | "transform_values" => {
                first.entries().iter().map(|(k, v)| vec![k.clone(), v.clone()]).collect()
            }
            _ => first.arr().iter().map(|v| vec![v.clone()]).collect(),
        }
    }

    fn each(&self, name: &str) -> Result<Vec<Val>> {
        let (mut flat, mut rows, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        let null = |row: usize| self.columns.iter().any(|c| c[row].is_null());
        for row in 0..self.rows {
            let elements = if null(row) { Vec::new() } else { self.elements(name, row) };
            counts.push(elements.len());
            rows.extend(std::iter::repeat_n(row as u32, elements.len()));
            flat.extend(elements);
        }
        let arguments: Vec<(Vec<Val>, &Ty)> =
            self.given.iter().enumerate().map(|(i, ty)| (flat.iter().map(|e| e[i].clone()).collect(), ty)).collect();
        let found = evaluate(self.lambdas[0], &arguments, &rows, &self.bodies[0])?;
        let (mut out, mut from) = (Vec::with_capacity(self.rows), 0);
        for (row, count) in counts.into_iter().enumerate() {
            let (elements, results) = (&flat[from..from + count], &found[from..from + count]);
            from += count;
            out.push(if null(row) { Val::Null } else { put_back(name, elements, results)? });
        }
        Ok(out)
    }

    fn reduce(&self) -> Result<Vec<Val>> {
        let (state_ty, item_ty) = (&self.bodies[0], &self.given[0]);
        let from = |v: &Val| super::cast::cast(v, &self.types[1], state_ty).map_err(fail);
        let mut states = self.columns[1].iter().map(from).collect::<Result<Vec<Val>>>()?;
        let most = self.columns[0].iter().map(|v| v.arr().len()).max().unwrap_or(0);
        for step in 0..most {
            let rows: Vec<u32> = (0..self.rows).filter(|r| self.columns[0][*r].arr().len() > step).map(|r| r as u32).collect();
            let before: Vec<Val> = rows.iter().map(|r| states[*r as usize].clone()).collect();
            let items: Vec<Val> = rows.iter().map(|r| self.columns[0][*r as usize].arr()[step].clone()).collect();
            let after = evaluate(self.lambdas[0], &[(before, state_ty), (items, item_ty)], &rows, state_ty)?;
            rows.iter().zip(after).for_each(|(r, v)| states[*r as usize] = v);
        }
        let rows: Vec<u32> = (0..self.rows as u32).collect();
        let ends = evaluate(self.lambdas[1], &[(states, state_ty)], &rows, &self.bodies[1])?;
        Ok(ends.into_iter().zip(&self.columns[0]).map(|(v, list)| if list.is_null() { Val::Null } else { v }).collect())
    }

    /// Sorts by what the lambda says of each pair.
    fn sort(&self) -> Result<Vec<Val>> {
        let (mut left, mut right, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for (row, list) in self.columns[0].iter().enumerate() {
            for a in list.arr() {
                for b in list.arr() {
                    left.push(a.clone());
                    right.push(b.clone());
                    rows.push(row as u32);
                }
            }
            if rows.len() > MOST_PAIRS {
                return Err(fail("INVALID_FUNCTION_ARGUMENT: the arrays are too long to be sorted by a lambda".into()));
            }
        }
        let found = evaluate(self.lambdas[0], &[(left, &self.given[0]), (right, &self.given[0])], &rows, &self.bodies[0])?;
        let mut from = 0;
        let sorted = |list: &Val| {
            let count = list.arr().len();
            let matrix = &found[from..from + count * count];
            from += count * count;
            if list.is_null() {
                return Val::Null;
            }
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by(|a, b| matrix[a * count + b].int().cmp(&0));
            Val::Arr(order.into_iter().map(|i| list.arr()[i].clone()).collect())
        };
        Ok(self.columns[0].iter().map(sorted).collect())
    }
}

fn put_back(name: &str, elements: &[Vec<Val>], results: &[Val]) -> Result<Val> {
    let all = || elements.iter().zip(results);
    let yes = |v: &Val| v.bool();
    // Of three-valued logic: a NULL leaves open what no other value decides.
    let any = |wanted: bool| match (results.iter().any(|v| matches!(v, Val::Bool(b) if *b == wanted)), results.iter().any(Val::is_null)) {
        (true, _) => Val::Bool(wanted),
        (false, true) => Val::Null,
        _ => Val::Bool(!wanted),
    };
    Ok(match name {
        "transform" | "zip_with" => Val::Arr(results.to_vec()),
        "filter" => Val::Arr(all().filter(|(_, r)| yes(r)).map(|(e, _)| e[0].clone()).collect()),
        "any_match" => any(true),
        "all_match" => any(false),
        "none_match" => match any(true) {
            Val::Bool(b) => Val::Bool(!b),
            other => other,
        },
        "find_first" => all().find(|(_, r)| yes(r)).map_or(Val::Null, |(e, _)| e[0].clone()),
        "find_first_index" => results.iter().position(yes).map_or(Val::Null, |i| Val::Int(i as i64 + 1)),
        "map_filter" => Val::Map(all().filter(|(_, r)| yes(r)).map(|(e, _)| (e[0].clone(), e[1].clone())).collect()),
        "transform_keys" => {
            let mut map: Vec<(Val, Val)> = Vec::new();
            for (element, key) in all() {
                if key.is_null() || map.iter().any(|(k, _)| k.same(key)) {
                    return Err(fail("INVALID_FUNCTION_ARGUMENT: Duplicate or NULL map keys are not allowed".into()));
                }
                map.push((key.clone(), element[1].clone()));
            }
            Val::Map(map)
        }
        _ => Val::Map(all().map(|(e, r)| (e[0].clone(), r.clone())).collect()),
    })
}
