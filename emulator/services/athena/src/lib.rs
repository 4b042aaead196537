//! athena
