//! Linux operating system: files that no request should name. AWS publishes one example (`/proc/version`); the list is approximated.

use super::{Draft, about, headers, matches};
use crate::engine::Field;
use crate::model::TextTransformationType::{self as Transform, Lowercase, NormalizePath, UrlDecodeUni};

const FILES: &str = r"(?:/proc/(?:version|self|cpuinfo|meminfo|mounts|\d+)|/etc/(?:passwd|shadow|group|hosts|issue|motd|crontab|sudoers|fstab|ssh/|os-release|resolv\.conf)|/var/log/|/root/\.|/dev/(?:tcp|udp)/|\.bash_history|\.ssh/(?:id_|authorized_keys)|/usr/bin/env\b|/bin/(?:ba)?sh\b)";
const DECODED: &[Transform] = &[UrlDecodeUni, Lowercase];

pub(super) fn rules() -> Vec<Draft> {
    vec![
        about("LFI_URIPATH", "LFI_URIPath", matches(Field::Path, &[UrlDecodeUni, NormalizePath, Lowercase], &[FILES])),
        about("LFI_QUERYSTRING", "LFI_QueryString", matches(Field::Query, DECODED, &[FILES])),
        about("LFI_HEADER", "LFI_Header", matches(headers(), DECODED, &[FILES])),
    ]
}
