//! Time-based one-time passwords (RFC 6238): SHA-1, thirty seconds, six digits, on the cloud's clock. Knows no user.

use hmac::{Hmac, Mac};
use kit::{Context, Timestamp};
use sha1::Sha1;
use subtle::ConstantTimeEq;

const STEP_SECS: u64 = 30;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A fresh secret of 256 bits, base 32: 52 characters, as AWS's.
pub(super) fn secret(cx: &Context) -> String {
    encode(&cx.ids().bytes())
}

/// The step of time whose code this is: now, or one step to either side.
pub(super) fn step_of(secret: &str, code: &str, now: Timestamp) -> Option<u64> {
    let key = decode(secret)?;
    let current = now.secs().max(0) as u64 / STEP_SECS;
    let mut steps = current.saturating_sub(1)..=current + 1;
    steps.rfind(|step| code_at(&key, *step).as_bytes().ct_eq(code.as_bytes()).into())
}

fn code_at(key: &[u8], step: u64) -> String {
    let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0x0f);
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

fn encode(bytes: &[u8]) -> String {
    let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte >> (7 - n % 8) & 1 == 1);
    let letter = |i: usize| (0..5).fold(0, |value, n| value << 1 | usize::from(bit(5 * i + n)));
    (0..(bytes.len() * 8).div_ceil(5)).map(|i| ALPHABET[letter(i)] as char).collect()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0u32, 0);
    for letter in text.bytes() {
        held = held << 5 | ALPHABET.iter().position(|l| *l == letter)? as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, the last six of eight digits.
        let key = b"12345678901234567890";
        for (secs, code) in [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")] {
            assert_eq!(code_at(key, secs / STEP_SECS), code);
        }
    }

    #[test]
    fn secrets_come_back() {
        let key: Vec<u8> = (0..32).collect();
        assert_eq!(encode(&key).len(), 52);
        assert_eq!(decode(&encode(&key)).unwrap(), key);
        assert_eq!(encode(b"foobar"), "MZXW6YTBOI");
        assert!(decode("not base 32").is_none());
    }

    #[test]
    fn a_code_is_taken_a_step_early_or_late() {
        let secret = encode(b"12345678901234567890");
        let at = |secs| step_of(&secret, "287082", Timestamp::from_secs(secs));
        assert_eq!((at(31), at(59), at(89), at(91)), (Some(1), Some(1), Some(1), None));
        assert_eq!(at(0), Some(1));
    }
}
