//! Bytes: encodings and digests.

use super::{super::val::Val, Plain, bad};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use hmac::{Hmac, Mac};
use md5::Digest;

fn bin(bytes: impl Into<Vec<u8>>) -> Result<Val, String> {
    Ok(Val::Bin(bytes.into()))
}
fn s(text: impl Into<String>) -> Result<Val, String> {
    Ok(Val::Str(text.into()))
}
fn from_hex(text: &str) -> Result<Val, String> {
    let wrong = || bad(format!("invalid input: not a valid hex string: {text}"));
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(wrong());
    }
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16))
        .collect::<Result<Vec<u8>, _>>()
        .map(Val::Bin)
        .map_err(|_| wrong())
}
fn sized<const N: usize>(v: &Val) -> Result<[u8; N], String> {
    v.bin().try_into().map_err(|_| bad(format!("expected {N}-byte input, but got instead: {}", v.bin().len())))
}
macro_rules! mac {
    ($digest:ty, $a:ident) => {{
        let mut mac = Hmac::<$digest>::new_from_slice($a[1].bin()).map_err(|_| bad("Empty key"))?;
        mac.update($a[0].bin());
        bin(mac.finalize().into_bytes().to_vec())
    }};
}

pub(super) const PLAIN: Plain = &[
    ("to_utf8(varchar)->varbinary", |_, a| bin(a[0].str())),
    ("from_utf8(varbinary)->varchar", |_, a| s(String::from_utf8_lossy(a[0].bin()))),
    ("from_utf8(varbinary,varchar)->varchar", |_, a| s(String::from_utf8_lossy(a[0].bin()).replace('\u{fffd}', a[1].str()))),
    ("to_hex(varbinary)->varchar", |_, a| s(a[0].bin().iter().map(|b| format!("{b:02X}")).collect::<String>())),
    ("from_hex(varchar)->varbinary", |_, a| from_hex(a[0].str())),
    ("to_base64(varbinary)->varchar", |_, a| s(STANDARD.encode(a[0].bin()))),
    ("from_base64(varchar)->varbinary", |_, a| STANDARD.decode(a[0].str()).map(Val::Bin).map_err(bad)),
    ("to_base64url(varbinary)->varchar", |_, a| s(URL_SAFE.encode(a[0].bin()))),
    ("from_base64url(varchar)->varbinary", |_, a| URL_SAFE.decode(a[0].str()).map(Val::Bin).map_err(bad)),
    ("length(varbinary)->bigint", |_, a| Ok(Val::Int(a[0].bin().len() as i64))),
    ("reverse(varbinary)->varbinary", |_, a| bin(a[0].bin().iter().rev().copied().collect::<Vec<u8>>())),
    ("concat(varbinary,varbinary...)->varbinary", |_, a| bin(a.iter().flat_map(|v| v.bin().to_vec()).collect::<Vec<u8>>())),
    ("$concat(varbinary,varbinary)->varbinary", |_, a| bin([a[0].bin(), a[1].bin()].concat())),
    ("substr(varbinary,bigint)->varbinary", |_, a| {
        bin(a[0].bin().iter().skip((a[1].int() - 1).max(0) as usize).copied().collect::<Vec<u8>>())
    }),
    ("substr(varbinary,bigint,bigint)->varbinary", |_, a| {
        bin(a[0].bin().iter().skip((a[1].int() - 1).max(0) as usize).take(a[2].int().max(0) as usize).copied().collect::<Vec<u8>>())
    }),
    ("md5(varbinary)->varbinary", |_, a| bin(md5::Md5::digest(a[0].bin()).to_vec())),
    ("sha1(varbinary)->varbinary", |_, a| bin(sha1::Sha1::digest(a[0].bin()).to_vec())),
    ("sha256(varbinary)->varbinary", |_, a| bin(sha2::Sha256::digest(a[0].bin()).to_vec())),
    ("sha512(varbinary)->varbinary", |_, a| bin(sha2::Sha512::digest(a[0].bin()).to_vec())),
    ("hmac_md5(varbinary,varbinary)->varbinary", |_, a| mac!(md5::Md5, a)),
    ("hmac_sha1(varbinary,varbinary)->varbinary", |_, a| mac!(sha1::Sha1, a)),
    ("hmac_sha256(varbinary,varbinary)->varbinary", |_, a| mac!(sha2::Sha256, a)),
    ("hmac_sha512(varbinary,varbinary)->varbinary", |_, a| mac!(sha2::Sha512, a)),
    ("crc32(varbinary)->bigint", |_, a| {
        let mut crc = flate2::Crc::new();
        crc.update(a[0].bin());
        Ok(Val::Int(crc.sum() as i64))
    }),
    ("xxhash64(varbinary)->varbinary", |_, a| bin(twox_hash::XxHash64::oneshot(0, a[0].bin()).to_be_bytes().to_vec())),
    ("to_big_endian_64(bigint)->varbinary", |_, a| bin(a[0].int().to_be_bytes().to_vec())),
    ("from_big_endian_64(varbinary)->bigint", |_, a| Ok(Val::Int(i64::from_be_bytes(sized(&a[0])?)))),
    ("to_big_endian_32(integer)->varbinary", |_, a| bin((a[0].int() as i32).to_be_bytes().to_vec())),
    ("from_big_endian_32(varbinary)->integer", |_, a| Ok(Val::Int(i32::from_be_bytes(sized(&a[0])?) as i64))),
    ("to_ieee754_64(double)->varbinary", |_, a| bin(a[0].double().to_be_bytes().to_vec())),
    ("from_ieee754_64(varbinary)->double", |_, a| Ok(Val::Double(f64::from_be_bytes(sized(&a[0])?)))),
    ("to_ieee754_32(real)->varbinary", |_, a| bin((a[0].double() as f32).to_be_bytes().to_vec())),
    ("from_ieee754_32(varbinary)->real", |_, a| Ok(Val::Real(f32::from_be_bytes(sized(&a[0])?)))),
];
