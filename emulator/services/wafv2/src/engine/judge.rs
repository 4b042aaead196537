//! Walks the rules of a web ACL: the first Allow, Block, or unmet CAPTCHA or Challenge decides; everything else goes on.

use super::{
    World,
    request::Request,
    rules::{Acl, Action, Answer, Group, Rule, RuleKind},
    statement::{Detail, Eval, Limited, Statement},
    tokens::{Failure, Proof, Token},
};

/// What becomes of a request.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// `ALLOW`, `BLOCK`, `CAPTCHA` or `CHALLENGE`.
    pub action: &'static str,
    /// The rule that decided; `None` for the default action.
    pub by: Option<Applied>,
    /// What a blocked client is answered.
    pub answer: Answer,
    /// Headers that are put into a request that goes on.
    pub inserted: Vec<(String, String)>,
    /// Labels, in the order they were put on.
    pub labels: Vec<String>,
    /// Rules that matched and did not decide.
    pub counted: Vec<Applied>,
    /// Rule groups that were gone through.
    pub groups: Vec<GroupSteps>,
    /// Where injections were found by the rule that decided.
    pub details: Vec<Detail>,
    /// Rate-based rules that a limit was exceeded of.
    pub rates: Vec<Limited>,
    /// Why a CAPTCHA or Challenge was asked for.
    pub failure: Option<Failure>,
    /// When the token that was shown was solved, seconds.
    pub solved: Option<i64>,
    /// Country of the client, where it is known.
    pub country: Option<String>,
    /// Each rule that was looked at, where an explanation was asked for.
    pub steps: Vec<Step>,
}

/// A rule that was applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The web ACL's rule.
    pub rule: String,
    /// Its metric.
    pub metric: String,
    /// `REGULAR`, `RATE_BASED`, `GROUP` or `MANAGED_RULE_GROUP`.
    pub kind: &'static str,
    /// The group and the rule within it.
    pub within: Option<(String, String)>,
    /// Metric of the rule within the group.
    pub inner_metric: Option<String>,
    /// What was done.
    pub action: &'static str,
    /// The action that the web ACL overrides.
    pub overridden: Option<&'static str>,
    /// Whether the rule wants samples, and metrics.
    pub visible: (bool, bool),
}

/// A group that was gone through.
#[derive(Clone, Debug, Default)]
pub struct GroupSteps {
    /// Id of the group.
    pub id: String,
    /// The rule that ended it.
    pub ended_by: Option<Applied>,
    /// Rules that only counted.
    pub counted: Vec<Applied>,
}

/// A rule that was looked at.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Step {
    /// Name of the rule.
    pub rule: String,
    /// The group that it stands in.
    pub group: Option<String>,
    /// Whether it matched.
    pub matched: bool,
    /// What it does; empty where it did not match.
    pub action: String,
    /// Its conditions, in words.
    pub why: Vec<String>,
    /// Labels that it put on.
    pub labels: Vec<String>,
}

/// How a matched rule ends.
enum End {
    /// The rules go on.
    On,
    /// The request is decided.
    Decided(Action, Option<Failure>),
}

struct Judge<'a> {
    acl: &'a Acl,
    eval: Eval<'a>,
    explain: bool,
    inserted: Vec<(String, String)>,
    counted: Vec<Applied>,
    groups: Vec<GroupSteps>,
    steps: Vec<Step>,
    solved: Option<i64>,
}

/// Judges a request by a web ACL, of whose body `body_limit` bytes are inspected. With `explain` every rule that was looked at is told
/// with its reasons.
pub fn evaluate(acl: &Acl, request: &Request, world: &dyn World, body_limit: usize, explain: bool) -> Judgement {
    let eval = Eval {
        request,
        world,
        body_limit,
        labels: Vec::new(),
        prefix: &acl.label_prefix,
        rule: String::new(),
        why: None,
        details: Vec::new(),
        rates: Vec::new(),
    };
    let mut judge =
        Judge { acl, eval, explain, inserted: Vec::new(), counted: Vec::new(), groups: Vec::new(), steps: Vec::new(), solved: None };
    for rule in &acl.rules {
        if let Some((applied, action, failure)) = judge.rule(rule) {
            return judge.finish(Some(applied), &action, failure);
        }
    }
    judge.eval.details.clear();
    judge.finish(None, &acl.default, None)
}

