//! KMS as a caller sees it, below HTTP: through the Directory, on a frozen clock, with users whose policies are judged by the real evaluator.

mod cipher;
mod desk;
mod grants;
mod keys;
mod notices;
mod policies;
mod port;
mod rotation;
mod signing;
mod states;
