//! References: `$name.member.method(argument)[index]`, quiet (`$!`) and formal (`${}`).

use super::{
    MOST_DEPTH, Problem,
    expression::{Expression, Reader},
};

/// A reference.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub name: String,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Member(String),
    Call(String, Vec<Expression>),
    Index(Expression),
}

impl Reference {
    /// The name, where there is nothing more to the reference.
    pub fn plain_name(self) -> Option<String> {
        self.steps.is_empty().then_some(self.name)
    }
}

/// The reference that begins here; `None` (and nothing read) where the `$` is only text.
pub(crate) fn read(reader: &mut Reader<'_>, depth: usize) -> Result<Option<Reference>, Problem> {
    if depth > MOST_DEPTH {
        return Err(reader.too_deep());
    }
    let start = reader.at();
    if !reader.take("$") {
        return Ok(None);
    }
    reader.take("!");
    let formal = reader.take("{");
    let Some(name) = reader.name().map(str::to_owned) else {
        reader.back_to(start);
        return Ok(None);
    };
    let mut steps = Vec::new();
    while let Some(step) = step(reader, depth)? {
        steps.push(step);
        if steps.len() > MOST_DEPTH {
            return Err(reader.problem("a reference has too many steps"));
        }
    }
    if formal && !reader.take("}") {
        reader.back_to(start);
        return Ok(None);
    }
    Ok(Some(Reference { name, steps }))
}

fn step(reader: &mut Reader<'_>, depth: usize) -> Result<Option<Step>, Problem> {
    if reader.rest().starts_with('[') {
        // Brackets that hold no expression are text behind the reference.
        return reader.index(|reader| {
            reader.take("[");
            let index = Expression::read(reader, depth + 1).ok()?;
            reader.spaces();
            reader.take("]").then_some(Step::Index(index))
        });
    }
    let before = reader.at();
    if !reader.take(".") {
        return Ok(None);
    }
    let Some(name) = reader.name().map(str::to_owned) else {
        reader.back_to(before);
        return Ok(None);
    };
    if !reader.take("(") {
        return Ok(Some(Step::Member(name)));
    }
    let mut arguments = Vec::new();
    loop {
        reader.separators();
        if reader.take(")") {
            return Ok(Some(Step::Call(name, arguments)));
        }
        arguments.push(Expression::read(reader, depth + 1)?);
    }
}
