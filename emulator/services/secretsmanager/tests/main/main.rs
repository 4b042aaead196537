//! Secrets as a caller sees them: versions and labels, deletion on the clock, policies, keys of KMS, and sentences recorded from AWS.

mod desk;
mod keys;
mod recorded;
mod secrets;
mod stages;
