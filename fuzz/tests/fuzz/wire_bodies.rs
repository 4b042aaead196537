//! Requests of every protocol, from head and body to an input, and back to an answer.

use crate::{
    target::Target,
    wire_model::{PUT_THING, THINGS},
};
use std::panic::AssertUnwindSafe;
use wire::{Bytes, DecodeError, Dynamic, Fault, OperationSchema, Protocol, Route, Router, ServiceSchema, canonical, request, response};

const WORDS: &str = "<![CDATA[ ]]> <!DOCTYPE <!ENTITY <!-- --> <?xml &#x0; &#55296; &#99999999; &lt; &x; xmlns= </Name> <Name> .member. .entry. .key=a .1. .0. .99999999. &Name=a Action=PutThing \
    %00 %ff %zz %2F + \\u0000 \\ud800 \\ud83d\\ude00 1e999 -0 NaN Infinity null true {} [] \"__type\":\"x\" \u{e9} 9223372036854775808 1970-01-01T00:00:00Z +999999-12-31 -1e18 \
    \u{9f} \u{bf} \u{ff} \u{1b} \u{fb} x-meta-a:b 10000000000000000000000000000 AAAA ==== RED BLUE";

const JSON: &str = r#"{"Name":"f","Size":3,"Long":-9223372036854775808,"Float":1.5,"Weight":0.25,"Enabled":true,"Colour":"RED","When":1.5,"Day":"2026-01-25T08:00:00Z","Data":"aGk=","Tags":["a","b c"],"Weights":{"a":1},"Texts":{"k":"v\u00e9"},"Tree":{"Name":"t","Trees":[{"Name":"u"}],"Forest":{"a":{"Name":"v"}},"Leaf":"","Flat":["x"]},"Choice":{"Number":7}}"#;
const FORM: &str = "Action=PutThing&Version=2020-01-01&Name=f&Size=3&Long=-1&Float=1.5&Weight=0.25&Enabled=true&Colour=RED&When=2026-01-25T08%3A00%3A00Z&Data=aGk%3D&Tags.member.1=a&Tags.member.2=b+c&Weights.entry.1.key=a&Weights.entry.1.value=1&Texts.1.key=k&Texts.1.value=v&Tree.Name=t&Tree.Trees.member.1.Name=u&Tree.Forest.entry.1.key=a&Tree.Forest.entry.1.value.Name=v&Tree.Flat.1=x&Choice.Number=7";
const TREE: &str = "<Name>t</Name><Trees><member><Name>u</Name></member></Trees><Forest><entry><key>a</key><value><Name>v &amp; w</Name></value></entry></Forest><Leaf>aGk=</Leaf><Flat>x</Flat><Flat>y</Flat>";

