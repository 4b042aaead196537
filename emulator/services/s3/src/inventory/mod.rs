//! Inventories: the configuration (`config`), and the reports that are written by it every day or week (`report`).

mod config;
