//! What users do with their own devices.

use super::{DEVICES, device, listed, of_user, remember};
use crate::{CognitoIdp, model::*, srp::Verifier, state::*};
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::{Context, Fault};

/// Twice the length of the group's prime is more than any client sends.
const MOST_VERIFIER: usize = 768;

impl CognitoIdp {
    /// Gives a device the verifier of its secret. Unless the pool leaves it to people, it is remembered from now on.
    pub async fn confirm_device(&self, cx: &Context, input: ConfirmDeviceInput) -> Result<ConfirmDeviceOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let config = caller.pool.settings.device_configuration.as_ref();
        let config = config.ok_or_else(|| bad("Device tracking is not enabled for this user pool."))?;
        let asks = config.device_only_remembered_on_user_prompt == Some(true);
        let given = input.device_secret_verifier_config.ok_or_else(|| bad("DeviceSecretVerifierConfig must be given."))?;
        let bytes = |text: Option<String>| text.and_then(|t| STANDARD.decode(t).ok()).filter(|b| !b.is_empty() && b.len() <= MOST_VERIFIER);
        let (Some(salt), Some(verifier)) = (bytes(given.salt), bytes(given.password_verifier)) else {
            return Err(bad("Invalid device secret verifier config given."));
        };
        let cx = &caller.cx;
        cx.store()
            .write(|tx| {
                let mut device = device(tx, cx.scope(), &caller.pool, &caller.user, &input.device_key)?;
                device.verifier = Some(Verifier { salt, verifier });
                device.name = input.device_name.or(device.name);
                device.remembered = !asks;
                device.modified = cx.now();
                tx.put(&DEVICES, cx.scope(), &device.row(), &device)
            })
            .await?;
        Ok(ConfirmDeviceOutput { user_confirmation_necessary: Some(asks) })
    }

    /// A device of the caller.
    pub async fn get_device(&self, cx: &Context, input: GetDeviceInput) -> Result<GetDeviceOutput, Fault> {
        let caller = self.caller(cx, &token(input.access_token)?)?;
        let found = caller.cx.store().read(|s| device(s, caller.cx.scope(), &caller.pool, &caller.user, &input.device_key))?;
        Ok(GetDeviceOutput { device: Some(found.described()) })
    }

    /// Devices of the caller.
    pub async fn list_devices(&self, cx: &Context, input: ListDevicesInput) -> Result<ListDevicesOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let key = caller.user.key(&caller.pool);
        let all = caller.cx.store().read(|s| of_user(s, caller.cx.scope(), &caller.pool.id, &key))?;
        let page = listed(all, input.pagination_token.as_deref(), input.limit)?;
        Ok(ListDevicesOutput { devices: Some(page.items), pagination_token: page.next })
    }

    /// Remembers a device, or no longer.
    pub async fn update_device_status(&self, cx: &Context, input: UpdateDeviceStatusInput) -> Result<UpdateDeviceStatusOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let cx = &caller.cx;
        cx.store()
            .write(|tx| {
                let found = device(tx, cx.scope(), &caller.pool, &caller.user, &input.device_key)?;
                remember(tx, cx, found, input.device_remembered_status)
            })
            .await?;
        Ok(UpdateDeviceStatusOutput {})
    }

    /// Forgets a device of the caller.
    pub async fn forget_device(&self, cx: &Context, input: ForgetDeviceInput) -> Result<ForgetDeviceOutput, Fault> {
        let caller = self.caller(cx, &token(input.access_token)?)?;
        let cx = &caller.cx;
        cx.store()
            .write(|tx| {
                let found = device(tx, cx.scope(), &caller.pool, &caller.user, &input.device_key)?;
                tx.delete(&DEVICES, cx.scope(), &found.row())
            })
            .await?;
        Ok(ForgetDeviceOutput {})
    }
}

fn token(given: Option<String>) -> Result<String, Fault> {
    given.ok_or_else(|| not_authorized("Invalid Access Token"))
}
