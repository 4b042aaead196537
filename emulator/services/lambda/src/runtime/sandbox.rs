//! A /tmp of its own for each environment: a mount namespace in which a private folder lies over /tmp. Where the machine doesn't allow
//! it (no user namespaces), TMPDIR alone leads to the private folder.

use super::workdir;
use std::{
    ffi::{CStr, CString},
    fs, io,
    os::unix::{ffi::OsStrExt, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
};

/// What a child does before it becomes the function: made before the fork, for nothing may be allocated after it.
pub(crate) struct Sandbox {
    /// From what is below /tmp on the host to where it shows in the private folder.
    binds: Vec<(CString, CString)>,
    private: CString,
    uid_map: CString,
    gid_map: CString,
}

impl Sandbox {
    /// Over `private`; what the function needs of the host's /tmp (its code, the clock page) shows through.
    pub fn new(private: &Path, shown: &[&Path]) -> io::Result<Sandbox> {
        let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other);
        let mut binds = Vec::new();
        for host in shown {
            let Ok(below) = host.strip_prefix("/tmp") else { continue };
            let target = private.join(below);
            if host.is_dir() {
                fs::create_dir_all(&target)?;
            } else {
                fs::create_dir_all(target.parent().unwrap_or(private))?;
                fs::File::create(&target)?;
            }
            binds.push((text(host)?, text(&target)?));
        }
        // SAFETY: both only read the process's own ids.
        let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
        let map = |id: u32| CString::new(format!("{id} {id} 1")).map_err(io::Error::other);
        Ok(Sandbox { binds, private: text(private)?, uid_map: map(uid)?, gid_map: map(gid)? })
    }

    /// Enters it; whether it worked. Between fork and exec: system calls only.
    pub fn enter(&self) -> bool {
        // SAFETY: system calls on texts that were made before the fork and live in self.
        unsafe {
            if libc::unshare(libc::CLONE_NEWNS) != 0 {
                if libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) != 0 {
                    return false;
                }
                write_all(c"/proc/self/setgroups", c"deny");
                write_all(c"/proc/self/uid_map", &self.uid_map);
                write_all(c"/proc/self/gid_map", &self.gid_map);
            }
            let none: *const libc::c_void = std::ptr::null();
            if libc::mount(c"none".as_ptr(), c"/".as_ptr(), std::ptr::null(), libc::MS_REC | libc::MS_PRIVATE, none) != 0 {
                return false;
            }
            for (host, target) in &self.binds {
                if libc::mount(host.as_ptr(), target.as_ptr(), std::ptr::null(), libc::MS_BIND, none) != 0 {
                    return false;
                }
            }
            let flags = libc::MS_BIND | libc::MS_REC;
            libc::mount(self.private.as_ptr(), c"/tmp".as_ptr(), std::ptr::null(), flags, none) == 0
        }
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
    *WORKS.get_or_init(|| attempt().unwrap_or(false))
}

fn attempt() -> io::Result<bool> {
    let private = workdir::fresh("probe")?;
    let sandbox = Sandbox::new(&private, &[workdir::root()?])?;
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
