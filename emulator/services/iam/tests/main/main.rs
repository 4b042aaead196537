//! IAM as a caller sees it: who may do what after which change, and what can't be taken away while it is used.

mod desk;
mod entities;
mod groups;
mod names;
mod permissions;
mod policies;
mod providers;
