//! `windtunnel destroy`: stacks of a run, or one by name.

use super::{Answer, Failure, deploy::TargetArgs, progress};
use crate::deploy::{destroy as delete, empty_buckets, find_by_run, guards};
use serde_json::json;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  windtunnel destroy --stack pipeline --empty-buckets\n  windtunnel destroy --target aws --to my-test --run-id 20260310T100000Z-4711\n\nOn AWS the stack's name must be typed, or stand in WINDTUNNEL_CONFIRM with --yes. \nBuckets that hold objects are not deleted by CloudFormation: the stack then ends as\nDELETE_FAILED and says which. With --empty-buckets they are emptied first.\n\nExit codes: 0 gone, 1 the target refused or nothing was found, 2 wrong usage,\n3 no cloud answers, 4 refused by a guard"
)]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    pub common: TargetArgs,
    /// The stack
    #[arg(long, required_unless_present = "run_id", conflicts_with = "run_id")]
    stack: Option<String>,
    /// All stacks that this run made
    #[arg(long)]
    run_id: Option<String>,
    /// Deletes every object in the stack's buckets first, all versions
    #[arg(long)]
    empty_buckets: bool,
}

pub(crate) async fn destroy(args: &DestroyArgs) -> Result<Answer, Failure> {
    let target = args.common.resolve().await?;
    let stacks = match (&args.stack, &args.run_id) {
        (Some(stack), _) => vec![stack.clone()],
        (None, Some(run)) => find_by_run(&target.sdk, run).await?,
        (None, None) => Vec::new(),
    };
    if stacks.is_empty() {
        return Err(Failure::failed("no stack carries this run id"));
    }
    for stack in &stacks {
        if target.aws {
            let what = if args.empty_buckets { "delete this stack and every object in its buckets" } else { "delete this stack" };
            guards::confirm(stack, what, args.common.yes)?;
        }
        if args.empty_buckets {
            let gone = empty_buckets(&target.sdk, stack).await?;
            eprintln!("{stack}: {gone} objects deleted");
        }
        delete(&target.sdk, stack, &mut |p| eprintln!("{}", progress(p))).await?;
    }
    let text = stacks.iter().map(|s| format!("{s} is gone\n")).collect::<String>();
    Ok(Answer::new(text, json!({ "destroyed": stacks })))
}
