//! Tags of buckets and of objects.

use crate::{
    S3, access,
    configuration::abac,
    errors,
    model::*,
    notifications::{self, Happening},
    replication,
    state::{self, Tags},
    versions,
};
use kit::{Context, Fault};

/// Most tags of an object, and of a bucket.
const MOST_OBJECT_TAGS: usize = 10;
const MOST_BUCKET_TAGS: usize = 50;

/// Tags as they are stored.
pub(crate) fn from_model(tags: Vec<Tag>) -> Tags {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

fn to_model(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

fn allowed(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c))
}

fn invalid(sentence: &str) -> Fault {
    Fault::new("InvalidTag", 400, sentence)
}

fn check_each(tags: &Tags) -> Result<(), Fault> {
    for (index, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > 128 || !allowed(key) {
            return Err(invalid("The TagKey you have provided is invalid").with("TagKey", key.clone()));
        }
        if value.chars().count() > 256 || !allowed(value) {
            return Err(invalid("The TagValue you have provided is invalid").with("TagKey", key.clone()).with("TagValue", value.clone()));
        }
        if tags[..index].iter().any(|(other, _)| other == key) {
            return Err(invalid("Cannot provide multiple Tags with the same key").with("TagKey", key.clone()));
        }
    }
    Ok(())
}

/// Tags that an object may have.
pub(crate) fn check_object_tags(tags: &Tags) -> Result<(), Fault> {
    if tags.len() > MOST_OBJECT_TAGS {
        return Err(Fault::new("BadRequest", 400, "Object tags cannot be greater than 10"));
    }
    check_each(tags)?;
    match reserved(tags) {
        Some((key, _)) => Err(invalid("Your TagKey cannot be prefixed with aws:").with("TagKey", key.clone())),
        None => Ok(()),
    }
}

/// Tags that a bucket may have.
pub(crate) fn check_bucket_tags(tags: &Tags) -> Result<(), Fault> {
    if tags.len() > MOST_BUCKET_TAGS {
        return Err(Fault::new("BadRequest", 400, "Bucket tag count cannot be greater than 50"));
    }
    check_each(tags)?;
    match reserved(tags) {
        Some((key, _)) => Err(invalid("System tags cannot be added/updated by requester").with("TagKey", key.clone())),
        None => Ok(()),
    }
}

/// Tags that a bucket may be made with.
pub(crate) fn check_new_bucket_tags(tags: &Tags) -> Result<(), Fault> {
    if reserved(tags).is_some() {
        return Err(invalid(
            "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \"aws:\" from your tag keys and try again.",
        ));
    }
    check_bucket_tags(tags)
}

/// The first tag whose key only AWS may use.
fn reserved(tags: &Tags) -> Option<&(String, String)> {
    tags.iter().find(|(key, _)| key.starts_with("aws:"))
}

impl S3 {
    /// Gives a bucket other tags, unless requests are judged by those that it has.
    async fn retag(&self, cx: &Context, bucket: &str, expected_owner: &Option<String>, tags: Tags) -> Result<(), Fault> {
        self.configure_if(cx, bucket, expected_owner, |tx, found| abac::refuse_tagging(tx, found), |bucket| bucket.tags = tags).await
    }

    /// Replaces the bucket's tags.
    pub async fn put_bucket_tagging(&self, cx: &Context, input: PutBucketTaggingInput) -> Result<PutBucketTaggingOutput, Fault> {
        let tags = from_model(input.tagging.tag_set.unwrap_or_default());
        check_bucket_tags(&tags)?;
        self.retag(cx, &input.bucket, &input.expected_bucket_owner, tags).await?;
        Ok(PutBucketTaggingOutput {})
    }

