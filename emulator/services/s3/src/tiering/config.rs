//! Intelligent-Tiering configurations: which objects go on into the archive tiers, and after how many days. Sentences without a recording
//! are those that clients quote of AWS's answers.

use crate::{
    S3, errors,
    lifecycle::{change, standing},
    model::*,
    state,
};
use kit::{Context, Fault, pages};

const MOST_CONFIGURATIONS: usize = 1000;
const PAGE: usize = 100;
const MOST_DAYS: i32 = 730;

impl S3 {
    /// Adds a configuration or replaces the one of its id.
    pub async fn put_bucket_intelligent_tiering_configuration(
        &self,
        cx: &Context,
        input: PutBucketIntelligentTieringConfigurationInput,
    ) -> Result<PutBucketIntelligentTieringConfigurationOutput, Fault> {
        let configuration = input.intelligent_tiering_configuration;
        check(&input.id, &configuration)?;
        state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        change(cx, &input.bucket, &input.expected_bucket_owner, |standing| {
            if !standing.tiering.contains_key(&input.id) && standing.tiering.len() >= MOST_CONFIGURATIONS {
                let sentence = "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.";
                return Err(Fault::new("TooManyConfigurations", 400, sentence));
            }
            standing.tiering.insert(input.id.clone(), configuration);
            Ok(())
        })
        .await?;
        Ok(PutBucketIntelligentTieringConfigurationOutput {})
    }

    /// The configuration of an id.
    pub async fn get_bucket_intelligent_tiering_configuration(
        &self,
        cx: &Context,
        input: GetBucketIntelligentTieringConfigurationInput,
    ) -> Result<GetBucketIntelligentTieringConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let mut standing = cx.store().read(|s| standing(s, &found.scope, &found.name))?;
        let configuration = standing.tiering.remove(&input.id).ok_or_else(missing)?;
        Ok(GetBucketIntelligentTieringConfigurationOutput { intelligent_tiering_configuration: Some(configuration) })
    }

    /// All configurations by id, page by page.
    pub async fn list_bucket_intelligent_tiering_configurations(
        &self,
        cx: &Context,
        input: ListBucketIntelligentTieringConfigurationsInput,
    ) -> Result<ListBucketIntelligentTieringConfigurationsOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let refused = || errors::invalid_argument("The continuation token provided is incorrect", "continuation-token", "");
        let after = input.continuation_token.as_deref().map(|token| pages::key_of(token).ok_or_else(refused)).transpose()?;
        let standing = cx.store().read(|s| standing(s, &found.scope, &found.name))?;
        let mut rest = standing.tiering.into_iter().filter(|(id, _)| after.as_ref().is_none_or(|after| id > after));
        let page: Vec<(String, IntelligentTieringConfiguration)> = rest.by_ref().take(PAGE).collect();
        let more = rest.next().is_some();
        let next = page.last().filter(|_| more).map(|(id, _)| pages::token(id));
        let list: Vec<IntelligentTieringConfiguration> = page.into_iter().map(|(_, configuration)| configuration).collect();
        Ok(ListBucketIntelligentTieringConfigurationsOutput {
            is_truncated: Some(more),
            continuation_token: input.continuation_token,
            next_continuation_token: next,
            intelligent_tiering_configuration_list: (!list.is_empty()).then_some(list),
        })
    }

    /// Takes a configuration away; what it archived stays where it is.
    pub async fn delete_bucket_intelligent_tiering_configuration(
        &self,
        cx: &Context,
        input: DeleteBucketIntelligentTieringConfigurationInput,
    ) -> Result<DeleteBucketIntelligentTieringConfigurationOutput, Fault> {
        change(cx, &input.bucket, &input.expected_bucket_owner, |standing| {
            standing.tiering.remove(&input.id).map(|_| ()).ok_or_else(missing)
        })
        .await?;
        Ok(DeleteBucketIntelligentTieringConfigurationOutput {})
    }
}

fn missing() -> Fault {
    Fault::new("NoSuchConfiguration", 404, "The specified configuration does not exist.")
}

fn check(id: &str, configuration: &IntelligentTieringConfiguration) -> Result<(), Fault> {
    if configuration.id != id || configuration.status.is_none() || configuration.tierings.is_empty() {
        return Err(errors::malformed_xml());
    }
    if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return Err(Fault::new("InvalidConfigurationId", 400, "The specified configuration id is invalid."));
    }
    configuration.filter.as_ref().map_or(Ok(()), check_filter)?;
    let refuse = |sentence: String| Err(Fault::new("InvalidAccessTier", 400, sentence));
    let (mut archive, mut deep) = (None, None);
    for tiering in &configuration.tierings {
        let (seen, least) = match tiering.access_tier {
            Some(IntelligentTieringAccessTier::ArchiveAccess) => (&mut archive, 90),
            Some(IntelligentTieringAccessTier::DeepArchiveAccess) => (&mut deep, 180),
            None => return Err(errors::malformed_xml()),
        };
        let tier = tiering.access_tier.map_or("", IntelligentTieringAccessTier::as_str);
        if seen.replace(tiering.days).is_some() {
            return refuse(format!("All Access Tiers in a configuration must be unique. Found duplicate entry for {tier}."));
        }
        if tiering.days < least {
            return refuse(format!("Days specified in {tier} tier should not be less than {least}."));
        }
        if tiering.days > MOST_DAYS {
            return refuse(format!("Days specified in {tier} tier should not be more than {MOST_DAYS}."));
        }
    }
    match (archive, deep) {
        (Some(archive), Some(deep)) if deep <= archive => {
            refuse("Days specified in DEEP_ARCHIVE_ACCESS should be greater than days specified in ARCHIVE_ACCESS".into())
        }
        _ => Ok(()),
    }
}

fn check_filter(filter: &IntelligentTieringFilter) -> Result<(), Fault> {
    let said = [filter.prefix.is_some(), filter.tag.is_some(), filter.and.is_some()];
    if said.iter().filter(|one| **one).count() != 1 {
        return Err(errors::malformed_xml());
    }
    let invalid_and = |sentence: String| Err(Fault::new("InvalidAnd", 400, sentence));
    let mut prefix = filter.prefix.as_deref();
    if let Some(and) = &filter.and {
        prefix = and.prefix.as_deref();
        let tags = and.tags.as_deref().unwrap_or_default();
        if usize::from(prefix.is_some()) + tags.len() < 2 {
            return invalid_and(
                "Number of Prefixes and Tags combined cannot be less than 2. And cannot contain less than 2 elements.".into(),
            );
        }
        for (index, tag) in tags.iter().enumerate() {
            if tags[..index].iter().any(|other| other.key == tag.key) {
                return invalid_and(format!("All Tag Keys in an And must be unique. Found duplicate entry for {}.", tag.key));
            }
        }
    }
    match prefix {
        Some("") => Err(Fault::new("InvalidPrefix", 400, "Filter Prefix should be set to a valid non-empty value or not set at all.")),
        _ => Ok(()),
    }
}
