//! The small languages of services: what finds events in logs and partitions in tables, what metrics are reckoned by, when schedules are due.

use crate::target::Target;
use kit::schedules::{Expression, TimeZone};
use wire::Timestamp;

const MESSAGES: [&str; 3] = [
    r#"{"level":"ERROR","user":{"name":"ann","tags":["a","b"]},"ms":12.5,"ok":true,"none":null}"#,
    "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /a.gif HTTP/1.0\" 200 1534",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa plain \"quoted text\" [in brackets] \u{e9}",
];

/// Runs a target whose reader says by `Ok` that it took the text.
fn run<T>(name: &'static str, samples: &[&str], words: &'static str, read: impl Fn(&str) -> Result<T, String> + std::panic::RefUnwindSafe) {
    let samples = samples.iter().map(|text| text.as_bytes().to_vec());
    Target::new(name, samples, words).run(|bytes| match read(&String::from_utf8_lossy(bytes)) {
        Ok(_) => true,
        Err(sentence) => {
            assert!(!sentence.is_empty());
            false
        }
    });
}

#[test]
fn log_patterns() {
    let samples = [
        "ERROR -\"in brackets\" ?plain ?%a+b%",
        r#"{ ($.level = "ERR*" || $.ms > 1e1) && $.user.tags[0] != %^x% && $.none IS NULL && $.gone NOT EXISTS }"#,
        r#"[ip, user, ..., status_code = 4* || status_code = 200, bytes > 1000]"#,
    ];
    let words =
        "{ } [ ] ( ) $. $ [0] = != <= >= && || %(a*)*b% %a% \"x\" - ? * ... , IS NOT EXISTS NULL TRUE 99999999999999999999 1e999 \u{e9} \\";
    run("log_patterns", &samples, words, |text| MESSAGES.iter().try_for_each(|message| logs::describe_pattern(text, message).map(drop)));
}

#[test]
fn insights_queries() {
    let samples = [
        "fields @timestamp, ms * 2 + 1 as twice | filter @message like /(?i)e(r+)or/ and not (ms in [1, 2.5]) or user.name = \"ann\" | sort twice desc, @timestamp | limit 5",
        "parse @message '* - * [*]' as ip, who, at | stats count(*) as n, pct(ms, 95), avg(strlen(ip)) by bin(5m), who | display n",
        "parse @message /(?<verb>[A-Z]+) (?<path>\\S+)/ | dedup verb | fields coalesce(path, 'x'), replace(verb, 'G', 'H'), concat(a, b), abs(-3) ^ 2 % 5 # note",
    ];
    let words = "fields filter stats parse sort | by as like in [ ] ( ) , /a+/ /(a*)*$/ '*' \"*\" bin(1m) count(*) pct( ispresent( not and or = != <= + - * / % ^ @message `x y` 1e999 99999999999999999999 # \\ \u{e9}";
    run("insights_queries", &samples, words, |text| logs::describe_query(text, &MESSAGES));
}

#[test]
fn metric_math() {
    let samples = [
        "IF(m1 > 2 AND NOT m2 <= 5, m1 / PERIOD(m1) * 100, FILL(m2, REPEAT))",
        "SORT([m1, m2, RATE(m1)], AVG, DESC, 2)",
        "SUM(METRICS()) + MAX([m1, m2]) ^ 2 - ABS(-m1) + RUNNING_SUM(m2)",
        "ALARM(\"a b\") OR (OK(c) AND NOT INSUFFICIENT_DATA('arn:aws:cloudwatch:eu-west-1:1:alarm:x')) OR TRUE",
    ];
    let words = "m1 m2 [ ] ( ) , + - * / ^ == != <= AND OR NOT || && IF( FILL( SUM( METRICS( RATE( TIME_SERIES( SEARCH( ALARM( OK( TRUE \" ' 1e999 1e-999 99999999999999999999 m1, \u{e9}";
    run("metric_math", &samples, words, |text| match cloudwatch::describe_expression(text) {
        Ok(_) => Ok(()),
        Err(_) => cloudwatch::describe_rule(text).map(drop),
    });
}

#[test]
fn partition_filters() {
    let samples = [
        "(year > 2019 AND name LIKE 'a%_b') OR NOT (year BETWEEN 1 AND 5) OR name IN ('x', 'it''s')",
        "year = 2020 and name <> \"y\" and year not in (1, 2) or name is null",
    ];
    let words =
        "year name = <> != <= ( ) , ' \" AND OR NOT IN BETWEEN LIKE '%%%%%%%%%%b' '_%_%_%_%' IS NULL 1e999 99999999999999999999 \\ \u{e9}";
    run("partition_filters", &samples, words, |text| {
        ["2020", "-1e5", "x", ""].iter().try_for_each(|year| glue::describe_filter(text, year, &"ab".repeat(200)).map(drop))
    });
}

#[test]
fn schedules() {
    let samples = [
        "rate(5 minutes)",
        "cron(0/15 9-17 ? * MON-FRI 2026-2030)",
        "cron(0 12 L * ? *)",
        "cron(0 8 ? * 6#3 *)",
        "cron(0 8 15W 2,4 ? *)",
        "at(2026-11-22T09:00:00)",
    ];
    let words = "rate( cron( at( ) * ? L W # 0/1 1-5 29 FEB MON 1970 2199 99999999999 minutes days , - / T";
    let zones = [TimeZone::UTC, TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("it is one")];
    run("schedules", &samples, words, |text| {
        let expression = Expression::parse(text).ok_or("none")?;
        let from = Timestamp { unix_ns: 1_774_742_400_000_000_000 };
        for zone in &zones {
            let mut at = from;
            for _ in 0..5 {
                let Some(next) = expression.next(at, from, zone) else { break };
                assert!(next > at, "{text}: not after {at:?}");
                at = next;
            }
        }
        Ok(())
    });
}
