//! What an environment sees of the file system, as on AWS: its package on /var/task, its layers on /opt, a /tmp of its own with a size limit, and
//! nothing else that it may write to. A mount namespace is made by the first process of the environment; the others join it, also those that come
//! after a failure. Where the machine allows no namespaces, TMPDIR and the search paths lead to private folders, and nothing is limited.

use super::workdir;
use std::{
    ffi::{CStr, CString},
    fs, io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::{ffi::OsStrExt, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Where the package shows.
pub(crate) const TASK: &str = "/var/task";
/// Where what is ours shows: runtime clients, the clock shim.
const RUNTIME: &str = "/var/runtime";
/// Where the clock's page shows.
const PAGE: &str = "/var/runtime-clock";

/// What the environment's processes are shown.
pub(crate) struct View<'a> {
    /// Where the private /tmp is mounted on the host.
    pub private: &'a Path,
    /// The package, on the host.
    pub code: &'a Path,
    /// The clock's page, on the host.
    pub page: Option<&'a Path>,
    /// The folder of layers that lies over /opt.
    pub opt: Option<&'a Path>,
    /// Size of /tmp, MB.
    pub tmp_mb: i32,
    /// Whether /var is made anew and all but /tmp can't be written; see [`whole`].
    pub whole: bool,
    /// The namespace that is there already.
    pub joined: Option<&'a Namespace>,
}

impl View<'_> {
    /// Where a path of the host shows.
    pub fn seen(&self, host: &Path) -> PathBuf {
        let below = |folder: &Path, shown: &str| {
            let rest = host.strip_prefix(folder).ok()?;
            Some(if rest.as_os_str().is_empty() { shown.into() } else { Path::new(shown).join(rest) })
        };
        if !self.whole {
            return host.to_owned();
        }
        let opt = self.opt.and_then(|opt| below(opt, "/opt"));
        let ours = || below(workdir::root().ok()?, RUNTIME);
        let page = || self.page.filter(|page| *page == host).map(|_| PAGE.into());
        opt.or_else(|| below(self.code, TASK)).or_else(page).or_else(ours).unwrap_or_else(|| host.to_owned())
    }
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
    /// What a new /var holds; it is put together where /tmp will be.
    var: Vec<Step>,
    /// What a fresh /tmp holds where /var stays as it is.
    tmp: Vec<Step>,
    private: CString,
    tmp_options: CString,
    opt: Option<CString>,
    folder: CString,
    joined: Option<Namespace>,
    uid_map: CString,
    gid_map: CString,
}

/// One thing to be done in a fresh folder.
enum Step {
    Folder(CString),
    File(CString),
    /// What it says, and where it is.
    Link(CString, CString),
    /// From the host to where it shows.
    Bind(CString, CString),
}

fn text(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

impl Sandbox {
    pub fn new(view: &View<'_>) -> io::Result<Sandbox> {
        let root = workdir::root()?;
        let (var, tmp) = match view.whole {
            true => (new_var(view, root)?, Vec::new()),
            false => (Vec::new(), below_tmp(view, root)?),
        };
        // SAFETY: both only read the process's own ids.
        let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
        let map = |id: u32| CString::new(format!("{id} {id} 1")).map_err(io::Error::other);
        Ok(Sandbox {
            var,
            tmp,
            private: text(view.private)?,
            tmp_options: CString::new(format!("size={}m,mode=1777", view.tmp_mb.max(1))).map_err(io::Error::other)?,
            opt: view.opt.map(text).transpose()?,
            folder: text(&view.seen(view.code))?,
            joined: view.joined.map(Namespace::again).transpose()?,
            uid_map: map(uid)?,
            gid_map: map(gid)?,
        })
    }

    /// Enters, or makes it first; whether all of it worked.
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

    /// # Safety
    /// Between fork and exec, or in a process of one thread.
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
            if self.opt.as_ref().is_some_and(|opt| !bind(opt, c"/opt")) || !self.renew_var() {
                return false;
            }
            // Where a file system in memory is not allowed, the private folder itself serves, without a limit.
            let fresh = in_memory(&self.private, &self.tmp_options);
            if !self.tmp.iter().all(|step| step.take()) || !bind(&self.private, c"/tmp") {
                return false;
            }
            fresh || self.var.is_empty() || writable(c"/tmp", true)
        }
    }

    /// Puts the new /var in its place and makes all that there is unwritable.
    unsafe fn renew_var(&self) -> bool {
        if self.var.is_empty() {
            return true;
        }
        // SAFETY: as in `enter`.
        unsafe {
            in_memory(&self.private, c"size=256k,mode=755")
                && self.var.iter().all(|step| step.take())
                && libc::mount(self.private.as_ptr(), c"/var".as_ptr(), std::ptr::null(), libc::MS_MOVE, std::ptr::null()) == 0
                && writable(c"/", false)
        }
    }
}

