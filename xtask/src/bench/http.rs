//! A client of a few lines: one connection, one request after the other, signed as root of the default account.

use crate::Result;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

const REGION: &str = "us-east-1";

/// A connection to a server.
pub struct Client {
    stream: TcpStream,
    host: String,
    buffer: Vec<u8>,
}

/// What came back.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// A request before it is signed.
pub struct Ask<'a> {
    /// Method.
    pub method: &'a str,
    /// Path and query as they are sent; parameters in order.
    pub target: &'a str,
    /// Service in the credential scope.
    pub service: &'a str,
    /// Content type; none where it is empty.
    pub content_type: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl Client {
    /// Connects to a port of this machine.
    pub fn connect(port: u16) -> Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| format!("port {port}: {error}"))?;
        stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(Duration::from_secs(120))))
            .map_err(|error| format!("port {port}: {error}"))?;
        Ok(Client { stream, host: format!("127.0.0.1:{port}"), buffer: Vec::new() })
    }

    /// A client that goes on with a connection on which a request was sent.
    pub fn over(stream: TcpStream, port: u16) -> Client {
        Client { stream, host: format!("127.0.0.1:{port}"), buffer: Vec::new() }
    }

    /// The cheapest signed request there is.
    pub fn list_buckets(&mut self) -> Result<Answer> {
        self.ask(&Ask { method: "GET", target: "/", service: "s3", content_type: "", body: b"" })
    }

    /// Signs, sends, and takes anything but a success for an error.
    pub fn ask(&mut self, ask: &Ask) -> Result<Answer> {
        let bytes = self.signed(ask);
        let answer = self.send(&bytes)?;
        match answer.status {
            200..=299 => Ok(answer),
            status => Err(format!("{} {} was answered with {status}: {}", ask.method, ask.target, String::from_utf8_lossy(&answer.body))),
        }
    }

    /// A request to one of the emulator's own endpoints, which nobody signs.
    pub fn own(&mut self, method: &str, target: &str, body: &str) -> Result<Answer> {
        let bytes = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        let answer = self.send(bytes.as_bytes())?;
        match answer.status {
            200..=299 => Ok(answer),
            status => Err(format!("{method} {target} was answered with {status}: {}", String::from_utf8_lossy(&answer.body))),
        }
    }

    /// The bytes of a signed request, good for a quarter of an hour.
    pub fn signed(&self, ask: &Ask) -> Vec<u8> {
        let (path, query) = ask.target.split_once('?').unwrap_or((ask.target, ""));
        let query: Vec<String> =
            query.split('&').filter(|p| !p.is_empty()).map(|p| if p.contains('=') { p.to_owned() } else { format!("{p}=") }).collect();
        let date = moment();
        let hash = hex(&Sha256::digest(ask.body));
        let names = "host;x-amz-content-sha256;x-amz-date";
        let headers = format!("host:{}\nx-amz-content-sha256:{hash}\nx-amz-date:{date}\n", self.host);
        let canonical = format!("{}\n{path}\n{}\n{headers}\n{names}\n{hash}", ask.method, query.join("&"));
        let scope = format!("{}/{REGION}/{}/aws4_request", &date[..8], ask.service);
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
        let key = [REGION, ask.service, "aws4_request"].iter().fold(mac(b"AWS4test", &date[..8]), |key, part| mac(&key, part));
        let signature = hex(&mac(&key, &to_sign));
        let content_type = if ask.content_type.is_empty() { String::new() } else { format!("content-type: {}\r\n", ask.content_type) };
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\nx-amz-content-sha256: {hash}\r\nx-amz-date: {date}\r\n{content_type}authorization: AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={signature}\r\ncontent-length: {}\r\n\r\n",
            ask.method,
            ask.target,
            self.host,
            ask.body.len()
        );
        [head.as_bytes(), ask.body].concat()
    }

    /// Sends bytes and reads one answer.
    pub fn send(&mut self, bytes: &[u8]) -> Result<Answer> {
        self.stream.write_all(bytes).map_err(|error| format!("sending: {error}"))?;
        self.answer()
    }

    /// Reads one answer.
    pub fn answer(&mut self) -> Result<Answer> {
        self.buffer.clear();
        let head_end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.fill()?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..head_end]).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(|| format!("no HTTP: {head}"))?;
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        let body = if header("transfer-encoding") == Some("chunked") {
            self.chunks(head_end)?
        } else {
            self.length(head_end, header("content-length"))?
        };
        Ok(Answer { status, body })
    }

    fn fill(&mut self) -> Result<()> {
        let mut block = [0; 16 * 1024];
        match self.stream.read(&mut block) {
            Ok(0) => Err("the server hung up.".to_owned()),
            Ok(read) => {
                self.buffer.extend_from_slice(&block[..read]);
                Ok(())
            }
            Err(error) => Err(format!("reading: {error}")),
        }
    }

    fn length(&mut self, from: usize, length: Option<&str>) -> Result<Vec<u8>> {
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        while self.buffer.len() < from + length {
            self.fill()?;
        }
        Ok(self.buffer[from..from + length].to_vec())
    }

    fn chunks(&mut self, mut at: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match self.buffer[at..].windows(2).position(|two| two == b"\r\n") {
                    Some(end) => break String::from_utf8_lossy(&self.buffer[at..at + end]).into_owned(),
                    None => self.fill()?,
                }
            };
            let size =
                usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).map_err(|_| format!("no chunk: {line}"))?;
            at += line.len() + 2;
            while self.buffer.len() < at + size + 2 {
                self.fill()?;
            }
            body.extend_from_slice(&self.buffer[at..at + size]);
            at += size + 2;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

/// The target of a request that is signed in its query string, good for an hour. `more` are parameters of the operation, in order.
pub fn presigned(method: &str, path: &str, more: &str, host: &str) -> String {
    let date = moment();
    let scope = format!("{}/{REGION}/s3/aws4_request", &date[..8]);
    let credential = format!("test/{scope}").replace('/', "%2F");
    let mut query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={date}&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
    );
    if !more.is_empty() {
        query = format!("{query}&{more}");
    }
    let canonical = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = [REGION, "s3", "aws4_request"].iter().fold(mac(b"AWS4test", &date[..8]), |key, part| mac(&key, part));
    format!("{path}?{query}&X-Amz-Signature={}", hex(&mac(&key, &to_sign)))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length of key will do");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Now, as `20260122T080000Z`.
pub fn moment() -> String {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    moment_of(seconds)
}

fn moment_of(seconds: u64) -> String {
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    // The civil date of a day number, by eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::moment_of;

    #[test]
    fn moments_are_written_as_signatures_want_them() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (1_369_353_600, "20130524T000000Z"),
            (1_709_251_199, "20240229T235959Z"),
            (4_107_542_399, "21000228T235959Z"),
        ] {
            assert_eq!(moment_of(seconds), text);
        }
    }
}
