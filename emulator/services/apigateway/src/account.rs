//! The account's settings: the role that writes logs, which stacks set once per region.

use crate::{ApiGateway, model::*, patch};
use kit::{Context, Fault, Read, Table, TableScope};
use serde::{Deserialize, Serialize};

const SETTINGS: Table<String, Settings> = Table::new("apigateway.account", TableScope::Region);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    cloudwatch_role_arn: Option<String>,
}

impl ApiGateway {
    /// The account's settings.
    pub async fn get_account(&self, cx: &Context, _: GetAccountInput) -> Result<Account, Fault> {
        let settings = cx.store().read(|s| s.get(&SETTINGS, cx.scope(), &"settings".to_owned()))?;
        Ok(described(settings.unwrap_or_default()))
    }

    /// Sets the role that writes logs.
    pub async fn update_account(&self, cx: &Context, input: UpdateAccountInput) -> Result<Account, Fault> {
        let patches = patch::read(input.patch_operations)?;
        cx.store()
            .write(|tx| {
                let key = "settings".to_owned();
                let mut settings = tx.get(&SETTINGS, cx.scope(), &key)?.unwrap_or_default();
                for patch in &patches {
                    match patch.parts()[..] {
                        ["cloudwatchRoleArn"] => patch.text(&mut settings.cloudwatch_role_arn)?,
                        _ => return Err(patch.none_of("/cloudwatchRoleArn")),
                    }
                }
                tx.put(&SETTINGS, cx.scope(), &key, &settings)?;
                Ok(described(settings))
            })
            .await
    }
}

/// The role that writes the logs of APIs in the account and region.
pub(crate) fn log_role(cx: &Context) -> Option<String> {
    cx.store().read(|s| s.get(&SETTINGS, cx.scope(), &"settings".to_owned())).ok().flatten()?.cloudwatch_role_arn
}

fn described(settings: Settings) -> Account {
    Account {
        cloudwatch_role_arn: settings.cloudwatch_role_arn,
        throttle_settings: Some(ThrottleSettings { burst_limit: Some(5000), rate_limit: Some(10_000.0) }),
        features: Some(vec!["UsagePlans".into()]),
        api_key_version: Some("4".into()),
    }
}
