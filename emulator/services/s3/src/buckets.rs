//! Buckets themselves: making, finding, listing and deleting them. Names belong to the whole cloud, over all accounts and regions.

use crate::{
    S3, access_log, acl,
    configuration::listed,
    errors, lock,
    model::*,
    state::{self, BUCKETS, Found, LOGGED, NAMES, OBJECTS, UPLOADS},
    tagging,
};
use kit::{Access, Authorize, Context, Fault, Need, Read, Reply, Scope, pages};

/// The region that LocationConstraint never names.
const HOME_REGION: &str = "us-east-1";
const IRELAND: &str = "eu-west-1";
/// Most buckets of an account.
const MOST_BUCKETS: usize = 10_000;

impl Authorize<S3> for CreateBucketInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        // The bucket has no owner yet: it is the caller's.
        let arn = format!("arn:aws:s3:::{}", self.bucket);
        let asked = acl::asked!(self, write);
        let with_keys = |need: Need| asked.keys().into_iter().fold(need, |need, (name, value)| need.key(name, value));
        let mut need = with_keys(Need::on("s3:CreateBucket", arn.clone()).owned_by(cx.account()).key("s3:ResourceAccount", cx.account()));
        let location = self.create_bucket_configuration.as_ref().and_then(|c| c.location_constraint.clone());
        if let Some(location) = location {
            need = need.key("s3:LocationConstraint", location);
        }
        let mut access = Access::from(need);
        if self.object_lock_enabled_for_bucket == Some(true) {
            // A bucket that locks keeps versions; AWS asks for both.
            for action in ["s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"] {
                access = access.and(Need::on(action, format!("arn:aws:s3:::{}", self.bucket)).owned_by(cx.account()));
            }
        }
        if asked.is_any() && self.acl.as_deref() != Some("private") {
            access = access.and(with_keys(Need::on("s3:PutBucketAcl", arn.clone())));
        }
        if let Some(ownership) = &self.object_ownership {
            let need = Need::on("s3:PutBucketOwnershipControls", format!("arn:aws:s3:::{}", self.bucket));
            access = access.and(need.key("s3:x-amz-object-ownership", ownership.clone()));
        }
        access
    }
}

impl Authorize<S3> for ListBucketsInput {
    fn access(&self, _: &S3, _: &Context) -> Access {
        // In AWS's own examples statements about `arn:aws:s3:::*` speak of this action.
        Access::on("s3:ListAllMyBuckets", "arn:aws:s3:::*")
    }
}

impl S3 {
    /// Makes a bucket in the region that LocationConstraint names.
    pub async fn create_bucket(&self, cx: &Context, input: CreateBucketInput) -> Result<CreateBucketOutput, Fault> {
        check_name(&input.bucket)?;
        let configuration = input.create_bucket_configuration.clone().unwrap_or_default();
        refuse_unknown(&input, &configuration)?;
        let region = region_of(cx, configuration.location_constraint.as_deref())?;
        let ownership = self.ownership_of_new(input.object_ownership.as_deref())?;
        let block = (!self.legacy_defaults).then(all_blocked);
        let acl = acl::of_new_bucket(ownership.as_deref(), block.is_some(), cx.account(), &acl::asked!(input, write))?;
        let tags = tagging::from_model(configuration.tags.unwrap_or_default());
        tagging::check_new_bucket_tags(&tags)?;
        let scope = Scope::new(cx.account(), &region);
        let locks = input.object_lock_enabled_for_bucket == Some(true);
        let bucket = state::Bucket {
            created: kit::Timestamp::from_secs(cx.now().secs()),
            region: region.clone(),
            called_eu: configuration.location_constraint.as_deref() == Some("EU"),
            ownership,
            public_access_block: block,
            tags,
            versioning: if locks { state::Versioning::Enabled } else { state::Versioning::Off },
            object_lock: locks.then(lock::new_configuration),
            acl,
            ..state::Bucket::default()
        };
        let name = input.bucket.clone();
        cx.store()
            .write(|tx| {
                if let Some(owner) = tx.get(&NAMES, &scope, &name)? {
                    return taken(&name, &owner, &scope, !bucket.tags.is_empty());
                }
                if tx.count(&BUCKETS, &scope)? >= MOST_BUCKETS {
                    return Err(Fault::new("TooManyBuckets", 400, "You have attempted to create more buckets than allowed"));
                }
                tx.put(&NAMES, &scope, &name, &scope)?;
                tx.put(&BUCKETS, &scope, &name, &bucket)
            })
            .await?;
        let location = if region == HOME_REGION { format!("/{name}") } else { format!("http://{name}.s3.amazonaws.com/") };
        Ok(CreateBucketOutput { location: Some(location), bucket_arn: Some(format!("arn:aws:s3:::{name}")) })
    }

