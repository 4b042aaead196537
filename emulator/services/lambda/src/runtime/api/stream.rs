//! Answers that a runtime streams (`Lambda-Runtime-Function-Response-Mode: streaming`): chunks as they come, and an error in the trailers
//! where the function failed on the way.

use super::{
    MOST_ANSWER_BYTES, header,
    invocations::{Answer, Part, Reported},
    told,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::mpsc;

/// Largest answer that streams, bytes (200 MB).
const MOST_STREAMED_BYTES: usize = 200 << 20;
/// Largest error object in a trailer, bytes of base 64.
const MOST_TRAILER_BYTES: usize = 64 << 10;

/// Reads the answer to its end, into the sink where there is one.
pub(super) async fn receive(request: Request<Incoming>, sink: Option<mpsc::Sender<Part>>) -> Result<Answer, Response<Full<Bytes>>> {
    let content_type = header(&request, "content-type").map(str::to_owned);
    let mut outlet = Outlet::new(sink);
    outlet.push(Part::Began(content_type)).await;
    let mut body = request.into_body();
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        // The runtime ended, or speaks no HTTP: whoever waits hears of the process, or of the time that is up.
        let frame = frame.map_err(|e| told(StatusCode::BAD_REQUEST, "InvalidRequest", &e.to_string()))?;
        match frame.into_data() {
            Ok(bytes) if outlet.fits(&bytes) => outlet.push(Part::Bytes(bytes)).await,
            Ok(_) => return Ok(Answer::TooLarge),
            Err(frame) => {
                if let Ok(more) = frame.into_trailers() {
                    trailers.extend(more);
                }
            }
        }
    }
    Ok(match error_of(&trailers) {
        Some(error) => Answer::Error(error),
        None => Answer::Response(outlet.gathered.freeze()),
    })
}

/// Where the bytes go, and how many there were.
struct Outlet {
    sink: Option<mpsc::Sender<Part>>,
    gathered: BytesMut,
    left: usize,
}

impl Outlet {
    fn new(sink: Option<mpsc::Sender<Part>>) -> Outlet {
        let left = if sink.is_some() { MOST_STREAMED_BYTES } else { MOST_ANSWER_BYTES };
        Outlet { sink, gathered: BytesMut::new(), left }
    }
    fn fits(&mut self, bytes: &Bytes) -> bool {
        self.left.checked_sub(bytes.len()).is_some_and(|left| {
            self.left = left;
            true
        })
    }
    /// A caller that went away doesn't stop the function, as on AWS.
    async fn push(&mut self, part: Part) {
        match (&self.sink, part) {
            (Some(sink), part) => drop(sink.send(part).await),
            (None, Part::Bytes(bytes)) => self.gathered.extend_from_slice(&bytes),
            (None, Part::Began(_)) => {}
        }
    }
}

/// `Lambda-Runtime-Function-Error-Type` and `-Body`, the latter base 64.
fn error_of(trailers: &HeaderMap) -> Option<Reported> {
    let text = |name: &str| trailers.get(name).and_then(|value| value.to_str().ok());
    let kind = text("lambda-runtime-function-error-type")?.to_owned();
    let payload = text("lambda-runtime-function-error-body")
        .filter(|text| text.len() <= MOST_TRAILER_BYTES)
        .and_then(|text| BASE64_STANDARD.decode(text).ok())
        .map(Bytes::from);
    let payload = payload.unwrap_or_else(|| Bytes::from(serde_json::json!({ "errorType": kind }).to_string()));
    Some(Reported { payload, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stands_in_the_trailers() {
        let mut trailers = HeaderMap::new();
        assert!(error_of(&trailers).is_none());
        trailers.insert("lambda-runtime-function-error-type", "Boom".parse().unwrap());
        assert_eq!(error_of(&trailers).unwrap().payload, r#"{"errorType":"Boom"}"#);
        trailers.insert("lambda-runtime-function-error-body", BASE64_STANDARD.encode("{\"a\":1}").parse().unwrap());
        let error = error_of(&trailers).unwrap();
        assert_eq!((error.kind.as_str(), &error.payload[..]), ("Boom", &b"{\"a\":1}"[..]));
    }
}
