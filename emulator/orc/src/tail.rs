//! The end of a file: postscript, footer with types and stripes, and the stripes' statistics.

use crate::{
    Error, Result,
    chunks::Compression,
    proto::{Value, fields, number},
    statistics::{self, Statistics},
};

/// Types that a file may have.
const MOST_TYPES: usize = 10_000;
/// Levels of nesting.
const DEEPEST: usize = 64;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub struct Tail {
    pub(crate) compression: Compression,
    /// The types, the root first; a type's id is its place.
    pub types: Vec<Type>,
    /// The stripes in their order.
    pub stripes: Vec<Stripe>,
    /// Rows of the whole file.
    pub rows: u64,
    /// Of each stripe, of each type: empty where the file has none.
    pub statistics: Vec<Vec<Statistics>>,
}

/// Where a stripe lies. All in bytes but for the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stripe {
    /// From the file's start.
    pub offset: u64,
    pub(crate) index: u64,
    pub(crate) data: u64,
    pub(crate) footer: u64,
    /// Rows of the stripe.
    pub rows: u64,
}

/// A type: of a column, or of what is inside one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Type {
    /// What it is.
    pub kind: Kind,
    /// Ids of the types inside, each larger than the own.
    pub inside: Vec<usize>,
    /// Names of a structure's fields, one for each type inside.
    pub names: Vec<String>,
    /// Digits of a decimal; 0 where the file doesn't say.
    pub precision: u64,
    /// Digits behind the point.
    pub scale: u64,
}

/// The kinds of types.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Kind {
    Boolean,
    Byte,
    Short,
    Int,
    Long,
    Float,
    Double,
    String,
    Binary,
    Timestamp,
    List,
    Map,
    #[default]
    Struct,
    Union,
    Decimal,
    Date,
    Varchar,
    Char,
    TimestampInstant,
}

const KINDS: [Kind; 19] = [
    Kind::Boolean,
    Kind::Byte,
    Kind::Short,
    Kind::Int,
    Kind::Long,
    Kind::Float,
    Kind::Double,
    Kind::String,
    Kind::Binary,
    Kind::Timestamp,
    Kind::List,
    Kind::Map,
    Kind::Struct,
    Kind::Union,
    Kind::Decimal,
    Kind::Date,
    Kind::Varchar,
    Kind::Char,
    Kind::TimestampInstant,
];

#[derive(Default)]
struct Script {
    footer: usize,
    metadata: usize,
    compression: u64,
    block: u64,
    /// Bytes of the script itself.
    length: usize,
}

impl Script {
    fn read(tail: &[u8]) -> Result<Script> {
        let none = Error::Broken("it has no postscript");
        let (length, before) = tail.split_last().ok_or(none.clone())?;
        let length = usize::from(*length);
        let bytes = before.len().checked_sub(length).map(|from| &before[from..]).ok_or(none.clone())?;
        let mut script = Script { length, ..Script::default() };
        let mut magic = false;
        fields(bytes, |field, value| {
            match (field, value) {
                (1, Value::Number(n)) => script.footer = usize::try_from(n).unwrap_or(usize::MAX),
                (2, Value::Number(n)) => script.compression = n,
                (3, Value::Number(n)) => script.block = n,
                (5, Value::Number(n)) => script.metadata = usize::try_from(n).unwrap_or(usize::MAX),
                (8000, Value::Bytes(text)) => magic = text == b"ORC",
                _ => {}
            }
            Ok(())
        })
        .map_err(|_| none.clone())?;
        if magic { Ok(script) } else { Err(none) }
    }
}

/// Bytes at the end of a file that [`Tail::read`] needs, told by its last 256 or more bytes. An error where this is no ORC file.
pub fn tail_length(end: &[u8]) -> Result<usize> {
    let script = Script::read(end)?;
    let sum = script.footer.checked_add(script.metadata).and_then(|n| n.checked_add(script.length + 1));
    sum.ok_or(Error::Broken("its footer is too large"))
}

/// Bytes at the end of a file that [`Tail::without_statistics`] needs, told as [`tail_length`] does.
pub fn footer_length(end: &[u8]) -> Result<usize> {
    let script = Script::read(end)?;
    script.footer.checked_add(script.length + 1).ok_or(Error::Broken("its footer is too large"))
}