fn samples() -> Vec<Vec<u8>> {
    let xml = format!(
        "<?xml version=\"1.0\"?><PutThingRequest><Name>f</Name><Size>3</Size><When>2026-01-25T08:00:00Z</When><Tags><member>a</member></Tags><Weights><entry><key>a</key><value>1</value></entry></Weights><Texts><key>k</key><value><![CDATA[v]]></value></Texts><Tree>{TREE}</Tree><Choice><Text>x</Text></Choice></PutThingRequest>"
    );
    let texts = [
        format!("json10 POST /\nx-amz-target: Things.PutThing\ncontent-type: application/x-amz-json-1.0\n\n{JSON}"),
        format!("json11 POST /\nx-amz-target: Things.PutThing\ncontent-type: application/x-amz-json-1.1\n\n{JSON}"),
        format!("json11 POST /\nx-amz-target: Things.Tell\ncontent-type: application/x-amz-json-1.1\n\n{{\"Name\":\"a\",\"Any\":{JSON}}}"),
        format!("rest-json POST /things\ncontent-type: application/json\n\n{JSON}"),
        "rest-json PUT /things/a%20b/to/c/d%2Fe?kind=a&size=3&tag=x&tag=y&more=1\nx-when: Sun, 25 Jan 2026 08:00:00 GMT\nx-note: n\nx-weight: 0.5\nx-list: a, \"b,c\"\nx-meta-a: b\n\n{\"Tree\":{\"Name\":\"t\"},\"Enabled\":false}".to_owned(),
        "rest-json PUT /trees/a\n\n{\"Name\":\"t\",\"Flat\":[\"x\"]}".to_owned(),
        format!("rest-xml POST /things\n\n{xml}"),
        format!("rest-xml PUT /things/a/to/c/d?kind=a\nx-meta-a: b\n\n<MoveThingRequest xmlns=\"https://things.example.com/\"><Tree>{TREE}</Tree><Enabled>true</Enabled></MoveThingRequest>"),
        format!("rest-xml PUT /trees/a\n\n<Tree>{TREE}</Tree>"),
        format!("query POST /\ncontent-type: application/x-www-form-urlencoded\n\n{FORM}"),
        format!("query GET /?{FORM}\n\n"),
        format!("ec2 POST /\ncontent-type: application/x-www-form-urlencoded\n\n{FORM}"),
        "s3 PUT /b?notification\nhost: localhost\n\n<NotificationConfiguration><QueueConfiguration><Id>a</Id><Queue>arn:aws:sqs:us-east-1:000000000000:q</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>a/</Value></FilterRule></S3Key></Filter></QueueConfiguration></NotificationConfiguration>".to_owned(),
        "s3 POST /b?delete\ncontent-md5: x\n\n<Delete><Object><Key>a&#x20;b</Key><VersionId>v</VersionId></Object><Quiet>true</Quiet></Delete>".to_owned(),
        "s3 GET /b?list-type=2&prefix=a%2F&max-keys=5&encoding-type=url\n\n".to_owned(),
        "s3 PUT /b/k/l?partNumber=1&uploadId=u\nx-amz-meta-a: b\nx-amz-checksum-crc32: AAAAAA==\ncontent-length: 3\n\nabc".to_owned(),
        "s3 PUT /b?lifecycle\n\n<LifecycleConfiguration><Rule><ID>r</ID><Filter><Prefix>a</Prefix></Filter><Status>Enabled</Status><Expiration><Days>7</Days></Expiration></Rule></LifecycleConfiguration>".to_owned(),
        "sqs POST /\nx-amz-target: AmazonSQS.SendMessage\ncontent-type: application/x-amz-json-1.0\n\n{\"QueueUrl\":\"http://localhost/0/q\",\"MessageBody\":\"b\",\"MessageAttributes\":{\"a\":{\"DataType\":\"String\",\"StringValue\":\"x\"}}}".to_owned(),
        "sqs POST /\ncontent-type: application/x-www-form-urlencoded\n\nAction=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=5&Tag.1.Key=a&Tag.1.Value=b".to_owned(),
        "iam POST /\ncontent-type: application/x-www-form-urlencoded\n\nAction=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=a&Tags.member.1.Value=b".to_owned(),
        "logs POST /\nx-amz-target: Logs_20140328.PutLogEvents\ncontent-type: application/x-amz-json-1.1\n\n{\"logGroupName\":\"g\",\"logStreamName\":\"s\",\"logEvents\":[{\"timestamp\":1,\"message\":\"m\"}]}".to_owned(),
    ];
    let mut samples: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    // The same thing in CBOR, written by our own encoder.
    let (_, service) = &THINGS[6];
    let mut value = Dynamic::new(PUT_THING.input);
    let structure = value.as_structure().expect("an input is a structure");
    let (head, _) = head("json10 POST /\n\n".as_bytes()).expect("a head");
    request::decode(Protocol::Json10, &PUT_THING, &head, &[], &Bytes::from_static(JSON.as_bytes()), structure)
        .expect("the sample is sound");
    let cbor = response::encode(Protocol::Cbor, service, &PUT_THING, structure, None, "id");
    samples.push(
        [
            b"cbor POST /service/Things/operation/PutThing\nsmithy-protocol: rpc-v2-cbor\ncontent-type: application/cbor\n\n",
            &cbor.body()[..],
        ]
        .concat(),
    );
    samples
}

/// `METHOD URI` behind the first word, header lines, an empty line; then the body begins. `None` where that makes no HTTP head.
fn head(bytes: &[u8]) -> Option<(http::request::Parts, usize)> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = text.split('\n');
    let mut first = lines.next()?.split(' ').skip(1);
    let mut head = http::Request::builder().method(first.next()?).uri(first.next()?);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        head = head.header(name, value.trim());
    }
    Some((head.body(()).ok()?.into_parts().0, end + 2))
}

