//! User pools as clients see them, below HTTP: through the Directory, on a frozen clock.

mod admin;
mod browser;
mod desk;
mod devices;
mod discovery;
mod oauth;
mod pages;
mod functions;
mod mfa;
mod pool_parts;
mod recovery;
mod sign_up;
mod srp;
mod tokens;
mod triggers;
mod user_auth;
