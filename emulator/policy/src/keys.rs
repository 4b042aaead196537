//! Condition keys of a request: case-insensitive names, one or several values each. [`Scope`] adds the keys that follow
//! from the principal itself (aws:PrincipalArn, aws:username, ...), so that no caller of this crate can forget them.

use std::borrow::Cow;

use crate::caller::{Caller, Request};

/// The key under which a caller's S3 canonical user id is given, for `{"CanonicalUser": ...}` principals. Not one of
/// AWS's own keys: AWS knows the id without being told.
pub const CANONICAL_USER: &str = "windtunnel:CanonicalUser";

/// Context keys of one request, e.g. `aws:SourceIp`, `s3:prefix`, `aws:RequestTag/team`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    // A request has about twenty keys: a list that is searched beats a map, and keeps the order for explanations.
    entries: Vec<(String, Vec<String>)>,
}

impl Keys {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key to one value, replacing what it had.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.insert_all(key, [value]);
    }

    /// Sets a key to a list of values, replacing what it had. An empty list counts as "key missing" in conditions.
    pub fn insert_all<V: Into<String>>(&mut self, key: impl Into<String>, values: impl IntoIterator<Item = V>) {
        let key = key.into();
        let values = values.into_iter().map(Into::into).collect();
        match self.position(&key) {
            Some(at) => self.entries[at].1 = values,
            None => self.entries.push((key, values)),
        }
    }

    /// Adds one value to a key, for multi-valued keys such as `aws:TagKeys`.
    pub fn add(&mut self, key: impl Into<String>, value: impl Into<String>) {
        let key = key.into();
        match self.position(&key) {
            Some(at) => self.entries[at].1.push(value.into()),
            None => self.entries.push((key, vec![value.into()])),
        }
    }

    /// [`Keys::insert`] for chains.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.insert(key, value);
        self
    }

    /// All values of a key; None if the request doesn't carry it.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.position(key).map(|at| self.entries[at].1.as_slice())
    }

    /// Keys with their values, in the order in which they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.entries.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.entries.iter().position(|(known, _)| known.eq_ignore_ascii_case(key))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Keys {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut keys = Self::new();
        for (key, value) in pairs {
            keys.add(key, value);
        }
        keys
    }
}

/// Values of one key as a condition sees them.
pub(crate) enum Values<'a> {
    Listed(&'a [String]),
    Derived(Cow<'a, str>),
}

impl Values<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Listed(list) if list.is_empty())
    }

    /// The value, if there is exactly one: policy variables can't stand for a multi-valued key.
    pub(crate) fn single(&self) -> Option<&str> {
        match self {
            Self::Listed([one]) => Some(one),
            Self::Listed(_) => None,
            Self::Derived(one) => Some(one),
        }
    }

    pub(crate) fn any(&self, mut test: impl FnMut(&str) -> bool) -> bool {
        match self {
            Self::Listed(list) => list.iter().any(|value| test(value)),
            Self::Derived(one) => test(one),
        }
    }

    pub(crate) fn all(&self, mut test: impl FnMut(&str) -> bool) -> bool {
        !self.any(|value| !test(value))
    }

    /// For explanations: `"a"` or `["a", "b"]`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Derived(one) => format!("{one:?}"),
            Self::Listed([one]) => format!("{one:?}"),
            Self::Listed(list) => format!("{list:?}"),
        }
    }
}

/// Where conditions and policy variables find their values.
pub(crate) struct Scope<'a> {
    request: &'a Request<'a>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(request: &'a Request<'a>) -> Self {
        Self { request }
    }

    pub(crate) fn request(&self) -> &'a Request<'a> {
        self.request
    }

    /// What the request says, or else what follows from the principal.
    pub(crate) fn values(&self, key: &str) -> Option<Values<'a>> {
        if let Some(list) = self.request.context.get(key) {
            return Some(Values::Listed(list));
        }
        self.derived(key).map(Values::Derived)
    }

    fn derived(&self, key: &str) -> Option<Cow<'a, str>> {
        let name = key.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case("aws:")).map(|_| &key[4..])?;
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        let caller = self.request.principal;
        if is("PrincipalArn") {
            return caller.principal_arn();
        }
        if is("PrincipalAccount") {
            return Some(caller.account()).filter(|a| !a.is_empty()).map(Cow::Borrowed);
        }
        if is("PrincipalType") {
            return Some(Cow::Borrowed(caller.principal_type()));
        }
        if is("PrincipalIsAWSService") {
            return Some(Cow::Borrowed(if matches!(caller, Caller::Service { .. }) { "true" } else { "false" }));
        }
        if is("ResourceAccount") {
            return Some(self.request.resource_account).filter(|a| !a.is_empty()).map(Cow::Borrowed);
        }
        match caller {
            Caller::User { name, .. } if is("username") => Some(Cow::Borrowed(name)),
            Caller::Service { name } if is("PrincipalServiceName") => Some(Cow::Borrowed(name)),
            Caller::Session { federated: Some(provider), .. } if is("FederatedProvider") => Some(Cow::Borrowed(provider)),
            Caller::Federated { provider } if is("FederatedProvider") => Some(Cow::Borrowed(provider)),
            _ if is("userid") => caller.user_id(),
            _ => None,
        }
    }
}
