//! ListMetrics: series that had points in the last two weeks, or three hours.

use crate::{CloudWatch, check, model::*, points::*};
use kit::{Context, Fault, Read};

const PAGE: usize = 500;
const ACTIVE: i64 = 14 * 86_400;
const RECENTLY: i64 = 3 * 3600;

impl CloudWatch {
    /// Metrics by namespace, name and dimensions.
    pub async fn list_metrics(&self, cx: &Context, input: ListMetricsInput) -> Result<ListMetricsOutput, Fault> {
        if input.include_linked_accounts == Some(true) {
            return Err(check::not_implemented("IncludeLinkedAccounts of ListMetrics"));
        }
        if input.owning_account.is_some() {
            return Err(check::not_implemented("OwningAccount of ListMetrics"));
        }
        let filters = input.dimensions.unwrap_or_default();
        if filters.len() > 10 {
            return Err(check::value("The collection Dimensions must not have a size greater than 10."));
        }
        self.emission.write(cx).await?;
        let since = cx.now().secs() - if input.recently_active.is_some() { RECENTLY } else { ACTIVE };
        let rows = cx.store().read(|s| match &input.namespace {
            Some(namespace) => s.scan(&SERIES, cx.scope()).prefix(&(namespace.as_str(),)).collect::<Result<Vec<_>, Fault>>(),
            None => s.scan(&SERIES, cx.scope()).collect(),
        })?;
        let named = |name: &str| input.metric_name.as_deref().is_none_or(|wanted| wanted == name);
        let fits = |series: &Series| {
            filters
                .iter()
                .all(|f| series.dimensions.iter().any(|(name, value)| *name == f.name && f.value.as_ref().is_none_or(|v| v == value)))
        };
        let found = rows.into_iter().filter(|((_, name, _), series)| named(name) && series.newest > since && fits(series));
        let key = |((namespace, name, dimensions), _): &((String, String, String), Series)| format!("{namespace}\0{name}\0{dimensions}");
        let page = kit::pages::page(found, key, input.next_token.as_deref(), PAGE, check::bad_token)?;
        let show = |((namespace, name, _), series): ((String, String, String), Series)| Metric {
            namespace: Some(namespace),
            metric_name: Some(name),
            dimensions: Some(dimensions(&series.dimensions)),
        };
        Ok(ListMetricsOutput { metrics: Some(page.items.into_iter().map(show).collect()), next_token: page.next, owning_accounts: None })
    }
}
