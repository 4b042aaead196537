//! ListExports and ListImports.

use crate::{
    CloudFormation, Export, ListExportsInput, ListExportsOutput, ListImportsInput, ListImportsOutput,
    state::{self, EXPORTS, stack_arn},
    template::invalid,
};
use kit::{Context, Fault, Read};

const PAGE: usize = 100;

impl CloudFormation {
    /// The exports of the account and region, by name.
    pub async fn list_exports(&self, cx: &Context, input: ListExportsInput) -> Result<ListExportsOutput, Fault> {
        let all = cx.store().read(|s| state::exports(s, cx.scope()))?;
        let page = kit::pages::page(all, |(name, _)| name.clone(), input.next_token.as_deref(), PAGE, || invalid("Invalid NextToken"))?;
        let exports = page
            .items
            .into_iter()
            .map(|(name, export)| Export {
                exporting_stack_id: Some(stack_arn(cx.scope(), &export.stack_name, &export.stack_uuid)),
                name: Some(name),
                value: Some(export.value),
            })
            .collect();
        Ok(ListExportsOutput { exports: Some(exports), next_token: page.next })
    }

    /// The stacks that import an export.
    pub async fn list_imports(&self, cx: &Context, input: ListImportsInput) -> Result<ListImportsOutput, Fault> {
        let name = &input.export_name;
        let users = cx.store().read(|s| match s.exists(&EXPORTS, cx.scope(), name)? {
            true => state::importers(s, cx.scope(), name),
            false => Err(invalid(format!("Export '{name}' does not exist."))),
        })?;
        if users.is_empty() {
            return Err(invalid(format!("Export '{name}' is not imported by any stack.")));
        }
        let page = kit::pages::page(users, String::clone, input.next_token.as_deref(), PAGE, || invalid("Invalid NextToken"))?;
        Ok(ListImportsOutput { imports: Some(page.items), next_token: page.next })
    }
}
