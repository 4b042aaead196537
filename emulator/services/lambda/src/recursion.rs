//! Loops: a function that, by way of a queue, a topic or a bucket, causes itself to run is stopped after sixteen rounds unless it is allowed to.
//!
//! The rounds travel as AWS's `Lineage` field of the trace header: `Lineage=1:<hash of the function>:<rounds>`. A function's SDK sends the header
//! with every call, services hand it on, and who is invoked with it is one round further. Without a header there is no chain.

use crate::{Error, Lambda, model::*, names::Name, state::*};
use kit::{Context, Fault};
use sha2::{Digest, Sha256};

/// Rounds after which a loop is stopped (AWS's documentation: "approximately 16 times").
const MOST_ROUNDS: u32 = 16;
/// Functions of one chain whose rounds are counted; a longer chain forgets its first.
const MOST_MEMBERS: usize = 3;
const FIELD: &str = "Lineage=";

impl Lambda {
    /// Whether the function may run in a loop.
    pub async fn put_function_recursion_config(
        &self,
        cx: &Context,
        input: PutFunctionRecursionConfigInput,
    ) -> Result<PutFunctionRecursionConfigOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        cx.store()
            .write(|tx| {
                let mut function = function(tx, &name)?;
                function.loops = input.recursive_loop == RecursiveLoop::Allow;
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)
            })
            .await?;
        Ok(PutFunctionRecursionConfigOutput { recursive_loop: Some(input.recursive_loop) })
    }

    /// What is set; `Terminate` unless something else was.
    pub async fn get_function_recursion_config(
        &self,
        cx: &Context,
        input: GetFunctionRecursionConfigInput,
    ) -> Result<GetFunctionRecursionConfigOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let loops = cx.store().read(|s| function(s, &name))?.loops;
        Ok(GetFunctionRecursionConfigOutput { recursive_loop: Some(if loops { RecursiveLoop::Allow } else { RecursiveLoop::Terminate }) })
    }
}

/// Root and lineage of a trace as contexts carry it (`1-...;Lineage=1:ab:3`).
pub(crate) fn parts(trace: &str) -> (&str, &str) {
    match trace.split_once(';') {
        Some((root, rest)) => (root, rest.split(';').find_map(|field| field.trim().strip_prefix(FIELD)).unwrap_or("")),
        None => (trace, ""),
    }
}

/// The trace of a header (`Root=1-...;Parent=...;Lineage=...`) as contexts carry it.
pub(crate) fn of_header(header: &str) -> Option<String> {
    let field = |name: &str| header.split(';').find_map(|field| field.trim().strip_prefix(name));
    let root = field("Root=")?;
    Some(match field(FIELD) {
        Some(lineage) => format!("{root};{FIELD}{lineage}"),
        None => root.to_owned(),
    })
}

/// The lineage of what a function does when it is invoked under a lineage, or that its loop is to be stopped.
pub(crate) fn next(lineage: &str, name: &Name, allowed: bool) -> Result<String, Stopped> {
    let own = hash(name);
    let mut members: Vec<(String, u32)> = lineage.split('|').filter_map(member).collect();
    let rounds = match members.iter_mut().find(|(hash, _)| *hash == own) {
        Some((_, rounds)) => {
            *rounds += 1;
            *rounds
        }
        None => {
            members.push((own, 0));
            0
        }
    };
    if rounds >= MOST_ROUNDS && !allowed {
        return Err(Stopped);
    }
    let from = members.len().saturating_sub(MOST_MEMBERS);
    Ok(members[from..].iter().map(|(hash, rounds)| format!("1:{hash}:{}", (*rounds).min(65_535))).collect::<Vec<_>>().join("|"))
}

/// A loop that goes no further.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stopped;

impl Stopped {
    /// AWS's fault for it.
    pub fn fault(self) -> Fault {
        user(Error::RecursiveInvocation.says(
            "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation.",
        ))
    }
}

/// `1:<hash>:<rounds>`
fn member(text: &str) -> Option<(String, u32)> {
    let mut parts = text.trim().split(':').skip(1);
    let hash = parts.next().filter(|hash| hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((hash.to_owned(), parts.next()?.parse().ok()?))
}

fn hash(name: &Name) -> String {
    kit::hex(&Sha256::digest(name.function_arn().as_bytes())[..4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::Scope;

    fn name(function: &str) -> Name {
        Name { scope: Scope::new("000000000000", "us-east-1"), function: function.into(), qualifier: None }
    }

    #[test]
    fn sixteen_rounds_and_no_more() {
        let mut lineage = String::new();
        for _ in 0..16 {
            lineage = next(&lineage, &name("f"), false).unwrap();
            // Another function between two rounds has rounds of its own.
            lineage = next(&lineage, &name("g"), false).unwrap();
        }
        assert_eq!(next(&lineage, &name("f"), false), Err(Stopped));
        assert!(next(&lineage, &name("f"), true).is_ok());
        assert!(next(&lineage, &name("other"), false).is_ok());
    }

    #[test]
    fn headers_and_traces() {
        let trace = of_header("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:0a1b2c3d:4").unwrap();
        assert_eq!(parts(&trace), ("1-5759e988-bd862e3fe1be46a994272793", "1:0a1b2c3d:4"));
        assert_eq!(parts("1-5759e988-bd862e3fe1be46a994272793").1, "");
        assert_eq!(of_header("Parent=1"), None);
        assert_eq!(next("junk|1:xyz:2", &name("f"), false).unwrap().matches(':').count(), 2);
    }
}
