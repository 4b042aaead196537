//! From a tree and variables to text.

use super::{
    MOST_DEPTH, MOST_ITERATIONS, MOST_OUTPUT_BYTES, Problem, Value,
    expression::{Expression, Operator},
    method,
    parse::{Macro, Node, Template},
    reference::{Reference, Step},
    work::Work,
};
use std::{collections::HashMap, sync::Arc};

/// The variables of an evaluation; what a template sets stays in it.
#[derive(Default)]
pub struct Scope {
    variables: HashMap<String, Value>,
    macros: HashMap<String, Arc<Macro>>,
    work: Work,
}

/// What a number of a range counts as: each is a value of its own.
const RANGE_WORK: usize = 64;

/// How a block ended.
#[derive(PartialEq)]
enum Flow {
    On,
    Break,
    Stop,
}

impl Scope {
    /// No variables.
    pub fn new() -> Scope {
        Scope::default()
    }
    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: Value) {
        self.variables.insert(name.to_owned(), value);
    }
    /// A variable.
    pub fn get(&self, name: &str) -> Value {
        self.variables.get(name).cloned().unwrap_or(Value::Null)
    }
    /// Counts looking at all of a value.
    fn walk(&mut self, value: &Value) -> Result<(), Problem> {
        self.work.done(value.weight(self.work.left()))
    }
}

/// Runs a template.
pub fn render(template: &Template, scope: &mut Scope) -> Result<String, Problem> {
    let mut out = String::new();
    block(&template.nodes, scope, &mut out, 0)?;
    Ok(out)
}

fn block(nodes: &[Node], scope: &mut Scope, out: &mut String, depth: usize) -> Result<Flow, Problem> {
    if depth > MOST_DEPTH {
        return Err(Problem("macros are nested too deep".into()));
    }
    for node in nodes {
        scope.work.step()?;
        let flow = match node {
            Node::Text(text) => {
                print(scope, out, text)?;
                Flow::On
            }
            Node::Reference(found) => {
                match reference(found, scope, depth)? {
                    Value::Text(text) => print(scope, out, &text)?,
                    value => {
                        scope.walk(&value)?;
                        print(scope, out, &value.shown())?;
                    }
                }
                Flow::On
            }
            Node::Set(target, value) => {
                let value = expression(value, scope, depth)?;
                set(target, value, scope, depth)?;
                Flow::On
            }
            Node::If(branches, otherwise) => {
                let mut chosen = otherwise;
                for (condition, branch) in branches {
                    if expression(condition, scope, depth)?.truthy() {
                        chosen = branch;
                        break;
                    }
                }
                block(chosen, scope, out, depth + 1)?
            }
            Node::Foreach(name, items, body) => foreach(name, items, body, scope, out, depth)?,
            Node::Break => Flow::Break,
            Node::Stop => Flow::Stop,
            Node::Macro(defined) => {
                scope.macros.insert(defined.name.clone(), defined.clone());
                Flow::On
            }
            Node::Call(name, arguments) => call(name, arguments, scope, out, depth)?,
        };
        if flow != Flow::On {
            return Ok(flow);
        }
    }
    Ok(Flow::On)
}

fn print(scope: &mut Scope, out: &mut String, text: &str) -> Result<(), Problem> {
    scope.work.made(text.len())?;
    if out.len() + text.len() > MOST_OUTPUT_BYTES {
        return Err(Problem(format!("the output is larger than {MOST_OUTPUT_BYTES} bytes")));
    }
    out.push_str(text);
    Ok(())
}

fn foreach(name: &str, items: &Expression, body: &[Node], scope: &mut Scope, out: &mut String, depth: usize) -> Result<Flow, Problem> {
    let items = expression(items, scope, depth)?;
    scope.work.done(items.length())?;
    let items: Vec<Value> = match items {
        Value::List(items) => items.0.borrow().clone(),
        Value::Map(map) => map.0.borrow().iter().map(|(_, value)| value.clone()).collect(),
        _ => return Ok(Flow::On),
    };
    let outer: Vec<(&str, Value)> = [name, "foreach", "velocityCount"].map(|name| (name, scope.get(name))).into();
    let count = items.len();
    let mut flow = Flow::On;
    for (index, item) in items.into_iter().enumerate() {
        scope.work.step()?;
        if index >= MOST_ITERATIONS {
            return Err(Problem(format!("#foreach has more than {MOST_ITERATIONS} iterations")));
        }
        scope.set(name, item);
        scope.set("velocityCount", Value::Int(index as i64 + 1));
        let state = [
            ("index", Value::Int(index as i64)),
            ("count", Value::Int(index as i64 + 1)),
            ("hasNext", Value::Bool(index + 1 < count)),
            ("first", Value::Bool(index == 0)),
            ("last", Value::Bool(index + 1 == count)),
            ("parent", outer[1].1.clone()),
        ];
        scope.set("foreach", Value::map(state.map(|(name, value)| (name.to_owned(), value))));
        match block(body, scope, out, depth + 1)? {
            Flow::On => {}
            Flow::Break => break,
            Flow::Stop => {
                flow = Flow::Stop;
                break;
            }
        }
    }
    outer.into_iter().for_each(|(name, value)| scope.set(name, value));
    Ok(flow)
}

