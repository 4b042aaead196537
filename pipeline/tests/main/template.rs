//! The template before anything runs it: AWS's own linter and a checker of policies have nothing to say.

use crate::{
    programs::{python_has, succeeds},
    standing::{root, template},
};
use tokio::process::Command;

#[tokio::test]
async fn cfn_lint_and_parliament_pass() {
    if python_has(&["cfnlint", "parliament"]).await {
        let mut check = Command::new("python3");
        check.args(["-W", "ignore"]).arg(root().join("tests/python/check_template.py")).arg(template()).env("PYTHONDONTWRITEBYTECODE", "1");
        succeeds(check).await;
    }
}
