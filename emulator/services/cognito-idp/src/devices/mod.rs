//! Devices that a pool remembers: made by a sign-in, confirmed with a secret of their own, then known again.

mod admin;
mod own;

use crate::{Error, model::*, seal, srp::Verifier, state::*};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx};
use serde::{Deserialize, Serialize};

/// Devices by pool, user and key.
pub(crate) const DEVICES: Table<(String, String, String), Device> = Table::new("cognito-idp.devices", TableScope::Region);
/// Devices that a user may have before the oldest unconfirmed ones go.
const MOST_UNCONFIRMED: usize = 100;

/// A device.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Device {
    pub pool_id: String,
    pub user_key: String,
    pub key: String,
    pub name: Option<String>,
    /// Present once the device is confirmed.
    pub verifier: Option<Verifier>,
    /// Whether it may spare its user the second factor.
    pub remembered: bool,
    pub ip: Option<String>,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub authenticated: Timestamp,
}

impl Device {
    /// A device that a sign-in happens on for the first time.
    pub fn fresh(cx: &Context, pool: &Pool, user: &User) -> Device {
        let now = cx.now();
        Device {
            pool_id: pool.id.clone(),
            user_key: user.key(pool),
            key: format!("{}_{}", cx.region(), cx.ids().uuid()),
            ip: cx.source().ip.map(|ip| ip.to_string()),
            created: now,
            modified: now,
            authenticated: now,
            ..Device::default()
        }
    }
    fn row(&self) -> (String, String, String) {
        (self.pool_id.clone(), self.user_key.clone(), self.key.clone())
    }
    /// As answers describe it.
    fn described(&self) -> DeviceType {
        let attribute = |name: &str, value: &str| AttributeType { name: name.into(), value: Some(value.into()) };
        let status = if self.verifier.is_some() { "valid" } else { "unconfirmed" };
        let mut attributes = vec![attribute("device_status", status)];
        attributes.extend(self.name.as_deref().map(|name| attribute("device_name", name)));
        attributes.push(attribute("dev:device_remembered_status", if self.remembered { "remembered" } else { "not_remembered" }));
        attributes.extend(self.ip.as_deref().map(|ip| attribute("last_ip_used", ip)));
        DeviceType {
            device_key: Some(self.key.clone()),
            device_attributes: Some(attributes),
            device_create_date: Some(self.created),
            device_last_modified_date: Some(self.modified),
            device_last_authenticated_date: Some(self.authenticated),
        }
    }
}

/// The group key of a user's devices: it stands where the pool's name stands in SRP.
pub(crate) fn group_key(pool: &Pool, user: &User) -> String {
    format!("-{}", kit::hex(&seal::derive(&pool.secret, "device-group", user.sub.as_bytes())[..4]))
}

/// Keeps a device. Clients that never confirm theirs leave rows behind: beyond a hundred the oldest goes.
pub(crate) fn put(tx: &mut Tx<'_>, scope: &Scope, device: &Device) -> Result<(), Fault> {
    let mut waiting: Vec<Device> =
        of_user(tx, scope, &device.pool_id, &device.user_key)?.into_iter().filter(|d| d.verifier.is_none()).collect();
    if waiting.len() >= MOST_UNCONFIRMED {
        waiting.sort_by_key(|d| d.created);
        tx.delete(&DEVICES, scope, &waiting[0].row())?;
    }
    tx.put(&DEVICES, scope, &device.row(), device)
}

/// Devices of a user, by key.
fn of_user(read: &impl Read, scope: &Scope, pool_id: &str, user_key: &str) -> Result<Vec<Device>, Fault> {
    read.scan(&DEVICES, scope).prefix(&(pool_id, user_key)).map(|row| row.map(|(_, device)| device)).collect()
}

/// Devices of a deleted user go with him.
pub(crate) fn forget_all(tx: &mut Tx<'_>, scope: &Scope, pool_id: &str, user_key: &str) -> Result<(), Fault> {
    let devices = of_user(tx, scope, pool_id, user_key)?;
    devices.iter().try_for_each(|device| tx.delete(&DEVICES, scope, &device.row()).map(drop))
}

/// Notes that a device proved itself.
pub(crate) async fn touch(cx: &Context, pool: &Pool, user: &User, key: &str) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut device = device(tx, cx.scope(), pool, user, key)?;
            device.authenticated = cx.now();
            device.ip = cx.source().ip.map(|ip| ip.to_string()).or(device.ip);
            tx.put(&DEVICES, cx.scope(), &device.row(), &device)
        })
        .await
}

/// A device, or AWS's fault.
fn device(read: &impl Read, scope: &Scope, pool: &Pool, user: &User, key: &str) -> Result<Device, Fault> {
    read.get(&DEVICES, scope, &(pool.id.clone(), user.key(pool), key.to_owned()))?
        .ok_or_else(|| Error::ResourceNotFound.says("Device does not exist."))
}

/// One page of a user's devices.
fn listed(devices: Vec<Device>, token: Option<&str>, limit: Option<i32>) -> Result<kit::pages::Page<DeviceType>, Fault> {
    let limit = limit.filter(|n| *n > 0).unwrap_or(10).min(60) as usize;
    let page = kit::pages::page(devices, |d| d.key.clone(), token, limit, crate::pools::bad_token)?;
    Ok(kit::pages::Page { items: page.items.iter().map(Device::described).collect(), next: page.next })
}

/// Sets whether a device is remembered.
fn remember(tx: &mut Tx<'_>, cx: &Context, mut device: Device, status: Option<DeviceRememberedStatusType>) -> Result<(), Fault> {
    device.remembered = match status {
        Some(DeviceRememberedStatusType::Remembered) => true,
        Some(DeviceRememberedStatusType::NotRemembered) => false,
        None => device.remembered,
    };
    device.modified = cx.now();
    tx.put(&DEVICES, cx.scope(), &device.row(), &device)
}
