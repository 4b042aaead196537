//! Programs that a scenario runs beside its cloud, as children in process groups of their own: started, told to end, killed, and gone when the
//! scenario is over, however it ends. What they say is kept for those who look at a failure. Knows no verb, and not what the programs do.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, BufRead, BufReader, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard,
        mpsc::{Sender, channel},
    },
    time::Duration,
};
use tokio::sync::watch;

/// Lines that are kept of each program.
const LINES: usize = 200;
/// Bytes that are kept of a line.
const LINE_BYTES: u64 = 16 << 10;
/// How long a program is given to say its first line before it is told to end.
const FIRST_WORD: Duration = Duration::from_secs(5);

/// The consumer application's binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerBinary {
    /// Where it lies.
    pub path: PathBuf,
    /// Whether it speaks TLS, as MSK's clusters ask.
    pub tls: bool,
}

impl ConsumerBinary {
    /// Asks the binary what it is. Errors: a sentence.
    pub fn ask(path: &Path) -> Result<ConsumerBinary, String> {
        let asked = Command::new(path).arg("--version").stdin(Stdio::null()).output();
        let output = asked.map_err(|error| format!("{}: {error}", path.display()))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.success() && said.starts_with("consumer ") {
            true => Ok(ConsumerBinary { path: path.to_owned(), tls: said.contains("with TLS") }),
            false => Err(format!("{} is not the consumer application: it does not tell its version", path.display())),
        }
    }
}

/// All that run, or ran, by name.
#[derive(Default)]
pub struct Programs {
    all: BTreeMap<String, Program>,
}

/// How a program ended, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The last lines that it wrote to standard error.
    pub lines: Vec<String>,
}

impl Programs {
    /// Starts one under a name that no other has now.
    pub async fn start(&mut self, name: &str, command: Command) -> Result<(), String> {
        if self.all.get(name).is_some_and(|program| program.ended.borrow().is_none()) {
            return Err(format!("{name} runs already"));
        }
        let shown = command.get_program().to_string_lossy().into_owned();
        let program = Program::start(command).await.map_err(|error| format!("{shown}: {error}"))?;
        self.all.insert(name.to_owned(), program);
        Ok(())
    }

    /// Sends SIGTERM and waits for the end. Errors: it ran no more, or it did not end within the time.
    pub async fn stop(&mut self, name: &str, within: Duration, clock: &kit::Clock) -> Result<Ended, String> {
        let program = self.running(name)?;
        // Who has said nothing yet may not have come to where it hears signals.
        tokio::select! {
            _ = program.heard.wait_for(|heard| *heard) => {}
            () = clock.real_sleep(FIRST_WORD) => {}
        }
        program.shared.signal(libc::SIGTERM);
        tokio::select! {
            ended = program.ended() => Ok(ended),
            () = clock.real_sleep(within) => Err(format!("{name} was told to end (SIGTERM) and has not within {within:?}")),
        }
    }

    /// Sends SIGKILL to its whole group.
    pub async fn kill(&mut self, name: &str) -> Result<Ended, String> {
        let program = self.running(name)?;
        program.shared.signal(libc::SIGKILL);
        Ok(program.ended().await)
    }

    fn running(&mut self, name: &str) -> Result<&mut Program, String> {
        let program = self.all.get_mut(name).ok_or_else(|| format!("no consumer was started under the name {name}"))?;
        let ended = *program.ended.borrow();
        match ended {
            None => Ok(program),
            Some(status) => Err(format!("{name} had ended by itself ({status}):\n{}", program.shared.said().join("\n"))),
        }
    }

    /// Kills all that run, and waits until they are gone.
    pub async fn end(&mut self) {
        for program in self.all.values_mut() {
            program.shared.signal(libc::SIGKILL);
            program.ended().await;
        }
        self.all.clear();
    }

    /// The last lines of each, with its name before.
    pub fn lines(&self, most: usize) -> Vec<String> {
        let of = |(name, program): (&String, &Program)| {
            let lines = program.shared.said();
            lines[lines.len().saturating_sub(most)..].iter().map(|line| format!("{name}: {line}")).collect::<Vec<_>>()
        };
        self.all.iter().flat_map(of).collect()
    }
}

/// A child. Dropping it kills its group.
struct Program {
    shared: Arc<Shared>,
    /// Whether it has said a line, or will say none any more.
    heard: watch::Receiver<bool>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

/// What its thread and its owner share.
struct Shared {
    /// The child's id as long as it is not reaped: later the number may be somebody else's.
    id: Mutex<Option<u32>>,
    lines: Mutex<VecDeque<String>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics while holding it")
}

impl Shared {
    fn signal(&self, signal: i32) {
        if let Some(id) = *held(&self.id) {
            // The whole group is killed; only the program itself is asked.
            let whom = if signal == libc::SIGKILL { -(id as i32) } else { id as i32 };
            // SAFETY: a plain system call; the child is not reaped, so the number is still its own.
            unsafe { libc::kill(whom, signal) };
        }
    }

