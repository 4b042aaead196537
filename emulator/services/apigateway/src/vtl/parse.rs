//! From text to a tree: text, references, directives. Expressions have a room of their own.

use super::{
    MOST_DEPTH, MOST_TEMPLATE_BYTES, Problem,
    expression::{Expression, Reader},
    reference::{self, Reference},
};
use std::{collections::HashSet, sync::Arc};

/// A template that was read.
#[derive(Clone, Debug)]
pub struct Template {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Text(String),
    Reference(Reference),
    Set(Reference, Expression),
    /// Conditions with their blocks, and the block of `#else`.
    If(Vec<(Expression, Vec<Node>)>, Vec<Node>),
    Foreach(String, Expression, Vec<Node>),
    Break,
    Stop,
    Macro(Arc<Macro>),
    Call(String, Vec<Expression>),
}

#[derive(Debug)]
pub(crate) struct Macro {
    pub name: String,
    pub parameters: Vec<String>,
    pub body: Vec<Node>,
}

/// What ended a block.
#[derive(Debug, PartialEq)]
enum End {
    Text,
    Closed,
    Else,
    Elseif,
}

impl Template {
    /// Reads a template; the problem says where it is wrong.
    pub fn parse(text: &str) -> Result<Template, Problem> {
        if text.len() > MOST_TEMPLATE_BYTES {
            return Err(Problem(format!("the template is larger than {MOST_TEMPLATE_BYTES} bytes")));
        }
        Parser::new(Reader::new(text)).whole(0)
    }

    /// Reads the template that a text in quotation marks is. It is nested where the text stands: its depth and its terms count there.
    pub(crate) fn parse_within(text: &str, outer: &mut Reader<'_>, depth: usize) -> Result<Template, Problem> {
        let mut parser = Parser::new(Reader::within(text, outer));
        let read = parser.whole(depth);
        outer.take_over(&parser.reader);
        read
    }
}

struct Parser<'a> {
    reader: Reader<'a>,
    /// Macros seen so far: only their names are calls.
    macros: HashSet<String>,
    /// Whether there is no `]]#` any more: it is looked for once.
    no_raw_end: bool,
}

impl<'a> Parser<'a> {
    fn new(reader: Reader<'a>) -> Parser<'a> {
        Parser { reader, macros: HashSet::new(), no_raw_end: false }
    }

    fn whole(&mut self, depth: usize) -> Result<Template, Problem> {
        let (nodes, end) = self.block(depth)?;
        match end {
            End::Text => Ok(Template { nodes }),
            end => Err(self.problem(&format!("{end:?} without a directive that it belongs to"))),
        }
    }

    fn problem(&self, what: &str) -> Problem {
        self.reader.problem(what)
    }

    fn block(&mut self, depth: usize) -> Result<(Vec<Node>, End), Problem> {
        if depth > MOST_DEPTH {
            return Err(self.reader.refused("directives are nested too deep"));
        }
        let mut nodes = Vec::new();
        let mut text = String::new();
        loop {
            self.reader.begin_terms();
            let rest = self.reader.rest();
            let Some(at) = rest.find(['$', '#', '\\']) else {
                text.push_str(rest);
                self.reader.skip(rest.len());
                flush(&mut nodes, &mut text);
                return Ok((nodes, End::Text));
            };
            text.push_str(&rest[..at]);
            self.reader.skip(at);
            let rest = self.reader.rest();
            if rest.starts_with('\\') {
                self.backslash(&mut text);
                continue;
            }
            if rest.starts_with('$') {
                match reference::read(&mut self.reader, depth)? {
                    Some(found) => {
                        flush(&mut nodes, &mut text);
                        nodes.push(Node::Reference(found));
                    }
                    None => {
                        text.push('$');
                        self.reader.skip(1);
                    }
                }
                continue;
            }
            if self.comment(&mut text) {
                continue;
            }
            let Some((name, length)) = directive(rest) else {
                text.push('#');
                self.reader.skip(1);
                continue;
            };
            let end = match name {
                "end" => Some(End::Closed),
                "else" => Some(End::Else),
                "elseif" => Some(End::Elseif),
                _ => None,
            };
            if let Some(end) = end {
                self.reader.skip(length);
                if end != End::Elseif {
                    self.reader.eat_line_end();
                }
                flush(&mut nodes, &mut text);
                return Ok((nodes, end));
            }
            let name = name.to_owned();
            if !is_known(&name) && !self.macros.contains(&name) {
                text.push('#');
                self.reader.skip(1);
                continue;
            }
            if name == "set" {
                // The indentation of #set belongs to it.
                text.truncate(text.trim_end_matches([' ', '\t']).len());
            }
            flush(&mut nodes, &mut text);
            self.reader.skip(length);
            let node = self.directive(&name, depth)?;
            nodes.push(node);
        }
    }

    /// `\$x` and `\#if` stand for themselves.
    fn backslash(&mut self, text: &mut String) {
        let rest = self.reader.rest();
        let next = &rest[1..];
        let escapes = next.starts_with('$') && next[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '{' | '!' | '_'))
            || directive(next).is_some_and(|(name, _)| is_known(name) || matches!(name, "end" | "else" | "elseif"));
        match escapes {
            true => {
                text.push_str(&next[..1]);
                self.reader.skip(2);
            }
            false => {
                text.push('\\');
                self.reader.skip(1);
            }
        }
    }

