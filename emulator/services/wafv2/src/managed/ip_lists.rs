//! Lists of addresses: whom they hold is the user's to say (`/_windtunnel/wafv2/addresses`), what the rules do with them is AWS's.

use super::{Draft, draft};
use crate::engine::Statement;

/// Amazon IP reputation list.
pub(super) fn reputation() -> Vec<Draft> {
    let list = |name| draft(name, name, Statement::Listed(name));
    vec![list("AWSManagedIPReputationList"), list("AWSManagedReconnaissanceList"), Draft { blocks: false, ..list("AWSManagedIPDDoSList") }]
}

/// Anonymous IP list.
pub(super) fn anonymous() -> Vec<Draft> {
    let list = |name| draft(name, name, Statement::Listed(name));
    vec![list("AnonymousIPList"), list("HostingProviderIPList")]
}
