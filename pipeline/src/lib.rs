//! The image pipeline: what a user uploads is checked, turned into renditions and described.
//!
//! Three Lambda functions share this library: `presign` hands out upload URLs, `process` runs on every upload, `images`
//! lists, shows and deletes what came out. It runs on AWS as it stands: endpoints come from the SDK's own configuration,
//! time from the system, and nothing here knows that an emulator exists.
//!
//! Where things are: `api_event` and `s3_event` read what Lambda hands over; `presign`, `process` and `images` are the three
//! jobs; `render` and the rooms under it turn bytes into pictures and know no AWS; `store` is all that the jobs know of S3.

// The pipeline runs on AWS: its clock is the system's.
#![allow(clippy::disallowed_methods)]

pub mod api_event;
pub mod aws;
pub mod blurhash;
pub mod colour;
pub mod colours;
pub mod config;
pub mod decode;
pub mod encode;
pub mod images;
pub mod jpeg_shape;
pub mod keys;
pub mod log;
pub mod metadata;
pub mod orient;
pub mod phash;
pub mod presign;
pub mod process;
pub mod raster;
pub mod refusal;
pub mod render;
pub mod resize;
pub mod s3;
pub mod s3_event;
pub mod sniff;
pub mod store;
pub mod taken_at;

#[cfg(test)]
mod tests;
