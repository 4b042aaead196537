//! What an environment sees of the file system: a /tmp of its own with a size limit, and its layers on /opt. A mount namespace is made by the
//! first process of the environment; the others join it, also those that come after a failure. Where the machine allows no namespaces,
//! TMPDIR and the search paths lead to private folders, and nothing limits their size.

use super::workdir;
use std::{
    ffi::{CStr, CString},
    fs, io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::{ffi::OsStrExt, process::CommandExt},
    },
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
};

/// What the environment's processes are shown.
pub(crate) struct View<'a> {
    /// Where the private /tmp is mounted on the host.
    pub private: &'a Path,
    /// What they need of the host's /tmp: code, layers, the clock page.
    pub shown: &'a [&'a Path],
    /// The folder of layers that lies over /opt.
    pub opt: Option<&'a Path>,
    /// Size of /tmp, MB.
    pub tmp_mb: i32,
    /// Where processes start.
    pub folder: &'a Path,
    /// The namespace that is there already.
    pub joined: Option<&'a Namespace>,
}

/// The namespaces of an environment; they live as long as this does.
#[derive(Debug)]
pub(crate) struct Namespace {
    user: OwnedFd,
    mount: OwnedFd,
}

impl Namespace {
    /// Those of a process that has entered its sandbox.
    pub fn of(pid: u32) -> io::Result<Namespace> {
        let open = |kind: &str| fs::File::open(format!("/proc/{pid}/ns/{kind}")).map(OwnedFd::from);
        Ok(Namespace { user: open("user")?, mount: open("mnt")? })
    }
    fn again(&self) -> io::Result<Namespace> {
        Ok(Namespace { user: self.user.try_clone()?, mount: self.mount.try_clone()? })
    }
}

/// What a child does before it becomes the function: made before the fork, for nothing may be allocated after it.
pub(crate) struct Sandbox {
    steps: Vec<Step>,
    private: CString,
    tmp_options: CString,
    opt: Option<CString>,
    folder: CString,
    joined: Option<Namespace>,
    uid_map: CString,
    gid_map: CString,
}

/// One thing to be done in the fresh /tmp.
enum Step {
    Folder(CString),
    File(CString),
    /// From the host to where it shows.
    Bind(CString, CString),
}

fn text(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

impl Sandbox {
    /// Prepares it.
    pub fn new(view: &View<'_>) -> io::Result<Sandbox> {
        let mut steps = Vec::new();
        for host in view.shown {
            let Ok(below) = host.strip_prefix("/tmp") else { continue };
            let mut target = view.private.to_owned();
            let mut parts = below.components().peekable();
            while let Some(part) = parts.next() {
                target.push(part);
                steps.push(match parts.peek().is_some() || host.is_dir() {
                    true => Step::Folder(text(&target)?),
                    false => Step::File(text(&target)?),
                });
            }
            steps.push(Step::Bind(text(host)?, text(&target)?));
        }
        // SAFETY: both only read the process's own ids.
        let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
        let map = |id: u32| CString::new(format!("{id} {id} 1")).map_err(io::Error::other);
        Ok(Sandbox {
            steps,
            private: text(view.private)?,
            tmp_options: CString::new(format!("size={}m,mode=1777", view.tmp_mb.max(1))).map_err(io::Error::other)?,
            opt: view.opt.map(text).transpose()?,
            folder: text(view.folder)?,
            joined: view.joined.map(Namespace::again).transpose()?,
            uid_map: map(uid)?,
            gid_map: map(gid)?,
        })
    }

    /// Enters it; whether it worked. Between fork and exec: system calls only.
    pub fn enter(&self) -> bool {
        // SAFETY: system calls on texts and descriptors that were made before the fork and live in self.
        unsafe {
            let inside = match &self.joined {
                Some(namespace) => join(namespace),
                None => self.make(),
            };
            // A change of the mount namespace may have led elsewhere.
            inside && libc::chdir(self.folder.as_ptr()) == 0
        }
    }

    unsafe fn make(&self) -> bool {
        let none: *const libc::c_void = std::ptr::null();
        // SAFETY: as in `enter`.
        unsafe {
            if libc::unshare(libc::CLONE_NEWNS) != 0 {
                if libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) != 0 {
                    return false;
                }
                write_all(c"/proc/self/setgroups", c"deny");
                write_all(c"/proc/self/uid_map", &self.uid_map);
                write_all(c"/proc/self/gid_map", &self.gid_map);
            }
            if libc::mount(c"none".as_ptr(), c"/".as_ptr(), std::ptr::null(), libc::MS_REC | libc::MS_PRIVATE, none) != 0 {
                return false;
            }
            if let Some(opt) = &self.opt
                && libc::mount(opt.as_ptr(), c"/opt".as_ptr(), std::ptr::null(), libc::MS_BIND | libc::MS_REC, none) != 0
            {
                return false;
            }
            // Where a file system in memory is not allowed, the private folder itself serves, without a limit.
            libc::mount(
                c"tmpfs".as_ptr(),
                self.private.as_ptr(),
                c"tmpfs".as_ptr(),
                libc::MS_NOSUID | libc::MS_NODEV,
                self.tmp_options.as_ptr().cast(),
            );
            for step in &self.steps {
                match step {
                    // What is there already is as good; what can't be made fails at its bind.
                    Step::Folder(path) => drop(libc::mkdir(path.as_ptr(), 0o755)),
                    Step::File(path) => drop(libc::close(libc::open(path.as_ptr(), libc::O_CREAT | libc::O_CLOEXEC, 0o644))),
                    Step::Bind(host, target) => {
                        if libc::mount(host.as_ptr(), target.as_ptr(), std::ptr::null(), libc::MS_BIND, none) != 0 {
                            return false;
                        }
                    }
                }
            }
            let flags = libc::MS_BIND | libc::MS_REC;
            libc::mount(self.private.as_ptr(), c"/tmp".as_ptr(), std::ptr::null(), flags, none) == 0
        }
    }
}

unsafe fn join(namespace: &Namespace) -> bool {
    // SAFETY: descriptors of our own. Joining the own user namespace is refused, and not needed.
    unsafe {
        libc::setns(namespace.user.as_raw_fd(), libc::CLONE_NEWUSER);
        libc::setns(namespace.mount.as_raw_fd(), libc::CLONE_NEWNS) == 0
    }
}

unsafe fn write_all(path: &CStr, text: &CStr) {
    // SAFETY: both are terminated texts.
    unsafe {
        let fd = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if fd >= 0 {
            libc::write(fd, text.as_ptr().cast(), text.to_bytes().len());
            libc::close(fd);
        }
    }
}

/// Whether this machine lets us; tried once with a child that does nothing else.
pub(crate) fn works() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| attempt(None).unwrap_or(false))
}

/// Whether a folder can lie over /opt; tried once.
pub(crate) fn opt_works() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| works() && workdir::fresh("opt-probe").and_then(|opt| attempt(Some(&opt))).unwrap_or(false))
}

fn attempt(opt: Option<&Path>) -> io::Result<bool> {
    let private = workdir::fresh("probe")?;
    let root = workdir::root()?;
    let sandbox = Sandbox::new(&View { private: &private, shown: &[root], opt, tmp_mb: 1, folder: root, joined: None })?;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exit 0"]).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: system calls only, see `enter`.
    unsafe {
        command.pre_exec(move || match sandbox.enter() {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::EPERM)),
        });
    }
    let worked = command.status().is_ok_and(|status| status.success());
    workdir::remove(private);
    Ok(worked)
}
