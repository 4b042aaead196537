//! User pools as clients see them, below HTTP: through the Directory, on a frozen clock.

mod admin;
mod browser;
mod clients;
mod desk;
mod devices;
mod discovery;
mod figures;
mod functions;
mod hidden;
mod mfa;
mod oauth;
mod over_http;
mod pages;
mod passkeys;
mod pool_parts;
mod protection;
mod recovery;
mod senders;
mod sign_up;
mod srp;
mod tokens;
mod triggers;
mod user_auth;
mod values;
