//! Rotation: a new backing key encrypts, the old ones go on decrypting.

use crate::{Error, Kms, find, keys::change, material, model::*, notices, rules, state::*};
use kit::{
    Context, Fault, Read, Timestamp, Tx,
    store::{NewTask, TaskRow},
};

/// The task that rotates a key; its payload is the key's id.
pub(crate) const ROTATE: &str = "rotate";
/// Days between rotations unless told otherwise.
const YEAR: i32 = 365;
/// On-demand rotations of one key; AWS's quota.
const MOST_ON_DEMAND: usize = 25;

impl Kms {
    /// Rotates a key every so many days.
    pub async fn enable_key_rotation(&self, cx: &Context, input: EnableKeyRotationInput) -> Result<EnableKeyRotationOutput, Fault> {
        let period = input.rotation_period_in_days.unwrap_or(YEAR);
        change(cx, &input.key_id, |tx, key| {
            rotatable(key)?;
            // AWS counts from the moment of the call, also when only the period changes.
            plan(cx, tx, key, Rotation { days: period, next: cx.now().plus_ns(days(period)) });
            Ok(())
        })
        .await?;
        Ok(EnableKeyRotationOutput {})
    }

    /// Rotates a key no more.
    pub async fn disable_key_rotation(&self, cx: &Context, input: DisableKeyRotationInput) -> Result<DisableKeyRotationOutput, Fault> {
        change(cx, &input.key_id, |tx, key| {
            rotatable(key)?;
            key.rotation = None;
            tx.cancel_keyed("kms", ROTATE, &key.id);
            Ok(())
        })
        .await?;
        Ok(DisableKeyRotationOutput {})
    }

    /// Whether and when a key is rotated.
    pub async fn get_key_rotation_status(
        &self,
        cx: &Context,
        input: GetKeyRotationStatusInput,
    ) -> Result<GetKeyRotationStatusOutput, Fault> {
        let key = cx.store().read(|s| find::by_id_or_arn(s, cx, &input.key_id))?;
        find::not_pending(&key)?;
        supported(&key)?;
        Ok(GetKeyRotationStatusOutput {
            key_rotation_enabled: Some(key.rotation.is_some()),
            key_id: Some(key.arn),
            rotation_period_in_days: key.rotation.as_ref().map(|r| r.days),
            next_rotation_date: key.rotation.as_ref().map(|r| r.next),
            // Rotations on demand are done before the call returns.
            on_demand_rotation_start_date: None,
        })
    }

    /// Rotates a key now.
    pub async fn rotate_key_on_demand(&self, cx: &Context, input: RotateKeyOnDemandInput) -> Result<RotateKeyOnDemandOutput, Fault> {
        let id = change(cx, &input.key_id, |tx, key| {
            rotatable(key)?;
            if key.material.iter().filter(|m| m.rotated == Some(RotationType::OnDemand)).count() >= MOST_ON_DEMAND {
                return Err(Error::LimitExceeded.says(format!("{} was rotated on demand {MOST_ON_DEMAND} times already.", key.arn)));
            }
            rotate(cx, tx, key, RotationType::OnDemand)?;
            Ok(key.id.clone())
        })
        .await?;
        Ok(RotateKeyOnDemandOutput { key_id: Some(id) })
    }

    /// Rotations that were; with the first key material too, where asked for.
    pub async fn list_key_rotations(&self, cx: &Context, input: ListKeyRotationsInput) -> Result<ListKeyRotationsOutput, Fault> {
        let key = cx.store().read(|s| find::own(s, cx, &input.key_id))?;
        supported(&key)?;
        let all = input.include_key_material == Some(IncludeKeyMaterial::AllKeyMaterial);
        let last = key.material.len().saturating_sub(1);
        let shown = key.material.iter().enumerate().filter(|(_, m)| all || m.rotated.is_some());
        let entries = shown.map(|(n, m)| (n, entry(&key, m, all.then_some(n == last))));
        let page = rules::page(entries, |(n, _)| format!("{n:06}"), &input.marker, rules::limit(input.limit, 100))?;
        Ok(ListKeyRotationsOutput {
            rotations: Some(page.items.into_iter().map(|(_, entry)| entry).collect()),
            truncated: Some(page.next.is_some()),
            next_marker: page.next,
        })
    }
}

