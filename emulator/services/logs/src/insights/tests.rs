//! The language by examples, most of them shaped as those of AWS's documentation.

use super::{Query, Record, run::Outcome};

const T0: i64 = 1_700_000_000_000;

fn run(query: &str, messages: &[&str]) -> Outcome {
    let query = Query::parse(query).unwrap();
    let mut run = query.run();
    for (at, message) in messages.iter().enumerate() {
        run.take(Record::new("1:g", "s", T0 + at as i64 * 60_000, T0, message, format!("p{at}"))).unwrap();
    }
    run.finish(10_000)
}

/// The rows without pointers, as `a=1 b=2`.
fn rows(query: &str, messages: &[&str]) -> Vec<String> {
    let row = |row: Vec<(String, String)>| {
        row.into_iter().filter(|(name, _)| name != "@ptr").map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    run(query, messages).rows.into_iter().map(row).collect()
}

#[test]
fn the_newest_come_first_with_the_usual_fields() {
    assert_eq!(
        rows("limit 2", &["a", "b", "c"]),
        ["@timestamp=2023-11-14 22:15:20.000 @message=c", "@timestamp=2023-11-14 22:14:20.000 @message=b"]
    );
    assert_eq!(run("fields @message", &["a"]).rows[0][1], ("@ptr".into(), "p0".into()));
}

#[test]
fn filters_and_expressions() {
    let events = [r#"{"code":200,"user":{"name":"ann"},"ok":true}"#, r#"{"code":404,"user":{"name":"bob"}}"#, "plain error text"];
    assert_eq!(rows("fields user.name | filter code >= 400", &events), ["user.name=bob"]);
    assert_eq!(rows("fields @message | filter @message like /err.r/", &events), ["@message=plain error text"]);
    assert_eq!(rows("fields code | filter @message like 'ann' and not (code = 404)", &events), ["code=200"]);
    assert_eq!(rows("fields code | filter code in [200, 201] or user.name = \"bob\" | sort code", &events), ["code=200", "code=404"]);
    assert_eq!(rows("fields code * 2 + 1 as twice | filter ispresent(code) | sort twice desc | limit 1", &events), ["twice=809"]);
    assert_eq!(rows("fields toupper(user.name) | filter strlen(user.name) = 3 | limit 1", &events), ["toupper(user.name)=BOB"]);
    assert_eq!(rows("filter ispresent(code) and code not in [404] | display code # no more", &events), ["code=200"]);
}

#[test]
fn dates_addresses_and_trimmed_texts() {
    let event = [r#"{"ip":"10.1.2.3","six":"2001:db8::1","text":"--a-b--"}"#];
    assert_eq!(rows("fields datefloor(@timestamp, 1h) as x", &event), ["x=2023-11-14 22:00:00.000"]);
    assert_eq!(rows("fields dateceil(@timestamp, 1h) as x", &event), ["x=2023-11-14 23:00:00.000"]);
    assert_eq!(rows("fields dateceil(datefloor(@timestamp, 1h), 1h) as x", &event), ["x=2023-11-14 22:00:00.000"]);
    assert_eq!(rows("fields isValidIp(ip) as a, isValidIpv6(ip) as b, isValidIp(text) as c", &event), ["a=1 b=0 c=0"]);
    let subnets = "fields isIpInSubnet(ip, '10.0.0.0/8') as a, isIpv4InSubnet(ip, '10.2.0.0/16') as b, isIpv6InSubnet(six, '2001:db8::/32') as c, isIpInSubnet(ip, '10.0.0.0/99') as d";
    assert_eq!(rows(subnets, &event), ["a=1 b=0 c=1 d=0"]);
    assert_eq!(rows("fields trim(text, '-') as a, ltrim(text, '-') as b, rtrim(text, '-') as c", &event), ["a=a-b b=a-b-- c=--a-b"]);
}

#[test]
fn stats_by_fields_and_bins() {
    let events: Vec<String> = (0..6).map(|n| format!(r#"{{"path":"/{}","ms":{}}}"#, n % 2, n * 10)).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    assert_eq!(rows("stats count(*)", &events), ["count(*)=6"]);
    assert_eq!(rows("stats count(*) as n by path | sort n desc, path", &events), ["path=/0 n=3", "path=/1 n=3"]);
    assert_eq!(rows("stats avg(ms), max(ms), pct(ms, 50) by path | sort path", &events)[0], "path=/0 avg(ms)=20 max(ms)=40 pct(ms, 50)=20");
    assert_eq!(rows("stats sum(ms) / count(*) as mean", &events), ["mean=25"]);
    let bins = rows("stats count() as n by bin(3m) | sort bin(3m)", &events);
    assert_eq!(bins[0], "bin(3m)=2023-11-14 22:12:00.000 n=2");
    assert_eq!(rows("filter ms > 1000 | stats count(*) as n", &events), ["n=0"]);
    assert_eq!(
        rows("stats count_distinct(path) as paths, earliest(ms) as first, latest(ms) as last", &events),
        ["paths=2 first=0 last=50"]
    );
}

#[test]
fn parse_takes_messages_apart() {
    let events = ["user=ann id=7 said hello", "user=bob id=8 said bye"];
    assert_eq!(
        rows("parse @message \"user=* id=* said *\" as user, id, what | fields user, what | sort user", &events),
        ["user=ann what=hello", "user=bob what=bye"]
    );
    assert_eq!(rows("parse @message /id=(?<id>\\d+)/ | stats sum(id) as s", &events), ["s=15"]);
    assert_eq!(
        rows("parse @message \"user=* \" as user | dedup user | display user | sort user asc", &["user=x 1", "user=x 2"]),
        ["user=x"]
    );
}

#[test]
fn lambdas_reports_have_fields() {
    let report = "REPORT RequestId: abc\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t";
    assert_eq!(
        rows("filter @type = \"REPORT\" | fields @requestId, @duration, @maxMemoryUsed", &[report, "START RequestId: abc Version: 1"]),
        ["@requestId=abc @duration=12.5 @maxMemoryUsed=40000000"]
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (query, said) in [
        ("", "expected one of the commands"),
        ("fields", "expected a field"),
        ("filter a = ", "expected a field"),
        ("stats a by b", "expected an aggregate"),
        ("fields count(*)", "count is an aggregate"),
        ("fields nope(a)", "no function nope"),
        ("parse @message 'a * b' as x, y", "parse has 2 names for 1 stars"),
        ("limit 0", "expected a whole number"),
        ("fields a b", "expected the end of the query"),
        ("filter a like /(/", "no regular expression"),
    ] {
        let error = Query::parse(query).unwrap_err();
        assert!(error.contains(said), "{query}: {error}");
    }
    assert!(Query::parse(&"(".repeat(100_000)).is_err());
    assert!(Query::parse(&format!("filter {}", "(".repeat(1000))).is_err());
}
