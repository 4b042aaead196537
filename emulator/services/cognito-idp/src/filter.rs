//! The filter of ListUsers: one attribute, `=` or `^=`, and a value in quotation marks.

use crate::state::*;
use kit::Fault;

const SEARCHABLE: [&str; 10] = [
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

/// What ListUsers looks for.
pub(crate) enum Filter {
    All,
    One { attribute: String, prefix: bool, value: String },
}

impl Filter {
    /// Reads a filter; an empty one takes everybody.
    pub fn parse(text: &str) -> Result<Filter, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Filter::All);
        }
        let wrong = || bad("Error while parsing filter.");
        let (left, right) = text.split_once('=').ok_or_else(wrong)?;
        let (left, prefix) = left.trim_end().strip_suffix('^').map_or((left, false), |left| (left, true));
        let attribute = left.trim().trim_matches('"').to_owned();
        let quoted = right.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
        if !SEARCHABLE.contains(&attribute.as_str()) {
            return Err(bad(format!("Invalid search attribute: {attribute}")));
        }
        Ok(Filter::One { attribute, prefix, value: quoted.replace("\\\"", "\"").replace("\\\\", "\\") })
    }

    /// Whether a user matches.
    pub fn takes(&self, user: &User) -> bool {
        let Filter::One { attribute, prefix, value } = self else { return true };
        let fits = |text: &str, value: &str| if *prefix { text.starts_with(value) } else { text == value };
        match attribute.as_str() {
            "username" => fits(&user.username, value),
            "sub" => fits(&user.sub, value),
            "status" => fits(if user.disabled { "Disabled" } else { "Enabled" }, value),
            "cognito:user_status" => fits(user.status().as_str(), &value.to_uppercase()),
            name => user.attributes.get(name).is_some_and(|text| fits(&text.to_lowercase(), &value.to_lowercase())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> User {
        let attributes = [("email".to_owned(), "Ann@example.com".to_owned())].into();
        User { username: "ann".into(), sub: "1-2".into(), attributes, status: Some(UserStatus::Confirmed), ..Default::default() }
    }

    #[test]
    fn one_attribute_exactly_or_by_its_beginning() {
        let takes = |text: &str| Filter::parse(text).map(|f| f.takes(&user())).unwrap();
        assert!(takes("") && takes("email = \"ann@example.com\"") && takes("email ^= \"ann@\"") && takes("username=\"ann\""));
        assert!(takes("cognito:user_status = \"confirmed\"") && takes("status = \"Enabled\"") && takes("sub ^= \"1\""));
        assert!(!takes("email = \"ann@\"") && !takes("username = \"Ann\"") && !takes("phone_number ^= \"+\""));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        assert!(Filter::parse("email").is_err() && Filter::parse("email = ann").is_err() && Filter::parse("custom:x = \"1\"").is_err());
    }
}
