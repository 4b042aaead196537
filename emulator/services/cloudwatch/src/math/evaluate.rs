//! An expression over a scene of metrics: names are looked up, operators and functions applied.

use super::parse::{Expression, Operator};
use super::{Series, Value, combine, functions};

/// What an expression sees: the values of the request's other queries, and its span in seconds.
pub(crate) struct Scene<'a> {
    /// A query's value by its id; the error of one that could not be evaluated.
    pub find: &'a dyn Fn(&str) -> Result<Value, String>,
    /// The metrics (not expressions) of the request whose id or label holds a text, for METRICS().
    pub metrics: &'a dyn Fn(Option<&str>) -> Vec<Series>,
    pub start: i64,
    pub end: i64,
    pub period: i64,
}

/// What an expression is worth.
pub(crate) fn evaluate(expression: &Expression, scene: &Scene<'_>) -> Result<Value, String> {
    match expression {
        Expression::Number(number) => Ok(Value::Scalar(*number)),
        Expression::Text(_) => Err("a text is worth something only inside a function".into()),
        Expression::Name(name) => (scene.find)(name),
        Expression::Negated(inner) => combine::pair(&Value::Scalar(0.0), &evaluate(inner, scene)?, |zero, value| zero - value),
        Expression::Array(items) => {
            let mut all = Vec::new();
            for item in items {
                match evaluate(item, scene)? {
                    Value::Series(series) => all.push(series),
                    Value::Array(more) => all.extend(more),
                    Value::Scalar(_) => return Err("an array holds time series only".into()),
                }
            }
            Ok(Value::Array(all))
        }
        Expression::Binary(operator, left, right) => combine::pair(&evaluate(left, scene)?, &evaluate(right, scene)?, operation(*operator)),
        Expression::Call(name, arguments) => functions::call(name, arguments, scene),
    }
}

fn operation(operator: Operator) -> fn(f64, f64) -> f64 {
    fn truth(holds: bool) -> f64 {
        f64::from(u8::from(holds))
    }
    match operator {
        Operator::Or => |a, b| truth(a != 0.0 || b != 0.0),
        Operator::And => |a, b| truth(a != 0.0 && b != 0.0),
        Operator::Equal => |a, b| truth(a == b),
        Operator::Unequal => |a, b| truth(a != b),
        Operator::Less => |a, b| truth(a < b),
        Operator::Greater => |a, b| truth(a > b),
        Operator::LessOrEqual => |a, b| truth(a <= b),
        Operator::GreaterOrEqual => |a, b| truth(a >= b),
        Operator::Plus => |a, b| a + b,
        Operator::Minus => |a, b| a - b,
        Operator::Times => |a, b| a * b,
        Operator::By => |a, b| a / b,
        Operator::Power => f64::powf,
    }
}
