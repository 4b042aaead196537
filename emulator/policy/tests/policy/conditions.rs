//! Every condition operator, with and without its key.

use policy::Keys;

use crate::support::{allows, identity};

/// (Condition block, key, values of the request, whether it holds). No values: the request lacks the key.
type Row<'a> = (&'a str, &'a str, &'a [&'a str], bool);

fn check(table: &[Row<'_>]) {
    for (block, key, values, expected) in table {
        let document = identity(&format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{block}}}"#));
        let mut context = Keys::new();
        for value in *values {
            context.add(*key, *value);
        }
        let allowed = allows(&document, "s3:GetObject", "arn:aws:s3:::b/k", &context);
        assert_eq!(allowed, *expected, "{block} with {key} = {values:?}");
    }
}

#[test]
fn strings() {
    check(&[
        (r#"{"StringEquals":{"k:a":"x"}}"#, "k:a", &["x"], true),
        (r#"{"StringEquals":{"k:a":"x"}}"#, "K:A", &["x"], true),
        (r#"{"StringEquals":{"k:a":"x"}}"#, "k:a", &["X"], false),
        (r#"{"StringEquals":{"k:a":["x","y"]}}"#, "k:a", &["y"], true),
        (r#"{"StringEquals":{"k:a":"x"}}"#, "k:a", &[], false),
        (r#"{"StringEquals":{"k:a":"x*"}}"#, "k:a", &["xy"], false),
        (r#"{"StringEquals":{"k:a":"x*"}}"#, "k:a", &["x*"], true),
        (r#"{"StringNotEquals":{"k:a":"x"}}"#, "k:a", &["y"], true),
        (r#"{"StringNotEquals":{"k:a":"x"}}"#, "k:a", &["x"], false),
        (r#"{"StringNotEquals":{"k:a":["x","y"]}}"#, "k:a", &["y"], false),
        (r#"{"StringNotEquals":{"k:a":"x"}}"#, "k:a", &[], true),
        (r#"{"StringEqualsIgnoreCase":{"k:a":"ÄX"}}"#, "k:a", &["äx"], true),
        (r#"{"StringNotEqualsIgnoreCase":{"k:a":"X"}}"#, "k:a", &["x"], false),
        (r#"{"StringNotEqualsIgnoreCase":{"k:a":"X"}}"#, "k:a", &[], true),
        (r#"{"StringLike":{"k:a":"a*c?"}}"#, "k:a", &["abbcd"], true),
        (r#"{"StringLike":{"k:a":"a*"}}"#, "k:a", &["Ab"], false),
        (r#"{"StringLike":{"s3:prefix":["","home/","home/${aws:username}/*"]}}"#, "s3:prefix", &["home/ada/x"], true),
        (r#"{"StringLike":{"s3:prefix":["","home/","home/${aws:username}/*"]}}"#, "s3:prefix", &["home/bob/x"], false),
        (r#"{"StringLike":{"s3:prefix":["","home/"]}}"#, "s3:prefix", &[""], true),
        (r#"{"StringNotLike":{"k:a":"a*"}}"#, "k:a", &["b"], true),
        (r#"{"StringNotLike":{"k:a":"a*"}}"#, "k:a", &["ab"], false),
        (r#"{"StringNotLike":{"k:a":"a*"}}"#, "k:a", &[], true),
        (r#"{"StringEquals":{"k:a":"${aws:PrincipalTag/none}"}}"#, "k:a", &[""], false),
        (r#"{"StringEquals":{"k:a":"${aws:PrincipalTag/none, 'd'}"}}"#, "k:a", &["d"], true),
        // Two keys of one operator, and two operators: all must hold.
        (r#"{"StringEquals":{"k:a":"x","k:b":"y"}}"#, "k:a", &["x"], false),
        (r#"{"StringEquals":{"k:a":"x"},"StringLike":{"k:a":"y*"}}"#, "k:a", &["x"], false),
    ]);
}

#[test]
fn numbers() {
    check(&[
        (r#"{"NumericEquals":{"k:n":"10"}}"#, "k:n", &["10"], true),
        (r#"{"NumericEquals":{"k:n":"10"}}"#, "k:n", &["10.0"], true),
        (r#"{"NumericEquals":{"k:n":10}}"#, "k:n", &["10"], true),
        (r#"{"NumericEquals":{"k:n":"9007199254740993"}}"#, "k:n", &["9007199254740992"], false),
        (r#"{"NumericNotEquals":{"k:n":"10"}}"#, "k:n", &["11"], true),
        (r#"{"NumericNotEquals":{"k:n":"10"}}"#, "k:n", &[], true),
        (r#"{"NumericLessThan":{"k:n":"10"}}"#, "k:n", &["9"], true),
        (r#"{"NumericLessThan":{"k:n":"10"}}"#, "k:n", &["10"], false),
        (r#"{"NumericLessThan":{"k:n":"9"}}"#, "k:n", &["10"], false),
        (r#"{"NumericLessThanEquals":{"k:n":"10"}}"#, "k:n", &["10"], true),
        (r#"{"NumericGreaterThan":{"k:n":"10"}}"#, "k:n", &["10.5"], true),
        (r#"{"NumericGreaterThanEquals":{"k:n":"-1"}}"#, "k:n", &["-1"], true),
        (r#"{"NumericLessThan":{"k:n":"10"}}"#, "k:n", &["many"], false),
        (r#"{"NumericLessThan":{"k:n":"inf"}}"#, "k:n", &["9"], false),
        (r#"{"NumericLessThan":{"k:n":"10"}}"#, "k:n", &[], false),
    ]);
}

#[test]
fn dates() {
    let noon = &["2026-03-01T12:00:00Z"][..];
    check(&[
        (r#"{"DateEquals":{"aws:CurrentTime":"2026-03-01T13:00:00+01:00"}}"#, "aws:CurrentTime", noon, true),
        (r#"{"DateNotEquals":{"aws:CurrentTime":"2026-03-01T12:00:00Z"}}"#, "aws:CurrentTime", noon, false),
        (r#"{"DateNotEquals":{"aws:CurrentTime":"2026-03-01T12:00:00Z"}}"#, "aws:CurrentTime", &[], true),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026-03-02"}}"#, "aws:CurrentTime", noon, true),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026-03-01"}}"#, "aws:CurrentTime", noon, false),
        (r#"{"DateLessThanEquals":{"aws:CurrentTime":"2026-03-01T12:00:00Z"}}"#, "aws:CurrentTime", noon, true),
        (r#"{"DateGreaterThan":{"aws:CurrentTime":"2026-03-01T11:59:59.999Z"}}"#, "aws:CurrentTime", noon, true),
        (r#"{"DateGreaterThanEquals":{"aws:CurrentTime":"2026"}}"#, "aws:CurrentTime", noon, true),
        (r#"{"DateGreaterThan":{"aws:EpochTime":"1700000000"}}"#, "aws:EpochTime", &["1800000000"], true),
        (r#"{"NumericLessThan":{"aws:EpochTime":"1700000000"}}"#, "aws:EpochTime", &["1800000000"], false),
        (r#"{"DateGreaterThan":{"aws:CurrentTime":"2026-03-01"}}"#, "aws:CurrentTime", &["soon"], false),
    ]);
}

#[test]
fn booleans_binaries_and_null() {
    check(&[
        (r#"{"Bool":{"aws:SecureTransport":"true"}}"#, "aws:SecureTransport", &["true"], true),
        (r#"{"Bool":{"aws:SecureTransport":true}}"#, "aws:SecureTransport", &["TRUE"], true),
        (r#"{"Bool":{"aws:SecureTransport":"false"}}"#, "aws:SecureTransport", &["true"], false),
        (r#"{"Bool":{"aws:SecureTransport":"maybe"}}"#, "aws:SecureTransport", &["maybe"], false),
        // The trap of the MFA guide: Bool fails without the key, BoolIfExists holds.
        (r#"{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#, "aws:MultiFactorAuthPresent", &[], false),
        (r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#, "aws:MultiFactorAuthPresent", &[], true),
        (r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#, "aws:MultiFactorAuthPresent", &["true"], false),
        (r#"{"BinaryEquals":{"k:b":"QUJD"}}"#, "k:b", &["QUJD"], true),
        (r#"{"BinaryEquals":{"k:b":"QUJD"}}"#, "k:b", &["QUJE"], false),
        (r#"{"BinaryEquals":{"k:b":"???"}}"#, "k:b", &["???"], false),
        (r#"{"Null":{"k:a":"true"}}"#, "k:a", &[], true),
        (r#"{"Null":{"k:a":"true"}}"#, "k:a", &["x"], false),
        (r#"{"Null":{"k:a":"false"}}"#, "k:a", &["x"], true),
        (r#"{"Null":{"k:a":false}}"#, "k:a", &[], false),
        (r#"{"Null":{"aws:PrincipalArn":"false"}}"#, "k:a", &[], true),
    ]);
}

#[test]
fn addresses() {
    check(&[
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, "aws:SourceIp", &["203.0.113.9"], true),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, "aws:SourceIp", &["203.0.114.9"], false),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.77/24"}}"#, "aws:SourceIp", &["203.0.113.9"], true),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.9"}}"#, "aws:SourceIp", &["203.0.113.9"], true),
        (r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}}"#, "aws:SourceIp", &["2001:db8::1"], true),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, "aws:SourceIp", &["::ffff:203.0.113.9"], true),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, "aws:SourceIp", &["nowhere"], false),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/33"}}"#, "aws:SourceIp", &["203.0.113.9"], false),
        (r#"{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}}"#, "aws:SourceIp", &["203.0.113.9"], false),
        (r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, "aws:SourceIp", &["203.0.113.9"], true),
        (r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, "aws:SourceIp", &[], true),
    ]);
}

#[test]
fn arns() {
    let topic = &["arn:aws:sns:us-east-1:123456789012:t"][..];
    check(&[
        (r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-east-1:123456789012:t"}}"#, "aws:SourceArn", topic, true),
        // ArnEquals takes wildcards, as ArnLike does.
        (r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:*:123456789012:*"}}"#, "aws:SourceArn", topic, true),
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:t"}}"#, "aws:SourceArn", topic, true),
        // A star stays within its part.
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:t"}}"#, "aws:SourceArn", topic, false),
        (r#"{"StringLike":{"aws:SourceArn":"arn:aws:sns:*:t"}}"#, "aws:SourceArn", topic, true),
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b*"}}"#, "aws:SourceArn", &["arn:aws:s3:::b/x:y"], true),
        (r#"{"ArnNotEquals":{"aws:SourceArn":"arn:aws:sns:*:*:u"}}"#, "aws:SourceArn", topic, true),
        (r#"{"ArnNotLike":{"aws:SourceArn":"arn:aws:sns:*:*:t"}}"#, "aws:SourceArn", topic, false),
        (r#"{"ArnNotLike":{"aws:SourceArn":"arn:aws:sns:*:*:t"}}"#, "aws:SourceArn", &[], true),
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:t"}}"#, "aws:SourceArn", &["t"], false),
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:${aws:PrincipalAccount}:t"}}"#, "aws:SourceArn", topic, true),
        (r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/ada"}}"#, "k:a", &[], true),
    ]);
}

#[test]
fn several_values_and_if_exists() {
    check(&[
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#, "aws:TagKeys", &["a", "b"], true),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#, "aws:TagKeys", &["a", "c"], false),
        // ForAllValues holds when there is nothing to look at: it needs a Null guard.
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#, "aws:TagKeys", &[], true),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#, "aws:TagKeys", &[""], true),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:TagKeys":"false"}}"#, "aws:TagKeys", &[], false),
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}}"#, "aws:TagKeys", &["c", "b"], true),
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}}"#, "aws:TagKeys", &["c"], false),
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}}"#, "aws:TagKeys", &[], false),
        (r#"{"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}}"#, "aws:TagKeys", &["a", "b"], true),
        (r#"{"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}}"#, "aws:TagKeys", &["a"], false),
        (r#"{"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}}"#, "aws:TagKeys", &[], false),
        (r#"{"ForAllValues:StringNotEquals":{"aws:TagKeys":"a"}}"#, "aws:TagKeys", &["a", "b"], false),
        (r#"{"ForAllValues:StringLike":{"aws:TagKeys":"a*"}}"#, "aws:TagKeys", &["ab", "ac"], true),
        (r#"{"ForAnyValue:ArnLike":{"k:a":"arn:aws:s3:::*"}}"#, "k:a", &["x", "arn:aws:s3:::b"], true),
        // Several values without a qualifier: one that is equal is enough, also for the negated operator to fail.
        (r#"{"StringEquals":{"k:a":"x"}}"#, "k:a", &["x", "y"], true),
        (r#"{"StringNotEquals":{"k:a":"x"}}"#, "k:a", &["x", "y"], false),
        (r#"{"StringEqualsIfExists":{"k:a":"x"}}"#, "k:a", &[], true),
        (r#"{"StringEqualsIfExists":{"k:a":"x"}}"#, "k:a", &["y"], false),
        (r#"{"StringNotEqualsIfExists":{"k:a":"x"}}"#, "k:a", &["x"], false),
        (r#"{"ForAnyValue:StringEqualsIfExists":{"k:a":"x"}}"#, "k:a", &[], true),
        (r#"{"NumericLessThanIfExists":{"k:a":"1"}}"#, "k:a", &[], true),
        (r#"{"StringEquals":{"k:a":[]}}"#, "k:a", &["x"], false),
        (r#"{"StringNotEquals":{"k:a":[]}}"#, "k:a", &["x"], true),
    ]);
}

#[test]
fn keys_that_follow_from_the_principal() {
    check(&[
        (r#"{"StringEquals":{"aws:username":"ada"}}"#, "k:a", &[], true),
        (r#"{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}"#, "k:a", &[], true),
        (r#"{"StringEquals":{"aws:PrincipalType":"User"}}"#, "k:a", &[], true),
        (r#"{"StringEquals":{"aws:userid":"AIDAADA"}}"#, "k:a", &[], true),
        (r#"{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}"#, "k:a", &[], true),
        (r#"{"Bool":{"aws:PrincipalIsAWSService":"false"}}"#, "k:a", &[], true),
        // What the request says comes first.
        (r#"{"StringEquals":{"aws:username":"ada"}}"#, "aws:username", &["bob"], false),
    ]);
}
