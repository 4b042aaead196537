//! What a configuration may say, and what it is told if it may not.

use crate::config::{Auth, Config, EnvelopeName, Invocation};

const GOOD: &str = r#"
[kafka]
bootstrap_servers = "${BROKERS:-127.0.0.1:9092}"
group_id = "photo-ingest"
[kafka.options]
"sasl.password" = "${SECRET}"
"fetch.wait.max.ms" = 50
[dead_letter]
topic = "photo-ingest-dead"
[[routes]]
topics = ["photo-ingest", "^partner-[a-z]+$"]
function = "photos-process:live"
"#;

fn read(text: &str) -> Result<Config, String> {
    let lookup = |name: &str| (name == "SECRET").then(|| "s3cret".to_owned());
    Config::read(text, &lookup).map_err(|error| error.to_string())
}

/// `GOOD` with something in the place of something else.
fn told(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    read(&GOOD.replace(from, to)).expect_err(to)
}

#[test]
fn variables_and_defaults_stand_where_the_file_leaves_room() {
    let config = read(GOOD).unwrap();
    assert_eq!((config.kafka.bootstrap_servers.as_str(), config.kafka.auth), ("127.0.0.1:9092", Auth::Options));
    let route = &config.routes[0];
    assert_eq!((route.invocation, route.envelope, route.max_payload_bytes()), (Invocation::Event, EnvelopeName::MskEvent, 1 << 20));
    let client = crate::kafka::consumer(&config);
    for (name, value) in [
        ("sasl.password", "s3cret"),
        ("fetch.wait.max.ms", "50"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("auto.offset.reset", "earliest"),
        ("queued.max.messages.kbytes", "16384"),
    ] {
        assert_eq!(client.get(name), Some(value), "{name}");
    }
    let producer = crate::kafka::producer(&config);
    assert_eq!((producer.get("fetch.wait.max.ms"), producer.get("enable.idempotence")), (None, Some("true")));
    assert!(read(&GOOD.replace("${SECRET}", "${MISSING}")).unwrap_err().contains("MISSING is not set"));
}

#[test]
fn the_environment_overrides_cluster_and_group() {
    let lookup = |name: &str| Some(if name == "KAFKA_GROUP_ID" { "g2" } else { "other:1" }.to_owned());
    let config = Config::read(GOOD, &lookup).unwrap();
    assert_eq!((config.kafka.bootstrap_servers.as_str(), config.kafka.group_id.as_str()), ("other:1", "g2"));
}

#[test]
fn options_that_the_promise_hangs_on_are_refused_by_name() {
    let names = "enable.auto.commit enable.auto.offset.store group.id bootstrap.servers auto.offset.reset enable.partition.eof
        enable.idempotence message.timeout.ms message.max.bytes";
    for owned in names.split_whitespace() {
        let told = told("\"fetch.wait.max.ms\" = 50", &format!("\"{owned}\" = \"x\""));
        assert!(told.contains(owned) && told.contains("the consumer's own"), "{told}");
    }
    let told = told("[kafka.options]", "auth = \"msk-iam\"\n[kafka.options]\n\"sasl.mechanism\" = \"PLAIN\"");
    assert!(told.contains("msk-iam"), "{told}");
}

#[test]
fn mistakes_are_told_with_their_key() {
    for (from, to, expected) in [
        ("group_id = \"photo-ingest\"", "group_id = \"\"", "kafka.group_id: it is missing or empty"),
        ("group_id = \"photo-ingest\"", "", "missing field `group_id`"),
        ("function = \"photos", "functoin = \"photos", "unknown field `functoin`"),
        ("\"photo-ingest\", \"^", "\"photo ingest\", \"^", "'photo ingest' is no name of a topic"),
        ("\"^partner-[a-z]+$\"", "\"^partner-(\"", "is no regular expression"),
        ("\"^partner-[a-z]+$\"", "'^partner-\\d+$'", "a backslash before a letter or digit, which librdkafka reads otherwise"),
        ("\"^partner-[a-z]+$\"", "'^partner-(?i)x$'", "a group that begins with (?"),
        ("\"^partner-[a-z]+$\"", "'^partner-.*?$'", "a lazy or possessive repetition"),
        ("\"photo-ingest-dead\"", "\"partner-dead\"", ""),
        ("live\"", "live\"\nenvelope = \"raw\"\nbatch = { records = 5 }", "routes[0].batch.records: the envelope raw"),
        ("live\"", "live\"\nmax_payload_bytes = 2000000", "routes[0].max_payload_bytes: 2000000 is not from 1024 to 1048576"),
        ("live\"", "live\"\nerrors = { missing = \"ignore\" }", "unknown variant `ignore`"),
        ("[dead_letter]\ntopic = \"photo-ingest-dead\"", "", "routes[0].errors: something may have to go to a dead-letter topic"),
        ("topic = \"photo-ingest-dead\"", "topic = \"photo-ingest\"", "dead letters would go round in circles"),
        ("50", "[1]", "neither text nor number"),
        ("[kafka]", "[kafka", "TOML parse error"),
    ] {
        match expected {
            // It matches ^partner-[a-z]+$.
            "" => assert!(told(from, to).contains("round in circles")),
            _ => assert!(told(from, to).contains(expected), "{to}: {}", told(from, to)),
        }
    }
}

#[test]
fn the_first_route_that_names_a_topic_takes_it_then_the_first_pattern() {
    let second = "[[routes]]\ntopics = [\"partner-x\", \"^.*$\"]\nfunction = \"rest\"\n";
    let told = read(&format!("{GOOD}{second}")).unwrap_err();
    assert!(told.contains("round in circles"), "^.*$ takes the dead letters too: {told}");
    let config = read(&format!("{GOOD}{}", second.replace("^.*$", "^q"))).unwrap();
    let routes = crate::routes::Routes::new(&config.routes).unwrap();
    let found: Vec<Option<usize>> = ["photo-ingest", "partner-a", "partner-x", "queue", "other"].map(|topic| routes.find(topic)).into();
    assert_eq!(found, [Some(0), Some(0), Some(1), Some(1), None]);
    let config = read(&GOOD.replace("\"^partner-[a-z]+$\"", "'^_.*$', '^\\.[a-z]+\\.?$'")).unwrap();
    let routes = crate::routes::Routes::new(&config.routes).unwrap();
    assert_eq!(
        ["__consumer_offsets", "_mine", ".dots."].map(|topic| routes.find(topic)),
        [None, Some(0), Some(0)],
        "Kafka's own are for those who name them"
    );
}

#[test]
fn the_pipelines_own_configuration_reads_well() {
    let lookup = |name: &str| match name {
        "PROCESS_FUNCTION" => Some("pipeline-process".to_owned()),
        "KAFKA_AUTH" => Some("msk-iam".to_owned()),
        _ => None,
    };
    let config = Config::read(include_str!("../../photo-ingest.toml"), &lookup).unwrap();
    assert_eq!((config.kafka.auth, config.routes[0].function.as_str()), (Auth::MskIam, "pipeline-process"));
    assert_eq!((config.routes[0].topics.as_slice(), config.routes[0].envelope), (&["photo-ingest".to_owned()][..], EnvelopeName::Raw));
}
