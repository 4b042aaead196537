//! Names of condition operators: `[ForAllValues:|ForAnyValue:]Base[IfExists]`.

use std::fmt;

/// A condition operator as written in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    pub(crate) base: Base,
    /// How a multi-valued key is treated.
    pub set: Option<SetQualifier>,
    /// Suffix `IfExists`: holds when the key is missing.
    pub if_exists: bool,
}

/// Prefix of an operator for multi-valued keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetQualifier {
    /// Every value of the request must fit; holds when there are none.
    ForAllValues,
    /// At least one value of the request must fit; fails when there are none.
    ForAnyValue,
}

/// How two ordered values are compared: value of the request to the left, of the policy to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub(crate) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// What an operator compares, leaving aside whether the answer is turned round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Text,
    TextIgnoreCase,
    TextLike,
    Number(Relation),
    Date(Relation),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

/// Family and negation under AWS's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    pub name: &'static str,
    pub family: Family,
    /// Negated operators also hold when the key is missing.
    pub negated: bool,
}

const fn base(name: &'static str, family: Family, negated: bool) -> Base {
    Base { name, family, negated }
}

/// Every operator that AWS documents.
const BASES: [Base; 27] = [
    base("StringEquals", Family::Text, false),
    base("StringNotEquals", Family::Text, true),
    base("StringEqualsIgnoreCase", Family::TextIgnoreCase, false),
    base("StringNotEqualsIgnoreCase", Family::TextIgnoreCase, true),
    base("StringLike", Family::TextLike, false),
    base("StringNotLike", Family::TextLike, true),
    base("NumericEquals", Family::Number(Relation::Equal), false),
    base("NumericNotEquals", Family::Number(Relation::Equal), true),
    base("NumericLessThan", Family::Number(Relation::Less), false),
    base("NumericLessThanEquals", Family::Number(Relation::LessOrEqual), false),
    base("NumericGreaterThan", Family::Number(Relation::Greater), false),
    base("NumericGreaterThanEquals", Family::Number(Relation::GreaterOrEqual), false),
    base("DateEquals", Family::Date(Relation::Equal), false),
    base("DateNotEquals", Family::Date(Relation::Equal), true),
    base("DateLessThan", Family::Date(Relation::Less), false),
    base("DateLessThanEquals", Family::Date(Relation::LessOrEqual), false),
    base("DateGreaterThan", Family::Date(Relation::Greater), false),
    base("DateGreaterThanEquals", Family::Date(Relation::GreaterOrEqual), false),
    base("Bool", Family::Bool, false),
    base("BinaryEquals", Family::Binary, false),
    base("IpAddress", Family::Address, false),
    base("NotIpAddress", Family::Address, true),
    // AWS: ArnEquals and ArnLike behave identically.
    base("ArnEquals", Family::Arn, false),
    base("ArnLike", Family::Arn, false),
    base("ArnNotEquals", Family::Arn, true),
    base("ArnNotLike", Family::Arn, true),
    base("Null", Family::Null, false),
];

impl Operator {
    /// None for names that AWS doesn't have. `Null` takes no `IfExists`: it tests for the key itself.
    pub fn parse(name: &str) -> Option<Self> {
        let (set, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Some(SetQualifier::ForAllValues), rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Some(SetQualifier::ForAnyValue), rest)
        } else {
            (None, name)
        };
        let (rest, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |rest| (rest, true));
        let base = *BASES.iter().find(|b| b.name == rest)?;
        (!(base.family == Family::Null && if_exists)).then_some(Self { base, set, if_exists })
    }

    /// The name without qualifier and suffix, e.g. `StringLike`.
    pub fn name(&self) -> &'static str {
        self.base.name
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.set {
            Some(SetQualifier::ForAllValues) => f.write_str("ForAllValues:")?,
            Some(SetQualifier::ForAnyValue) => f.write_str("ForAnyValue:")?,
            None => {}
        }
        f.write_str(self.base.name)?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}
