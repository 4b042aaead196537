//! Functions over whole columns, where the engine's kernels give what Trino gives: arithmetic, widening casts, parts of dates.
//!
//! `None` stands for "not here": the caller goes row by row, and finds there whatever a kernel stumbled over, in Trino's words.

use super::{sig::integer_decimal, time, ty::Ty, val};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, Date32Array, Datum, Int64Array, PrimitiveArray, Scalar, TimestampMillisecondArray},
        compute::{DatePart, cast, date_part, kernels::numeric},
        datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, TimestampMillisecondType},
    },
    logical_expr::ColumnarValue,
};
use std::sync::Arc;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The column of results of a function, by its name, the types of its arguments and of its result.
pub(super) fn column(name: &str, args: &[ColumnarValue], given: &[Ty], ret: &Ty) -> Option<ArrayRef> {
    let ColumnarValue::Array(first) = args.first()? else {
        return match (name, args) {
            ("date_trunc", _) => truncated(args),
            (_, [_, ColumnarValue::Array(_)]) => arithmetic(name, args, given, ret),
            _ => None,
        };
    };
    match name {
        "$sum" | "$avg" if given[0] == *ret => val::normal(first, &given[0]).ok(),
        "$sum" => precision(first, ret),
        "$cast" => casted(&val::normal(first, &given[0]).ok()?, &given[0], ret),
        _ if args.len() == 1 => part(name, first, ret),
        _ => arithmetic(name, args, given, ret),
    }
}

/// The same digits with more room for them.
fn precision(array: &ArrayRef, ret: &Ty) -> Option<ArrayRef> {
    let Ty::Decimal(p, s) = ret else { return None };
    let digits = array.as_primitive_opt::<Decimal128Type>()?;
    (digits.scale() == *s).then(|| digits.clone().with_precision_and_scale(*p, *s).ok()).flatten().map(|a| Arc::new(a) as ArrayRef)
}

/// An operand brought to a type: a column, or one value for all rows.
enum Operand {
    Many(ArrayRef),
    One(Scalar<ArrayRef>),
}

impl Operand {
    fn new(argument: &ColumnarValue, from: &Ty, to: &DataType) -> Option<Operand> {
        let fit = |array: &ArrayRef| {
            let array = val::normal(array, from).ok()?;
            if array.data_type() == to { Some(array) } else { cast(&array, to).ok() }
        };
        Some(match argument {
            ColumnarValue::Array(array) => Operand::Many(fit(array)?),
            ColumnarValue::Scalar(scalar) => Operand::One(Scalar::new(fit(&scalar.to_array_of_size(1).ok()?)?)),
        })
    }
    fn datum(&self) -> &dyn Datum {
        match self {
            Operand::Many(array) => array,
            Operand::One(scalar) => scalar,
        }
    }
}

fn arithmetic(name: &str, args: &[ColumnarValue], given: &[Ty], ret: &Ty) -> Option<ArrayRef> {
    let [left, right] = args else { return None };
    let kernel = match name {
        "$add" => numeric::add,
        "$subtract" => numeric::sub,
        "$multiply" => numeric::mul,
        "$divide" => numeric::div,
        "$modulus" | "mod" => numeric::rem,
        _ => return None,
    };
    if !given.iter().all(Ty::is_numeric) {
        return None;
    }
    let (a, b) = match ret {
        // An overflow is an error of the kernel, and then one of the row.
        ty if ty.is_integer() => (ty.data_type(), ty.data_type()),
        Ty::Double => (DataType::Float64, DataType::Float64),
        Ty::Decimal(p, s) if matches!(name, "$add" | "$subtract" | "$multiply") => {
            let own = |ty: &Ty| match ty {
                Ty::Decimal(p, s) => Some((*p, *s)),
                ty if ty.is_integer() => match integer_decimal(ty) {
                    Ty::Decimal(p, s) => Some((p, s)),
                    _ => None,
                },
                _ => None,
            };
            let ((p1, s1), (p2, s2)) = (own(&given[0])?, own(&given[1])?);
            let (whole, digits) = match name {
                "$multiply" => (p1 as i16 + p2 as i16, s1 + s2),
                _ => ((p1 as i16 - s1 as i16).max(p2 as i16 - s2 as i16) + s1.max(s2) as i16 + 1, s1.max(s2)),
            };
            if whole > 38 || whole != *p as i16 || digits != *s {
                return None;
            }
            (DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2))
        }
        _ => return None,
    };
    let (left, right) = (Operand::new(left, &given[0], &a)?, Operand::new(right, &given[1], &b)?);
    let made = kernel(left.datum(), right.datum()).ok()?;
    match ret {
        Ty::Decimal(..) => precision(&made, ret),
        _ => (*made.data_type() == ret.data_type()).then_some(made),
    }
}

