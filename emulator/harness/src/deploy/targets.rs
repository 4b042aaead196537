//! Where deployments may go: `windtunnel.toml` beside the template's checkout names accounts and regions. What isn't there is refused.
//!
//! ```toml
//! [targets.prod-test]
//! account = "123456789012"
//! region = "eu-central-1"
//! ```

use super::DeployError;
use std::{collections::BTreeMap, path::Path};

/// Name of the file.
pub const FILE: &str = "windtunnel.toml";

/// An account and region that may be deployed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Name of the entry.
    pub name: String,
    /// Twelve digits.
    pub account: String,
    /// `eu-central-1`
    pub region: String,
}

/// Chooses an entry: the one of this name, or the only one there is. Errors are guards: no file, no entry, more than one.
pub fn choose(file: &Path, name: Option<&str>) -> Result<Allowed, DeployError> {
    let text = std::fs::read_to_string(file).map_err(|e| {
        DeployError::Guard(format!(
            "deploying to AWS needs an allow list, {}: {e}. Write\n\n  [targets.my-test]\n  account = \"123456789012\"\n  region = \"eu-central-1\"",
            file.display()
        ))
    })?;
    let mut targets = read(&text).map_err(|e| DeployError::Guard(format!("{}:{e}", file.display())))?;
    let names = targets.keys().cloned().collect::<Vec<_>>().join(", ");
    match name {
        Some(name) => {
            targets.remove(name).ok_or_else(|| DeployError::Guard(format!("{} allows no target {name}; it has {names}", file.display())))
        }
        None if targets.len() == 1 => Ok(targets.into_values().next().expect("one")),
        None => Err(DeployError::Guard(format!("{} has {} targets ({names}); choose one with --to", file.display(), targets.len()))),
    }
}

/// Reads the tables of the file: `[targets.NAME]` with `account` and `region`, strings both. An error begins with its line.
pub fn read(text: &str) -> Result<BTreeMap<String, Allowed>, String> {
    let mut targets: BTreeMap<String, Allowed> = BTreeMap::new();
    let mut current: Option<String> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let name = header.strip_suffix(']').and_then(|h| h.strip_prefix("targets.")).map(|n| n.trim_matches('"'));
            let name = name.filter(|n| !n.is_empty()).ok_or_else(|| format!("{number}: only tables [targets.NAME] are known"))?;
            let empty = Allowed { name: name.to_owned(), account: String::new(), region: String::new() };
            if targets.insert(name.to_owned(), empty).is_some() {
                return Err(format!("{number}: [targets.{name}] stands twice"));
            }
            current = Some(name.to_owned());
            continue;
        }
        let target =
            current.as_ref().and_then(|name| targets.get_mut(name)).ok_or_else(|| format!("{number}: a value outside [targets.NAME]"))?;
        let (key, value) = line.split_once('=').ok_or_else(|| format!("{number}: expected key = \"value\""))?;
        let value = string(value).ok_or_else(|| format!("{number}: the value is a string in double quotes"))?;
        match key.trim() {
            "account" if value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit()) => target.account = value.to_owned(),
            "account" => return Err(format!("{number}: an account has twelve digits, in quotes")),
            "region" => target.region = value.to_owned(),
            other => return Err(format!("{number}: unknown key {other}; known are account, region")),
        }
    }
    match targets.values().find(|t| t.account.is_empty() || t.region.is_empty()) {
        Some(half) => Err(format!(" [targets.{}] needs both account and region", half.name)),
        None => Ok(targets),
    }
}

fn string(value: &str) -> Option<&str> {
    let (text, rest) = value.trim().strip_prefix('"')?.split_once('"')?;
    let rest = rest.trim();
    (rest.is_empty() || rest.starts_with('#')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allow_list_names_accounts_and_regions_and_nothing_else() {
        let good = "# mine\n[targets.prod-test]\naccount = \"123456789012\" # the sandbox\nregion = \"eu-central-1\"\n";
        let targets = read(good).unwrap();
        assert_eq!(targets["prod-test"].account, "123456789012");
        assert_eq!(targets["prod-test"].region, "eu-central-1");
        for (bad, line) in [
            ("account = \"123456789012\"", "1:"),
            ("[targets.a]\naccount = 123456789012", "2:"),
            ("[targets.a]\naccount = \"12\"", "2:"),
            ("[targets.a]\nacount = \"123456789012\"", "2:"),
            ("[profile]\n", "1:"),
            ("[targets.a]\naccount = \"123456789012\"", " [targets.a]"),
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.starts_with(line), "{bad}: {error}");
        }
    }
}
