//! Rules about who may depend on whom: `harness -> {gateway, services} -> kit -> wire`, and the pipeline on nobody in the emulator.
//!
//! Read from the text of the manifests, so that a forbidden arrow is found before it is built.

use super::Finding;
use super::files::File;
use std::collections::BTreeSet;

/// One dependency of a manifest.
struct Dependency {
    name: String,
    line: usize,
    for_tests: bool,
}

/// Findings in all manifests.
pub fn check(files: &[File]) -> Vec<Finding> {
    let manifests: Vec<&File> = files.iter().filter(|file| file.path.ends_with("Cargo.toml")).collect();
    let under = |folder: &str| -> BTreeSet<String> {
        manifests.iter().filter(|m| m.path.starts_with(folder)).filter_map(|m| package(&m.text)).collect()
    };
    let (services, emulator) = (under("emulator/services/"), under("emulator/"));
    let harness: BTreeSet<String> = under("emulator/harness/");
    let mut findings = Vec::new();
    for manifest in &manifests {
        let Some(name) = package(&manifest.text) else { continue };
        for dependency in dependencies(&manifest.text) {
            let to = dependency.name.as_str();
            let upwards = services.contains(to) || harness.contains(to);
            let refused = if services.contains(&name) {
                // A service's own tests may stand it behind the gateway.
                let other = upwards && to != name;
                (other || (to == "gateway" && !dependency.for_tests))
                    .then_some("a service depends on no other service, nor on gateway: meet by a port or the directory")
            } else {
                match name.as_str() {
                    "wire" if upwards || matches!(to, "kit" | "gateway") => Some("wire knows shapes and bytes and nothing above them"),
                    "kit" if upwards || to == "gateway" => Some("kit is what services stand on and names none of them"),
                    "gateway" if upwards => Some("gateway is handed its services and names none of them"),
                    _ if manifest.path.starts_with("pipeline/") && emulator.contains(to) && !dependency.for_tests => {
                        Some("the pipeline runs on real AWS and knows no emulator: a dev-dependency at most")
                    }
                    _ => None,
                }
            };
            if let Some(rule) = refused {
                findings.push(Finding {
                    file: manifest.path.clone(),
                    line: dependency.line,
                    what: format!("{name} depends on {to}; {rule}"),
                });
            }
        }
    }
    findings
}

/// The package's name.
fn package(text: &str) -> Option<String> {
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section == "[package]"
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "name"
        {
            return Some(value.trim().trim_matches('"').to_owned());
        }
    }
    None
}

/// Dependencies of every kind, a renamed one under its real name.
fn dependencies(text: &str) -> Vec<Dependency> {
    let mut list = Vec::new();
    let mut section = String::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let header = line.strip_prefix('[').and_then(|rest| rest.split(']').next());
        let for_tests = |section: &str| section.contains("dev-dependencies");
        if let Some(header) = header {
            section = header.to_owned();
            // `[dependencies.kit]`
            if let Some((_, name)) = header.split_once("dependencies.") {
                list.push(Dependency { name: name.to_owned(), line: at + 1, for_tests: for_tests(header) });
            }
        } else if section.ends_with("dependencies") && !section.starts_with("workspace") && !line.starts_with('#') {
            let Some((key, value)) = line.split_once('=') else { continue };
            let key = key.split('.').next().unwrap_or(key).trim().trim_matches('"');
            let renamed = value.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            list.push(Dependency { name: renamed.unwrap_or(key).to_owned(), line: at + 1, for_tests: for_tests(&section) });
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(manifests: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = manifests.iter().map(|(path, text)| File::new(*path, *text)).collect();
        check(&files).into_iter().map(|f| format!("{}:{}: {}", f.file, f.line, f.what.split(';').next().unwrap())).collect()
    }

    const S3: (&str, &str) = ("emulator/services/s3/Cargo.toml", "[package]\nname = \"s3\"\n[dependencies]\nkit.workspace = true\n");

    #[test]
    fn a_service_that_depends_on_another_is_found_even_when_renamed() {
        let sqs = "[package]\nname = \"sqs\"\n[dependencies]\nstore = { package = \"s3\", path = \"../s3\" }\n[dev-dependencies]\ngateway.workspace = true\n";
        assert_eq!(findings(&[S3, ("emulator/services/sqs/Cargo.toml", sqs)]), ["emulator/services/sqs/Cargo.toml:4: sqs depends on s3"]);
    }

    #[test]
    fn kit_and_gateway_name_no_service() {
        let kit =
            "[package]\nname = \"kit\"\n[dependencies]\nwire.workspace = true\n[target.'cfg(unix)'.dependencies]\ns3.workspace = true\n";
        let gateway = "[package]\nname = \"gateway\"\n[dev-dependencies.s3]\nworkspace = true\n";
        assert_eq!(
            findings(&[S3, ("emulator/kit/Cargo.toml", kit), ("emulator/gateway/Cargo.toml", gateway)]),
            ["emulator/kit/Cargo.toml:6: kit depends on s3", "emulator/gateway/Cargo.toml:3: gateway depends on s3"]
        );
    }

    #[test]
    fn the_pipeline_may_test_with_the_emulator_but_not_ship_it() {
        let pipeline = "[package]\nname = \"pipeline\"\n[dependencies]\ns3.workspace = true\n[dev-dependencies]\ns3.workspace = true\n";
        assert_eq!(findings(&[S3, ("pipeline/Cargo.toml", pipeline)]), ["pipeline/Cargo.toml:4: pipeline depends on s3"]);
    }
}
