//! One child process: started from the one thread that lives as long as the emulator, in a group of its own, killed with its group.

use super::sandbox::Sandbox;
use std::{
    ffi::{CStr, CString, OsString},
    fs::File,
    io,
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        unix::{
            ffi::OsStringExt,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        OnceLock,
        mpsc::{Sender, channel},
    },
    task::Poll,
};
use tokio::io::unix::AsyncFd;

/// What is to be started.
pub(crate) struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub variables: Vec<(OsString, OsString)>,
    pub folder: PathBuf,
    /// Both of its outputs, so that lines keep their order.
    pub output: File,
    /// A /tmp of its own, where the machine allows it.
    pub sandbox: Option<Sandbox>,
    /// `cgroup.procs` of the cgroup to join.
    pub cgroup: Option<PathBuf>,
    /// See [`niceness`](super::limits::niceness).
    pub nice: i32,
}

/// A running child; dropping it kills its whole group.
pub(crate) struct Process {
    child: Child,
    ended: AsyncFd<OwnedFd>,
    status: Option<ExitStatus>,
}

/// Starts that are tried while a program is busy, two milliseconds apart.
const BUSY_TRIES: u32 = 500;

type Job = (Launch, tokio::sync::oneshot::Sender<io::Result<Child>>);

/// A child dies with the *thread* that started it (PR_SET_PDEATHSIG), and a runtime's threads come and go; this one stays.
fn spawner() -> &'static Sender<Job> {
    static SPAWNER: OnceLock<Sender<Job>> = OnceLock::new();
    SPAWNER.get_or_init(|| {
        raise_own_limit();
        let (sender, receiver) = channel::<Job>();
        let work = move || {
            for (launch, answer) in receiver {
                if let Err(Ok(mut orphan)) = answer.send(spawn(launch)) {
                    // Whoever asked is gone.
                    kill_group(orphan.id());
                    let _ = orphan.wait();
                }
            }
        };
        // Without the thread every start fails with "the spawner is gone".
        let _ = std::thread::Builder::new().name("lambda-spawner".into()).spawn(work);
        sender
    })
}

fn spawn(launch: Launch) -> io::Result<Child> {
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.arguments)
        .env_clear()
        .envs(launch.variables)
        .current_dir(&launch.folder)
        .stdin(Stdio::null())
        .stderr(launch.output.try_clone()?)
        .stdout(launch.output)
        .process_group(0);
    let parent = std::process::id() as i32;
    let (sandbox, nice) = (launch.sandbox, launch.nice);
    let cgroup = launch.cgroup.map(|path| CString::new(path.into_os_string().into_vec())).transpose()?;
    // SAFETY: runs between fork and exec; only system calls on memory made before the fork.
    unsafe {
        command.pre_exec(move || {
            // Before the sandbox: there the cgroup's files may not show.
            if let Some(cgroup) = &cgroup {
                join(cgroup);
            }
            libc::setpriority(libc::PRIO_PROCESS, 0, nice);
            if let Some(sandbox) = &sandbox {
                sandbox.enter();
            }
            // As on AWS; the emulator itself may have many more.
            limit(libc::RLIMIT_NOFILE, 1024);
            limit(libc::RLIMIT_CORE, 0);
            // After the sandbox: a change of credentials clears it.
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The emulator may have died in between.
            if libc::getppid() != parent && libc::getppid() != 0 {
                libc::_exit(1);
            }
            Ok(())
        });
    }
    // A program that was just unpacked is busy as long as another child, between its fork and its exec, holds it open for writing.
    let mut tries = 0;
    loop {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES => {
                tries += 1;
                std::thread::park_timeout(std::time::Duration::from_millis(2));
            }
            other => return other,
        }
    }
}

