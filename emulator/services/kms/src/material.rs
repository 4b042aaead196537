//! Backing keys: made here, from the randomness of the request.

use crate::{RotationType, spec::Family, state::Material};
use kit::{Context, Fault};
use rand_core::RngCore;
use rsa::{RsaPrivateKey, pkcs1::EncodeRsaPrivateKey};

/// A fresh backing key of a family.
pub(crate) async fn fresh(cx: &Context, family: Family, rotated: Option<RotationType>) -> Result<Material, Fault> {
    let secret = secret(cx, family).await?;
    Ok(Material { id: cx.ids().hex(64), secret, made: cx.now(), rotated })
}

/// A fresh symmetric backing key; needs no waiting, so that rotations can be made within a transaction.
pub(crate) fn fresh_symmetric(cx: &Context, rotated: RotationType) -> Material {
    Material { id: cx.ids().hex(64), secret: cx.ids().bytes().to_vec(), made: cx.now(), rotated: Some(rotated) }
}

/// A fresh secret in the form in which [`Material`] keeps it.
pub(crate) async fn secret(cx: &Context, family: Family) -> Result<Vec<u8>, Fault> {
    match family {
        Family::Symmetric => Ok(cx.ids().bytes().to_vec()),
        Family::Hmac(length) => Ok(random(cx, length)),
        Family::P256 => scalar(cx, 32, |bytes| p256::ecdsa::SigningKey::from_slice(bytes).is_ok()),
        Family::P384 => scalar(cx, 48, |bytes| p384::ecdsa::SigningKey::from_slice(bytes).is_ok()),
        Family::Rsa(bits) => rsa(cx, bits).await,
    }
}

/// Random bytes.
pub(crate) fn random(cx: &Context, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    cx.ids().rng().fill_bytes(&mut bytes);
    bytes
}

/// A number below the curve's order, drawn until one fits; nearly every one does.
fn scalar(cx: &Context, length: usize, fits: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>, Fault> {
    let drawn = std::iter::repeat_with(|| random(cx, length)).take(64).find(|bytes| fits(bytes));
    drawn.ok_or_else(|| Fault::internal("no private key could be drawn"))
}

/// An RSA key takes a good part of a second, 4096 bits several: not on a thread that serves others.
async fn rsa(cx: &Context, bits: usize) -> Result<Vec<u8>, Fault> {
    let mut rng = cx.ids().rng();
    let made = tokio::task::spawn_blocking(move || {
        let key = RsaPrivateKey::new(&mut rng, bits).map_err(|e| e.to_string())?;
        key.to_pkcs1_der().map(|der| der.as_bytes().to_vec()).map_err(|e| e.to_string())
    });
    let key = made.await.map_err(|e| Fault::internal(format!("an RSA key was not made: {e}")))?;
    key.map_err(|e| Fault::internal(format!("an RSA key was not made: {e}")))
}