fn entry(key: &Key, material: &Material, current: Option<bool>) -> RotationsListEntry {
    let state = |current| if current { KeyMaterialState::Current } else { KeyMaterialState::NonCurrent };
    RotationsListEntry {
        key_id: Some(key.id.clone()),
        key_material_id: Some(material.id.clone()),
        key_material_state: current.map(state),
        rotation_date: material.rotated.map(|_| material.made),
        rotation_type: material.rotated,
        ..RotationsListEntry::default()
    }
}

/// Only symmetric encryption keys have backing keys that can change.
fn supported(key: &Key) -> Result<(), Fault> {
    match key.is_symmetric() {
        true => Ok(()),
        false => Err(Error::UnsupportedOperation.says(format!("{} key spec is {}, which cannot be rotated.", key.arn, key.spec))),
    }
}

fn rotatable(key: &Key) -> Result<(), Fault> {
    find::usable(key)?;
    supported(key)
}

/// Sets the rotations that are to come.
pub(crate) fn plan(cx: &Context, tx: &mut Tx<'_>, key: &mut Key, rotation: Rotation) {
    tx.cancel_keyed("kms", ROTATE, &key.id);
    tx.task(NewTask::new(&key.scope(), "kms", ROTATE, &key.id).at(rotation.next).key(key.id.clone()).cause(cx.cause()));
    key.rotation = Some(rotation);
}

/// The rotations of a key that AWS manages: every year.
pub(crate) fn plan_yearly(cx: &Context, tx: &mut Tx<'_>, key: &mut Key) {
    plan(cx, tx, key, Rotation { days: YEAR, next: cx.now().plus_ns(days(YEAR)) });
}

fn rotate(cx: &Context, tx: &mut Tx<'_>, key: &mut Key, how: RotationType) -> Result<(), Fault> {
    key.material.push(material::fresh_symmetric(cx, how));
    notices::tell(tx, cx, key, "KMS CMK Rotation")
}

/// A rotation that fell due while the key could not be used happens once it can.
pub(crate) fn catch_up(cx: &Context, tx: &mut Tx<'_>, key: &mut Key) -> Result<(), Fault> {
    match key.rotation.clone() {
        Some(rotation) if rotation.next <= cx.now() => {
            rotate(cx, tx, key, RotationType::Automatic)?;
            plan(cx, tx, key, Rotation { next: cx.now().plus_ns(days(rotation.days)), ..rotation });
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The moment has come: rotates, and plans the next one a period after the moment that was due.
pub(crate) async fn rotate_when_due(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let id: String = task.payload()?;
    cx.store()
        .write(|tx| {
            let Some(mut key) = tx.get(&KEYS, cx.scope(), &id)? else { return Ok(()) };
            let Some(rotation) = key.rotation.clone().filter(|r| r.next <= cx.now()) else { return Ok(()) };
            if key.state() != KeyState::Enabled {
                return Ok(());
            }
            rotate(cx, tx, &mut key, RotationType::Automatic)?;
            let next = following(rotation.next, rotation.days, cx.now());
            plan(cx, tx, &mut key, Rotation { next, ..rotation });
            tx.put(&KEYS, cx.scope(), &id, &key)
        })
        .await
}

/// The first moment after now that lies whole periods after `due`.
fn following(due: Timestamp, period: i32, now: Timestamp) -> Timestamp {
    let step = days(period.max(1));
    let gone = (now.unix_ns - due.unix_ns).max(0) / step;
    due.plus_ns(step * (gone + 1))
}
