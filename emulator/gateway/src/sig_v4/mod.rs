//! AWS Signature Version 4, as a verifier: canonical forms, keys, the parts of a signature. Pure: no clock, no keys of its own, no HTTP
//! beyond header maps, and no idea of who calls or what is answered. Judging is [`crate::auth`]'s.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

pub mod canonical;
pub mod chunk;
pub mod credential;
pub mod header;
pub mod key;
pub mod moment;
pub mod payload;
pub mod presigned;

pub use canonical::{Dialect, Signable, string_to_sign};
pub use chunk::ChunkSigner;
pub use credential::{Credential, CredentialScope};
pub use header::Authorization;
pub use key::{KeyCache, SigningKey};
pub use payload::Payload;
pub use presigned::Presigned;

/// The only algorithm verified here.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// SHA-256 of nothing.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Compares two hexadecimal signatures without telling by its time how far they agree.
pub fn same(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq;
    a.len() == b.len() && bool::from(a.as_bytes().ct_eq(b.as_bytes()))
}