/// A process writes itself into a cgroup; where that fails it runs without.
unsafe fn join(cgroup: &CStr) {
    // SAFETY: a terminated text, and a descriptor of our own.
    unsafe {
        let fd = libc::open(cgroup.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if fd >= 0 {
            libc::write(fd, c"0".as_ptr().cast(), 1);
            libc::close(fd);
        }
    }
}

unsafe fn limit(what: libc::__rlimit_resource_t, to: u64) {
    let limit = libc::rlimit { rlim_cur: to, rlim_max: to };
    // SAFETY: reads our own structure. A refusal (a lower hard limit) changes nothing, which is fine.
    unsafe { libc::setrlimit(what, &limit) };
}

/// Each environment holds a few descriptors: the emulator takes as many as it may have.
fn raise_own_limit() {
    let mut own = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes and reads our own structure.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut own) == 0 {
            own.rlim_cur = own.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &own);
        }
    }
}

fn kill_group(pid: u32) {
    // SAFETY: a plain system call; the child is not reaped yet, so the number is still its own.
    unsafe { libc::kill(-(pid as i32), libc::SIGKILL) };
}

impl Process {
    /// Starts a child.
    pub async fn start(launch: Launch) -> io::Result<Process> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let gone = || io::Error::other("the spawner is gone");
        spawner().send((launch, sender)).map_err(|_| gone())?;
        let mut child = receiver.await.map_err(|_| gone())??;
        match watch(child.id()) {
            Ok(ended) => Ok(Process { child, ended, status: None }),
            Err(error) => {
                kill_group(child.id());
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status.is_some()
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        loop {
            if self.has_ended() {
                return self.status.expect("just looked");
            }
            match self.ended.readable().await {
                Ok(mut guard) => guard.clear_ready(),
                Err(_) => return ExitStatus::from_raw(libc::SIGKILL),
            }
        }
    }

    /// As [`Process::ended`], for those who wait for several.
    pub fn poll_ended(&mut self, cx: &mut std::task::Context<'_>) -> Poll<ExitStatus> {
        loop {
            if self.has_ended() {
                return Poll::Ready(self.status.expect("just looked"));
            }
            match std::task::ready!(self.ended.poll_read_ready(cx)) {
                Ok(mut guard) => guard.clear_ready(),
                Err(_) => return Poll::Ready(ExitStatus::from_raw(libc::SIGKILL)),
            }
        }
    }

    /// Asks it to end.
    pub fn terminate(&mut self) {
        if !self.has_ended() {
            // SAFETY: a plain system call; the child is not reaped yet, so the number is still its own.
            unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
        }
    }

    /// Kills its group at once.
    pub fn kill(&mut self) {
        if !self.has_ended() {
            kill_group(self.child.id());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Before reaping, for the group's number is free once its leader is reaped; others of the group go with it.
        if self.status.is_none() {
            kill_group(self.child.id());
        }
        let _ = self.child.wait();
    }
}

/// A descriptor that becomes readable when the child ends.
fn watch(pid: u32) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: a plain system call that gives a new descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as libc::c_long, 0 as libc::c_long) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, owned by nobody else; the AsyncFd owns it for as long as it lives.
    unsafe { AsyncFd::register_with_interest(OwnedFd::from_raw_fd(fd as i32), tokio::io::Interest::READABLE) }.map_err(io::Error::from)
}

/// How Go's runtime, and so Lambda, puts the end of a process into words.
pub(crate) fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".into(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(signal)) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
        (None, None) => "Runtime exited without providing a reason".into(),
    }
}

fn signal_name(signal: i32) -> String {
    match signal {
        libc::SIGKILL => "killed".into(),
        libc::SIGSEGV => "segmentation fault".into(),
        libc::SIGABRT => "aborted".into(),
        libc::SIGTERM => "terminated".into(),
        libc::SIGBUS => "bus error".into(),
        libc::SIGILL => "illegal instruction".into(),
        libc::SIGFPE => "floating point exception".into(),
        other => other.to_string(),
    }
}

/// A pipe whose reading end doesn't block and isn't inherited.
pub(crate) fn pipe() -> io::Result<(OwnedFd, File)> {
    let mut ends = [0; 2];
    // SAFETY: two descriptors are written into the array.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both are new and owned by nobody else.
    let (read, write) = unsafe { (OwnedFd::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) };
    // SAFETY: sets a flag of our own descriptor.
    match unsafe { libc::fcntl(read.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) } {
        0 => Ok((read, write)),
        _ => Err(io::Error::last_os_error()),
    }
}
