//! What Lambda measures of itself, with the dimensions that AWS documents: for the account, the function, the version or alias that was asked
//! for, and for aliases the version that ran.

use crate::names::Name;
use kit::{Context, ports::Measured};

/// Name, unit and value.
pub(crate) type Value = (&'static str, &'static str, f64);

/// One of something.
pub(crate) fn one(name: &'static str) -> Value {
    (name, "Count", 1.0)
}

/// One of something, or none of it.
pub(crate) fn whether(name: &'static str, so: bool) -> Value {
    (name, "Count", if so { 1.0 } else { 0.0 })
}

/// Records values of a function. `executed` is the version that ran.
pub(crate) fn record(cx: &Context, name: &Name, executed: Option<&str>, values: &[Value]) {
    let function = ("FunctionName", name.function.as_str());
    let resource = name.qualifier.as_ref().map_or_else(|| name.function.clone(), |qualifier| format!("{}:{qualifier}", name.function));
    let executed = executed.filter(|version| name.qualifier.as_ref().is_some_and(|qualifier| qualifier != version));
    let of_function = [function];
    let of_resource = [function, ("Resource", resource.as_str())];
    let of_version = executed.map(|version| [("ExecutedVersion", version), function, ("Resource", resource.as_str())]);
    let mut under: Vec<&[(&str, &str)]> = vec![&[], &of_function, &of_resource];
    under.extend(of_version.as_ref().map(|set| &set[..]));
    measure(cx, name, &under, values);
}

/// Records values of an account and region as a whole.
pub(crate) fn of_account(cx: &Context, name: &Name, values: &[Value]) {
    measure(cx, name, &[&[]], values);
}

fn measure(cx: &Context, name: &Name, under: &[&[(&str, &str)]], values: &[Value]) {
    let measured = Measured { namespace: "AWS/Lambda", under, values };
    cx.cloud().ports().measure(&name.scope, cx.now(), &measured);
}
