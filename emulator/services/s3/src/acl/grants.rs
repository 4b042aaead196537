//! Grants as they are kept, and the three ways in which callers say them: a canned list, headers, a document.

use super::groups::{self, Who};
use crate::{errors, model::*, state};
use kit::Fault;
use serde::{Deserialize, Serialize};

/// One permission for one grantee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Given {
    pub who: Who,
    pub permission: Permission,
}

impl Given {
    pub fn new(who: Who, permission: Permission) -> Given {
        Given { who, permission }
    }
    /// The owner's full control, which every list begins with.
    pub fn full_control(account: &str) -> Given {
        Given::new(Who::User(state::canonical_id(account)), Permission::FullControl)
    }
    /// As answers show it.
    pub fn shown(&self) -> Grant {
        Grant { grantee: Some(self.who.shown()), permission: Some(self.permission) }
    }
}

/// What a request's headers ask for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    pub acl: Option<&'a str>,
    pub full_control: Option<&'a str>,
    pub read: Option<&'a str>,
    pub read_acp: Option<&'a str>,
    pub write: Option<&'a str>,
    pub write_acp: Option<&'a str>,
}

/// Gathers the ACL members of an input; `write` where the input has that member too.
macro_rules! asked {
    ($input:expr) => {
        $crate::acl::Asked {
            acl: $input.acl.as_deref(),
            full_control: $input.grant_full_control.as_deref(),
            read: $input.grant_read.as_deref(),
            read_acp: $input.grant_read_acp.as_deref(),
            write: None,
            write_acp: $input.grant_write_acp.as_deref(),
        }
    };
    ($input:expr, write) => {
        $crate::acl::Asked { write: $input.grant_write.as_deref(), ..$crate::acl::asked!($input) }
    };
}
pub(crate) use asked;

/// What was asked for, read.
pub(crate) enum Choice<'a> {
    Canned(&'a str),
    Grants(Vec<Given>),
}

impl<'a> Asked<'a> {
    fn headers(&self) -> [(&'static str, Permission, Option<&'a str>); 5] {
        [
            ("x-amz-grant-full-control", Permission::FullControl, self.full_control),
            ("x-amz-grant-read", Permission::Read, self.read),
            ("x-amz-grant-read-acp", Permission::ReadAcp, self.read_acp),
            ("x-amz-grant-write", Permission::Write, self.write),
            ("x-amz-grant-write-acp", Permission::WriteAcp, self.write_acp),
        ]
    }

    /// Whether any ACL member is there.
    pub fn is_any(&self) -> bool {
        self.acl.is_some() || self.headers().iter().any(|(_, _, value)| value.is_some())
    }

    /// The condition keys that policies may look at, by the headers' names.
    pub fn keys(&self) -> Vec<(&'static str, String)> {
        const NAMES: [&str; 5] = [
            "s3:x-amz-grant-full-control",
            "s3:x-amz-grant-read",
            "s3:x-amz-grant-read-acp",
            "s3:x-amz-grant-write",
            "s3:x-amz-grant-write-acp",
        ];
        let grants = NAMES.into_iter().zip(self.headers()).filter_map(|(name, (_, _, value))| Some((name, value?.to_owned())));
        self.acl.map(|acl| ("s3:x-amz-acl", acl.to_owned())).into_iter().chain(grants).collect()
    }

    /// Reads the members; `known` are the canned lists that count here.
    pub fn read(&self, known: &[&str]) -> Result<Option<Choice<'a>>, Fault> {
        let given: Vec<_> = self.headers().into_iter().filter_map(|(name, permission, value)| Some((name, permission, value?))).collect();
        if self.acl.is_some() && !given.is_empty() {
            return Err(errors::invalid_request("Specifying both Canned ACLs and Header Grants is not allowed"));
        }
        if let Some(acl) = self.acl {
            return match known.contains(&acl) {
                true => Ok(Some(Choice::Canned(acl))),
                false => Err(errors::invalid_argument("", "x-amz-acl", acl)),
            };
        }
        if given.is_empty() {
            return Ok(None);
        }
        let mut grants = Vec::new();
        for (name, permission, value) in given {
            for who in groups::of_header(name, value)? {
                grants.push(Given::new(who, permission));
            }
        }
        check_number(grants.len())?;
        Ok(Some(Choice::Grants(grants)))
    }
}

