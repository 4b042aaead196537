//! Environment variables: defaults, and sentences that name the wrong one.

use crate::aws::needs_path_style;
use crate::config::{ImagesConfig, PresignConfig, ProcessConfig};

fn lookup<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

#[test]
fn defaults() {
    let buckets = [("IMAGES_BUCKET", "i"), ("METADATA_BUCKET", "m")];
    let process = ProcessConfig::read(&lookup(&buckets)).unwrap();
    assert_eq!(process.settings.sizes, [160, 640, 1600]);
    assert_eq!(process.settings.fingerprint(), "v1/160-640-1600/jpeg82/webp80");
    assert_eq!(PresignConfig::read(&lookup(&buckets)).unwrap().url_expires_seconds, 300);
    assert_eq!(ImagesConfig::read(&lookup(&buckets)).unwrap().allowed_origin, "*");
}

#[test]
fn wrong_values_name_their_variable() {
    for (name, value) in [
        ("IMAGES_BUCKET", ""),
        ("RENDITION_SIZES", "160,big"),
        ("RENDITION_SIZES", "9999"),
        ("JPEG_QUALITY", "0"),
        ("WEBP_QUALITY", "101"),
        ("MAX_PIXELS", "-1"),
        ("MAX_UPLOAD_BYTES", "many"),
    ] {
        let pairs = [(name, value), ("IMAGES_BUCKET", "i"), ("METADATA_BUCKET", "m")];
        let error = ProcessConfig::read(&lookup(&pairs)).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let pairs = [("IMAGES_BUCKET", "i"), ("ALLOWED_ORIGIN", "a\r\nb: c")];
    assert!(PresignConfig::read(&lookup(&pairs)).unwrap_err().to_string().contains("ALLOWED_ORIGIN"));
}

#[test]
fn buckets_go_into_the_path_only_where_they_must() {
    for (endpoint, path) in [
        ("http://127.0.0.1:4566", true),
        ("http://[::1]:4566/", true),
        ("http://localhost:4566", true),
        ("http://emulator", true),
        ("http://s3.localhost.test:4566", false),
        ("https://s3.eu-central-1.amazonaws.com", false),
    ] {
        assert_eq!(needs_path_style(&lookup(&[("AWS_ENDPOINT_URL", endpoint)])), path, "{endpoint}");
        let ignored = [("AWS_ENDPOINT_URL", endpoint), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
        assert!(!needs_path_style(&lookup(&ignored)));
    }
    assert!(!needs_path_style(&lookup(&[])));
}