impl<'a> Judge<'a> {
    /// One of the web ACL's rules; what decided, if it did.
    fn rule(&mut self, rule: &'a Rule) -> Option<(Applied, Action, Option<Failure>)> {
        match &rule.kind {
            RuleKind::Plain(statement, action) => {
                let rate = matches!(statement, Statement::Rate(_));
                if !self.matches(rule, None, statement, action) {
                    return None;
                }
                let applied = applied(rule, if rate { "RATE_BASED" } else { "REGULAR" }, action);
                match self.act(rule, action) {
                    End::On => self.counted.push(applied),
                    End::Decided(action, failure) => return Some((applied, action, failure)),
                }
                None
            }
            RuleKind::Group { group, count, overrides, scope_down } => {
                self.eval.details.clear();
                if let Some(scope) = scope_down {
                    self.eval.why = self.explain.then(Vec::new);
                    if !scope.fits(&mut self.eval) {
                        let why = self.eval.why.take().unwrap_or_default();
                        self.step(rule, None, false, "the group is left out by its scope-down statement", why);
                        return None;
                    }
                }
                let ended = self.group(rule, group, overrides);
                let (inner, action, failure) = ended?;
                match count {
                    false => Some((inner, action, failure)),
                    true => {
                        self.counted.push(Applied { action: "COUNT", ..inner });
                        None
                    }
                }
            }
        }
    }

    fn group(
        &mut self,
        outer: &'a Rule,
        group: &'a Group,
        overrides: &std::collections::BTreeMap<String, Action>,
    ) -> Option<(Applied, Action, Option<Failure>)> {
        let mut told = GroupSteps { id: group.id.clone(), ..GroupSteps::default() };
        if group.token_labels {
            self.token_labels();
        }
        let mut ended = None;
        for rule in &group.rules {
            let RuleKind::Plain(statement, own) = &rule.kind else { continue };
            let action = overrides.get(&rule.name).unwrap_or(own);
            self.eval.prefix = &group.label_prefix;
            let matched = self.matches(rule, Some((outer, group)), statement, action);
            self.eval.prefix = &self.acl.label_prefix;
            if !matched {
                continue;
            }
            let applied = Applied {
                rule: outer.name.clone(),
                metric: outer.metric.clone(),
                kind: if group.managed { "MANAGED_RULE_GROUP" } else { "GROUP" },
                within: Some((group.id.clone(), rule.name.clone())),
                inner_metric: Some(rule.metric.clone()),
                action: action.as_str(),
                overridden: (own.as_str() != action.as_str()).then_some(own.as_str()),
                visible: (outer.sampled, outer.measured),
            };
            match self.act(rule, action) {
                End::On => told.counted.push(applied),
                End::Decided(action, failure) => {
                    told.ended_by = Some(applied.clone());
                    ended = Some((applied, action, failure));
                    break;
                }
            }
        }
        self.groups.push(told);
        ended
    }

    /// Whether a rule's statement fits; its labels are put on then.
    fn matches(&mut self, rule: &Rule, within: Option<(&Rule, &Group)>, statement: &Statement, action: &Action) -> bool {
        self.eval.why = self.explain.then(Vec::new);
        self.eval.details.clear();
        if matches!(statement, Statement::Rate(_)) {
            self.eval.rule = match within {
                Some((outer, _)) => format!("{}#{}#{}", self.acl.arn, outer.name, rule.name),
                None => format!("{}#{}", self.acl.arn, rule.name),
            };
        }
        let matched = statement.fits(&mut self.eval);
        if matched {
            rule.labels.iter().for_each(|label| self.eval.label(label));
        }
        if let Some(why) = self.eval.why.take() {
            self.step(rule, within.map(|(_, group)| group.id.clone()), matched, if matched { action.as_str() } else { "" }, why);
        }
        matched
    }

