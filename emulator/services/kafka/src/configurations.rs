//! Configurations: revisions of a `server.properties`. Kept and told; of their settings only
//! `auto.create.topics.enable` has an effect, on the listeners of the cluster: the one broker takes the others at its start.

use crate::{
    Kafka,
    model::*,
    state::{self, CONFIGURATIONS, ConfigurationRow, Revision},
};
use kit::{Arn, Context, Fault, Read};
use wire::Bytes;

/// Longest `server.properties`, bytes.
const PROPERTIES_MAX: usize = 64 << 10;

impl Kafka {
    /// Makes a configuration.
    pub async fn create_configuration(&self, cx: &Context, input: CreateConfigurationInput) -> Result<CreateConfigurationOutput, Fault> {
        let properties = properties(&input.server_properties)?;
        let arn = format!("arn:aws:kafka:{}:{}:configuration/{}/{}-1", cx.region(), cx.account(), input.name, cx.ids().uuid());
        let row = ConfigurationRow {
            name: input.name,
            created: cx.now(),
            description: input.description.clone().unwrap_or_default(),
            kafka_versions: input.kafka_versions.unwrap_or_default(),
            revisions: vec![Revision { created: cx.now(), description: input.description, properties }],
        };
        cx.store()
            .write(|tx| {
                for other in tx.scan(&CONFIGURATIONS, cx.scope()) {
                    if other?.1.name == row.name {
                        return Err(Error::Conflict
                            .says("A configuration with the same name already exists.")
                            .with("InvalidParameter", "name"));
                    }
                }
                tx.put(&CONFIGURATIONS, cx.scope(), &arn, &row)
            })
            .await?;
        Ok(CreateConfigurationOutput {
            creation_time: Some(row.created),
            latest_revision: latest(&row),
            name: Some(row.name),
            state: Some(ConfigurationState::Active),
            arn: Some(arn),
        })
    }

    /// Adds a revision.
    pub async fn update_configuration(&self, cx: &Context, input: UpdateConfigurationInput) -> Result<UpdateConfigurationOutput, Fault> {
        let properties = properties(&input.server_properties)?;
        let row = cx
            .store()
            .write(|tx| {
                let mut row = find(tx, cx, &input.arn)?;
                row.revisions.push(Revision { created: cx.now(), description: input.description.clone(), properties: properties.clone() });
                tx.put(&CONFIGURATIONS, cx.scope(), &input.arn, &row).map(|()| row)
            })
            .await?;
        Ok(UpdateConfigurationOutput { latest_revision: latest(&row), arn: Some(input.arn) })
    }

    /// Deletes it with all revisions.
    pub async fn delete_configuration(&self, cx: &Context, input: DeleteConfigurationInput) -> Result<DeleteConfigurationOutput, Fault> {
        cx.store()
            .write(|tx| {
                find(tx, cx, &input.arn)?;
                tx.delete(&CONFIGURATIONS, cx.scope(), &input.arn).map(drop)
            })
            .await?;
        Ok(DeleteConfigurationOutput { arn: Some(input.arn), state: Some(ConfigurationState::Deleting) })
    }

    /// Describes it.
    pub async fn describe_configuration(
        &self,
        cx: &Context,
        input: DescribeConfigurationInput,
    ) -> Result<DescribeConfigurationOutput, Fault> {
        let row = cx.store().read(|s| find(s, cx, &input.arn))?;
        Ok(DescribeConfigurationOutput {
            creation_time: Some(row.created),
            latest_revision: latest(&row),
            description: Some(row.description),
            kafka_versions: Some(row.kafka_versions),
            name: Some(row.name),
            state: Some(ConfigurationState::Active),
            arn: Some(input.arn),
        })
    }

