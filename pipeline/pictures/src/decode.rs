//! From bytes to pixels, within limits: the header is read and judged before a pixel is decoded, so that a decompression bomb
//! is refused before it costs memory.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::error::{ImageError, LimitErrorKind};
use image::{DynamicImage, ImageDecoder, ImageReader};

use crate::jpeg_shape::{Shape, shape};
use crate::refusal::{Code, Refusal};
use crate::sniff::{Format, sniff};
use crate::taken_at::taken_at;
use crate::tiff_shape::claims_too_much;
use crate::webp_shape::{Fault, fault, riff};

/// What a picture may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub max_bytes: u64,
    /// Pixels, as the header announces them.
    pub max_pixels: u64,
    /// Bytes of memory for the decoded pixels.
    pub max_decoded_bytes: u64,
}

/// A decoded picture as the sensor or the painter wrote it: not yet upright, in its own colour space.
#[derive(Debug)]
pub struct Decoded {
    /// What the bytes are.
    pub format: Format,
    /// The pixels, in the file's depth and channels.
    pub pixels: DynamicImage,
    /// EXIF's orientation, 1 to 8; 1 if nothing is said.
    pub orientation: u8,
    /// The embedded colour profile (ICC).
    pub profile: Option<Vec<u8>>,
    /// When it was taken, see `taken_at`.
    pub taken_at: Option<String>,
}

/// Decodes a picture of any format that we read. Errors: why it is none that we show.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::new(Code::Empty, "The file is empty."));
    }
    if bytes.len() as u64 > limits.max_bytes {
        return Err(too_many_bytes(bytes.len() as u64, limits));
    }
    let format = sniff(bytes).ok_or_else(|| Refusal::new(Code::NotAnImage, "The bytes are not JPEG, PNG, WebP, GIF, TIFF or BMP."))?;
    let bytes = if format == Format::WebP { riff(bytes) } else { bytes };
    match format {
        Format::Jpeg => check_jpeg(bytes)?,
        Format::WebP => check_webp(bytes)?,
        Format::Tiff => check_tiff(bytes)?,
        Format::Png | Format::Gif | Format::Bmp => {}
    }
    // Decoders are fed by strangers: one that panics makes a refused picture, not a function that fails and retries.
    catch_unwind(AssertUnwindSafe(|| decode_as(format, bytes, limits)))
        .unwrap_or_else(|_| Err(Refusal::new(Code::DecoderFailed, format!("The {} decoder gave up on these bytes.", format.name()))))
}

fn check_jpeg(bytes: &[u8]) -> Result<(), Refusal> {
    match shape(bytes) {
        Shape::Whole => Ok(()),
        Shape::CutShort => Err(Refusal::new(Code::Damaged, "The JPEG ends before its end-of-image marker.")),
        Shape::SeparateScans => {
            Err(Refusal::new(Code::Unsupported, "The JPEG is sequential and keeps subsampled colour in scans of its own."))
        }
    }
}

fn check_webp(bytes: &[u8]) -> Result<(), Refusal> {
    let why = match fault(bytes) {
        None => return Ok(()),
        Some(Fault::FrameBeyondCanvas(width, height)) => {
            format!("A frame of the WebP announces {width} x {height} pixels, more than the picture has.")
        }
        Some(Fault::ChunkCutShort) => "A chunk of the WebP announces more bytes than the file has.".to_owned(),
    };
    Err(Refusal::new(Code::Damaged, why))
}

fn check_tiff(bytes: &[u8]) -> Result<(), Refusal> {
    match claims_too_much(bytes) {
        false => Ok(()),
        true => Err(Refusal::new(Code::Damaged, "A tag of the TIFF claims more values than the file has.")),
    }
}

/// The refusal of a file that is too big, for those who know its size before they have its bytes.
pub fn too_many_bytes(bytes: u64, limits: &Limits) -> Refusal {
    Refusal::new(Code::TooManyBytes, format!("The file has {bytes} bytes; {} are allowed.", limits.max_bytes))
}

fn decode_as(format: Format, bytes: &[u8], limits: &Limits) -> Result<Decoded, Refusal> {
    let refuse = |error: ImageError| refusal_of(format, error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format.of_image_crate());
    reader.limits(allowance(header_bytes(format, limits)));
    // Up to here and including the next line only the header has been read.
    let mut decoder = reader.into_decoder().map_err(refuse)?;
    check_size(&decoder, limits)?;
    decoder.set_limits(allowance(limits.max_decoded_bytes)).map_err(refuse)?;

    // Metadata that can't be read is no reason to refuse a picture.
    let orientation = decoder.orientation().map_or(1, |orientation| orientation.to_exif());
    let profile = decoder.icc_profile().ok().flatten();
    let exif = match format {
        Format::Tiff => Some(bytes.to_vec()), // a TIFF's EXIF is the file itself
        _ => decoder.exif_metadata().ok().flatten(),
    };
    let pixels = DynamicImage::from_decoder(decoder).map_err(refuse)?;
    Ok(Decoded { format, pixels, orientation, profile, taken_at: exif.and_then(taken_at) })
}

fn allowance(bytes: u64) -> image::Limits {
    let mut allowance = image::Limits::no_limits();
    allowance.max_alloc = Some(bytes);
    allowance
}

/// What a header may take: a PNG's can hold packed chunks, which are bombs as good as packed pixels. The others' are as big as they are.
fn header_bytes(format: Format, limits: &Limits) -> u64 {
    match format {
        Format::Png => limits.max_decoded_bytes.min(8 << 20),
        _ => limits.max_decoded_bytes,
    }
}

fn check_size(decoder: &impl ImageDecoder, limits: &Limits) -> Result<(), Refusal> {
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Refusal::new(Code::Damaged, format!("The header announces {width} x {height} pixels.")));
    }
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(Refusal::new(
            Code::TooManyPixels,
            format!("The header announces {width} x {height} pixels; {} in all are allowed.", limits.max_pixels),
        ));
    }
    if decoder.total_bytes() > limits.max_decoded_bytes {
        return Err(Refusal::new(
            Code::TooMuchMemory,
            format!("Decoding {width} x {height} pixels takes {} bytes; {} are allowed.", decoder.total_bytes(), limits.max_decoded_bytes),
        ));
    }
    Ok(())
}

fn refusal_of(format: Format, error: ImageError) -> Refusal {
    let code = match &error {
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::DimensionError) => Code::TooManyPixels,
        ImageError::Limits(_) => Code::TooMuchMemory,
        ImageError::Unsupported(_) => Code::Unsupported,
        _ => Code::Damaged,
    };
    Refusal::new(code, format!("The {} could not be decoded: {error}.", format.name()))
}
