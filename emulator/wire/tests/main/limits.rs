//! Bodies that mean harm get a clear answer, and soon.

use crate::sample::{decode, sentence};
use wire::{DecodeError, Protocol};

fn malformed(protocol: Protocol, body: impl Into<wire::Bytes>) -> String {
    match decode(protocol, body) {
        Err(DecodeError::Malformed(sentence)) => sentence,
        other => panic!("not malformed: {other:?}"),
    }
}

#[test]
fn deep_json() {
    let known = format!(r#"{{"FunctionName":"f","Targets":{}"#, r#"[{"Id":"a","Targets":"#.repeat(10_000));
    assert!(malformed(Protocol::Json11, known).contains("nested deeper"));
    let unknown = format!(r#"{{"Other":{}"#, "[".repeat(1_000_000));
    assert!(malformed(Protocol::Json11, unknown).contains("nested deeper"));
}

#[test]
fn deep_cbor() {
    let mut body = vec![0xbf, 0x65];
    body.extend_from_slice(b"Other");
    body.extend(std::iter::repeat_n(0x9f, 1_000_000));
    assert!(malformed(Protocol::Cbor, body.clone()).contains("nested deeper"));
    for item in &mut body[7..] {
        *item = 0xc1;
    }
    assert!(malformed(Protocol::Cbor, body).contains("nested deeper"));
}

#[test]
fn cbor_that_promises_more_than_it_has() {
    for body in [
        &[0xbf][..],
        &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xa1, 0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xa1, 0x61, b'x', 0xff],
        &[0xff],
        &[0x1c],
        &[0xa0, 0],
    ] {
        malformed(Protocol::Cbor, body.to_vec());
    }
}

#[test]
fn deep_forms() {
    let body = format!("FunctionName=f&{}Id=a", "Targets.member.1.".repeat(2000));
    assert!(malformed(Protocol::Query, body).contains("nested deeper"));
}

#[test]
fn many_parameters() {
    let body: String = (0..200_000).map(|i| format!("a{i}=1&")).collect();
    assert!(malformed(Protocol::Query, body).contains("more than"));
}

#[test]
fn many_items() {
    let body = format!(r#"{{"FunctionName":"f","Layers":[{}"arn:"]}}"#, r#""arn:","#.repeat(100_000));
    assert!(malformed(Protocol::Json11, body).contains("more than"));
}

#[test]
fn huge_numbers() {
    for number in ["1e999", &"9".repeat(400)] {
        assert!(malformed(Protocol::Json11, format!(r#"{{"FunctionName":"f","Weights":{{"1":{number}}}}}"#)).contains("out of range"));
    }
    assert!(
        malformed(Protocol::Json11, r#"{"FunctionName":"f","Choice":{"Number":9223372036854775808}}"#).contains("can not be converted")
    );
    assert!(malformed(Protocol::Json11, r#"{"FunctionName":"f","When":1e300}"#).contains("Timestamp"));
    assert!(malformed(Protocol::Query, "FunctionName=f&Size=99999999999999999999").contains("can not be converted"));
    assert!(malformed(Protocol::Query, "FunctionName=f&When=99999999999999999999").contains("Timestamp"));
}

#[test]
fn what_is_there_twice() {
    assert!(malformed(Protocol::Json11, r#"{"FunctionName":"f","FunctionName":"g"}"#).contains("twice"));
    assert!(malformed(Protocol::Json11, r#"{"FunctionName":"f","Weights":{"1":0.1,"1":0.2}}"#).contains("twice"));
    assert!(malformed(Protocol::Query, "FunctionName=f&FunctionName=g").contains("twice"));
}

#[test]
fn text_that_is_not_utf8() {
    assert!(malformed(Protocol::Json11, b"{\"FunctionName\":\"\xff\"}".to_vec()).contains("UTF-8"));
    assert!(malformed(Protocol::Query, "FunctionName=%ff").contains("UTF-8"));
}

#[test]
fn every_truncation_and_every_flipped_byte_is_answered() {
    let json = br#"{"FunctionName":"f\u00e9","Size":3,"Layers":["arn:1"],"Weights":{"1":0.5},"When":1.5,"Targets":[{"Id":"a","Data":"aGk="}],"Choice":{"Text":"x"}}"#.to_vec();
    let form =
        b"FunctionName=f&Size=3&Layers.member.1=arn%3A1&Weights.entry.1.key=1&Weights.entry.1.value=0.5&Targets.member.1.Id=a".to_vec();
    for (protocol, body) in [(Protocol::Json11, json.clone()), (Protocol::Query, form), (Protocol::Cbor, json)] {
        for at in 0..body.len() {
            let _ = decode(protocol, body[..at].to_vec());
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut other = body.clone();
                other[at] ^= flip;
                let _ = decode(protocol, other);
            }
        }
    }
    assert_eq!(sentence(decode(Protocol::Json11, "{")), "malformed: Unexpected end of the JSON body");
}
