//! Dashboards: kept and checked, shown by nobody.

use crate::{CloudWatch, check, model::*, tags};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Dashboards by name; they belong to the account and no region.
const DASHBOARDS: Table<String, Dashboard> = Table::new("cloudwatch.dashboards", TableScope::Account);
const MOST_BYTES: usize = 1 << 20;
const MOST_WIDGETS: usize = 500;
const PAGE: usize = 1000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Dashboard {
    body: String,
    modified: Timestamp,
}

impl CloudWatch {
    /// Makes or replaces a dashboard.
    pub async fn put_dashboard(&self, cx: &Context, input: PutDashboardInput) -> Result<PutDashboardOutput, Fault> {
        let name = input.dashboard_name;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 255 || !name.chars().all(plain) {
            return Err(check::value(
                "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore \
                 (_).\n",
            ));
        }
        check_body(&input.dashboard_body)?;
        let new = Dashboard { body: input.dashboard_body, modified: cx.now() };
        let given = input.tags.unwrap_or_default();
        check::tags(&given)?;
        cx.store()
            .write(|tx| {
                if !given.is_empty() {
                    tags::put(tx, cx.scope(), &check::dashboard_arn(cx.account(), &name), &given)?;
                }
                tx.put(&DASHBOARDS, cx.scope(), &name, &new)
            })
            .await?;
        Ok(PutDashboardOutput { dashboard_validation_messages: Some(Vec::new()) })
    }

    /// A dashboard as it was put.
    pub async fn get_dashboard(&self, cx: &Context, input: GetDashboardInput) -> Result<GetDashboardOutput, Fault> {
        let name = input.dashboard_name;
        let found = cx.store().read(|s| s.get(&DASHBOARDS, cx.scope(), &name))?.ok_or_else(|| missing(&name))?;
        Ok(GetDashboardOutput {
            dashboard_arn: Some(check::dashboard_arn(cx.account(), &name)),
            dashboard_body: Some(found.body),
            dashboard_name: Some(name),
        })
    }

    /// Dashboards by name.
    pub async fn list_dashboards(&self, cx: &Context, input: ListDashboardsInput) -> Result<ListDashboardsOutput, Fault> {
        let prefix = input.dashboard_name_prefix.unwrap_or_default();
        let rows = cx.store().read(|s| s.scan(&DASHBOARDS, cx.scope()).text_prefix(&prefix).collect::<Result<Vec<_>, Fault>>())?;
        let page = kit::pages::page(rows, |(name, _)| name.clone(), input.next_token.as_deref(), PAGE, check::bad_token)?;
        let show = |(name, dashboard): (String, Dashboard)| DashboardEntry {
            dashboard_arn: Some(check::dashboard_arn(cx.account(), &name)),
            dashboard_name: Some(name),
            last_modified: Some(dashboard.modified),
            size: Some(dashboard.body.len() as i64),
        };
        Ok(ListDashboardsOutput { dashboard_entries: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }

    /// Deletes dashboards, all or none.
    pub async fn delete_dashboards(&self, cx: &Context, input: DeleteDashboardsInput) -> Result<DeleteDashboardsOutput, Fault> {
        cx.store()
            .write(|tx| {
                for name in &input.dashboard_names {
                    tx.delete(&DASHBOARDS, cx.scope(), name)?.ok_or_else(|| missing(name))?;
                    tags::forget(tx, cx.scope(), &check::dashboard_arn(cx.account(), name))?;
                }
                Ok(())
            })
            .await?;
        Ok(DeleteDashboardsOutput {})
    }
}

pub(crate) fn exists(read: &impl Read, scope: &Scope, name: &str) -> Result<bool, Fault> {
    read.exists(&DASHBOARDS, scope, &name.to_owned())
}

fn missing(name: &str) -> Fault {
    Error::DashboardNotFoundError.says(format!("Dashboard {name} does not exist"))
}

fn check_body(body: &str) -> Result<(), Fault> {
    let problem = |path: &str, message: &str| {
        let messages = serde_json::json!([{ "DataPath": path, "Message": message }]);
        Err(Error::DashboardInvalidInputError
            .says("The dashboard body is invalid, there are validation errors in the body.")
            .with("dashboardValidationMessages", messages))
    };
    if body.len() > MOST_BYTES {
        return problem("", "The dashboard body is longer than 1 MB");
    }
    let Ok(Value::Object(parsed)) = serde_json::from_str::<Value>(body) else {
        return problem("", "The field DashboardBody must be a valid JSON object");
    };
    let Some(Value::Array(widgets)) = parsed.get("widgets") else {
        return problem("/", "Should have required property 'widgets'");
    };
    if widgets.len() > MOST_WIDGETS {
        return problem("/widgets", "Should NOT have more than 500 items");
    }
    for (index, widget) in widgets.iter().enumerate() {
        for name in ["type", "properties"] {
            if widget.get(name).is_none() {
                return problem(&format!("/widgets/{index}"), &format!("Should have required property '{name}'"));
            }
        }
    }
    Ok(())
}