    /// `None` where the bucket has no ownership controls, so that lists count.
    fn ownership_of_new(&self, asked: Option<&str>) -> Result<Option<String>, Fault> {
        let Some(ownership) = asked else {
            return Ok((!self.legacy_defaults).then(|| "BucketOwnerEnforced".into()));
        };
        if !["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"].contains(&ownership) {
            let sentence = format!("Invalid x-amz-object-ownership header: {ownership}");
            return Err(Fault::new("InvalidArgument", 400, sentence).with("ArgumentName", "x-amz-object-ownership"));
        }
        Ok(Some(ownership.to_owned()))
    }

    /// Deletes an empty bucket with all its configuration.
    pub async fn delete_bucket(&self, cx: &Context, input: DeleteBucketInput) -> Result<DeleteBucketOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        cx.store()
            .write(|tx| {
                let found = state::find(tx, &found.name)?;
                refuse_full(tx, &found)?;
                let uploads: Vec<_> = tx.scan(&UPLOADS, &found.scope).prefix(&(found.name.as_str(),)).keys().collect::<Result<_, _>>()?;
                for key in uploads {
                    crate::multipart::forget(tx, cx, &found, &key)?;
                }
                crate::lifecycle::forget_bucket(tx, &found)?;
                crate::usage::forget_bucket(tx, &found)?;
                crate::objects::rename::forget_bucket(tx, &found)?;
                crate::configuration::abac::forget_bucket(tx, &found)?;
                listed::forget(tx, &found)?;
                access_log::forget(tx, &found)?;
                tx.delete(&LOGGED, &found.scope, &found.name)?;
                tx.delete(&NAMES, &found.scope, &found.name)?;
                tx.delete(&BUCKETS, &found.scope, &found.name)?;
                Ok(())
            })
            .await?;
        Ok(DeleteBucketOutput {})
    }

    /// Whether the bucket is there and the caller may see it.
    pub async fn head_bucket(&self, cx: &Context, input: HeadBucketInput) -> Result<Reply<HeadBucketOutput>, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let output = HeadBucketOutput {
            bucket_arn: Some(found.arn()),
            bucket_region: Some(found.bucket.region.clone()),
            access_point_alias: Some(false),
            ..HeadBucketOutput::default()
        };
        // The type of a body that HEAD does not send.
        Ok(Reply::new(output).header("Content-Type", "application/xml"))
    }

    /// The caller's buckets of all regions, by name.
    pub async fn list_buckets(&self, cx: &Context, input: ListBucketsInput) -> Result<ListBucketsOutput, Fault> {
        let most = match input.max_buckets {
            Some(n) if !(1..=10_000).contains(&n) => {
                let sentence = "Argument max-buckets must be an integer between 1 and 10000";
                return Err(errors::invalid_argument(sentence, "max-buckets", &n.to_string()));
            }
            Some(n) => n as usize,
            None => MOST_BUCKETS,
        };
        if let Some(region) = input.bucket_region.as_deref().filter(|region| !known_region(region)) {
            let sentence = format!("Argument value {region} is not a valid AWS Region");
            return Err(Fault::new("InvalidArgument", 400, sentence).with("ArgumentName", "bucket-region"));
        }
        let token = || errors::invalid_argument("The continuation token provided is incorrect", "continuation-token", "");
        let after = input.continuation_token.as_deref().map(|token_text| pages::key_of(token_text).ok_or_else(token)).transpose()?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let account = caller_scope(cx);
        let rows = cx.store().read(|s| {
            let mut scan = s.scan(&BUCKETS, &account).text_prefix(&prefix);
            if let Some(after) = &after {
                scan = scan.after(after);
            }
            let wanted = |row: &Result<(String, state::Bucket), Fault>| match (row, &input.bucket_region) {
                (Ok((_, bucket)), Some(region)) => bucket.region == *region,
                _ => true,
            };
            scan.filter(wanted).take(most + 1).collect::<Result<Vec<_>, _>>()
        })?;
        let more = rows.len() > most;
        let paged = input.max_buckets.is_some() || input.bucket_region.is_some() || input.prefix.is_some() || after.is_some();
        let buckets: Vec<Bucket> = rows.into_iter().take(most).map(|(name, bucket)| listed(name, bucket, paged)).collect();
        let last = buckets.last().and_then(|bucket| bucket.name.as_deref()).map(pages::token);
        Ok(ListBucketsOutput {
            buckets: Some(buckets),
            owner: Some(self.named(state::owner_of(&account.account))),
            continuation_token: last.filter(|_| more),
            prefix: input.prefix,
        })
    }

    /// The bucket's region; nothing for us-east-1.
    pub async fn get_bucket_location(&self, cx: &Context, input: GetBucketLocationInput) -> Result<Reply<GetBucketLocationOutput>, Fault> {
        // Asked by those who don't know the region yet, so from anywhere.
        let found = cx.store().read(|s| state::find(s, &input.bucket))?;
        state::expect_owner(&found, &input.expected_bucket_owner)?;
        let region = match found.bucket.called_eu {
            true => Some("EU".into()),
            false => (found.bucket.region != HOME_REGION).then(|| found.bucket.region.clone()),
        };
        Ok(Reply::new(GetBucketLocationOutput { location_constraint: region }))
    }

    /// Changes a bucket's row in a transaction.
    pub(crate) async fn configure(
        &self,
        cx: &Context,
        name: &str,
        expected_owner: &Option<String>,
        change: impl FnOnce(&mut state::Bucket),
    ) -> Result<(), Fault> {
        self.configure_if(cx, name, expected_owner, |_, _| Ok(()), change).await
    }

    /// The same, where nothing speaks against it.
    pub(crate) async fn configure_if(
        &self,
        cx: &Context,
        name: &str,
        expected_owner: &Option<String>,
        check: impl FnOnce(&mut kit::Tx<'_>, &state::Found) -> Result<(), Fault>,
        change: impl FnOnce(&mut state::Bucket),
    ) -> Result<(), Fault> {
        cx.store()
            .write(|tx| {
                let mut found = state::find(tx, name)?;
                state::expect_owner(&found, expected_owner)?;
                check(tx, &found)?;
                change(std::sync::Arc::make_mut(&mut found.bucket));
                tx.put(&BUCKETS, &found.scope, &found.name, &found.bucket)
            })
            .await
    }
}

