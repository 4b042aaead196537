//! The forms in which AWS takes a function's name: `name`, `name:qualifier`, `account:function:name`, the ARN, the ARN with a qualifier.

use crate::{
    Error, state,
    state::{invalid, user},
};
use kit::{Arn, Context, Fault, Scope};

/// A function as a request names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name {
    pub scope: Scope,
    pub function: String,
    pub qualifier: Option<String>,
}

impl Name {
    /// Reads any of the forms; the region must be the request's own.
    pub fn parse(cx: &Context, text: &str, qualifier: Option<&str>) -> Result<Name, Fault> {
        let name = Name::read(cx.scope(), text).ok_or_else(|| invalid(format!("Invalid function name: {text}")))?;
        if name.scope.region != cx.scope().region {
            return Err(user(Error::ResourceNotFound.says(format!(
                "Functions from '{}' are not reachable in this region ('{}')",
                name.scope.region,
                cx.region()
            ))));
        }
        name.qualified(qualifier)
    }

    /// Reads any of the forms without asking about the region. `home` fills in what a short form leaves out.
    pub fn read(home: &Scope, text: &str) -> Option<Name> {
        let (scope, rest) = match Arn::parse(text) {
            // An ARN without `function:` has the name where that would be, as recorded.
            Some(arn) if arn.service == "lambda" => {
                let bare = || Some(arn.resource).filter(|resource| !resource.contains(':'));
                (Scope::new(arn.account, arn.region), arn.after("function:").or_else(bare)?)
            }
            Some(_) => return None,
            None => match text.split_once(":function:") {
                Some((account, rest)) => (Scope::new(account.rsplit(':').next()?, &home.region), rest),
                None => (home.clone(), text.strip_prefix("function:").unwrap_or(text)),
            },
        };
        let (function, qualifier) = match rest.split_once(':') {
            Some((function, qualifier)) => (function, Some(qualifier)),
            None => (rest, None),
        };
        let good =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$' | b'.'));
        let fits = good(function) && function.len() <= 140 && qualifier.is_none_or(good);
        fits.then(|| Name { scope, function: function.to_owned(), qualifier: qualifier.map(str::to_owned) })
    }

    fn qualified(mut self, qualifier: Option<&str>) -> Result<Name, Fault> {
        match (qualifier, self.qualifier.as_deref()) {
            (Some(given), Some(own)) if given != own => {
                Err(invalid("The derived qualifier from the function name does not match the specified qualifier."))
            }
            (Some(given), _) => {
                self.qualifier = Some(given.to_owned());
                Ok(self)
            }
            (None, _) => Ok(self),
        }
    }

    /// For operations on functions only.
    pub fn unqualified(self) -> Result<Name, Fault> {
        match self.qualifier {
            None => Ok(self),
            Some(_) => Err(invalid(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
            )),
        }
    }

    /// The same function with another qualifier.
    pub fn with(&self, qualifier: &str) -> Name {
        Name { qualifier: Some(qualifier.to_owned()), ..self.clone() }
    }

    /// The ARN, with the qualifier where there is one.
    pub fn arn(&self) -> String {
        let arn = self.function_arn();
        match &self.qualifier {
            Some(qualifier) => format!("{arn}:{qualifier}"),
            None => arn,
        }
    }
    /// The ARN without a qualifier.
    pub fn function_arn(&self) -> String {
        state::arn(&self.scope, &self.function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_names_the_same_function() {
        let home = Scope::new("111111111111", "eu-west-1");
        let plain = Name { scope: home.clone(), function: "f".into(), qualifier: None };
        for text in ["f", "function:f", "111111111111:function:f", "arn:aws:lambda:eu-west-1:111111111111:function:f"] {
            assert_eq!(Name::read(&home, text), Some(plain.clone()), "{text}");
            assert_eq!(Name::read(&home, &format!("{text}:prod")), Some(plain.with("prod")), "{text}");
        }
        assert_eq!(plain.with("$LATEST").arn(), "arn:aws:lambda:eu-west-1:111111111111:function:f:$LATEST");
        for text in ["", "a/b", "arn:aws:s3:::b", "f:", "f:a:b"] {
            assert_eq!(Name::read(&home, text), None, "{text}");
        }
    }
}