/// Casts that can't fail and that the kernel does as Trino does.
fn casted(array: &ArrayRef, from: &Ty, to: &Ty) -> Option<ArrayRef> {
    let rank = |ty: &Ty| match ty {
        Ty::Tinyint => 1,
        Ty::Smallint => 2,
        Ty::Integer => 3,
        Ty::Bigint => 4,
        _ => 0,
    };
    match (from, to) {
        (from, to) if from == to && *array.data_type() == to.data_type() => Some(array.clone()),
        (from, to) if from.is_integer() && rank(to) > rank(from) => cast(array, &to.data_type()).ok(),
        (from, Ty::Double) if from.is_integer() || *from == Ty::Real => cast(array, &DataType::Float64).ok(),
        (from, Ty::Varchar(None)) if from.is_integer() || matches!(from, Ty::Varchar(_)) => cast(array, &DataType::Utf8).ok(),
        (Ty::Timestamp(_), Ty::Date) => {
            let days = millis(array)?.unary::<_, Date32Type>(|ms| ms.div_euclid(DAY_MS) as i32);
            Some(Arc::new(days))
        }
        (Ty::Date, Ty::Timestamp(3)) => {
            let days = array.as_primitive_opt::<Date32Type>()?;
            let ms: TimestampMillisecondArray = days.unary::<_, TimestampMillisecondType>(|d| d as i64 * DAY_MS);
            Some(Arc::new(ms))
        }
        _ => None,
    }
}

fn millis(array: &ArrayRef) -> Option<PrimitiveArray<TimestampMillisecondType>> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, None) => array.as_primitive_opt::<TimestampMillisecondType>().cloned(),
        _ => None,
    }
}

/// `year(x)` and its like, of dates and of timestamps without a zone.
fn part(name: &str, array: &ArrayRef, ret: &Ty) -> Option<ArrayRef> {
    let part = match name {
        "year" => DatePart::Year,
        "quarter" => DatePart::Quarter,
        "month" => DatePart::Month,
        "day" | "day_of_month" => DatePart::Day,
        "day_of_year" | "doy" => DatePart::DayOfYear,
        "hour" => DatePart::Hour,
        "minute" => DatePart::Minute,
        _ => return None,
    };
    let timed = matches!(array.data_type(), DataType::Timestamp(TimeUnit::Millisecond, None));
    let dated = matches!(array.data_type(), DataType::Date32) && !matches!(part, DatePart::Hour | DatePart::Minute);
    if *ret != Ty::Bigint || !(timed || dated) {
        return None;
    }
    let made: Int64Array = cast(&date_part(array, part).ok()?, &DataType::Int64).ok()?.as_primitive_opt::<Int64Type>()?.clone();
    // A moment beyond the calendar's years has no part: the row says why.
    (made.null_count() == array.null_count()).then(|| Arc::new(made) as ArrayRef)
}