    fn step(&mut self, rule: &Rule, group: Option<String>, matched: bool, action: &str, why: Vec<String>) {
        if self.explain {
            let labels = if matched { rule.labels.clone() } else { Vec::new() };
            self.steps.push(Step { rule: rule.name.clone(), group, matched, action: action.to_owned(), why, labels });
        }
    }

    /// What a matched rule's action comes to.
    fn act(&mut self, rule: &Rule, action: &Action) -> End {
        let (proof, secs, headers) = match action {
            Action::Allow(_) | Action::Block(_) => return End::Decided(action.clone(), None),
            Action::Count(headers) => {
                self.inserted.extend(headers.iter().cloned());
                return End::On;
            }
            Action::Captcha(headers) => (Proof::Captcha, rule.captcha_secs.unwrap_or(self.acl.captcha_secs), headers),
            Action::Challenge(headers) => (Proof::Challenge, rule.challenge_secs.unwrap_or(self.acl.challenge_secs), headers),
        };
        match self.proven(proof, secs) {
            Ok(at) => {
                self.solved = Some(at);
                self.inserted.extend(headers.iter().cloned());
                End::On
            }
            Err(failure) => End::Decided(action.clone(), Some(failure)),
        }
    }

    fn proven(&self, proof: Proof, secs: i64) -> Result<i64, Failure> {
        let given = self.token()?.given(proof).ok_or(Failure::Missing)?;
        match self.eval.world.now_secs() < given + secs {
            true => Ok(given),
            false => Err(Failure::Expired),
        }
    }

    fn token(&self) -> Result<Token, Failure> {
        let request = self.eval.request;
        let cookie = request.cookie("aws-waf-token").and_then(|value| std::str::from_utf8(value).ok());
        let text = cookie.or_else(|| request.header("x-aws-waf-token")).ok_or(Failure::Missing)?;
        self.eval.world.token(text, request.host(), &self.acl.token_domains)
    }

    /// What intelligent groups say of the token.
    fn token_labels(&mut self) {
        let token = self.token();
        let now = self.eval.world.now_secs();
        let state = |token: &Result<Token, Failure>, proof, secs| match token {
            Ok(token) => match token.given(proof) {
                Some(at) if now < at + secs => "accepted",
                Some(_) => "rejected:expired",
                None => "rejected:not_solved",
            },
            Err(Failure::Missing) => "absent",
            Err(Failure::Domain) => "rejected:domain_mismatch",
            Err(_) => "rejected:invalid",
        };
        let challenge = state(&token, Proof::Challenge, self.acl.challenge_secs);
        let captcha = state(&token, Proof::Captcha, self.acl.captcha_secs);
        for label in
            [challenge, captcha].into_iter().zip(["token", "captcha"]).map(|(state, what)| format!("awswaf:managed:{what}:{state}"))
        {
            self.eval.label(&label);
        }
    }

    fn finish(self, by: Option<Applied>, action: &Action, failure: Option<Failure>) -> Judgement {
        let mut inserted = self.inserted;
        let answer = match action {
            Action::Block(answer) => answer.clone(),
            Action::Allow(headers) => {
                inserted.extend(headers.iter().cloned());
                Answer::default()
            }
            Action::Captcha(_) => Answer { status: 405, ..Answer::default() },
            Action::Challenge(_) => Answer { status: 202, ..Answer::default() },
            Action::Count(_) => Answer::default(),
        };
        Judgement {
            action: action.as_str(),
            by,
            answer,
            inserted,
            labels: self.eval.labels,
            counted: self.counted,
            groups: self.groups,
            details: self.eval.details,
            rates: self.eval.rates,
            failure,
            solved: self.solved,
            country: self.eval.world.place(self.eval.request.ip).and_then(|place| place.country),
            steps: self.steps,
        }
    }
}

fn applied(rule: &Rule, kind: &'static str, action: &Action) -> Applied {
    Applied {
        rule: rule.name.clone(),
        metric: rule.metric.clone(),
        kind,
        within: None,
        inner_metric: None,
        action: action.as_str(),
        overridden: None,
        visible: (rule.sampled, rule.measured),
    }
}
