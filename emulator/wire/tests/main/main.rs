//! What users of the codecs notice: AWS's protocol cases, limits, constraints, values that come back as they went.

mod checks;
mod faults;
mod kept;
mod limits;
mod patterns;
mod rest;
mod round_trip;
mod sample;
mod vectors;