    /// One revision with its properties.
    pub async fn describe_configuration_revision(
        &self,
        cx: &Context,
        input: DescribeConfigurationRevisionInput,
    ) -> Result<DescribeConfigurationRevisionOutput, Fault> {
        let row = cx.store().read(|s| find(s, cx, &input.arn))?;
        let at = usize::try_from(input.revision - 1).ok();
        let revision = at.and_then(|at| row.revisions.into_iter().nth(at)).ok_or_else(unknown)?;
        Ok(DescribeConfigurationRevisionOutput {
            arn: Some(input.arn),
            creation_time: Some(revision.created),
            description: revision.description,
            revision: Some(input.revision),
            server_properties: Some(revision.properties.into()),
        })
    }

    /// Configurations by ARN.
    pub async fn list_configurations(&self, cx: &Context, input: ListConfigurationsInput) -> Result<ListConfigurationsOutput, Fault> {
        let all = cx.store().read(|s| s.scan(&CONFIGURATIONS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
        let token = input.next_token.as_deref();
        let page = kit::pages::page(all, |(arn, _)| arn.clone(), token, state::limit(input.max_results), state::bad_token)?;
        let show = |(arn, row): (String, ConfigurationRow)| Configuration {
            arn,
            creation_time: Some(row.created),
            latest_revision: latest(&row),
            description: row.description,
            kafka_versions: row.kafka_versions,
            name: row.name,
            state: Some(ConfigurationState::Active),
        };
        Ok(ListConfigurationsOutput { configurations: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }

    /// Revisions, oldest first.
    pub async fn list_configuration_revisions(
        &self,
        cx: &Context,
        input: ListConfigurationRevisionsInput,
    ) -> Result<ListConfigurationRevisionsOutput, Fault> {
        let row = cx.store().read(|s| find(s, cx, &input.arn))?;
        let all: Vec<ConfigurationRevision> = (1..=row.revisions.len()).filter_map(|n| revision(&row, n)).collect();
        let token = input.next_token.as_deref();
        let page = kit::pages::page(all, |r| format!("{:08}", r.revision), token, state::limit(input.max_results), state::bad_token)?;
        Ok(ListConfigurationRevisionsOutput { revisions: Some(page.items), next_token: page.next })
    }
}

/// The configuration of an ARN.
pub(crate) fn find(read: &impl Read, cx: &Context, arn: &str) -> Result<ConfigurationRow, Fault> {
    Arn::parse(arn).and_then(|a| a.after("configuration/")).ok_or_else(unknown)?;
    read.get(&CONFIGURATIONS, cx.scope(), &arn.to_owned())?.ok_or_else(unknown)
}

/// What a revision says of a setting; the last line counts.
pub(crate) fn says(row: &ConfigurationRow, revision: i64, name: &str) -> Option<String> {
    let revision = row.revisions.get(usize::try_from(revision - 1).ok()?)?;
    let text = String::from_utf8_lossy(&revision.properties);
    let mut lines = text.lines().rev().filter_map(|line| line.split_once('='));
    lines.find(|(said, _)| said.trim() == name).map(|(_, value)| value.trim().to_owned())
}

fn unknown() -> Fault {
    Error::NotFound.says("The specified configuration does not exist.").with("InvalidParameter", "arn")
}

fn revision(row: &ConfigurationRow, n: usize) -> Option<ConfigurationRevision> {
    let revision = row.revisions.get(n.checked_sub(1)?)?;
    Some(ConfigurationRevision { creation_time: Some(revision.created), description: revision.description.clone(), revision: n as i64 })
}

fn latest(row: &ConfigurationRow) -> Option<ConfigurationRevision> {
    revision(row, row.revisions.len())
}

/// Lines of `name=value`; comments and empty lines may stand between.
fn properties(given: &Bytes) -> Result<Vec<u8>, Fault> {
    let bad = |why: String| Error::BadRequest.says(why).with("InvalidParameter", "serverProperties");
    if given.len() > PROPERTIES_MAX {
        return Err(bad(format!("The server properties are longer than {PROPERTIES_MAX} bytes.")));
    }
    let text = std::str::from_utf8(given).map_err(|_| bad("The server properties are not text.".into()))?;
    let wrong = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#') && !line.contains('='));
    match wrong {
        Some(line) => Err(bad(format!("The server properties have a line without a value: {line}"))),
        None => Ok(given.to_vec()),
    }
}