/// Buckets belong to who calls, wherever the request was addressed to.
fn caller_scope(cx: &Context) -> Scope {
    Scope::new(cx.principal().account().unwrap_or(cx.account()), cx.region())
}

fn listed(name: String, bucket: state::Bucket, paged: bool) -> Bucket {
    Bucket {
        bucket_region: paged.then(|| bucket.region.clone()),
        bucket_arn: Some(format!("arn:aws:s3:::{name}")),
        creation_date: Some(bucket.created),
        name: Some(name),
    }
}

/// A name that somebody has: the caller again in us-east-1 is no error there, as it always was.
fn taken(name: &str, owner: &Scope, wanted: &Scope, with_tags: bool) -> Result<(), Fault> {
    if owner.account != wanted.account {
        return Err(Error::BucketAlreadyExists
            .says("The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.")
            .with("BucketName", name));
    }
    if &*owner.region == HOME_REGION && &*wanted.region == HOME_REGION && !with_tags {
        return Ok(());
    }
    Err(Error::BucketAlreadyOwnedByYou
        .says("Your previous request to create the named bucket succeeded and you already own it.")
        .with("BucketName", name))
}

fn refuse_full(read: &impl Read, found: &Found) -> Result<(), Fault> {
    if read.scan(&OBJECTS, &found.scope).prefix(&(found.name.as_str(),)).keys().next().transpose()?.is_none() {
        return Ok(());
    }
    let more = if found.ever_versioned() { ". You must delete all versions in the bucket." } else { "" };
    let sentence = format!("The bucket you tried to delete is not empty{more}");
    Err(Fault::new("BucketNotEmpty", 409, sentence).with("BucketName", found.name.clone()))
}