    fn said(&self) -> Vec<String> {
        held(&self.lines).iter().cloned().collect()
    }
}

impl Program {
    async fn start(mut command: Command) -> io::Result<Program> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        die_with_us(&mut command);
        let shared = Arc::new(Shared { id: Mutex::new(None), lines: Mutex::default() });
        let (end, ended) = watch::channel(None);
        let (hearing, heard) = watch::channel(false);
        let (started, answer) = channel();
        let theirs = shared.clone();
        // The thread that starts a child has to live as long as the child: the child dies with it (PR_SET_PDEATHSIG).
        std::thread::Builder::new().name("program".into()).spawn(move || attend(command, &theirs, &started, &hearing, &end))?;
        let started = tokio::task::spawn_blocking(move || answer.recv()).await;
        started.map_err(io::Error::other)?.map_err(io::Error::other)??;
        Ok(Program { shared, heard, ended })
    }

    async fn ended(&mut self) -> Ended {
        // The thread tells the end before it goes.
        let status = self.ended.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        Ended { code: status.and_then(|s| s.code()), signal: status.and_then(|s| s.signal()), lines: self.shared.said() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.shared.signal(libc::SIGKILL);
    }
}

/// Starts the child, hears it out, reaps it.
fn attend(
    mut command: Command,
    shared: &Shared,
    started: &Sender<io::Result<()>>,
    heard: &watch::Sender<bool>,
    end: &watch::Sender<Option<ExitStatus>>,
) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return drop(started.send(Err(error))),
    };
    *held(&shared.id) = Some(child.id());
    let _ = started.send(Ok(()));
    if let Some(stderr) = child.stderr.take() {
        hear(stderr, &shared.lines, heard);
    }
    heard.send_replace(true);
    let status = reap(&mut child, &shared.id);
    end.send_replace(Some(status));
}

fn hear(stderr: impl Read, lines: &Mutex<VecDeque<String>>, heard: &watch::Sender<bool>) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    // A line that is longer comes as several.
    while stderr.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let mut lines = held(lines);
        lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        if lines.len() > LINES {
            lines.pop_front();
        }
        drop(lines);
        heard.send_replace(true);
        line.clear();
    }
}

/// A child whose outputs are closed is about to end.
fn reap(child: &mut Child, id: &Mutex<Option<u32>>) -> ExitStatus {
    loop {
        // Nobody sends a signal between the end of the child and this: then the number could be another's.
        let mut id = held(id);
        match child.try_wait() {
            Ok(Some(status)) => {
                *id = None;
                return status;
            }
            Ok(None) => {}
            Err(_) => {
                *id = None;
                return ExitStatus::from_raw(libc::SIGKILL);
            }
        }
        drop(id);
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// The child is killed when this process dies, kill -9 included.
fn die_with_us(command: &mut Command) {
    let parent = std::process::id() as i32;
    // SAFETY: runs between fork and exec; only system calls.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // This process may have died in between.
            if libc::getppid() != parent && libc::getppid() != 0 {
                libc::_exit(1);
            }
            Ok(())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn programs_are_told_to_end_killed_and_heard() {
        let clock = kit::Clock::new(None, kit::ClockMode::Running);
        let mut programs = Programs::default();
        programs.start("polite", sh("trap 'echo bye >&2; exit 3' TERM; echo hello >&2; while :; do read x <&0 || :; done")).await.unwrap();
        assert_eq!(programs.start("polite", sh("true")).await, Err("polite runs already".to_owned()));
        while programs.lines(9).is_empty() {
            tokio::task::yield_now().await;
        }
        let ended = programs.stop("polite", Duration::from_secs(60), &clock).await.unwrap();
        assert_eq!((ended.code, ended.lines), (Some(3), vec!["hello".to_owned(), "bye".to_owned()]));
        programs.start("deaf", sh("trap '' TERM; while :; do :; done")).await.unwrap();
        assert_eq!(programs.kill("deaf").await.unwrap().signal, Some(9));
        assert!(programs.kill("deaf").await.unwrap_err().contains("had ended by itself"));
        assert!(programs.kill("nobody").await.is_err());
        assert!(programs.start("none", Command::new("/nowhere/at/all")).await.unwrap_err().starts_with("/nowhere/at/all: "));
    }

    #[tokio::test]
    async fn none_outlives_the_scenario() {
        let mut programs = Programs::default();
        programs.start("one", sh("while :; do :; done")).await.unwrap();
        let id = held(&programs.all["one"].shared.id).unwrap();
        programs.end().await;
        assert!(!Path::new(&format!("/proc/{id}")).exists(), "it is gone and reaped");
        assert!(ConsumerBinary::ask(Path::new("/bin/true")).is_err());
    }
}
