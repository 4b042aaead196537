//! From tokens to a filter: objects, `$or`, lists of conditions. The operators inside a condition are in `operators`.

use super::{
    ALTERNATIVES_LIMIT, Condition, DEPTH_LIMIT, Dialect, FIELDS_LIMIT, Filter, Invalid, Node,
    operators::{self, literal},
    tokens::{Kind, Tokens},
};

pub(super) struct Compiler {
    pub tokens: Tokens,
    pub dialect: Dialect,
    asks_absence: bool,
    nested: bool,
    /// Fields so far.
    fields: usize,
}

pub(super) fn filter(text: &str, dialect: Dialect) -> Result<Filter, Invalid> {
    let mut compiler = Compiler { tokens: Tokens::of(text), dialect, asks_absence: false, nested: false, fields: 0 };
    if compiler.tokens.next()?.kind != Kind::StartObject {
        return Err(Invalid::syntax("Filter is not an object", compiler.tokens.place()));
    }
    let mut root = Node::default();
    compiler.object(&mut root, &mut Vec::new())?;
    if compiler.tokens.peek() == Some(Kind::Broken) {
        compiler.tokens.next()?;
    }
    if root.rules() > ALTERNATIVES_LIMIT {
        return Err(Invalid::plain(format!("Rule is too complex - $or multiplies to more than {ALTERNATIVES_LIMIT} rules")));
    }
    Ok(Filter { root, asks_absence: compiler.asks_absence, nested: compiler.nested })
}

impl Compiler {
    pub(super) fn refuse<T>(&self, reason: impl Into<String>) -> Result<T, Invalid> {
        Err(Invalid::at(reason, self.tokens.place()))
    }
    pub(super) fn refuse_read<T>(&self, reason: impl Into<String>) -> Result<T, Invalid> {
        Err(Invalid::at(reason, self.tokens.place_read()))
    }

    /// The members of an object whose brace was taken.
    fn object(&mut self, node: &mut Node, path: &mut Vec<String>) -> Result<(), Invalid> {
        if path.len() >= DEPTH_LIMIT {
            return self.refuse(format!("nested deeper than {DEPTH_LIMIT}"));
        }
        let mut members = 0;
        loop {
            let token = self.tokens.next()?;
            if token.kind == Kind::EndObject {
                return if members == 0 { self.refuse("Empty objects are not allowed") } else { Ok(()) };
            }
            members += 1;
            if token.text == "$or" && self.tokens.opens_array() {
                let group = self.alternatives(path)?;
                node.alternatives.push(group);
                continue;
            }
            self.member(node, &token.text, path)?;
        }
    }

    /// One field. A name with dots is the same as objects in one another, as AWS joins paths by dots on both sides.
    fn member(&mut self, node: &mut Node, name: &str, path: &mut Vec<String>) -> Result<(), Invalid> {
        let steps = name.split('.').count();
        self.fields += steps;
        if path.len() + steps > DEPTH_LIMIT || self.fields > FIELDS_LIMIT {
            return self.refuse(format!("Rule is too complex - more than {DEPTH_LIMIT} steps in a path, or {FIELDS_LIMIT} fields"));
        }
        let mut below = node;
        for step in name.split('.') {
            path.push(step.to_owned());
            below = below.field(step);
        }
        match self.tokens.next()?.kind {
            Kind::StartObject => {
                self.nested = true;
                self.object(below, path)?;
            }
            Kind::StartArray if !below.conditions.is_empty() => {
                return self.refuse(format!("Path `{}` cannot be allowed multiple times", path.join(".")));
            }
            Kind::StartArray => {
                below.conditions = self.conditions()?;
                below.path = path.join(".");
            }
            _ => return self.refuse(format!("\"{name}\" must be an object or an array")),
        }
        path.truncate(path.len() - steps);
        Ok(())
    }

    /// `"$or": [{..}, {..}]`
    fn alternatives(&mut self, path: &mut Vec<String>) -> Result<Vec<Node>, Invalid> {
        self.tokens.next()?;
        let mut group = Vec::new();
        loop {
            match self.tokens.next()?.kind {
                Kind::StartObject => {
                    let mut node = Node::default();
                    self.object(&mut node, path)?;
                    group.push(node);
                }
                Kind::EndArray if group.len() < 2 => return self.refuse("There must have at least 2 Objects for $or relationship."),
                Kind::EndArray => return Ok(group),
                _ => return self.refuse("Only JSON object is allowed in array of $or relationship."),
            }
        }
    }

    /// The conditions of a list whose bracket was taken.
    fn conditions(&mut self) -> Result<Vec<Condition>, Invalid> {
        let mut conditions = Vec::new();
        loop {
            let token = self.tokens.next()?;
            match token.kind {
                Kind::EndArray if conditions.is_empty() => return self.refuse("Empty arrays are not allowed"),
                Kind::EndArray => return Ok(conditions),
                Kind::StartObject => {
                    let condition = operators::expression(self)?;
                    self.asks_absence |= condition == Condition::Exists(false);
                    conditions.push(condition);
                }
                _ => match literal(&token) {
                    Some(condition) => conditions.push(condition),
                    None => return self.refuse("Match value must be String, number, true, false, or null"),
                },
            }
        }
    }
}

impl Node {
    /// The node of a field, made where it is missing.
    fn field(&mut self, name: &str) -> &mut Node {
        let at = self.fields.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
            self.fields.push((name.to_owned(), Node::default()));
            self.fields.len() - 1
        });
        &mut self.fields[at].1
    }
}