impl Tail {
    /// Reads the end of a file; statistics are left out where the bytes don't reach back to them.
    pub fn read(end: &[u8]) -> Result<Tail> {
        let script = Script::read(end)?;
        let mut tail = Tail::without_statistics(end)?;
        let before = end.len().checked_sub(script.length + 1 + script.footer);
        if let Some((start, to)) = before.and_then(|to| Some((to.checked_sub(script.metadata)?, to))).filter(|_| script.metadata > 0) {
            tail.statistics = statistics::read(&tail.compression.whole(&end[start..to])?)?;
        }
        Ok(tail)
    }

    /// Reads the end of a file for its types, its stripes and its rows alone.
    pub fn without_statistics(end: &[u8]) -> Result<Tail> {
        let script = Script::read(end)?;
        let compression = Compression::new(script.compression, script.block)?;
        let short = Error::Broken("its footer is not there");
        let to = end.len() - 1 - script.length;
        let from = to.checked_sub(script.footer).ok_or(short)?;
        let mut tail = Tail { compression, types: Vec::new(), stripes: Vec::new(), rows: 0, statistics: Vec::new() };
        fields(&compression.whole(&end[from..to])?, |field, value| {
            match (field, value) {
                (3, Value::Bytes(bytes)) => tail.stripes.push(stripe(bytes)?),
                (4, Value::Bytes(bytes)) if tail.types.len() < MOST_TYPES => tail.types.push(Type::read(bytes)?),
                (4, _) => return Err(Error::Broken("it has too many types")),
                (6, Value::Number(rows)) => tail.rows = rows,
                (10, _) => return Err(Error::Unsupported("encryption".into())),
                _ => {}
            }
            Ok(())
        })?;
        tail.check()?;
        Ok(tail)
    }

    /// Name and type of each column.
    pub fn columns(&self) -> impl Iterator<Item = (&str, usize)> {
        self.types.first().into_iter().flat_map(|root| root.names.iter().map(String::as_str).zip(root.inside.iter().copied()))
    }

    /// Types are a tree: each stands behind the one that it is inside of, and has as many inside as its kind asks.
    fn check(&self) -> Result<()> {
        if self.types.first().is_none_or(|root| root.kind != Kind::Struct) {
            return Err(Error::Broken("its root is not a structure"));
        }
        let mut depth = vec![0; self.types.len()];
        for (id, this) in self.types.iter().enumerate() {
            let fits = match this.kind {
                Kind::Struct => this.names.len() == this.inside.len(),
                Kind::List => this.inside.len() == 1,
                Kind::Map => this.inside.len() == 2,
                _ => true,
            };
            if !fits || this.inside.iter().any(|inside| *inside <= id || *inside >= self.types.len()) {
                return Err(Error::Broken("its types are not a tree"));
            }
            for inside in &this.inside {
                depth[*inside] = depth[id] + 1;
                if depth[*inside] > DEEPEST {
                    return Err(Error::Broken("its types are nested too deep"));
                }
            }
        }
        Ok(())
    }
}

fn stripe(bytes: &[u8]) -> Result<Stripe> {
    let mut made = Stripe::default();
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Value::Number(n)) => made.offset = n,
            (2, Value::Number(n)) => made.index = n,
            (3, Value::Number(n)) => made.data = n,
            (4, Value::Number(n)) => made.footer = n,
            (5, Value::Number(n)) => made.rows = n,
            _ => {}
        }
        Ok(())
    })?;
    let end = made.offset.checked_add(made.index).and_then(|n| n.checked_add(made.data)).and_then(|n| n.checked_add(made.footer));
    end.map(|_| made).ok_or(Error::Broken("a stripe lies outside of the file"))
}

impl Type {
    fn read(bytes: &[u8]) -> Result<Type> {
        let mut made = Type { kind: Kind::Boolean, ..Type::default() };
        let id = |n: u64| usize::try_from(n).map_err(|_| Error::Broken("its types are not a tree"));
        fields(bytes, |field, value| {
            match (field, value) {
                (1, Value::Number(n)) => {
                    let kind = usize::try_from(n).ok().and_then(|n| KINDS.get(n)).copied();
                    made.kind = kind.ok_or_else(|| Error::Unsupported(format!("the type {n}")))?;
                }
                (2, Value::Number(n)) => made.inside.push(id(n)?),
                (2, Value::Bytes(mut packed)) => {
                    while !packed.is_empty() {
                        made.inside.push(id(number(&mut packed)?)?);
                    }
                }
                (3, Value::Bytes(name)) => made.names.push(String::from_utf8_lossy(name).into_owned()),
                (5, Value::Number(n)) => made.precision = n,
                (6, Value::Number(n)) => made.scale = n,
                _ => {}
            }
            Ok(())
        })?;
        Ok(made)
    }
}
