//! What is written down about an image: the row that Athena reads, and the manifest that the API reads.

use serde::{Deserialize, Serialize};

/// One row of the table `images`: its members are the columns, in the order of template.yaml.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The image's id.
    pub id: String,
    /// The owner's `sub`.
    pub owner: String,
    /// Where the upload lies.
    pub source_key: String,
    /// The upload's entity tag, without quotes.
    pub etag: String,
    /// Bytes of the upload.
    pub bytes: u64,
    /// jpeg, png, webp, gif, tiff or bmp: what the bytes are, whatever the name says.
    pub format: String,
    /// Pixels in a row, upright.
    pub width: u32,
    /// Rows, upright.
    pub height: u32,
    /// EXIF's orientation of the upload, 1 to 8.
    pub orientation: u8,
    /// When it was taken (camera's clock), or null.
    pub taken_at: Option<String>,
    /// How many renditions there are.
    pub renditions: u32,
    /// Bytes of all renditions.
    pub rendition_bytes: u64,
    /// See `blurhash`.
    pub blurhash: String,
    /// See `phash`.
    pub phash: String,
    /// Up to five colours, `#rrggbb`.
    pub colours: Vec<String>,
    /// When the upload arrived, RFC 3339 UTC.
    pub uploaded_at: String,
    /// When the renditions were made, RFC 3339 UTC.
    pub processed_at: String,
}

/// A rendition as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenditionEntry {
    /// The configured size that it was made for.
    pub size: u32,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The content type.
    pub content_type: String,
    /// Bytes.
    pub bytes: u64,
    /// Where it lies.
    pub key: String,
}

/// `renditions/<sub>/<id>/image.json`: written last, so an image that has one is whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The row.
    pub image: Row,
    /// The file name that the user gave, made harmless.
    pub name: String,
    /// Where the row lies in the metadata bucket.
    pub metadata_key: String,
    /// How the renditions were made.
    pub settings: String,
    /// What there is to show.
    pub renditions: Vec<RenditionEntry>,
}

impl Row {
    /// The row as a line of the lake's JSON.
    pub fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("a row is plain data");
        line.push(b'\n');
        line
    }
}

impl Manifest {
    /// The manifest as a file.
    pub fn file(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a manifest is plain data")
    }
}
