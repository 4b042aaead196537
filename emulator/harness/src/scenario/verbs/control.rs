//! Steps in steps, and looking at what is known. The runner does `repeat` and `each` itself.

use super::{ArgKind, Verb, may, need};
use crate::scenario::outcome::Outcome;
use serde_json::Value;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "repeat",
        about: "Does steps several times; ${index} counts from 0.",
        args: &[need("times", ArgKind::Whole, "how often"), need("steps", ArgKind::Steps, "what")],
        one_of: &[],
        local_only: false,
        run: |_, _| Box::pin(async { Err("the runner does this verb".into()) }),
    },
    Verb {
        name: "each",
        about: "Does steps for every item of a list; ${item} is the item, ${index} counts from 0.",
        args: &[need("of", ArgKind::List, "the list"), need("steps", ArgKind::Steps, "what")],
        one_of: &[],
        local_only: false,
        run: |_, _| Box::pin(async { Err("the runner does this verb".into()) }),
    },
    Verb {
        name: "stack.outputs",
        about: "What the stack gave. $ has an output by its name.",
        args: &[],
        one_of: &[],
        local_only: false,
        run: |world, _| Box::pin(async move { Ok(Outcome::of(world.vars.values.get("stack").cloned().unwrap_or(Value::Null))) }),
    },
    Verb {
        name: "check",
        about: "Looks at a value that is known already. $ is the value.",
        args: &[may("value", ArgKind::Any, "the value, usually a ${reference}")],
        one_of: &[],
        local_only: false,
        run: |_, args| Box::pin(async move { Ok(Outcome::of(args.value("value").cloned().unwrap_or(Value::Null))) }),
    },
];
