//! What administrators do with devices of users.

use super::{DEVICES, device, listed, of_user, remember};
use crate::{CognitoIdp, model::*, state::*};
use kit::{Context, Fault};

impl CognitoIdp {
    /// A device of a user.
    pub async fn admin_get_device(&self, cx: &Context, input: AdminGetDeviceInput) -> Result<AdminGetDeviceOutput, Fault> {
        let found = cx.store().read(|s| {
            let pool = pool(s, cx.scope(), &input.user_pool_id)?;
            let user = user(s, cx.scope(), &pool, &input.username)?;
            device(s, cx.scope(), &pool, &user, &input.device_key)
        })?;
        Ok(AdminGetDeviceOutput { device: Some(found.described()) })
    }

    /// Devices of a user.
    pub async fn admin_list_devices(&self, cx: &Context, input: AdminListDevicesInput) -> Result<AdminListDevicesOutput, Fault> {
        let all = cx.store().read(|s| {
            let pool = pool(s, cx.scope(), &input.user_pool_id)?;
            let key = user(s, cx.scope(), &pool, &input.username)?.key(&pool);
            of_user(s, cx.scope(), &pool.id, &key)
        })?;
        let page = listed(all, input.pagination_token.as_deref(), input.limit)?;
        Ok(AdminListDevicesOutput { devices: Some(page.items), pagination_token: page.next })
    }

    /// Remembers a user's device, or no longer.
    pub async fn admin_update_device_status(
        &self,
        cx: &Context,
        input: AdminUpdateDeviceStatusInput,
    ) -> Result<AdminUpdateDeviceStatusOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                let user = user(tx, cx.scope(), &pool, &input.username)?;
                let found = device(tx, cx.scope(), &pool, &user, &input.device_key)?;
                remember(tx, cx, found, input.device_remembered_status)
            })
            .await?;
        Ok(AdminUpdateDeviceStatusOutput {})
    }

    /// Forgets a user's device.
    pub async fn admin_forget_device(&self, cx: &Context, input: AdminForgetDeviceInput) -> Result<AdminForgetDeviceOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                let user = user(tx, cx.scope(), &pool, &input.username)?;
                let found = device(tx, cx.scope(), &pool, &user, &input.device_key)?;
                tx.delete(&DEVICES, cx.scope(), &found.row())
            })
            .await?;
        Ok(AdminForgetDeviceOutput {})
    }
}
