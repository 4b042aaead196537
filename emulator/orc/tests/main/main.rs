//! Files as others write them, read column by column.

mod values;
mod written;
