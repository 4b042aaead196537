//! `windtunnel deploy`: the one deploy path, with its guards.

use super::{Answer, Failure, remote::DEFAULT_ENDPOINT, table};
use crate::{
    deploy::{Deployed, Deployment, Plan, Progress, guards, local_urls, targets},
    durations, package,
};
use aws_config::SdkConfig;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  windtunnel deploy                                        the pipeline, into the cloud on port 4566
  windtunnel deploy --param RetentionDays=3 --plan-only
  windtunnel deploy --stack shop --template shop.yaml
  windtunnel deploy --target aws --to my-test              shows the plan and stops
  windtunnel deploy --target aws --to my-test --execute    asks for the stack's name, then does it
  WINDTUNNEL_CONFIRM=pipeline windtunnel deploy --target aws --yes

Target aws goes only to accounts and regions that windtunnel.toml lists, with your own
credentials, and only if they are of that account:
  [targets.my-test]
  account = \"123456789012\"
  region = \"eu-central-1\"
A plan for a new stack uploads packages and leaves an empty stack in REVIEW_IN_PROGRESS.

Exit codes: 0 done, 1 the target refused or the stack failed, 2 wrong usage,
3 the machine is not as needed, 4 refused by a guard")]
pub(crate) struct DeployArgs {
    #[command(flatten)]
    pub common: TargetArgs,
    /// Stack name
    #[arg(long, default_value = "pipeline")]
    stack: String,
    /// Template; the pipeline's unless told
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// A parameter of the template (again for more)
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    param: Vec<(String, String)>,
    /// A tag of the stack (again for more)
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    tag: Vec<(String, String)>,
    /// Folder with the functions' binaries, instead of building them
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
    /// Shows the plan and stops (on AWS this is so unless told otherwise)
    #[arg(long, conflicts_with_all = ["execute", "yes"])]
    plan_only: bool,
    /// Executes the plan on AWS, after the stack's name was typed
    #[arg(long)]
    execute: bool,
    /// Id of this run, as a tag of the stack; made up for AWS unless told
    #[arg(long)]
    run_id: Option<String>,
    /// How long the stack may stand on AWS, as a tag of it
    #[arg(long, default_value = "1d", value_parser = super::clock::duration)]
    ttl: String,
}

/// Where a command goes.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// Here, or AWS
    #[arg(long, default_value = "local", value_parser = ["local", "aws"])]
    pub target: String,
    /// The entry of windtunnel.toml to use; the only one unless told
    #[arg(long, value_name = "NAME")]
    pub to: Option<String>,
    /// The running cloud, for target local
    #[arg(long, env = "WINDTUNNEL_ENDPOINT", default_value = DEFAULT_ENDPOINT, value_name = "URL")]
    pub endpoint: String,
    /// Something that stands in for AWS, for target aws
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// The allow list
    #[arg(long, default_value = targets::FILE, value_name = "FILE")]
    pub config: PathBuf,
    /// Asks nothing; on AWS it counts only with WINDTUNNEL_CONFIRM=STACK in the environment
    #[arg(long)]
    pub yes: bool,
    /// Answers with one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A target that may be talked to.
pub(crate) struct Target {
    pub sdk: SdkConfig,
    pub account: String,
    pub region: String,
    pub aws: bool,
}

