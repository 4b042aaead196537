//! The template language, piece by piece.

use super::{
    evaluate::{self, Pseudo, Scope, World},
    graph,
    located::Located,
    parameters::{self, Asked},
    parse,
};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Knows one queue, whose attribute `Later` only apply will tell.
struct Known;

impl World for Known {
    fn reference(&self, id: &str) -> Option<Located> {
        (id == "Queue").then(|| Located::text(Default::default(), "http://queue"))
    }
    fn attribute(&self, id: &str, name: &str) -> Result<Option<Located>, String> {
        match (id, name) {
            ("Queue", "Arn") => Ok(Some(Located::text(Default::default(), "arn:queue"))),
            ("Queue", "Nested.Name") => Ok(Some(Located::text(Default::default(), "nested"))),
            ("Queue", "Later") => Ok(None),
            _ => Err(format!("no {name}")),
        }
    }
    fn export(&self, name: &str) -> Result<Option<String>, String> {
        if name == "there" { Ok(Some("exported".into())) } else { Err(format!("No export named {name} found")) }
    }
}

fn evaluate(expression: &str) -> Result<Json, String> {
    let text = format!(
        "
Transform: AWS::LanguageExtensions
Parameters:
  Name: {{ Type: String, Default: jobs }}
  Count: {{ Type: Number, Default: 3 }}
  List: {{ Type: CommaDelimitedList, Default: 'a, b,c' }}
Mappings: {{ M: {{ jobs: {{ size: 7, list: [x, y] }} }} }}
Conditions:
  Yes: !Equals [!Ref Name, jobs]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Condition No]
  Either: !Or [!Condition Yes, !Condition No]
Resources:
  Queue: {{ Type: AWS::SQS::Queue }}
  Log: {{ Type: AWS::Logs::LogGroup, Properties: {{ X: {expression} }} }}
"
    );
    let template = parse(&text).map_err(|p| p.sentence())?;
    let parameters = parameters::resolve(&template.parameters, &BTreeMap::new(), None).map_err(|f| f.message)?;
    let pseudo = Pseudo { account: "000000000000".into(), region: "eu-central-1".into(), stack_name: "s".into(), stack_id: "arn:s".into() };
    let conditions = evaluate::conditions(&template, &parameters, &pseudo).map_err(|p| p.sentence())?;
    let scope = Scope { template: &template, parameters: &parameters, conditions: &conditions, pseudo: &pseudo, world: &Known };
    let properties = template.resource("Log").unwrap().properties.clone().unwrap();
    let value = scope.value(&properties).map_err(|p| p.sentence())?.unwrap().to_json();
    Ok(value.get("X").cloned().unwrap_or(json!("absent")))
}

