//! Where results go: the work group's settings or the client's, and which of them have an effect here.

use crate::{
    model::{EncryptionConfiguration, EncryptionOption, ResultConfiguration, WorkGroup},
    state::invalid,
    work_groups::check_location,
};
use kit::{Context, Fault};

/// What a query's results are written by: the work group's settings where it insists, else the client's, completed by the work group's. The
/// place is the folder; what an object in it is called comes later.
pub(crate) fn of_query(
    cx: &Context,
    group: &WorkGroup,
    given: Option<ResultConfiguration>,
) -> Result<(ResultConfiguration, String), Fault> {
    check(cx, given.as_ref())?;
    let configuration = group.configuration.as_ref();
    let of_group = configuration.and_then(|c| c.result_configuration.clone()).unwrap_or_default();
    let enforced = configuration.and_then(|c| c.enforce_work_group_configuration) == Some(true);
    let given = given.unwrap_or_default();
    let mut made = match enforced {
        true => ResultConfiguration { output_location: of_group.output_location.clone().or(given.output_location), ..of_group },
        false => ResultConfiguration {
            output_location: given.output_location.or(of_group.output_location),
            encryption_configuration: given.encryption_configuration.or(of_group.encryption_configuration),
            expected_bucket_owner: given.expected_bucket_owner.or(of_group.expected_bucket_owner),
            acl_configuration: given.acl_configuration.or(of_group.acl_configuration),
        },
    };
    let location = made.output_location.take().ok_or_else(|| {
        invalid(
            "INVALID_INPUT",
            "No output location provided. You did not provide an output location for your query results and did not enable managed query results for your workgroup. Provide an output location, or enable managed query results for your workgroup.",
        )
    })?;
    Ok((made, location))
}

/// Checks settings of results, and tells of those that have no effect here.
pub(crate) fn check(cx: &Context, given: Option<&ResultConfiguration>) -> Result<(), Fault> {
    let Some(given) = given else { return Ok(()) };
    check_location(given.output_location.as_deref())?;
    encryption(cx, given.encryption_configuration.as_ref())?;
    if given.acl_configuration.is_some() {
        cx.warn("AclConfiguration has no effect: results have the ACL that the bucket gives them");
    }
    Ok(())
}

fn encryption(cx: &Context, given: Option<&EncryptionConfiguration>) -> Result<(), Fault> {
    match given.and_then(|e| e.encryption_option) {
        // What every bucket does by itself.
        None | Some(EncryptionOption::SseS3) => {}
        Some(EncryptionOption::SseKms) => {
            cx.warn("EncryptionConfiguration SSE_KMS has no effect: results are encrypted as their bucket says")
        }
        Some(other) => {
            return Err(Fault::new("NotImplemented", 501, format!("windtunnel does not encrypt results by {other} yet.")));
        }
    }
    Ok(())
}
