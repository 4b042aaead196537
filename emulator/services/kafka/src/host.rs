//! The cloud as the broker's host: what is done goes into its journal, its fault rules reach requests (service `kafka`, operation the name of
//! the API).

use broker::{Event, Host};
use kit::{Cloud, Effect, RecordKind};
use serde_json::json;
use std::sync::{Arc, Weak};

/// A cloud that hosts a broker.
pub(crate) struct CloudHost {
    cloud: Weak<Cloud>,
}

impl CloudHost {
    /// Of a cloud.
    pub(crate) fn new(cloud: &Arc<Cloud>) -> Arc<CloudHost> {
        Arc::new(CloudHost { cloud: Arc::downgrade(cloud) })
    }
}

impl Host for CloudHost {
    fn armed(&self) -> bool {
        self.cloud.upgrade().is_some_and(|cloud| !cloud.faults().list().is_empty())
    }

    fn effect(&self, api: &str, about: &str) -> Option<Effect> {
        let cloud = self.cloud.upgrade()?;
        cloud.faults().check("kafka", api, about, || cloud.chance())
    }

    fn done(&self, event: Event<'_>) {
        let Some(cloud) = self.cloud.upgrade() else { return };
        let mut detail = json!({ "who": event.who, "client": event.client });
        if let Some((offset, count)) = event.records {
            detail["offset"] = offset.into();
            detail["records"] = count.into();
        }
        let cx = cloud.house_context("kafka");
        cloud.journal().write(&cx, RecordKind::Request, "kafka", event.api, event.about, event.outcome, detail);
    }
}
