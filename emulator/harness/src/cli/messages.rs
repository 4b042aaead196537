//! `windtunnel messages`: the inbox of user pools in a terminal. What is sent by mail and text message on AWS lies there.

use super::{Answer, Failure, clock::plain, pause, remote::Reach};
use serde_json::{Value, json};
use std::{io::Write, time::Duration};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  windtunnel messages\n  windtunnel messages --user ann@example.com --limit 1\n  windtunnel messages --follow\n\nWith --follow --json each message is a line of its own.\n\nExit codes: 0 done, 2 wrong usage, 3 no cloud answers"
)]
pub(crate) struct MessagesArgs {
    /// Only messages to this user: a user name, a sub, or an address
    #[arg(long)]
    user: Option<String>,
    /// Only messages of this user pool
    #[arg(long)]
    pool: Option<String>,
    /// Most messages from the past
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Goes on as messages are sent
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    pub reach: Reach,
}

impl MessagesArgs {
    /// The inbox, the oldest first.
    async fn look(&self) -> Result<Vec<Value>, Failure> {
        let encode = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let named = [("user", &self.user), ("pool", &self.pool)];
        let query: Vec<String> =
            named.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(value.as_ref()?)))).collect();
        let mut page = self.reach.get(&format!("cognito/messages?{}", query.join("&"))).await?;
        let mut messages = page["messages"].as_array_mut().map(std::mem::take).unwrap_or_default();
        messages.reverse();
        Ok(messages)
    }
}

pub(crate) async fn messages(args: MessagesArgs) -> Result<Answer, Failure> {
    let mut messages = args.look().await?;
    messages.drain(..messages.len().saturating_sub(args.limit));
    if !args.follow {
        let text = messages.iter().map(line).collect::<String>();
        return Ok(Answer::new(text, json!({ "messages": messages })));
    }
    let mut newest = None;
    loop {
        newest = messages.iter().filter_map(sequence).max().max(newest);
        if !print(&args, &messages) {
            return Ok(Answer::new("", json!({})));
        }
        pause(Duration::from_millis(300)).await;
        messages = args.look().await?;
        messages.retain(|message| sequence(message) > newest);
    }
}

fn sequence(message: &Value) -> Option<u64> {
    message["sequence"].as_u64()
}

/// Whether anybody still reads.
fn print(args: &MessagesArgs, messages: &[Value]) -> bool {
    let mut out = std::io::stdout().lock();
    messages.iter().all(|m| if args.reach.json { writeln!(out, "{m}").is_ok() } else { write!(out, "{}", line(m)).is_ok() })
}

/// One message: when, to whom and what for, its code, its text.
fn line(message: &Value) -> String {
    let part = |name: &str| plain(&message[name]);
    format!(
        "{}  {} to {} ({}, {})  {}\n    {}\n",
        part("sentAt"),
        part("purpose"),
        part("destination"),
        part("username"),
        part("userPoolId"),
        part("code"),
        part("message").replace('\n', "\n    "),
    )
}