    /// `## to the end of the line`, `#* ... *#`, and `#[[as it stands]]#`.
    fn comment(&mut self, text: &mut String) -> bool {
        let rest = self.reader.rest();
        if rest.starts_with("##") {
            let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
            self.reader.skip(length);
        } else if let Some(inner) = rest.strip_prefix("#*") {
            let length = inner.find("*#").map_or(rest.len(), |at| at + 4);
            self.reader.skip(length);
        } else if let Some(inner) = rest.strip_prefix("#[[").filter(|_| !self.no_raw_end) {
            let Some(at) = inner.find("]]#") else {
                self.no_raw_end = true;
                return false;
            };
            text.push_str(&inner[..at]);
            self.reader.skip(at + 6);
        } else {
            return false;
        }
        true
    }

    fn directive(&mut self, name: &str, depth: usize) -> Result<Node, Problem> {
        match name {
            "set" => self.set(depth),
            "if" => self.conditional(depth),
            "foreach" => self.foreach(depth),
            "break" | "stop" => {
                self.reader.eat_line_end();
                Ok(if name == "break" { Node::Break } else { Node::Stop })
            }
            "macro" => self.new_macro(depth),
            _ => self.macro_call(name, depth),
        }
    }

    fn set(&mut self, depth: usize) -> Result<Node, Problem> {
        self.reader.expect("(")?;
        self.reader.spaces();
        let Some(target) = reference::read(&mut self.reader, depth)? else { return Err(self.problem("#set needs a reference")) };
        self.reader.spaces();
        self.reader.expect("=")?;
        let value = Expression::read(&mut self.reader, depth)?;
        self.close()?;
        Ok(Node::Set(target, value))
    }

    fn conditional(&mut self, depth: usize) -> Result<Node, Problem> {
        let mut branches = Vec::new();
        loop {
            self.reader.expect("(")?;
            let condition = Expression::read(&mut self.reader, depth)?;
            self.close()?;
            let (block, end) = self.block(depth + 1)?;
            branches.push((condition, block));
            match end {
                End::Elseif => continue,
                End::Closed => return Ok(Node::If(branches, Vec::new())),
                End::Else => {
                    let (otherwise, end) = self.block(depth + 1)?;
                    return match end {
                        End::Closed => Ok(Node::If(branches, otherwise)),
                        _ => Err(self.problem("#else needs #end")),
                    };
                }
                End::Text => return Err(self.problem("#if needs #end")),
            }
        }
    }

    fn foreach(&mut self, depth: usize) -> Result<Node, Problem> {
        self.reader.expect("(")?;
        self.reader.spaces();
        let target = reference::read(&mut self.reader, depth)?;
        let Some(name) = target.and_then(Reference::plain_name) else { return Err(self.problem("#foreach needs a name")) };
        self.reader.spaces();
        self.reader.expect("in")?;
        let items = Expression::read(&mut self.reader, depth)?;
        self.close()?;
        Ok(Node::Foreach(name, items, self.body(depth, "#foreach")?))
    }

    fn new_macro(&mut self, depth: usize) -> Result<Node, Problem> {
        self.reader.expect("(")?;
        self.reader.spaces();
        let name = self.reader.name().ok_or_else(|| self.problem("#macro needs a name"))?.to_owned();
        let mut parameters = Vec::new();
        loop {
            self.reader.separators();
            if self.reader.rest().starts_with(')') {
                break;
            }
            let found = reference::read(&mut self.reader, depth)?.and_then(Reference::plain_name);
            parameters.push(found.ok_or_else(|| self.problem("a macro's parameter is a name"))?);
        }
        self.close()?;
        self.macros.insert(name.clone());
        let body = self.body(depth, "#macro")?;
        Ok(Node::Macro(Arc::new(Macro { name, parameters, body })))
    }

    fn macro_call(&mut self, name: &str, depth: usize) -> Result<Node, Problem> {
        self.reader.spaces();
        self.reader.expect("(")?;
        let mut arguments = Vec::new();
        loop {
            self.reader.separators();
            if self.reader.rest().starts_with(')') {
                break;
            }
            arguments.push(Expression::read(&mut self.reader, depth)?);
        }
        self.close()?;
        Ok(Node::Call(name.to_owned(), arguments))
    }

    fn body(&mut self, depth: usize, what: &str) -> Result<Vec<Node>, Problem> {
        let (block, end) = self.block(depth + 1)?;
        match end {
            End::Closed => Ok(block),
            _ => Err(self.problem(&format!("{what} needs #end"))),
        }
    }

    /// The closing parenthesis of a directive, with the end of its line.
    fn close(&mut self) -> Result<(), Problem> {
        self.reader.spaces();
        self.reader.expect(")")?;
        self.reader.eat_line_end();
        Ok(())
    }
}

fn flush(nodes: &mut Vec<Node>, text: &mut String) {
    if !text.is_empty() {
        nodes.push(Node::Text(std::mem::take(text)));
    }
}

fn is_known(name: &str) -> bool {
    matches!(name, "set" | "if" | "foreach" | "break" | "stop" | "macro")
}

/// The directive at the start of a text, and how long it is: `#name` or `#{name}`.
fn directive(text: &str) -> Option<(&str, usize)> {
    let body = text.strip_prefix('#')?;
    let (inner, braced) = body.strip_prefix('{').map_or((body, false), |inner| (inner, true));
    let length = inner.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    let mut name = &inner[..length];
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    if braced {
        return inner[length..].starts_with('}').then_some((name, length + 3));
    }
    // `#elsetext` is an else before text, as Velocity has it.
    for fixed in ["elseif", "else", "end"] {
        if name.starts_with(fixed) {
            name = fixed;
            break;
        }
    }
    Some((name, name.len() + 1))
}
