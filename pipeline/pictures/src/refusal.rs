//! Why an upload is not a picture that we show: the reasons that end up beside it in quarantine.

use serde::Serialize;

/// The kind of reason; its name is the `code` of the reason file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Code {
    /// Zero bytes.
    Empty,
    /// More bytes than MAX_UPLOAD_BYTES.
    TooManyBytes,
    /// The bytes begin like none of the formats that we read.
    NotAnImage,
    /// The header announces more pixels than MAX_PIXELS: a bomb, or a picture that we don't serve.
    TooManyPixels,
    /// Decoding would take more memory than MAX_DECODED_BYTES.
    TooMuchMemory,
    /// The format is known, the variant of it is not read.
    Unsupported,
    /// Cut short or broken.
    Damaged,
    /// The decoder gave up in a way it should not have.
    DecoderFailed,
    /// The key doesn't say whose upload it is.
    NoOwner,
}

/// A reason with a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What kind of reason.
    pub code: Code,
    /// The reason in a sentence.
    pub message: String,
}

impl Refusal {
    /// A refusal with this reason.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
