//! Inventories: the configuration (`config`), and the reports that are written by it every day or week (`report`): what they tell (`columns`), in
//! lines of text (`csv`) or in files of columns (`orc`).

mod columns;
mod config;
mod csv;
mod orc;
mod report;

pub(crate) use report::run as report;
