//! A scalar function of Trino's inside the engine: signatures decide, values go through row by row.

use super::{
    cast, fast,
    sig::{Fit, Sig},
    ty::Ty,
    val::{self, Val},
};
use crate::engine::errors::{QueryError, carry};
use datafusion::{
    arrow::datatypes::{DataType, FieldRef},
    common::{Result, ScalarValue},
    logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

/// What a call knows beside its values.
pub(crate) struct Call<'a> {
    pub args: &'a [Ty],
    pub ret: &'a Ty,
    /// The query's random numbers and ids, in order.
    random: Option<&'a kit::Ids>,
}

impl Call<'_> {
    /// Random numbers: those functions get them whose signatures say that they are volatile.
    pub(crate) fn random(&self) -> std::result::Result<&kit::Ids, String> {
        self.random.ok_or_else(|| "GENERIC_INTERNAL_ERROR: a function without random numbers asks for some".into())
    }
}

/// What a function does with one row.
pub(crate) type Eval = fn(&Call<'_>, &[Val]) -> Result<Val, String>;
/// The type of a result that no signature can tell: types of the arguments, and the constants among them.
pub(crate) type Returns = fn(&[Ty], &[Option<Val>]) -> std::result::Result<Ty, String>;

/// One signature with what it does.
#[derive(Clone)]
pub(crate) struct Overload {
    pub sig: Sig,
    pub eval: Eval,
    pub returns: Option<Returns>,
}

/// A function with all its signatures.
pub(crate) struct Function {
    pub name: String,
    pub overloads: Vec<Overload>,
}

impl Function {
    /// Whether two calls with the same arguments may differ.
    pub(crate) fn is_volatile(&self) -> bool {
        self.overloads.iter().any(|o| o.sig.volatile)
    }
    /// The signature that fits best.
    pub(crate) fn choose(&self, given: &[Ty], constants: &[Option<Val>]) -> std::result::Result<(&Overload, Fit), String> {
        let fits = self.overloads.iter().filter_map(|o| Some((o, o.sig.fits(given)?)));
        let Some((overload, mut fit)) = fits.min_by_key(|(_, fit)| fit.cost) else { return Err(self.mismatch(given)) };
        if let Some(returns) = overload.returns {
            fit.ret = returns(&fit.args, constants)?;
        }
        Ok((overload, fit))
    }
    fn mismatch(&self, given: &[Ty]) -> String {
        let given: Vec<String> = given.iter().map(Ty::to_string).collect();
        let sign = match self.name.as_str() {
            "$add" => Some('+'),
            "$subtract" => Some('-'),
            "$multiply" => Some('*'),
            "$divide" => Some('/'),
            "$modulus" => Some('%'),
            _ => None,
        };
        if let (Some(sign), [left, right]) = (sign, given.as_slice()) {
            return format!("TYPE_MISMATCH: {{}}: Cannot apply operator: {left} {sign} {right}");
        }
        let expected: Vec<String> = self.overloads.iter().map(|o| o.sig.shown()).collect();
        format!(
            "FUNCTION_NOT_FOUND: {{}}: Unexpected parameters ({}) for function {}. Expected: {}",
            given.join(", "),
            self.name.trim_start_matches('$'),
            expected.join(", ").replace(&self.name, self.name.trim_start_matches('$'))
        )
    }
}

/// The engine's end of a function.
#[derive(Clone)]
pub(crate) struct Udf {
    function: Arc<Function>,
    name: String,
    /// A row that fails is NULL.
    tried: bool,
    random: Option<Arc<kit::Ids>>,
    signature: Signature,
}

impl Udf {
    /// The function, with random numbers where it asks for some.
    pub(crate) fn new(function: Arc<Function>, tried: bool, random: Option<Arc<kit::Ids>>) -> Udf {
        let volatile = function.is_volatile();
        let name = if tried { format!("try${}", function.name) } else { function.name.clone() };
        let signature = Signature::user_defined(if volatile { Volatility::Volatile } else { Volatility::Immutable });
        Udf { function, name, tried, random, signature }
    }
}

impl std::fmt::Debug for Udf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}
impl PartialEq for Udf {
    fn eq(&self, other: &Udf) -> bool {
        self.name == other.name
    }
}
impl Eq for Udf {}
impl Hash for Udf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// An error of a function or cast in Trino's words, `{}` standing for the place.
pub(crate) fn fail(text: String) -> datafusion::error::DataFusionError {
    carry(QueryError::named(text))
}