/// The grants of a canned list of an object or bucket of `owner`; the bucket is `bucket_owner`'s.
pub(super) fn canned(acl: &str, owner: &str, bucket_owner: &str) -> Vec<Given> {
    /// The canonical user under which EC2 reads machine images, as AWS documents it.
    const EC2: &str = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";
    use Permission::*;
    let mut grants = vec![Given::full_control(owner)];
    match acl {
        "public-read" => grants.push(Given::new(Who::AllUsers, Read)),
        "public-read-write" => grants.extend([Given::new(Who::AllUsers, Read), Given::new(Who::AllUsers, Write)]),
        "authenticated-read" => grants.push(Given::new(Who::AuthenticatedUsers, Read)),
        "aws-exec-read" => grants.push(Given::new(Who::User(EC2.into()), Read)),
        "log-delivery-write" => grants.extend([Given::new(Who::LogDelivery, Write), Given::new(Who::LogDelivery, ReadAcp)]),
        "bucket-owner-read" if owner != bucket_owner => {
            grants.push(Given::new(Who::User(state::canonical_id(bucket_owner)), Read));
        }
        "bucket-owner-full-control" if owner != bucket_owner => grants.push(Given::full_control(bucket_owner)),
        _ => {}
    }
    grants
}

/// The grants of a document. It must name the owner that is: ownership can't be given away.
pub(super) fn of_document(policy: &AccessControlPolicy, owner: &str) -> Result<Vec<Given>, Fault> {
    let Some(id) = policy.owner.as_ref().and_then(|owner| owner.id.as_deref()) else { return Err(malformed()) };
    let Some(grants) = &policy.grants else { return Err(malformed()) };
    check_number(grants.len())?;
    groups::check_id(id, "CanonicalUser/ID")?;
    let read = |grant: &Grant| {
        let (Some(grantee), Some(permission)) = (&grant.grantee, grant.permission) else { return Err(malformed()) };
        Ok(Given::new(groups::grantee(grantee)?, permission))
    };
    let grants = grants.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    match id == state::canonical_id(owner) {
        true => Ok(grants),
        false => Err(errors::access_denied()),
    }
}

/// AWS keeps at most a hundred grants of a list.
fn check_number(grants: usize) -> Result<(), Fault> {
    if grants > 100 { Err(malformed()) } else { Ok(()) }
}

/// A document that is no list.
pub(crate) fn malformed() -> Fault {
    Fault::new("MalformedACLError", 400, errors::malformed_xml().message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_name_several_grantees() {
        let id = state::canonical_id("111111111111");
        let text = format!("id=\"{id}\", uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"");
        let asked = Asked { read: Some(&text), ..Asked::default() };
        let Ok(Some(Choice::Grants(grants))) = asked.read(&[]) else { panic!("these are grants") };
        assert_eq!(grants, [Given::new(Who::User(id), Permission::Read), Given::new(Who::AllUsers, Permission::Read)]);
        let both = Asked { acl: Some("private"), ..asked };
        assert_eq!(both.read(&["private"]).err().unwrap().code, "InvalidRequest");
        let strange = Asked { write: Some("fakekey=\"1234\""), ..Asked::default() };
        let fault = strange.read(&[]).err().unwrap();
        assert_eq!((fault.message.as_str(), &fault.fields[0].1), ("Argument format not recognized", &"x-amz-grant-write".into()));
    }

    #[test]
    fn a_foreign_object_may_be_shared_with_the_bucket_owner() {
        let grants = canned("bucket-owner-full-control", "111111111111", "000000000000");
        assert_eq!(grants, [Given::full_control("111111111111"), Given::full_control("000000000000")]);
        assert_eq!(canned("bucket-owner-full-control", "0", "0").len(), 1);
    }
}
