//! Reserved concurrency, and the account's settings that follow from it.

use crate::{
    Lambda, code,
    model::*,
    names::Name,
    provisioned::{self, PROVISIONED},
    state::*,
};
use kit::{Context, Fault, Read, Scope};
use std::collections::BTreeMap;

/// Environments that an account may run at once in a region.
pub(crate) const ACCOUNT_LIMIT: i32 = 1000;
/// What reservations must leave to the others.
pub(crate) const LEAST_UNRESERVED: i32 = 100;

impl Lambda {
    /// Reserves concurrency; 0 stops the function.
    pub async fn put_function_concurrency(
        &self,
        cx: &Context,
        input: PutFunctionConcurrencyInput,
    ) -> Result<PutFunctionConcurrencyOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let wanted = input.reserved_concurrent_executions;
        cx.store()
            .write(|tx| {
                let mut function = function(tx, &name).map_err(|_| not_found(&name.with(LATEST)))?;
                let provisioned = provisioned::total(tx, &name.scope, &name.function)?;
                let others = reserved(tx, &name.scope)? - function.reserved.unwrap_or(provisioned);
                // The sentence is AWS's, spaces and all.
                if wanted < provisioned {
                    return Err(Error::InvalidParameterValue.says(format!(
                        " ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned concurrency [{provisioned}]."
                    )));
                }
                if wanted < 0 || (wanted > 0 && ACCOUNT_LIMIT - others - wanted < LEAST_UNRESERVED) {
                    return Err(Error::InvalidParameterValue.says(format!(
                        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
                    )));
                }
                function.reserved = Some(wanted);
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)
            })
            .await?;
        Ok(Concurrency { reserved_concurrent_executions: Some(wanted) })
    }

    /// What is reserved.
    pub async fn get_function_concurrency(
        &self,
        cx: &Context,
        input: GetFunctionConcurrencyInput,
    ) -> Result<GetFunctionConcurrencyOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let function = cx.store().read(|s| function(s, &name))?;
        Ok(GetFunctionConcurrencyOutput { reserved_concurrent_executions: function.reserved })
    }

    /// Reserves nothing.
    pub async fn delete_function_concurrency(
        &self,
        cx: &Context,
        input: DeleteFunctionConcurrencyInput,
    ) -> Result<DeleteFunctionConcurrencyOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        cx.store()
            .write(|tx| {
                let mut function = function(tx, &name)?;
                function.reserved = None;
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)
            })
            .await?;
        Ok(DeleteFunctionConcurrencyOutput {})
    }

    /// Limits and use of the account in this region.
    pub async fn get_account_settings(&self, cx: &Context, _: GetAccountSettingsInput) -> Result<GetAccountSettingsOutput, Fault> {
        let (reserved, functions, bytes) = cx.store().read(|s| {
            let mut bytes = 0;
            let mut functions = 0;
            for row in s.scan(&FUNCTIONS, cx.scope()) {
                functions += 1;
                bytes += row?.1.latest.code.map_or(0, |code| code.bytes);
            }
            for row in s.scan(&VERSIONS, cx.scope()) {
                bytes += row?.1.code.map_or(0, |code| code.bytes);
            }
            Ok::<_, Fault>((reserved(s, cx.scope())?, functions, bytes))
        })?;
        Ok(GetAccountSettingsOutput {
            account_limit: Some(AccountLimit {
                total_code_size: Some(80_530_636_800),
                code_size_unzipped: Some(code::MOST_UNZIPPED as i64),
                code_size_zipped: Some(code::MOST_ZIPPED as i64),
                concurrent_executions: Some(ACCOUNT_LIMIT),
                unreserved_concurrent_executions: Some(ACCOUNT_LIMIT - reserved),
            }),
            account_usage: Some(AccountUsage { total_code_size: Some(bytes as i64), function_count: Some(functions) }),
        })
    }
}

/// What all functions of an account and region reserve together; what is provisioned without a reservation is taken out of the rest, too.
pub(crate) fn reserved(read: &impl Read, scope: &Scope) -> Result<i32, Fault> {
    let mut provisioned: BTreeMap<String, i32> = BTreeMap::new();
    for row in read.scan(&PROVISIONED, scope) {
        let ((function, _), there) = row?;
        *provisioned.entry(function).or_default() += there.requested;
    }
    let own = |function: &Function| function.reserved.unwrap_or_else(|| provisioned.get(&function.name).copied().unwrap_or(0));
    read.scan(&FUNCTIONS, scope).map(|row| row.map(|(_, function)| own(&function))).sum()
}
