//! The credential of a signature: an access key id and the scope that its key is made for.

/// `AKID/20130524/us-east-1/s3/aws4_request`
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// Access key id.
    pub access_key: String,
    /// The rest.
    pub scope: CredentialScope,
}

/// Where and when a signature holds.
#[derive(Clone, Debug, PartialEq)]
pub struct CredentialScope {
    /// `YYYYMMDD`
    pub date: String,
    /// `us-east-1`
    pub region: String,
    /// Signing name of the service.
    pub service: String,
    /// `aws4_request` in every signature that is right.
    pub terminator: String,
}

impl Credential {
    /// Reads a credential; the access key id may hold slashes, the scope may not.
    pub fn parse(text: &str) -> Option<Credential> {
        let mut parts = text.rsplitn(5, '/');
        let terminator = parts.next()?.to_owned();
        let service = parts.next()?.to_owned();
        let region = parts.next()?.to_owned();
        let date = parts.next()?.to_owned();
        let access_key = parts.next()?.to_owned();
        Some(Credential { access_key, scope: CredentialScope { date, region, service, terminator } })
    }
}

impl CredentialScope {
    /// As it stands in the string to sign.
    pub fn text(&self) -> String {
        format!("{}/{}/{}/{}", self.date, self.region, self.service, self.terminator)
    }
    /// Whether the date has the form `YYYYMMDD`.
    pub fn date_is_well_formed(&self) -> bool {
        self.date.len() == 8 && self.date.bytes().all(|b| b.is_ascii_digit())
    }
    /// Whether the region has the form of AWS's regions (`eu-central-1`, `us-gov-west-1`); `aws-global` has not.
    pub fn region_is_well_formed(&self) -> bool {
        let words: Vec<&str> = self.region.split('-').collect();
        let letters = |w: &&str| !w.is_empty() && w.len() <= 12 && w.bytes().all(|b| b.is_ascii_lowercase());
        match words.split_last() {
            Some((number, places)) => {
                (2..=4).contains(&places.len())
                    && places.iter().all(letters)
                    && number.len() <= 2
                    && !number.is_empty()
                    && number.bytes().all(|b| b.is_ascii_digit())
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_five_parts() {
        let credential = Credential::parse("AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request").unwrap();
        assert_eq!(credential.access_key, "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(credential.scope.text(), "20130524/us-east-1/s3/aws4_request");
        assert!(credential.scope.date_is_well_formed() && credential.scope.region_is_well_formed());
        assert_eq!(Credential::parse("a/b/c/d"), None);
    }

    #[test]
    fn knows_the_form_of_regions() {
        let with = |region: &str| CredentialScope {
            date: "20130524".into(),
            region: region.into(),
            service: "s3".into(),
            terminator: "aws4_request".into(),
        };
        for good in ["us-east-1", "eu-central-2", "us-gov-west-1", "ap-southeast-12", "us-isob-east-1"] {
            assert!(with(good).region_is_well_formed(), "{good}");
        }
        for bad in ["", "aws-global", "us-east", "US-EAST-1", "us-east-1-", "../../etc-1", "-1"] {
            assert!(!with(bad).region_is_well_formed(), "{bad}");
        }
    }
}
