//! DeleteChangeSet.

use super::find;
use crate::{CloudFormation, DeleteChangeSetInput, DeleteChangeSetOutput, Error, state::CHANGE_SETS};
use kit::{Context, Fault};

impl CloudFormation {
    /// Deletes a change set. One that does not exist is deleted already.
    pub async fn delete_change_set(&self, cx: &Context, input: DeleteChangeSetInput) -> Result<DeleteChangeSetOutput, Fault> {
        cx.store()
            .write(|tx| match find(tx, cx.scope(), &input.change_set_name, input.stack_name.as_deref()) {
                Ok(set) => tx.delete(&CHANGE_SETS, cx.scope(), &set.key()).map(drop),
                Err(fault) if fault.code == Error::ChangeSetNotFound.code() => Ok(()),
                Err(fault) => Err(fault),
            })
            .await?;
        Ok(DeleteChangeSetOutput {})
    }
}
