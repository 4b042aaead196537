//! `windtunnel env`: variables for shells.

use super::{Answer, Failure, remote::DEFAULT_ENDPOINT};
use crate::env::{UNSET, exports};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  eval \"$(windtunnel env)\"\n  windtunnel env --shell fish | source\n  windtunnel env --shell powershell | Out-String | Invoke-Expression\n\nNeeds no running cloud. The keys are not AWS's; profiles, metadata and single sign-on are shut out, so that nothing reaches real AWS."
)]
pub(crate) struct EnvArgs {
    /// For which shell
    #[arg(long, value_enum, default_value_t = Shell::Bash)]
    shell: Shell,
    /// The cloud to point at
    #[arg(long, env = "WINDTUNNEL_ENDPOINT", default_value = DEFAULT_ENDPOINT, value_name = "URL")]
    endpoint: String,
    /// Answers with one JSON object (as --shell json)
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Fish,
    Powershell,
    Json,
}

pub(crate) fn env(args: &EnvArgs) -> Result<Answer, Failure> {
    super::remote::authority(&args.endpoint)?;
    let set = exports(args.endpoint.trim_end_matches('/'));
    let map: Map<String, Value> = set.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect();
    let json = json!({ "set": map, "unset": UNSET });
    let text = match args.shell {
        Shell::Json => format!("{json}\n"),
        shell => set.iter().map(|(k, v)| shell.set(k, v)).chain(UNSET.iter().map(|k| shell.unset(k))).collect(),
    };
    Ok(Answer::new(text, json))
}

impl Shell {
    fn set(self, key: &str, value: &str) -> String {
        match self {
            Shell::Fish => format!("set -gx {key} '{}'\n", value.replace('\\', "\\\\").replace('\'', "\\'")),
            Shell::Powershell => format!("$env:{key} = '{}'\n", value.replace('\'', "''")),
            Shell::Bash | Shell::Json => format!("export {key}='{}'\n", value.replace('\'', "'\\''")),
        }
    }
    fn unset(self, key: &str) -> String {
        match self {
            Shell::Fish => format!("set -e {key}\n"),
            Shell::Powershell => format!("Remove-Item Env:{key} -ErrorAction SilentlyContinue\n"),
            Shell::Bash | Shell::Json => format!("unset {key}\n"),
        }
    }
}
