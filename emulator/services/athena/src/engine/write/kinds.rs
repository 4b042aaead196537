//! How files are written: the formats and compressions that statements name, and those that a table's SerDe reads.

use arrow_avro::compression::CompressionCodec;
use serde_json::Value;

/// Compression of files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Packing {
    None,
    Gzip,
    Snappy,
    /// With its level.
    Zstd(i32),
}

/// What Zstandard packs with where nothing is said: Athena's default, as its documentation says.
pub(super) const ZSTD_LEVEL: i32 = 3;
/// How files are written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Parquet(Packing),
    /// What is GZIP elsewhere is ZLIB here.
    Orc(Packing),
    Json(Packing),
    Text {
        delimiter: char,
        packing: Packing,
        quoted: bool,
    },
    Avro(Option<CompressionCodec>),
}

impl Kind {
    /// By the names that statements use. The error names what is not written.
    pub(super) fn of(format: &str, compression: Option<&str>, level: i32, delimiter: char) -> Result<Kind, String> {
        let compression = compression.map(str::to_uppercase);
        if format == "AVRO" {
            return Ok(Kind::Avro(match compression.as_deref() {
                None | Some("NONE" | "UNCOMPRESSED") => None,
                Some("DEFLATE") => Some(CompressionCodec::Deflate),
                Some("SNAPPY") => Some(CompressionCodec::Snappy),
                Some("BZIP2") => Some(CompressionCodec::Bzip2),
                Some(other) => return Err(format!("writing AVRO files with the compression {other}")),
            }));
        }
        let packing = match compression.as_deref() {
            None => Packing::Gzip,
            Some("GZIP") if format != "ORC" => Packing::Gzip,
            Some("ZLIB") if format == "ORC" => Packing::Gzip,
            Some("NONE" | "UNCOMPRESSED") => Packing::None,
            Some("SNAPPY") => Packing::Snappy,
            Some("ZSTD") => Packing::Zstd(level),
            Some(other) => return Err(format!("the compression {other}")),
        };
        match format {
            "PARQUET" => Ok(Kind::Parquet(packing)),
            "ORC" => Ok(Kind::Orc(packing)),
            "JSON" if packing != Packing::Snappy => Ok(Kind::Json(packing)),
            "TEXTFILE" if packing != Packing::Snappy => Ok(Kind::Text { delimiter, packing, quoted: false }),
            other => Err(format!("writing {other} files with this compression")),
        }
    }
    /// As a table's SerDe reads.
    pub(super) fn of_serde(serde: &str, parameters: &Value) -> Result<Kind, String> {
        let delimiter = |name: &str, default: char| parameters[name].as_str().and_then(|t| t.chars().next()).unwrap_or(default);
        match serde.rsplit('.').next().unwrap_or("") {
            "ParquetHiveSerDe" => Ok(Kind::Parquet(Packing::Gzip)),
            "OrcSerde" => Ok(Kind::Orc(Packing::Gzip)),
            "JsonSerDe" => Ok(Kind::Json(Packing::Gzip)),
            "LazySimpleSerDe" => Ok(Kind::Text { delimiter: delimiter("field.delim", '\u{1}'), packing: Packing::Gzip, quoted: false }),
            "OpenCSVSerde" => Ok(Kind::Text { delimiter: delimiter("separatorChar", ','), packing: Packing::Gzip, quoted: true }),
            "AvroSerDe" => Ok(Kind::Avro(None)),
            _ => Err(format!("writing to tables of the SerDe {serde}")),
        }
    }
    /// The name that STORED AS has for it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Kind::Parquet(_) => "parquet",
            Kind::Orc(_) => "orc",
            Kind::Json(_) => "json",
            Kind::Text { .. } => "textfile",
            Kind::Avro(_) => "avro",
        }
    }
    pub(super) fn ending(&self) -> &'static str {
        match self {
            Kind::Json(p) | Kind::Text { packing: p, .. } => match p {
                Packing::Gzip => ".gz",
                Packing::Zstd(_) => ".zst",
                _ => "",
            },
            _ => "",
        }
    }
}
