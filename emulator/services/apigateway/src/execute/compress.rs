//! Compression: bodies that come compressed are undone before anything reads them, and where an API has a minimumCompressionSize, answers from
//! that size on are sent as the caller accepts them. AWS speaks gzip and deflate (in zlib's envelope).

use super::{MOST_BYTES, answers, answers::Refusal, call::Call};
use flate2::{
    Compression,
    read::{GzDecoder, ZlibDecoder},
    write::{GzEncoder, ZlibEncoder},
};
use http::{Response, header};
use std::io::{Read, Write};
use wire::ReplyBody;

/// Undoes the coding of a request's body; a coding that AWS does not know, or a body that is not coded so, is refused (AWS's documentation).
pub(super) fn undo(call: &mut Call) -> Result<(), Refusal> {
    if call.body.is_empty() {
        return Ok(());
    }
    let coding = call.header("content-encoding").unwrap_or_default().trim().to_ascii_lowercase();
    let body = call.body.clone();
    let undone = match coding.as_str() {
        "gzip" => whole(GzDecoder::new(&body[..])),
        "deflate" => whole(ZlibDecoder::new(&body[..])),
        "" | "identity" => return Ok(()),
        _ => return Err(Refusal::unsupported_media_type()),
    };
    call.body = undone.map_err(|_| Refusal::unsupported_media_type())?.into();
    if call.body.len() > MOST_BYTES {
        return Err(Refusal::too_large());
    }
    call.head.headers.remove(header::CONTENT_ENCODING);
    Ok(())
}

/// At most a byte more than may come: a small body can unfold into a huge one.
fn whole(coded: impl Read) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    coded.take(MOST_BYTES as u64 + 1).read_to_end(&mut out)?;
    Ok(out)
}

/// Compresses an answer that is large enough, if the caller accepts that and nobody has done it yet.
pub(super) fn apply(call: &Call, answer: &mut Response<ReplyBody>) {
    let Some(least) = call.api.settings.minimum_compression_size else { return };
    let ReplyBody::Bytes(body) = answer.body() else { return };
    if body.is_empty() || (body.len() as i64) < i64::from(least) || answer.headers().contains_key(header::CONTENT_ENCODING) {
        return;
    }
    let Some(coding) = accepted(call.header("accept-encoding").unwrap_or_default()) else { return };
    let coded = match coding {
        "gzip" => finished(GzEncoder::new(Vec::new(), Compression::default()), body, GzEncoder::finish),
        _ => finished(ZlibEncoder::new(Vec::new(), Compression::default()), body, ZlibEncoder::finish),
    };
    // Writing into memory does not fail; if it did, the answer would go as it is.
    let Ok(coded) = coded else { return };
    *answer.body_mut() = ReplyBody::Bytes(coded.into());
    answers::set(answer, "content-encoding", coding);
}

fn finished<W: Write>(mut writer: W, body: &[u8], finish: impl FnOnce(W) -> std::io::Result<Vec<u8>>) -> std::io::Result<Vec<u8>> {
    writer.write_all(body)?;
    finish(writer)
}

/// The coding that the caller likes best among those that AWS makes, gzip before deflate; `q=0` forbids one, `*` speaks of those that are not
/// named (RFC 9110).
fn accepted(header: &str) -> Option<&'static str> {
    let weighed = |part: &str| {
        let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameters.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok()).unwrap_or(1.0);
        (name.trim().to_ascii_lowercase(), weight)
    };
    let all: Vec<(String, f32)> = header.split(',').map(weighed).collect();
    let weight = |coding: &str| {
        let of = |name: &str| all.iter().find(|(there, _)| there == name).map(|(_, weight)| *weight);
        of(coding).or_else(|| of("*")).unwrap_or(0.0)
    };
    let (gzip, deflate) = (weight("gzip"), weight("deflate"));
    match gzip.max(deflate) > 0.0 {
        true => Some(if deflate > gzip { "deflate" } else { "gzip" }),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::accepted;

    #[test]
    fn the_best_coding_is_chosen() {
        for (header, coding) in [
            ("gzip, deflate, br", Some("gzip")),
            ("deflate", Some("deflate")),
            ("gzip;q=0.5, deflate;q=0.8", Some("deflate")),
            ("gzip;q=0", None),
            ("br, identity", None),
            ("*", Some("gzip")),
            ("gzip;q=0, *", Some("deflate")),
            ("*;q=0, deflate", Some("deflate")),
            ("gzip;q=0, deflate;q=0, *", None),
            ("", None),
        ] {
            assert_eq!(accepted(header), coding, "{header}");
        }
    }
}
