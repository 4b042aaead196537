//! The image pipeline: what a user uploads is checked, turned into renditions and described.
//!
//! Six Lambda functions share this library: `presign` hands out upload URLs, `process` runs on every upload, `batch` parts an upload of
//! many images among runs of `part`, `images` lists, shows and deletes what came out, `aggregate` sums up each day. It runs on AWS as it
//! stands: endpoints come from the SDK's own configuration, time from the system, and nothing here knows that an emulator exists.
//!
//! Where things are: `api_event`, `s3_event` and `ingest_event` read what Lambda hands over; `presign`, `process`, `batch`, `images` and `aggregates` are
//! the jobs; `store` is all that they know of S3 and Lambda. What is done to pictures stands in the crate `pictures`.

// The pipeline runs on AWS: its clock is the system's.
#![allow(clippy::disallowed_methods)]

pub mod aggregates;
pub mod api_event;
pub mod aws;
pub mod batch;
pub mod config;
pub mod images;
pub mod ingest_event;
pub mod keys;
pub mod lambda;
pub mod log;
pub mod metadata;
pub mod presign;
pub mod process;
pub mod s3;
pub mod s3_event;
pub mod store;

#[cfg(test)]
mod tests;