fn call(name: &str, arguments: &[Expression], scope: &mut Scope, out: &mut String, depth: usize) -> Result<Flow, Problem> {
    let Some(called) = scope.macros.get(name).cloned() else { return Ok(Flow::On) };
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(expression(argument, scope, depth)?);
    }
    let mut values = values.into_iter();
    let mut outer = Vec::new();
    for parameter in &called.parameters {
        outer.push((parameter.clone(), scope.get(parameter)));
        scope.set(parameter, values.next().unwrap_or(Value::Null));
    }
    let flow = block(&called.body, scope, out, depth + 1)?;
    outer.into_iter().for_each(|(name, value)| scope.set(&name, value));
    Ok(if flow == Flow::Stop { Flow::Stop } else { Flow::On })
}

/// The value of a reference; a step from nothing leads to nothing.
pub(crate) fn reference(reference: &Reference, scope: &mut Scope, depth: usize) -> Result<Value, Problem> {
    let mut value = scope.get(&reference.name);
    for step in &reference.steps {
        value = follow(value, step, scope, depth)?;
    }
    Ok(value)
}

fn follow(value: Value, step: &Step, scope: &mut Scope, depth: usize) -> Result<Value, Problem> {
    scope.work.step()?;
    match step {
        Step::Member(name) => {
            match &value {
                // The body is copied.
                Value::Input(input) => scope.work.done(input.body.len())?,
                value => scope.work.done(value.length())?,
            }
            Ok(value.member(name))
        }
        Step::Index(index) => Ok(match (value, expression(index, scope, depth + 1)?) {
            (Value::List(items), Value::Int(at)) => method::at(&items.0.borrow(), at),
            (map @ Value::Map(_), key) => {
                scope.walk(&key)?;
                scope.work.done(map.length())?;
                map.member(&key.shown())
            }
            _ => Value::Null,
        }),
        Step::Call(name, arguments) => {
            let mut values = Vec::with_capacity(arguments.len());
            for argument in arguments {
                values.push(expression(argument, scope, depth + 1)?);
            }
            let result = method::call(&value, name, &values, &mut scope.work)?;
            if let Value::Text(text) = &result {
                scope.work.made(text.len())?;
            }
            Ok(result)
        }
    }
}

fn set(target: &Reference, value: Value, scope: &mut Scope, depth: usize) -> Result<(), Problem> {
    let Some((last, before)) = target.steps.split_last() else {
        scope.set(&target.name, value);
        return Ok(());
    };
    let mut holder = scope.get(&target.name);
    for step in before {
        holder = follow(holder, step, scope, depth)?;
    }
    scope.work.done(holder.length())?;
    match last {
        Step::Member(name) => drop(holder.put(name, value)),
        Step::Index(index) => match (&holder, expression(index, scope, depth)?) {
            (Value::List(items), Value::Int(at)) => {
                let mut items = items.0.borrow_mut();
                if let Some(place) = usize::try_from(at).ok().and_then(|at| items.get_mut(at)) {
                    *place = value;
                }
            }
            (Value::Map(_), key) => {
                scope.walk(&key)?;
                drop(holder.put(&key.shown(), value));
            }
            _ => {}
        },
        Step::Call(..) => return Err(Problem("#set can't set a call".into())),
    }
    Ok(())
}

