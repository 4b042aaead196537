//! How long a presigned URL holds, on a cloud whose clock may have been moved since it was signed.
//!
//! A client without the clock shim signs in real time: its moment is mapped through the clock's ledger, so that "advance one hour" ends a
//! URL of half an hour whoever signed it. Dates of signatures have whole seconds, so that a URL signed in real time within the very second
//! of a move counts as signed before it; whoever moves the clock for clients in real time lets that second pass before answering.

use super::Refusal;
use crate::sig_v4::{
    Dialect, Presigned,
    moment::{MAX_SKEW_NS, Nows},
    presigned::MAX_EXPIRES_SECS,
};
use kit::Clock;
use wire::Timestamp;

const SECOND_NS: i128 = 1_000_000_000;
/// What boto3 gives a presigned URL unless told otherwise, seconds.
const USUAL_LIFE_SECS: i128 = 3600;
/// Life of URLs of services that don't ask for X-Amz-Expires, seconds.
const DEFAULT_LIFE_SECS: i64 = 900;

/// Reads X-Amz-Expires.
pub(super) fn expires_secs(url: &Presigned, dialect: Dialect) -> Result<i64, Refusal> {
    let wrong = |text: &str| Err(Refusal::WrongParameter(text.into()));
    let Some(text) = url.expires.as_deref() else {
        return match dialect {
            Dialect::S3 => Err(Refusal::MissingParameters(4)),
            Dialect::Standard => Ok(DEFAULT_LIFE_SECS),
        };
    };
    match text.parse::<i64>() {
        Err(_) => wrong("X-Amz-Expires should be a number"),
        Ok(secs) if secs < 0 => wrong("X-Amz-Expires must be non-negative"),
        Ok(secs) if secs > MAX_EXPIRES_SECS => {
            wrong("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
        }
        Ok(secs) => Ok(secs),
    }
}

/// Whether a URL signed at `signed` for `life_secs` holds now; its age in virtual nanoseconds.
pub(super) fn check(clock: &Clock, nows: Nows, signed: Timestamp, life_secs: i64) -> Result<i128, Refusal> {
    let at = if nows.is_real(signed) { clock.virtual_of_real(signed) } else { signed };
    let age_ns = nows.virtual_.unix_ns - at.unix_ns;
    if age_ns < -MAX_SKEW_NS {
        return Err(Refusal::NotYetValid { signed, server: nows.virtual_ });
    }
    if age_ns > life_secs as i128 * SECOND_NS {
        return Err(Refusal::Expired {
            expires: at.plus_ns(life_secs as i128 * SECOND_NS),
            expires_secs: Some(life_secs),
            server: nows.virtual_,
        });
    }
    Ok(age_ns)
}

/// Whether a Version 2 URL holds now. It tells its end and not its beginning, so that the beginning has to be guessed to map it: the
/// usual hour before its end, unless this cloud was not there yet, then now.
pub(super) fn check_version_2(clock: &Clock, nows: Nows, began: Timestamp, expires: Timestamp) -> Result<Option<i128>, Refusal> {
    let over = |expires: Timestamp| Refusal::Expired { expires, expires_secs: None, server: nows.virtual_ };
    // Nobody signs what is over already: an end that lies behind real time was read from a cloud's clock that is set to the past.
    if expires.unix_ns >= nows.virtual_.unix_ns && (nows.virtual_ >= nows.real || expires < nows.real) {
        return Ok(None);
    }
    if expires.unix_ns < nows.real.unix_ns && expires.unix_ns < nows.virtual_.unix_ns {
        return Err(over(expires));
    }
    let usual = expires.plus_ns(-USUAL_LIFE_SECS * SECOND_NS);
    let signed = if usual >= began && usual <= nows.real { usual } else { nows.real };
    let end = clock.virtual_of_real(signed).plus_ns(expires.unix_ns - signed.unix_ns);
    if end < nows.virtual_ { Err(over(end)) } else { Ok(None) }
}

/// Whether what was signed at `signed` (where that is known) and ends at `end` holds now.
pub(super) fn holds_until(clock: &Clock, nows: Nows, began: Timestamp, signed: Option<Timestamp>, end: Timestamp) -> bool {
    match signed {
        Some(signed) if nows.is_real(signed) => clock.virtual_of_real(signed).plus_ns(end.unix_ns - signed.unix_ns) >= nows.virtual_,
        Some(_) => end >= nows.virtual_,
        None => check_version_2(clock, nows, began, end).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::ClockMode;

    #[test]
    fn expiry_is_checked_to_the_letter() {
        let url = |expires: &str| Presigned {
            algorithm: String::new(),
            credential: crate::sig_v4::Credential::parse("a/b/c/d/e").unwrap(),
            date: String::new(),
            expires: Some(expires.into()),
            signed_headers: Vec::new(),
            signature: String::new(),
            token: None,
        };
        assert_eq!(expires_secs(&url("604800"), Dialect::S3), Ok(604_800));
        // AWS speaks of negative numbers only: such a URL is over when it is made.
        assert_eq!(expires_secs(&url("0"), Dialect::S3), Ok(0));
        for bad in ["604801", "-1", "soon"] {
            assert!(matches!(expires_secs(&url(bad), Dialect::S3), Err(Refusal::WrongParameter(_))), "{bad}");
        }
    }

    #[test]
    fn a_frozen_past_is_its_own_domain() {
        let start = Timestamp::from_secs(1_500_000_000);
        let clock = Clock::new(Some(start), ClockMode::Frozen);
        let nows = Nows { real: clock.real_now(), virtual_: clock.now() };
        assert!(check(&clock, nows, start.plus_ns(-10 * SECOND_NS), 60).is_ok());
        assert!(matches!(check(&clock, nows, start.plus_ns(-100 * SECOND_NS), 60), Err(Refusal::Expired { .. })));
        assert!(matches!(check(&clock, nows, start.plus_ns(3600 * SECOND_NS), 60), Err(Refusal::NotYetValid { .. })));
    }

    #[test]
    fn version_2_ends_when_it_says() {
        let clock = Clock::new(None, ClockMode::Frozen);
        let now = clock.now();
        let nows = Nows { real: now, virtual_: now };
        assert!(check_version_2(&clock, nows, now, now.plus_ns(SECOND_NS)).is_ok());
        assert!(check_version_2(&clock, nows, now, now.plus_ns(-SECOND_NS)).is_err());
    }
}
