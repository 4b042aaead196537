//! The functions that Trino has and the engine has not, or has otherwise: signatures with what they do, by subject.

mod arithmetic;
mod arrays;
mod bytes;
mod dates;
pub(crate) mod formats;
mod json;
mod maps;
mod math;
mod regexps;
mod strings;
mod types;
mod urls;

use super::{
    sig::Sig,
    udf::{Eval, Function, Overload, Returns, Udf},
};
use datafusion::logical_expr::ScalarUDF;
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

/// Signature and deed.
type Plain = &'static [(&'static str, Eval)];
/// Signature, how the result's type is found, deed.
type Typed = &'static [(&'static str, Returns, Eval)];

/// Trino's words for a wrong argument.
fn bad(text: impl std::fmt::Display) -> String {
    format!("INVALID_FUNCTION_ARGUMENT: {text}")
}

/// All functions by name.
pub(crate) static ALL: LazyLock<BTreeMap<String, Arc<Function>>> = LazyLock::new(|| {
    let plain: [Plain; 11] = [
        arithmetic::PLAIN,
        arrays::PLAIN,
        bytes::PLAIN,
        &dates::PLAIN_ALL,
        json::PLAIN,
        maps::PLAIN,
        math::PLAIN,
        regexps::PLAIN,
        strings::PLAIN,
        types::PLAIN,
        urls::PLAIN,
    ];
    let typed: [Typed; 6] = [arithmetic::TYPED, arrays::TYPED, dates::TYPED, maps::TYPED, math::TYPED, types::TYPED];
    let plain = plain.into_iter().flatten().map(|(sig, eval)| (*sig, None, *eval));
    let typed = typed.into_iter().flatten().map(|(sig, returns, eval)| (*sig, Some(*returns), *eval));
    let mut all: BTreeMap<String, Function> = BTreeMap::new();
    for (sig, returns, eval) in plain.chain(typed) {
        let sig = Sig::parse(sig);
        let name = sig.name.clone();
        let function = all.entry(name.clone()).or_insert_with(|| Function { name, overloads: Vec::new() });
        function.overloads.push(Overload { sig, eval, returns });
    }
    all.into_iter().map(|(name, function)| (name, Arc::new(function))).collect()
});

/// The engine's functions, each also in the form that turns failures into NULL, but for those of [`volatile`]. The same for all queries.
pub(crate) static SHARED: LazyLock<Vec<Arc<ScalarUDF>>> =
    LazyLock::new(|| ALL.values().filter(|f| !f.is_volatile()).flat_map(|f| udfs(f, None)).collect());

/// The functions of one query that give other values at each call.
pub(crate) fn volatile(random: &Arc<kit::Ids>) -> impl Iterator<Item = Arc<ScalarUDF>> {
    ALL.values().filter(|f| f.is_volatile()).flat_map(|f| udfs(f, Some(random)))
}

fn udfs(function: &Arc<Function>, random: Option<&Arc<kit::Ids>>) -> [Arc<ScalarUDF>; 2] {
    [false, true].map(|tried| Arc::new(ScalarUDF::new_from_impl(Udf::new(function.clone(), tried, random.cloned()))))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_signature_is_read() {
        assert!(super::ALL.len() > 150, "{}", super::ALL.len());
        for (name, function) in super::ALL.iter() {
            assert!(function.overloads.iter().all(|o| o.sig.name == *name), "{name}");
        }
        let volatile: Vec<String> = super::volatile(&std::sync::Arc::new(kit::Ids::new(0, 0))).map(|f| f.name().to_owned()).collect();
        assert!(volatile.contains(&"uuid".to_owned()) && volatile.contains(&"try$random".to_owned()), "{volatile:?}");
        assert_eq!(super::SHARED.len() + volatile.len(), super::ALL.len() * 2);
    }
}
