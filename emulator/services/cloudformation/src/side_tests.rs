//! The pipeline's own template through the model: everything in it is known, fits, and is passed on.

use crate::{
    plan::{Before, Plan},
    resources,
    side::{Side, Standing},
    template::{
        self,
        evaluate::Pseudo,
        parameters::{self, Asked},
    },
    validate,
};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn the_pipelines_template_can_be_planned() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../pipeline/template.yaml");
    let text = std::fs::read_to_string(path).expect("the pipeline's template");
    let template = template::parse(&text).unwrap_or_else(|p| panic!("{}", p.sentence()));
    for resource in &template.resources {
        assert!(resources::find(&resource.kind).is_some(), "{} of {}", resource.kind, resource.logical_id);
    }
    let asked: BTreeMap<String, Asked> =
        template.parameters.iter().filter(|p| p.default.is_none()).map(|p| (p.name.clone(), Asked::Value("given".into()))).collect();
    let parameters = parameters::resolve(&template.parameters, &asked, None).unwrap();
    let pseudo = Pseudo { account: "000000000000".into(), region: "us-east-1".into(), stack_name: "photos".into(), stack_id: "arn".into() };
    let side = Side::new(template, parameters, pseudo).unwrap_or_else(|p| panic!("{}", p.sentence()));
    let (rows, exports) = (BTreeMap::new(), BTreeMap::new());
    let unknown: BTreeSet<String> = side.graph.keys().cloned().collect();
    validate::properties(&side, &Standing { side: &side, rows: &rows, exports: &exports, unknown: &unknown, planning: true })
        .unwrap_or_else(|f| panic!("{f}"));
    let plan = Plan::new(&Before { rows: &rows, parameters: None, tags: &[] }, &side, &[], &exports)
        .unwrap_or_else(|p| panic!("{}", p.sentence()));
    assert_eq!(plan.changes.len(), side.graph.len());
    let order: Vec<&str> = side.order().iter().map(|r| r.logical_id.as_str()).collect();
    assert_eq!(order.len(), side.graph.len());
}
