//! What the image pipeline does to pictures: bytes in, renditions and facts out. It knows no AWS, no store and no clock.
//!
//! A crate of its own, so that debug builds can compile the pixel work optimised and leave the rest alone: the codecs are generic and
//! become machine code here, whatever profile they have themselves.
//!
//! `render` is the way through; the other rooms are its stations, in this order: `sniff`, `decode`, `resize`, `colour`,
//! `orient`, `encode`, and what is said about a picture: `blurhash`, `phash`, `colours`.

pub mod blurhash;
pub mod colour;
pub mod colours;
pub mod decode;
pub mod encode;
pub mod jpeg_shape;
pub mod orient;
pub mod phash;
pub mod raster;
pub mod refusal;
pub mod render;
pub mod resize;
pub mod sniff;
pub mod taken_at;
pub mod tiff_shape;
pub mod webp_shape;

#[cfg(test)]
mod tests;
