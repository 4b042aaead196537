//! Glue as a caller sees it.

mod catalog;
mod crawl;
mod crawlers;
mod desk;
mod shelf;
mod workflows;
