//! Policies that a session is made with: what its role may do is cut down to what they allow, too.

use crate::model::*;
use kit::{
    Context, Fault,
    policy::{Document, DocumentKind},
};
use wire::{Place, Violation, violations_message};

/// AWS's quota of managed policies of one session.
const MOST_ARNS: usize = 10;
/// Characters of the inline policy and all ARNs together.
const MOST_CHARS: usize = 2048;

/// The documents of a session's policies, inline and managed, and their size in per cent of what is allowed. Managed ones belong to the
/// role's account or to AWS; they count as they are now.
pub(crate) fn documents<'a>(
    cx: &Context,
    account: &str,
    inline: Option<&str>,
    managed: Option<&'a [PolicyDescriptorType]>,
) -> Result<(Vec<String>, Option<i32>), Fault> {
    // An entry without an ARN must not come to nothing: the session would have more rights than were asked for.
    let arn = |(n, policy): (usize, &'a PolicyDescriptorType)| policy.arn.as_deref().ok_or_else(|| no_arn(n + 1));
    let arns: Vec<&str> = managed.unwrap_or_default().iter().enumerate().map(arn).collect::<Result<_, Fault>>()?;
    if arns.len() > MOST_ARNS {
        let message = format!("The number of managed policy ARNs for the session is larger than the quota of {MOST_ARNS}.");
        return Err(Fault::new("ValidationError", 400, message));
    }
    let chars = inline.map_or(0, str::len) + arns.iter().map(|arn| arn.len()).sum::<usize>();
    if chars > MOST_CHARS {
        return Err(Error::PackedPolicyTooLarge.says("Packed policy consumes more than 100% of the allotted space"));
    }
    let mut documents = Vec::new();
    if let Some(text) = inline {
        Document::parse(text, DocumentKind::Identity).map_err(|e| Error::MalformedPolicyDocument.says(e.message))?;
        documents.push(text.to_owned());
    }
    for arn in &arns {
        let found = cx.cloud().ports().roles()?.managed_policy(cx, account, arn);
        let missing = || Fault::new("ValidationError", 400, format!("Policy {arn} does not exist or is not attachable."));
        documents.push(found.ok_or_else(missing)?);
    }
    let size = (chars > 0).then(|| (chars * 100 / MOST_CHARS).clamp(1, 100) as i32);
    Ok((documents, size))
}

fn no_arn(n: usize) -> Fault {
    let violation = Violation {
        path: format!("policyArns.{n}.member.arn"),
        value: None,
        constraint: "Member must not be null".into(),
        place: Place::Body,
    };
    Fault::new("ValidationError", 400, violations_message(&[violation]))
}