impl TargetArgs {
    /// Passes the guards, or says why not.
    pub(crate) async fn resolve(&self) -> Result<Target, Failure> {
        if self.target == "aws" {
            let allowed = targets::choose(&self.config, self.to.as_deref())?;
            let sdk = guards::aws(&allowed, self.endpoint_url.as_deref()).await?;
            return Ok(Target { sdk, account: allowed.account, region: allowed.region, aws: true });
        }
        if self.endpoint_url.is_some() || self.to.is_some() {
            return Err(Failure::usage("--endpoint-url and --to are for --target aws; a local cloud is named with --endpoint"));
        }
        let endpoint = self.endpoint.trim_end_matches('/');
        let sdk = guards::local(endpoint)?;
        let reach = super::remote::Reach { endpoint: endpoint.to_owned(), json: false };
        reach.get("health").await?;
        Ok(Target { sdk, account: kit::DEFAULT_ACCOUNT.into(), region: kit::DEFAULT_REGION.into(), aws: false })
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(crate) async fn deploy(args: &DeployArgs) -> Result<Answer, Failure> {
    let template = match &args.template {
        Some(template) => template.clone(),
        None => package::checkout().map_err(|e| Failure::environment(e.to_string()))?.join("pipeline/template.yaml"),
    };
    let text = std::fs::read_to_string(&template).map_err(|e| Failure::usage(format!("{}: {e}", template.display())))?;
    let target = args.common.resolve().await?;
    let deployment = deployment(args, text, &target)?;
    let run_id = deployment.tags.get(guards::RUN_ID).cloned();
    let plan = deployment.plan(&target.sdk).await?;
    eprint!("{}", shown(&plan, &target));
    if args.plan_only || (target.aws && !args.execute && !args.common.yes) {
        let text = if plan.changes.is_empty() { "" } else { "planned, not executed\n" };
        return Ok(Answer::new(text, json!({ "plan": plan, "executed": false, "run_id": run_id })));
    }
    if target.aws && !plan.changes.is_empty() {
        guards::confirm(&args.stack, "execute this plan", args.common.yes)?;
    }
    let mut deployed = plan.execute(&target.sdk, &mut |p| eprintln!("{}", progress(p))).await?;
    if !target.aws {
        deployed.outputs = local_urls(deployed.outputs, args.common.endpoint.trim_end_matches('/'));
    }
    Ok(Answer::new(outputs(&deployed, run_id.as_deref(), target.aws), told(&plan, &deployed, run_id.as_deref())))
}

fn deployment(args: &DeployArgs, template: String, target: &Target) -> Result<Deployment, Failure> {
    // A template that asks for the functions' keys gets the functions.
    let binaries = match (template.contains("PresignCodeKey"), &args.functions) {
        (false, _) => None,
        (true, Some(folder)) => Some(package::PipelineBinaries::in_folder(folder)),
        (true, None) => Some(package::build_pipeline().map_err(|e| Failure::environment(e.to_string()))?),
    };
    let mut tags: BTreeMap<String, String> = args.tag.iter().cloned().collect();
    if target.aws || args.run_id.is_some() {
        let ttl = durations::parse(&args.ttl).map_err(Failure::usage)?;
        tags.extend(guards::run_tags(args.run_id.as_deref(), ttl).1);
    }
    Ok(Deployment {
        stack: args.stack.clone(),
        template,
        parameters: args.param.iter().cloned().collect(),
        binaries,
        code_bucket: format!("windtunnel-code-{}-{}", target.account, target.region),
        tags,
    })
}

/// The plan as a table, with what it costs.
fn shown(plan: &Plan, target: &Target) -> String {
    let place = if target.aws { format!("account {} in {}", target.account, target.region) } else { "the local cloud".to_owned() };
    if plan.changes.is_empty() {
        return format!("{}: nothing to change in {place}\n", plan.stack);
    }
    let word = if plan.creates_stack { "new stack" } else { "update" };
    let row = |c: &crate::deploy::Change| {
        vec![c.action.clone(), c.logical_id.clone(), c.resource_type.clone(), c.replacement.clone().unwrap_or_default()]
    };
    let rows: Vec<Vec<String>> = plan.changes.iter().map(row).collect();
    let mut text = format!(
        "{} ({word}) in {place}, {} changes:\n{}",
        plan.stack,
        rows.len(),
        table(&["ACTION", "LOGICAL ID", "TYPE", "REPLACEMENT"], &rows)
    );
    if target.aws {
        let costs = guards::costs(plan);
        let costs = if costs.is_empty() { "nothing known here".to_owned() } else { costs.join("; ") };
        text.push_str(&format!("On AWS this costs money: {costs}\n"));
    }
    text
}

/// A line about a resource.
pub(crate) fn progress(p: &Progress) -> String {
    let reason = p.reason.as_deref().map(|r| format!("  {r}")).unwrap_or_default();
    format!("  {:<28} {:<28} {}{reason}", p.status, p.logical_id, p.resource_type)
}

fn outputs(deployed: &Deployed, run_id: Option<&str>, aws: bool) -> String {
    let rows: Vec<Vec<String>> = deployed.outputs.iter().map(|(k, v)| vec![k.clone(), v.clone()]).collect();
    let mut text = format!("{} is {}\n{}", deployed.stack, deployed.status, table(&["OUTPUT", "VALUE"], &rows));
    if let (Some(id), true) = (run_id, aws) {
        text.push_str(&format!("\nTake it down with: windtunnel destroy --target aws --run-id {id}\n"));
    }
    text
}

fn told(plan: &Plan, deployed: &Deployed, run_id: Option<&str>) -> Value {
    json!({ "plan": plan, "executed": !plan.changes.is_empty(), "stack": deployed.stack, "status": deployed.status, "outputs": deployed.outputs, "run_id": run_id })
}
