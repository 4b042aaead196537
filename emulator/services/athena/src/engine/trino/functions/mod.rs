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
    udf::{Env, Eval, Function, Overload, Returns, Udf},
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

/// The engine's functions, each also in the form that turns failures into NULL.
pub(crate) fn udfs(env: &Arc<Env>) -> Vec<Arc<ScalarUDF>> {
    let both = ALL.values().flat_map(|f| [false, true].map(|tried| Udf::new(f.clone(), tried, env.clone())));
    both.map(|udf| Arc::new(ScalarUDF::new_from_impl(udf))).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_signature_is_read() {
        assert!(super::ALL.len() > 150, "{}", super::ALL.len());
        for (name, function) in super::ALL.iter() {
            assert!(function.overloads.iter().all(|o| o.sig.name == *name), "{name}");
        }
    }
}