#[test]
fn wire_decoding() {
    let real: [Box<dyn kit::Operations>; 4] =
        [Box::new(s3::S3::new()), Box::new(sqs::Sqs::new()), Box::new(iam::Iam::new()), Box::new(logs::Logs::new())];
    let things = THINGS.iter().map(|(name, service)| (*name, service));
    let routers: Vec<(&str, Router)> =
        things.chain(real.iter().map(|s| (s.schema().name, s.schema()))).map(|(name, schema)| (name, Router::new(schema))).collect();
    let target = Target::new("wire_decoding", samples(), WORDS);
    for sample in target.samples.iter().filter(|s| !s.is_empty()) {
        assert!(head(sample).is_some(), "{}", String::from_utf8_lossy(sample));
    }
    // The routers are read only.
    let routers = AssertUnwindSafe(routers);
    target.run(move |bytes| {
        let routers = &routers;
        let Some((head, body)) = head(bytes) else { return false };
        let word = bytes.split(|b| *b == b' ').next().unwrap_or_default();
        let (_, router) = routers.iter().find(|(name, _)| name.as_bytes() == word).unwrap_or(&routers[0]);
        one(router, &head, Bytes::copy_from_slice(&bytes[body..]))
    });
}

/// Whatever the request: it goes nowhere, or is refused with a sentence, or is read and can be written again. Whether it was read.
fn one(router: &Router, head: &http::request::Parts, body: Bytes) -> bool {
    let service = router.service();
    let protocol = wire::route::which_protocol(head, service);
    let (op, labels) = match router.route(protocol, head, &body) {
        Route::Operation(op, labels) => (op, labels),
        // A slip in the head is no reason to leave the body unread.
        _ if !matches!(protocol, Protocol::RestJson | Protocol::RestXml) => (service.operations[0], Vec::new()),
        _ => return false,
    };
    let mut value = Dynamic::new(op.input);
    let structure = value.as_structure().expect("an input is a structure");
    let decoded = request::decode(protocol, op, head, &labels, &body, structure);
    match &decoded {
        Ok(_) => {
            let _ = canonical::to_json(op.input, structure);
            if service.name == "things" {
                let answer = response::encode(protocol, service, op, structure, None, "id");
                well_formed(protocol, answer.body());
                round_trip(protocol, service, op, &answer);
            }
        }
        Err(error) => refused(protocol, service, op, error),
    }
    decoded.is_ok()
}

fn refused(protocol: Protocol, service: &'static ServiceSchema, op: &'static OperationSchema, error: &DecodeError) {
    let sentence = error.to_string();
    assert!(!sentence.is_empty());
    let fault = Fault::new("ValidationException", 400, sentence);
    let answer = response::encode_fault(protocol, service, Some(op), &fault, "id");
    assert_eq!(answer.status(), 400);
    well_formed(protocol, answer.body());
}

/// Nothing that a client's parser would choke on.
fn well_formed(protocol: Protocol, body: &[u8]) {
    match protocol {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson if body.is_empty() => {}
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
            assert!(serde_json::from_slice::<serde_json::Value>(body).is_ok(), "no JSON: {}", String::from_utf8_lossy(body))
        }
        Protocol::RestXml | Protocol::Query | Protocol::Ec2 => {
            let text = std::str::from_utf8(body).expect("XML is text");
            let bad = text.chars().find(|c| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'));
            assert_eq!(bad, None, "not allowed in XML: {text:?}");
        }
        Protocol::Cbor => {}
    }
}

/// In protocols whose answers look like their requests, what was written reads back, and is written the same again. (The first writing may
/// say less than was read: moments go out in milliseconds.)
fn round_trip(protocol: Protocol, service: &'static ServiceSchema, op: &'static OperationSchema, answer: &http::Response<Bytes>) {
    if op.name != "PutThing" || !matches!(protocol, Protocol::Json10 | Protocol::Json11 | Protocol::RestJson | Protocol::Cbor) {
        return;
    }
    let mut again = Dynamic::new(op.input);
    let structure = again.as_structure().expect("an input is a structure");
    let (head, _) = head(b"things POST /things\n\n").expect("a head");
    let read = request::decode(protocol, op, &head, &[], answer.body(), structure);
    assert!(read.is_ok(), "{read:?}: {}", String::from_utf8_lossy(answer.body()));
    let second = response::encode(protocol, service, op, structure, None, "id");
    assert_eq!(String::from_utf8_lossy(second.body()), String::from_utf8_lossy(answer.body()));
}