#[test]
fn intrinsic_functions_answer_as_on_aws() {
    for (expression, value) in [
        ("!Ref Name", json!("jobs")),
        ("{ Ref: Queue }", json!("http://queue")),
        ("!Ref List", json!(["a", "b", "c"])),
        ("!Ref Count", json!(3)),
        ("!Ref AWS::NoValue", json!("absent")),
        ("!Ref AWS::URLSuffix", json!("amazonaws.com")),
        ("!Ref AWS::StackId", json!("arn:s")),
        ("!GetAtt Queue.Arn", json!("arn:queue")),
        ("!GetAtt [Queue, Arn]", json!("arn:queue")),
        ("!GetAtt Queue.Nested.Name", json!("nested")),
        ("{ 'Fn::GetAtt': [Queue, Later] }", json!("{{changeSet:KNOWN_AFTER_APPLY}}")),
        ("!Sub 'a-${Name}-${Queue.Arn}-${!Kept}-${AWS::Region}'", json!("a-jobs-arn:queue-${Kept}-eu-central-1")),
        ("!Sub ['${X}-${Name}', { X: !Ref Count }]", json!("3-jobs")),
        ("!Sub 'no ${ end'", json!("no ${ end")),
        ("!Sub '${List}'", json!("a,b,c")),
        ("!Sub '${Queue.Later}!'", json!("{{changeSet:KNOWN_AFTER_APPLY}}")),
        ("!Join ['-', [a, !Ref Count, !Ref 'AWS::NoValue', b]]", json!("a-3-b")),
        ("!Join ['', !Ref List]", json!("abc")),
        ("!Select [1, !Ref List]", json!("b")),
        ("!Select ['0', !Split ['/', 'x/y']]", json!("x")),
        ("!Split ['-', a-b-c]", json!(["a", "b", "c"])),
        ("!Join ['_', !Split ['-', !Ref Name]]", json!("jobs")),
        ("!If [Yes, 1, 2]", json!(1)),
        ("!If [Both, 1, !If [Either, 2, 3]]", json!(2)),
        ("!If [No, 1, !Ref 'AWS::NoValue']", json!("absent")),
        ("!FindInMap [M, !Ref Name, size]", json!("7")),
        ("!FindInMap [M, jobs, list]", json!(["x", "y"])),
        ("!FindInMap [M, none, size, { DefaultValue: d }]", json!("d")),
        ("!ImportValue there", json!("exported")),
        ("!Cidr [10.0.0.0/16, 3, 8]", json!(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"])),
        ("!Cidr ['fd00::/56', 2, 64]", json!(["fd00::/64", "fd00:0:0:1::/64"])),
        ("!Base64 hello", json!("aGVsbG8=")),
        ("!GetAZs ''", json!(["eu-central-1a", "eu-central-1b", "eu-central-1c"])),
        ("!Length [a, b]", json!(2)),
        ("!ToJsonString { a: [1, true], b: !Ref Name }", json!("{\"a\":[1,true],\"b\":\"jobs\"}")),
        ("{ Condition: { StringLike: { 's3:prefix': x } } }", json!({ "Condition": { "StringLike": { "s3:prefix": "x" } } })),
        ("0123", json!("0123")),
        ("1.10", json!(1.1)),
        ("2012-10-17", json!("2012-10-17")),
    ] {
        assert_eq!(evaluate(expression), Ok(value), "{expression}");
    }
}

#[test]
fn mistakes_are_told_in_the_words_of_aws() {
    for (expression, said) in [
        ("!Nope x", "Template format error: the tag !Nope is unknown. (line 15, column 54)"),
        ("{ 'Fn::Nope': x }", "Template error: the function Fn::Nope is not supported by windtunnel. (line 15, column 56)"),
        (
            "!GetAtt Queue",
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
        ),
        ("!Select [9, !Ref List]", "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"),
        ("!Select [x, !Ref List]", "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"),
        ("!FindInMap [M, none, size]", "Template error: Unable to get mapping for M::none::size"),
        ("!FindInMap [N, none, size]", "Template error: Mapping named 'N' is not present in the 'Mappings' section of template."),
        ("!Equals [a]", "Template error: every Fn::Equals object requires a list of 2 string parameters."),
        ("!If [What, 1, 2]", "Template error: unresolved condition dependency What in Fn::If"),
        ("!ImportValue nowhere", "No export named nowhere found"),
        ("!Cidr [10.0.0.0/28, 300, 8]", "Template error: Fn::Cidr cannot cut 10.0.0.0/28 into 300 blocks of 8 bits (line 15, column 54)"),
        ("{ 'Fn::Sub': x, y: z }", "Template format error: Fn::Sub must stand alone in its object. (line 15, column 56)"),
        (
            "!Sub '${}'",
            "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons: ${} (line 15, column 54)",
        ),
    ] {
        assert_eq!(evaluate(expression), Err(said.to_owned()), "{expression}");
    }
}

#[test]
fn conditions_are_ordered_and_their_circles_refused() {
    let template =
        parse("Conditions: { A: !Not [!Condition B], B: !Not [!Condition A] }\nResources: { Q: { Type: AWS::SQS::Queue } }").unwrap();
    let said = evaluate::conditions(&template, &BTreeMap::new(), &Pseudo::default()).unwrap_err();
    assert_eq!(said.sentence(), "Template format error: Circular dependency between conditions: [A, B]");
    let template = parse("Conditions: { A: !Equals [!Ref Q, x] }\nResources: { Q: { Type: AWS::SQS::Queue } }").unwrap();
    let said = evaluate::conditions(&template, &BTreeMap::new(), &Pseudo::default()).unwrap_err();
    assert_eq!(
        said.sentence(),
        "Template format error: Unresolved dependencies [Q]. Cannot reference resources in the Conditions block of the template"
    );
}

#[test]
fn only_chosen_branches_count_as_references() {
    let text = "
Conditions: { Yes: !Equals [a, a], No: !Equals [a, b] }
Resources:
  A: { Type: T, Properties: { X: !If [Yes, !Ref B, !Ref C] } }
  B: { Type: T }
  C: { Type: T, Condition: No }
  D: { Type: T, DependsOn: C }
";
    let template = parse(text).unwrap();
    let conditions = evaluate::conditions(&template, &BTreeMap::new(), &Pseudo::default()).unwrap();
    let graph = graph::build(&template, &conditions).unwrap();
    assert_eq!(graph.keys().collect::<Vec<_>>(), ["A", "B", "D"]);
    assert_eq!(graph["A"].iter().collect::<Vec<_>>(), ["B"]);
    assert!(graph["D"].is_empty());
    let template = parse(&text.replace("[Yes, !Ref B", "[No, !Ref B")).unwrap();
    let said = graph::build(&template, &conditions).unwrap_err();
    assert_eq!(said.sentence(), "Template format error: Unresolved resource dependencies [C] in the Resources block of the template");
}

#[test]
fn previous_values_are_taken_over() {
    let template = parse("Parameters: { A: { Type: String } }\nResources: { Q: { Type: AWS::SQS::Queue } }").unwrap();
    let asked = |asked| BTreeMap::from([("A".to_owned(), asked)]);
    let first = parameters::resolve(&template.parameters, &asked(Asked::Value("x".into())), None).unwrap();
    let again = parameters::resolve(&template.parameters, &asked(Asked::Previous), Some(&first)).unwrap();
    assert_eq!(first, again);
    assert!(parameters::resolve(&template.parameters, &asked(Asked::Previous), None).is_err());
}

#[test]
fn nonsense_never_panics() {
    for text in [
        "",
        "[",
        "Resources: [1]",
        "Resources: {A: {Type: [x]}}",
        "? [a]\n: b",
        "Parameters: {A: {Type: 1, AllowedPattern: '('}}",
        "&a [*a]",
        "\u{0}",
        "Outputs: 1",
        "Mappings: {M: {a: 1}}",
    ] {
        assert!(parse(text).is_err(), "{text:?}");
    }
}

/// The pipeline's template with bytes changed, cut and doubled: every answer is an answer.
#[test]
fn damaged_templates_never_panic() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../pipeline/template.yaml");
    let whole = std::fs::read(path).expect("the pipeline's template");
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize % below
    };
    for _ in 0..200 {
        let mut bytes = whole.clone();
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            match next(4) {
                0 => bytes[at] = b"!:{}[]-#&*'\"\n "[next(14)],
                1 => bytes.truncate(at.max(1)),
                2 => drop(bytes.splice(at..at, whole[..next(200)].to_vec())),
                _ => drop(bytes.drain(at..(at + next(60)).min(bytes.len()))),
            }
            if bytes.is_empty() {
                bytes.push(b'x');
            }
        }
        let Ok(template) = parse(&String::from_utf8_lossy(&bytes)) else { continue };
        let pseudo = Pseudo::default();
        if let Ok(conditions) = evaluate::conditions(&template, &BTreeMap::new(), &pseudo) {
            let _ = graph::build(&template, &conditions);
            let (parameters, world) = (BTreeMap::new(), Known);
            let scope = Scope { template: &template, parameters: &parameters, conditions: &conditions, pseudo: &pseudo, world: &world };
            template.resources.iter().filter_map(|r| r.properties.as_ref()).for_each(|p| drop(scope.value(p)));
        }
    }
}

#[test]
fn texts_do_not_grow_without_bound() {
    let many = "${A}".repeat(10_000);
    let text = format!(
        "Parameters: {{ A: {{ Type: String }} }}\nResources: {{ Q: {{ Type: AWS::SQS::Queue, Properties: {{ X: !Sub '{many}' }} }} }}"
    );
    let template = parse(&text).unwrap();
    let asked = BTreeMap::from([("A".to_owned(), Asked::Value("x".repeat(4096)))]);
    let parameters = parameters::resolve(&template.parameters, &asked, None).unwrap();
    let (conditions, pseudo, world) = (BTreeMap::new(), Pseudo::default(), Known);
    let scope = Scope { template: &template, parameters: &parameters, conditions: &conditions, pseudo: &pseudo, world: &world };
    let said = scope.value(template.resources[0].properties.as_ref().unwrap()).unwrap_err().sentence();
    assert!(said.starts_with("Template error: a text of more than 1048576 bytes"), "{said}");
}