/// A constant of the engine as a value.
pub(crate) fn constant(scalar: &ScalarValue) -> Option<Val> {
    let array = scalar.to_array_of_size(1).ok()?;
    val::all(&array, &Ty::of_data(array.data_type())).ok()?.pop()
}

impl ScalarUDFImpl for Udf {
    fn name(&self) -> &str {
        &self.name
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given.to_vec())
    }
    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let given: Vec<Ty> = given.iter().map(Ty::of_data).collect();
        let (_, fit) = self.function.choose(&given, &vec![None; given.len()]).map_err(fail)?;
        Ok(fit.ret.data_type())
    }
    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let given: Vec<Ty> = args.arg_fields.iter().map(|f| Ty::of(f)).collect();
        let constants: Vec<Option<Val>> = args.scalar_arguments.iter().map(|s| s.and_then(constant)).collect();
        let (_, fit) = self.function.choose(&given, &constants).map_err(fail)?;
        Ok(fit.ret.named(&self.name, true))
    }
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let given: Vec<Ty> = args.arg_fields.iter().map(|f| Ty::of(f)).collect();
        let (overload, fit) = self
            .function
            .choose(&given, &vec![None; given.len()])
            .or_else(|_| self.function.choose(&given, &constants(&args.args)))
            .map_err(fail)?;
        let ret = Ty::of(&args.return_field);
        if let Some(made) = fast::column(&self.function.name, &args.args, &given, &ret) {
            return Ok(ColumnarValue::Array(made));
        }
        let scalar = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_))) && !overload.sig.volatile;
        let rows = if scalar { 1 } else { args.number_rows };
        let columns = args.args.iter().zip(&given).map(|(a, ty)| Column::new(a, ty)).collect::<Result<Vec<_>>>()?;
        let call = Call { args: &fit.args, ret: &ret, random: self.random.as_deref() };
        let mut out = Vec::with_capacity(rows);
        let mut row = Vec::with_capacity(columns.len());
        for at in 0..rows {
            row.clear();
            for ((column, from), to) in columns.iter().zip(&given).zip(&fit.args) {
                let value = column.at(at).map_err(fail)?;
                row.push(if from == to { value } else { cast::cast(&value, from, to).map_err(fail)? });
            }
            let null = !overload.sig.takes_nulls && row.iter().any(Val::is_null);
            out.push(match if null { Ok(Val::Null) } else { (overload.eval)(&call, &row) } {
                Ok(value) => value,
                Err(_) if self.tried => Val::Null,
                Err(text) => return Err(fail(text)),
            });
        }
        let array = val::column(&out, &ret).map_err(fail)?;
        Ok(if scalar { ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?) } else { ColumnarValue::Array(array) })
    }
}

fn constants(args: &[ColumnarValue]) -> Vec<Option<Val>> {
    args.iter().map(|a| if let ColumnarValue::Scalar(s) = a { constant(s) } else { None }).collect()
}

/// An argument: one value for all rows, or a column.
enum Column {
    One(Val),
    Many(datafusion::arrow::array::ArrayRef, Ty),
}

impl Column {
    fn new(argument: &ColumnarValue, ty: &Ty) -> Result<Column> {
        let normal = |array| val::normal(&array, ty).map_err(fail);
        Ok(match argument {
            ColumnarValue::Scalar(scalar) => Column::One(val::read(&normal(scalar.to_array_of_size(1)?)?, 0, ty).map_err(fail)?),
            ColumnarValue::Array(array) => Column::Many(normal(array.clone())?, ty.clone()),
        })
    }
    fn at(&self, row: usize) -> std::result::Result<Val, String> {
        match self {
            Column::One(value) => Ok(value.clone()),
            Column::Many(array, ty) => val::read(array, row, ty),
        }
    }
}
