//! S3 as its callers see it: signed HTTP through the gateway, on a frozen clock, with fakes of the ports it uses.

mod buckets;
mod conditions;
mod cors;
mod desk;
mod encryption;
mod forms;
mod http;
mod keys;
mod lifecycle;
mod listing;
mod lock;
mod multipart;
mod notifications;
mod objects;
mod policies;
mod versions;
