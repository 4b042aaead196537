//! One clause of a Condition block: an operator, a key and its values, and whether it holds for a request.

use crate::keys::{Scope, Values};
use crate::operand::Operand;
use crate::operator::{Family, Operator, SetQualifier};

/// `{"Operator": {"key": ["value", ...]}}`. All clauses of a statement must hold; of a clause's values, one suffices
/// (for negated operators: none may fit).
#[derive(Clone, Debug)]
pub struct Clause {
    pub(crate) operator: Operator,
    pub(crate) key: String,
    pub(crate) values: Vec<Operand>,
}

impl Clause {
    /// The operator.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The condition key as written, e.g. `aws:SourceIp`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The values as written.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|value| value.text.as_str())
    }

    pub(crate) fn holds(&self, scope: &Scope<'_>) -> bool {
        // A key with an empty list of values is a missing key.
        let found = scope.values(&self.key).filter(|values| !values.is_empty());
        if self.operator.base.family == Family::Null {
            return self.values.iter().any(|wanted| wanted.wants_absence() == Some(found.is_none()));
        }
        match found {
            Some(values) => self.holds_for(&values, scope),
            None => self.holds_without_key(),
        }
    }

    fn holds_for(&self, values: &Values<'_>, scope: &Scope<'_>) -> bool {
        let base = self.operator.base;
        let fits = |value: &str| self.values.iter().any(|ours| ours.accepts(base, value, scope)) != base.negated;
        match self.operator.set {
            // AWS: also true where the values resolve to a null data set, such as an empty string.
            Some(SetQualifier::ForAllValues) => values.all(str::is_empty) || values.all(fits),
            Some(SetQualifier::ForAnyValue) => values.any(fits),
            None if base.negated => values.all(fits),
            None => values.any(fits),
        }
    }

    fn holds_without_key(&self) -> bool {
        match self.operator.set {
            _ if self.operator.if_exists => true,
            Some(SetQualifier::ForAllValues) => true,
            Some(SetQualifier::ForAnyValue) => false,
            None => self.operator.base.negated,
        }
    }

    /// `StringEquals s3:prefix ["a/"]: the request has "b/"`.
    pub(crate) fn describe(&self, scope: &Scope<'_>) -> String {
        let wanted: Vec<&str> = self.values().collect();
        let found = match scope.values(&self.key).filter(|values| !values.is_empty()) {
            Some(values) => format!("the request has {}", values.describe()),
            None => "the request doesn't have this key".to_owned(),
        };
        let unresolved = self.values.iter().find_map(|value| value.unresolved(scope));
        let variable = unresolved.map_or(String::new(), |name| format!("; ${{{name}}} has no value"));
        format!("{} {} {wanted:?}: {found}{variable}", self.operator, self.key)
    }
}