    /// The bucket's tags; having none is an error.
    pub async fn get_bucket_tagging(&self, cx: &Context, input: GetBucketTaggingInput) -> Result<GetBucketTaggingOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        match found.bucket.tags.is_empty() {
            true => Err(Fault::new("NoSuchTagSet", 404, "The TagSet does not exist").with("BucketName", found.name)),
            false => Ok(GetBucketTaggingOutput { tag_set: to_model(&found.bucket.tags) }),
        }
    }

    /// Takes the bucket's tags away.
    pub async fn delete_bucket_tagging(&self, cx: &Context, input: DeleteBucketTaggingInput) -> Result<DeleteBucketTaggingOutput, Fault> {
        self.retag(cx, &input.bucket, &input.expected_bucket_owner, Tags::default()).await?;
        Ok(DeleteBucketTaggingOutput {})
    }

    /// Replaces a version's tags.
    pub async fn put_object_tagging(&self, cx: &Context, input: PutObjectTaggingInput) -> Result<PutObjectTaggingOutput, Fault> {
        let tags = from_model(input.tagging.tag_set.unwrap_or_default());
        check_object_tags(&tags)?;
        let of =
            Tagged { bucket: &input.bucket, key: &input.key, version_id: input.version_id.as_deref(), owner: &input.expected_bucket_owner };
        let version_id = of.retag(cx, tags, "ObjectTagging:Put", "PUT").await?;
        Ok(PutObjectTaggingOutput { version_id })
    }

    /// A version's tags.
    pub async fn get_object_tagging(&self, cx: &Context, input: GetObjectTaggingInput) -> Result<GetObjectTaggingOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let version = cx.store().read(|s| versions::lookup(s, &found, &input.key, input.version_id.as_deref()))?;
        let of = Tagged { bucket: &input.bucket, key: &input.key, version_id: input.version_id.as_deref(), owner: &None };
        let version = of.present(version, "GET").map_err(|fault| of.hide(cx, fault))?;
        Ok(GetObjectTaggingOutput { version_id: versions::shown_id(&found, &version.object), tag_set: to_model(&version.object.tags) })
    }

    /// Takes a version's tags away.
    pub async fn delete_object_tagging(&self, cx: &Context, input: DeleteObjectTaggingInput) -> Result<DeleteObjectTaggingOutput, Fault> {
        let of =
            Tagged { bucket: &input.bucket, key: &input.key, version_id: input.version_id.as_deref(), owner: &input.expected_bucket_owner };
        let version_id = of.retag(cx, Tags::new(), "ObjectTagging:Delete", "DELETE").await?;
        Ok(DeleteObjectTaggingOutput { version_id })
    }
}

/// The version that a request is about.
struct Tagged<'a> {
    bucket: &'a str,
    key: &'a str,
    version_id: Option<&'a str>,
    owner: &'a Option<String>,
}

impl Tagged<'_> {
    /// The version, which must be there and be no delete marker.
    fn present(&self, version: Option<versions::Version>, method: &str) -> Result<versions::Version, Fault> {
        match (version, self.version_id) {
            // Unlike reads of the body, tags tell of a delete marker even where none was named, as recorded.
            (Some(version), _) if version.object.delete_marker => Err(errors::method_not_allowed(method, "DeleteMarker")),
            (Some(version), _) => Ok(version),
            (None, Some(id)) => Err(errors::no_such_version(self.key, id)),
            // Where tags are read, AWS names the missing key with its bucket, and only there.
            (None, None) if method == "GET" => Err(errors::no_such_key(&format!("{}/{}", self.bucket, self.key))),
            (None, None) => Err(errors::no_such_key(self.key)),
        }
    }

    /// Missing keys are told to those only who may list the bucket.
    fn hide(&self, cx: &Context, fault: Fault) -> Fault {
        if fault.code == "NoSuchKey" { access::missing(cx, self.bucket, self.key, fault) } else { fault }
    }

    /// Replaces the tags. Lifecycle rules look at tags, so the day of expiry is found anew.
    async fn retag(&self, cx: &Context, tags: Tags, event: &str, method: &str) -> Result<Option<String>, Fault> {
        let done = cx
            .store()
            .write(|tx| {
                let found = state::find(tx, self.bucket)?;
                state::expect_owner(&found, self.owner)?;
                let mut version = self.present(versions::lookup(tx, &found, self.key, self.version_id)?, method)?;
                version.object.tags = tags;
                replication::changed(tx, cx, &found, self.key, version.sequence, &mut version.object);
                let (id, etag) = (versions::shown_id(&found, &version.object), version.object.etag.clone());
                versions::write(tx, cx, &found, self.key, version)?;
                let happening =
                    Happening { name: event, key: self.key, etag: Some(&etag), version_id: id.as_deref(), ..Happening::default() };
                notifications::emit(tx, cx, &found, &happening)?;
                Ok(id)
            })
            .await;
        done.map_err(|fault| self.hide(cx, fault))
    }
}