/// `date_trunc('day', x)` and its like.
fn truncated(args: &[ColumnarValue]) -> Option<ArrayRef> {
    let [ColumnarValue::Scalar(unit), ColumnarValue::Array(array)] = args else { return None };
    let unit = unit.try_as_str().flatten()?.to_lowercase();
    if *array.data_type() == DataType::Date32 {
        let days = array.as_primitive_opt::<Date32Type>()?;
        let first = |day: i32| time::civil(day.into());
        let made: Date32Array = match unit.as_str() {
            "day" => days.clone(),
            "month" => days.unary(|d| time::days(first(d).0, first(d).1 as i64, 1) as i32),
            "year" => days.unary(|d| time::days(first(d).0, 1, 1) as i32),
            _ => return None,
        };
        return Some(Arc::new(made));
    }
    let by = match unit.as_str() {
        "second" => 1000,
        "minute" => 60_000,
        "hour" => 3_600_000,
        "day" => DAY_MS,
        _ => return None,
    };
    let made: TimestampMillisecondArray = millis(array)?.unary(|ms| ms.div_euclid(by) * by);
    Some(Arc::new(made))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::{
        arrow::{
            array::{Decimal128Array, Int32Array},
            datatypes::Field,
        },
        common::ScalarValue,
        config::ConfigOptions,
        logical_expr::{ReturnFieldArgs, ScalarFunctionArgs},
    };

    /// A function by columns, and the same by rows.
    fn both(name: &str, args: Vec<ColumnarValue>, rows: usize) -> (Option<ArrayRef>, Vec<Option<String>>) {
        let udf = super::super::functions::SHARED.iter().find(|u| u.name() == name).unwrap();
        let fields: Vec<_> = args.iter().map(|a| Arc::new(Field::new("x", a.data_type(), true))).collect();
        let scalars: Vec<Option<&ScalarValue>> =
            args.iter().map(|a| if let ColumnarValue::Scalar(s) = a { Some(s) } else { None }).collect();
        let field = udf.inner().return_field_from_args(ReturnFieldArgs { arg_fields: &fields, scalar_arguments: &scalars }).unwrap();
        let given: Vec<Ty> = fields.iter().map(|f| Ty::of(f)).collect();
        let fast = column(name, &args, &given, &Ty::of(&field));
        let one = |at: usize| {
            let single = args.iter().map(|a| match a {
                ColumnarValue::Array(array) => ColumnarValue::Scalar(ScalarValue::try_from_array(array, at).unwrap()),
                scalar => scalar.clone(),
            });
            let args = ScalarFunctionArgs {
                args: single.collect(),
                arg_fields: fields.clone(),
                number_rows: 1,
                return_field: field.clone(),
                config_options: Arc::new(ConfigOptions::default()),
            };
            udf.inner().invoke_with_args(args).ok().map(|v| v.into_array(1).unwrap())
        };
        let shown = |array: &ArrayRef, at| datafusion::arrow::util::display::array_value_to_string(array, at).unwrap();
        (fast, (0..rows).map(|at| one(at).map(|a| shown(&a, 0))).collect())
    }

    #[test]
    fn columns_give_what_rows_give() {
        let ints = ColumnarValue::Array(Arc::new(Int32Array::from(vec![Some(7), None, Some(-7), Some(0)])));
        let three = ColumnarValue::Scalar(ScalarValue::Int64(Some(3)));
        let money = ColumnarValue::Array(Arc::new(
            Decimal128Array::from(vec![Some(150), None, Some(-225), Some(0)]).with_precision_and_scale(15, 2).unwrap(),
        ));
        let one = ColumnarValue::Scalar(ScalarValue::Int32(Some(1)));
        let days = ColumnarValue::Array(Arc::new(Date32Array::from(vec![Some(18262), None, Some(-1), Some(0)])));
        let times = ColumnarValue::Array(Arc::new(TimestampMillisecondArray::from(vec![Some(1_577_934_245_678), None, Some(-1), Some(0)])));
        let text = |t: &str| ColumnarValue::Scalar(ScalarValue::Utf8(Some(t.into())));
        let mut cases: Vec<(&str, Vec<ColumnarValue>)> = Vec::new();
        for name in ["$add", "$subtract", "$multiply", "$divide", "$modulus"] {
            cases.push((name, vec![ints.clone(), three.clone()]));
        }
        for name in ["$add", "$subtract", "$multiply"] {
            cases.extend([(name, vec![one.clone(), money.clone()]), (name, vec![money.clone(), money.clone()])]);
        }
        for name in ["year", "month", "day", "doy", "quarter"] {
            cases.extend([(name, vec![days.clone()]), (name, vec![times.clone()])]);
        }
        for (from, to) in [(&ints, "bigint"), (&ints, "double"), (&ints, "varchar"), (&times, "date"), (&days, "timestamp")] {
            cases.push(("$cast", vec![from.clone(), text(to)]));
        }
        for unit in ["second", "minute", "hour", "day"] {
            cases.push(("date_trunc", vec![text(unit), times.clone()]));
        }
        for unit in ["day", "month", "year"] {
            cases.push(("date_trunc", vec![text(unit), days.clone()]));
        }
        for (name, args) in cases {
            let what = format!("{name} {args:?}");
            let (fast, rows) = both(name, args, 4);
            let fast = fast.unwrap_or_else(|| panic!("{what} goes row by row"));
            let fast: Vec<_> = (0..4).map(|at| Some(datafusion::arrow::util::display::array_value_to_string(&fast, at).unwrap())).collect();
            assert_eq!(fast, rows, "{what}");
        }
    }

    #[test]
    fn what_overflows_or_divides_by_zero_is_left_to_the_rows() {
        let large = ColumnarValue::Array(Arc::new(Int32Array::from(vec![i32::MAX])));
        let one = ColumnarValue::Scalar(ScalarValue::Int32(Some(1)));
        let (fast, rows) = both("$add", vec![large.clone(), one], 1);
        assert!(fast.is_none() && rows[0].is_none(), "an overflow is an error");
        let zero = ColumnarValue::Scalar(ScalarValue::Int32(Some(0)));
        let (fast, rows) = both("$divide", vec![large, zero], 1);
        assert!(fast.is_none() && rows[0].is_none(), "so is a division by zero");
    }
}
