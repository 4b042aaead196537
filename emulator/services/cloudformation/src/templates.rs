//! GetTemplate, GetTemplateSummary and ValidateTemplate: what a template says of itself.

use crate::{
    Capability, CloudFormation, GetTemplateInput, GetTemplateOutput, GetTemplateSummaryInput, GetTemplateSummaryOutput,
    ParameterConstraints, ParameterDeclaration, ResourceIdentifierSummary, TemplateParameter, TemplateStage, ValidateTemplateInput,
    ValidateTemplateOutput, Warnings, capabilities, change_sets, prepare, resources,
    schemas::registry,
    source,
    state::{self, Stack},
    template::{self, Template, invalid},
    validate,
};
use kit::{Context, Fault};

impl CloudFormation {
    /// The template of a stack or of a change set, as it was sent.
    pub async fn get_template(&self, cx: &Context, input: GetTemplateInput) -> Result<GetTemplateOutput, Fault> {
        let body = match (&input.change_set_name, &input.stack_name) {
            (Some(set), stack) => cx.store().read(|s| change_sets::find(s, cx.scope(), set, stack.as_deref()))?.definition.template,
            (None, Some(name)) => by_id(cx, name)?.definition.template,
            (None, None) => return Err(invalid("StackName is required if ChangeSetName is not specified.")),
        };
        Ok(GetTemplateOutput { template_body: Some(body), stages_available: Some(vec![TemplateStage::Original, TemplateStage::Processed]) })
    }

    /// Parameters, types and capabilities of a template.
    pub async fn get_template_summary(&self, cx: &Context, input: GetTemplateSummaryInput) -> Result<GetTemplateSummaryOutput, Fault> {
        prepare::refuse(&[("StackSetName", input.stack_set_name.is_some()), ("CallAs", input.call_as.is_some())])?;
        let body = match (source::read(cx, input.template_body, input.template_url).await?, &input.stack_name) {
            (Some(body), _) => body,
            (None, Some(name)) => {
                let stack = by_id(cx, name)?;
                if stack.status == "REVIEW_IN_PROGRESS" {
                    return Err(invalid("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."));
                }
                stack.definition.template
            }
            (None, None) => return Err(invalid("Either Template URL or Template Body must be specified.")),
        };
        let template = template::parse(&body)?;
        let lenient = input.template_summary_config.and_then(|c| c.treat_unrecognized_resource_types_as_warnings).unwrap_or_default();
        let mut kinds: Vec<String> = Vec::new();
        template.resources.iter().for_each(|r| {
            if !kinds.contains(&r.kind) {
                kinds.push(r.kind.clone())
            }
        });
        let unrecognized: Vec<String> = kinds
            .iter()
            .filter(|kind| !registry().exists(kind) && resources::find(kind).is_none() && !kind.starts_with("Custom::"))
            .cloned()
            .collect();
        if !unrecognized.is_empty() && !lenient {
            return Err(invalid(format!("Template format error: Unrecognized resource types: [{}]", unrecognized.join(", "))));
        }
        let (capabilities, reason) = acknowledge(&template);
        Ok(GetTemplateSummaryOutput {
            parameters: Some(template.parameters.iter().map(declaration).collect()),
            description: template.description.clone(),
            capabilities,
            capabilities_reason: reason,
            resource_identifier_summaries: Some(identifiers(&template, &kinds)),
            resource_types: Some(kinds),
            version: template.version.clone(),
            metadata: template.metadata.as_ref().map(ToString::to_string),
            declared_transforms: (!template.transforms.is_empty()).then(|| template.transforms.clone()),
            warnings: (!unrecognized.is_empty()).then_some(Warnings { unrecognized_resource_types: Some(unrecognized) }),
        })
    }

    /// Reads a template and refuses what this cloud could not make.
    pub async fn validate_template(&self, cx: &Context, input: ValidateTemplateInput) -> Result<ValidateTemplateOutput, Fault> {
        let template = template::parse(&source::required(cx, input.template_body, input.template_url).await?)?;
        template::graph::check_names(&template)?;
        validate::types(cx.cloud(), &template)?;
        let (capabilities, reason) = acknowledge(&template);
        let parameters = template
            .parameters
            .iter()
            .map(|p| TemplateParameter {
                parameter_key: Some(p.name.clone()),
                default_value: p.default.clone(),
                no_echo: Some(p.no_echo),
                description: p.description.clone(),
            })
            .collect();
        Ok(ValidateTemplateOutput {
            parameters: Some(parameters),
            description: template.description.clone(),
            capabilities,
            capabilities_reason: reason,
            declared_transforms: (!template.transforms.is_empty()).then(|| template.transforms.clone()),
        })
    }
}

fn by_id(cx: &Context, name: &str) -> Result<Stack, Fault> {
    cx.store().read(|s| state::find_stack(s, cx.scope(), name))?.ok_or_else(|| invalid(format!("Stack with id {name} does not exist")))
}

fn acknowledge(template: &Template) -> (Option<Vec<Capability>>, Option<String>) {
    let iam = capabilities::needed(template);
    let mut list: Vec<Capability> = iam.iter().filter_map(|(capability, _)| Capability::parse(capability)).collect();
    if !template.transforms.is_empty() {
        list.push(Capability::CapabilityAutoExpand);
    }
    let reason = iam.map(|(_, kinds)| capabilities::reason(&kinds));
    ((!list.is_empty()).then_some(list), reason)
}

fn declaration(p: &template::parameters::Declaration) -> ParameterDeclaration {
    ParameterDeclaration {
        parameter_key: Some(p.name.clone()),
        default_value: p.default.clone(),
        parameter_type: Some(p.kind_text.clone()),
        no_echo: Some(p.no_echo),
        description: p.description.clone(),
        parameter_constraints: Some(ParameterConstraints {
            allowed_values: (!p.allowed_values.is_empty()).then(|| p.allowed_values.clone()),
        }),
    }
}

fn identifiers(template: &Template, kinds: &[String]) -> Vec<ResourceIdentifierSummary> {
    kinds
        .iter()
        .filter_map(|kind| {
            let schema = registry().schema(kind)?;
            let names = schema["primaryIdentifier"]
                .as_array()?
                .iter()
                .filter_map(|p| p.as_str()?.strip_prefix("/properties/").map(str::to_owned))
                .collect();
            let ids = template.resources.iter().filter(|r| r.kind == *kind).map(|r| r.logical_id.clone()).collect();
            Some(ResourceIdentifierSummary {
                resource_type: Some(kind.clone()),
                logical_resource_ids: Some(ids),
                resource_identifiers: Some(names),
            })
        })
        .collect()
}