pub(crate) fn expression(of: &Expression, scope: &mut Scope, depth: usize) -> Result<Value, Problem> {
    scope.work.step()?;
    if depth > 2 * MOST_DEPTH {
        return Err(Problem("expressions are nested too deep".into()));
    }
    Ok(match of {
        Expression::Bool(b) => Value::Bool(*b),
        Expression::Null => Value::Null,
        Expression::Int(n) => Value::Int(*n),
        Expression::Float(n) => Value::Float(*n),
        Expression::Text(text) => {
            scope.work.done(text.len())?;
            Value::text(text)
        }
        Expression::Filled(template) => {
            let mut out = String::new();
            block(&template.nodes, scope, &mut out, depth + 1)?;
            Value::text(out)
        }
        Expression::Reference(found) => reference(found, scope, depth)?,
        Expression::List(items) => {
            let mut values = Vec::with_capacity(items.len());
            for item in items {
                values.push(expression(item, scope, depth + 1)?);
            }
            Value::list(values)
        }
        Expression::Map(entries) => {
            let map = Value::map([]);
            for (key, value) in entries {
                let key = expression(key, scope, depth + 1)?;
                scope.walk(&key)?;
                scope.work.done(map.length())?;
                let key = key.shown();
                let value = expression(value, scope, depth + 1)?;
                map.put(&key, value);
            }
            map
        }
        Expression::Range(from, to) => {
            let range = range(expression(from, scope, depth + 1)?, expression(to, scope, depth + 1)?)?;
            scope.work.done(range.length() * RANGE_WORK)?;
            range
        }
        Expression::Not(inner) => Value::Bool(!expression(inner, scope, depth + 1)?.truthy()),
        Expression::Minus(inner) => match expression(inner, scope, depth + 1)? {
            Value::Int(n) => Value::Int(n.wrapping_neg()),
            Value::Float(n) => Value::Float(-n),
            _ => Value::Null,
        },
        Expression::Binary(Operator::Or, left, right) => {
            Value::Bool(expression(left, scope, depth + 1)?.truthy() || expression(right, scope, depth + 1)?.truthy())
        }
        Expression::Binary(Operator::And, left, right) => {
            Value::Bool(expression(left, scope, depth + 1)?.truthy() && expression(right, scope, depth + 1)?.truthy())
        }
        Expression::Binary(operator, left, right) => {
            let (left, right) = (expression(left, scope, depth + 1)?, expression(right, scope, depth + 1)?);
            scope.walk(&left)?;
            scope.walk(&right)?;
            let result = binary(*operator, &left, &right);
            if let Value::Text(text) = &result {
                scope.work.made(text.len())?;
            }
            result
        }
    })
}

fn range(from: Value, to: Value) -> Result<Value, Problem> {
    let (Value::Int(from), Value::Int(to)) = (from, to) else { return Ok(Value::Null) };
    let length = from.abs_diff(to);
    if length > 100_000 {
        return Err(Problem("a range is too long".into()));
    }
    let items = (0..=length as i64).map(|n| Value::Int(if from <= to { from + n } else { from - n }));
    Ok(Value::list(items.collect()))
}

fn binary(operator: Operator, left: &Value, right: &Value) -> Value {
    use Operator::*;
    match operator {
        Equal => return Value::Bool(left.same(right)),
        Unequal => return Value::Bool(!left.same(right)),
        _ => {}
    }
    if let (Value::Int(a), Value::Int(b)) = (left, right) {
        return match operator {
            Add => Value::Int(a.wrapping_add(*b)),
            Subtract => Value::Int(a.wrapping_sub(*b)),
            Multiply => Value::Int(a.wrapping_mul(*b)),
            Divide => a.checked_div(*b).map_or(Value::Null, Value::Int),
            Modulo => a.checked_rem(*b).map_or(Value::Null, Value::Int),
            other => ordered(other, a.cmp(b)),
        };
    }
    let (Some(a), Some(b)) = (left.number(), right.number()) else {
        // Texts are joined by +; what stands for nothing joins as nothing.
        return match operator {
            Add if !matches!((left, right), (Value::Null, Value::Null)) => Value::text(left.shown() + &right.shown()),
            _ => Value::Null,
        };
    };
    match operator {
        Add => Value::Float(a + b),
        Subtract => Value::Float(a - b),
        Multiply => Value::Float(a * b),
        Divide if b != 0.0 => Value::Float(a / b),
        Modulo if b != 0.0 => Value::Float(a % b),
        Divide | Modulo => Value::Null,
        other => a.partial_cmp(&b).map_or(Value::Bool(false), |order| ordered(other, order)),
    }
}

fn ordered(operator: Operator, order: std::cmp::Ordering) -> Value {
    Value::Bool(match operator {
        Operator::Less => order.is_lt(),
        Operator::LessEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    })
}
