//! Inventories: the configuration (`config`), and the reports that are written by it every day or week (`report`) in lines of CSV (`csv`).

mod config;
mod csv;
mod report;

pub(crate) use report::run as report;
