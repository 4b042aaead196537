//! Athena as a caller sees it: SQL over objects of a fake lake, results as rows and as objects, failures in AWS's words, limits kept.

mod about;
mod catalog;
mod data_catalogs;
mod formats;
mod functions;
mod iceberg;
mod lake;
mod limits;
mod plans;
mod queries;
mod reuse;
mod subqueries;
mod unnest;
mod work_groups;
mod writes;
