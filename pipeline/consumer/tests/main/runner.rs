//! The consumer's binary as a child, with what it logs.

use crate::stand::{GROUP, LONGEST, Stand, TOPIC};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Instant,
};

/// A configuration for the stand: members of the first table, options of librdkafka, members of the one route, more tables.
pub struct Setup<'a> {
    pub bootstrap: &'a str,
    pub kafka: &'a str,
    pub options: &'a str,
    pub route: &'a str,
    pub tables: &'a str,
}

impl<'a> Setup<'a> {
    pub fn of(stand: &'a Stand) -> Setup<'a> {
        Setup { bootstrap: &stand.bootstrap, kafka: "", options: "", route: "", tables: "" }
    }
    /// The file's text.
    pub fn text(&self) -> String {
        let Setup { bootstrap, kafka, options, route, tables } = self;
        format!(
            "[kafka]\nbootstrap_servers = \"{bootstrap}\"\ngroup_id = \"{GROUP}\"\n{kafka}\
             [kafka.options]\n\"session.timeout.ms\" = 6000\n\"heartbeat.interval.ms\" = 300\n\"fetch.wait.max.ms\" = 20\n\
             \"reconnect.backoff.max.ms\" = 300\n\"topic.metadata.refresh.interval.ms\" = 1000\n{options}\n\
             [dead_letter]\ntopic = \"dead\"\n{tables}\n\
             [[routes]]\ntopics = [\"{TOPIC}\"]\nfunction = \"f\"\nretry = {{ first_ms = 50, longest_ms = 500 }}\n{route}\n"
        )
    }
}

/// A command with the consumer's configuration and the way to Lambda; nothing of the machine's own AWS configuration is read.
pub fn command(folder: &Path, setup: &Setup<'_>, endpoint: &str) -> Command {
    // Several consumers of a test may have configurations of their own.
    let text = setup.text();
    let file = tempfile::Builder::new().suffix(".toml").tempfile_in(folder).unwrap().into_temp_path().keep().unwrap();
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_consumer"));
    command.env("CONSUMER_CONFIG", file).env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    for variable in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_GROUP_ID"] {
        command.env_remove(variable);
    }
    command
}

/// A consumer that runs.
pub struct Runner {
    child: Child,
    lines: Receiver<Value>,
    heard: Vec<Value>,
}

impl Runner {
    pub fn start(stand: &Stand, setup: &Setup<'_>) -> Runner {
        Runner::before(stand.folder.path(), setup, &stand.endpoint)
    }

    /// With another endpoint of Lambda.
    pub fn before(folder: &Path, setup: &Setup<'_>, endpoint: &str) -> Runner {
        let mut child = command(folder, setup, endpoint).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        Runner { child, lines, heard: Vec::new() }
    }

    /// Waits for a log line of this event.
    pub fn hear(&mut self, event: &str) -> Value {
        let end = Instant::now() + LONGEST;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.heard.push(line.clone());
                    if line["event"] == event {
                        return line;
                    }
                }
                Err(_) => panic!("the consumer never said {event}, but {:#?}", self.heard),
            }
        }
    }

    /// Signal 9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(mut self) -> ExitStatus {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let status = self.child.wait().unwrap();
        // Shown where the test fails.
        self.lines.iter().filter(|line| line["level"] != "INFO").for_each(|line| println!("{line}"));
        status
    }

    /// SIGTERM; how it ended, and all that it said.
    pub fn stop_and_hear(mut self) -> (Option<i32>, Vec<Value>) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let code = self.child.wait().unwrap().code();
        self.heard.extend(self.lines.iter());
        (code, std::mem::take(&mut self.heard))
    }

    /// Waits for it to end by itself.
    pub fn ends(mut self) -> (ExitStatus, Vec<Value>) {
        let status = self.child.wait().unwrap();
        self.heard.extend(self.lines.iter());
        (status, std::mem::take(&mut self.heard))
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs it to its end with these arguments.
pub fn run(stand: &Stand, setup: &Setup<'_>, arguments: &[&str]) -> (Output, String) {
    let output = command(stand.folder.path(), setup, &stand.endpoint).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    (output, text)
}