/// What there is in /var, with the package, what is ours and the clock's page.
fn new_var(view: &View<'_>, root: &Path) -> io::Result<Vec<Step>> {
    let page = view.page.map(|page| (page, PAGE));
    let mut steps = Vec::new();
    let below = |shown: &str| text(&view.private.join(Path::new(shown).strip_prefix("/var").map_err(io::Error::other)?));
    for (host, shown) in [(view.code, TASK), (root, RUNTIME)].into_iter().chain(page) {
        steps.push(match host.is_dir() {
            true => Step::Folder(below(shown)?),
            false => Step::File(below(shown)?),
        });
        steps.push(Step::Bind(text(host)?, below(shown)?));
    }
    for entry in fs::read_dir("/var")?.flatten() {
        let (host, kind) = (entry.path(), entry.file_type()?);
        if [TASK, RUNTIME, PAGE].iter().any(|ours| Path::new(ours) == host) {
            continue;
        }
        let to = text(&view.private.join(entry.file_name()))?;
        if kind.is_symlink() {
            steps.push(Step::Link(text(&fs::read_link(&host)?)?, to));
        } else if kind.is_dir() {
            steps.push(Step::Folder(to.clone()));
            steps.push(Step::Bind(text(&host)?, to));
        }
    }
    Ok(steps)
}

/// What processes need of the host's /tmp: code, layers, the clock's page.
fn below_tmp(view: &View<'_>, root: &Path) -> io::Result<Vec<Step>> {
    let mut steps = Vec::new();
    for host in [Some(root), view.page].into_iter().flatten() {
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
    Ok(steps)
}

impl Step {
    /// # Safety
    /// Between fork and exec, or in a process of one thread.
    unsafe fn take(&self) -> bool {
        // SAFETY: terminated texts of our own.
        unsafe {
            match self {
                // What is there already is as good; what can't be made fails at its bind.
                Step::Folder(path) => drop(libc::mkdir(path.as_ptr(), 0o755)),
                Step::File(path) => drop(libc::close(libc::open(path.as_ptr(), libc::O_CREAT | libc::O_CLOEXEC, 0o644))),
                Step::Link(to, path) => drop(libc::symlink(to.as_ptr(), path.as_ptr())),
                Step::Bind(host, target) => return bind(host, target),
            }
        }
        true
    }
}

unsafe fn bind(host: &CStr, target: &CStr) -> bool {
    // SAFETY: both are terminated texts.
    unsafe { libc::mount(host.as_ptr(), target.as_ptr(), std::ptr::null(), libc::MS_BIND | libc::MS_REC, std::ptr::null()) == 0 }
}

/// Lays a file system in memory over a folder.
unsafe fn in_memory(folder: &CStr, options: &CStr) -> bool {
    let flags = libc::MS_NOSUID | libc::MS_NODEV;
    // SAFETY: terminated texts.
    unsafe { libc::mount(c"tmpfs".as_ptr(), folder.as_ptr(), c"tmpfs".as_ptr(), flags, options.as_ptr().cast()) == 0 }
}

/// Makes a mount writable, or it and all below it unwritable. Device files and pipes can be written all the same.
unsafe fn writable(at: &CStr, on: bool) -> bool {
    let read_only = libc::MOUNT_ATTR_RDONLY;
    let (set, clear) = if on { (0, read_only) } else { (read_only, 0) };
    let attributes = libc::mount_attr { attr_set: set, attr_clr: clear, propagation: 0, userns_fd: 0 };
    let flags = if on { 0 } else { libc::AT_RECURSIVE };
    // SAFETY: a terminated text and a structure of our own, whose size is told.
    let done = unsafe {
        libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, at.as_ptr(), flags, &raw const attributes, size_of_val(&attributes))
    };
    done == 0
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
    *WORKS.get_or_init(|| attempt(None, false).unwrap_or(false))
}

/// Whether /var can be made anew and the rest be shut; tried once.
pub(crate) fn whole() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| works() && attempt(None, true).unwrap_or(false))
}

/// Whether a folder can lie over /opt; tried once.
pub(crate) fn opt_works() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| works() && workdir::fresh("opt-probe").and_then(|opt| attempt(Some(&opt), false)).unwrap_or(false))
}

fn attempt(opt: Option<&Path>, whole: bool) -> io::Result<bool> {
    let private = workdir::fresh("probe")?;
    let code = workdir::root()?;
    let sandbox = Sandbox::new(&View { private: &private, code, page: None, opt, tmp_mb: 1, whole, joined: None })?;
    let mut command = Command::new("/bin/sh");
    // The device that everybody writes to must be as it was.
    command.args(["-c", "echo 1 > /dev/null && echo 1 > /tmp/probe"]).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
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