fn refuse_unknown(input: &CreateBucketInput, configuration: &CreateBucketConfiguration) -> Result<(), Fault> {
    let what = match () {
        _ if input.bucket_namespace == Some(BucketNamespace::AccountRegional) => "account-regional bucket namespaces",
        _ if configuration.bucket.is_some() || configuration.location.is_some() => "directory buckets",
        _ => return Ok(()),
    };
    Err(errors::not_built(what))
}

/// Where the bucket goes. A request to another region's endpoint must name that region; a call from inside the house means its own.
fn region_of(cx: &Context, constraint: Option<&str>) -> Result<String, Fault> {
    let here = cx.region();
    let from_inside = cx.source().auth_type.is_none();
    match constraint {
        None | Some("") if from_inside => Ok(here.into()),
        Some(region) if from_inside && region == here => Ok(here.into()),
        None | Some("") if here == HOME_REGION => Ok(HOME_REGION.into()),
        None | Some("") => Err(illegal_location("unspecified")),
        // The name that Ireland had when it was all of Europe.
        Some("EU") if here == HOME_REGION || here == IRELAND => Ok(IRELAND.into()),
        Some(region) if here != HOME_REGION && here != region => Err(illegal_location(region)),
        Some(region) if region == HOME_REGION || !known_region(region) => {
            Err(Fault::new("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")
                .with("LocationConstraint", region))
        }
        Some(region) => Ok(region.into()),
    }
}

fn illegal_location(constraint: &str) -> Fault {
    let sentence =
        format!("The {constraint} location constraint is incompatible for the region specific endpoint this request was sent to.");
    Fault::new("IllegalLocationConstraintException", 400, sentence)
}

fn known_region(region: &str) -> bool {
    const REGIONS: &[&str] = &[
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ];
    REGIONS.contains(&region)
}

/// AWS's rules for names of general purpose buckets.
pub(crate) fn check_name(name: &str) -> Result<(), Fault> {
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let address = name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok());
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| name.starts_with(prefix))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|suffix| name.ends_with(suffix));
    match (3..=63).contains(&name.len()) && name.split('.').all(label_ok) && !address && !reserved {
        true => Ok(()),
        false => Err(Fault::new("InvalidBucketName", 400, "The specified bucket is not valid.").with("BucketName", name)),
    }
}

/// New buckets block all public access, as on AWS since April 2023.
pub(crate) fn all_blocked() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration {
        block_public_acls: Some(true),
        ignore_public_acls: Some(true),
        block_public_policy: Some(true),
        restrict_public_buckets: Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_aws_rules() {
        for good in ["abc", "my-bucket", "my.bucket.name", "a23456789", "1-2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in ["ab", "Abc", "a_b", "-abc", "abc-", "a..b", "192.168.5.4", "xn--abc", "abc-s3alias", "a.-b", long.as_str()] {
            assert_eq!(check_name(bad).unwrap_err().code, "InvalidBucketName", "{bad}");
        }
    }
}
