//! How an environment comes about: endpoint, sandbox, extensions, and last the runtime.

use super::{
    api::{
        Api, Extensions,
        extensions::{About, Broken},
        telemetry::Category,
    },
    companions::{self, Companion},
    entry::{self, Entry},
    environment::{Body, Environment, Folders, Plan, Unstarted, telemetry},
    farewell::Reason,
    limits::{self, Cgroup},
    output::Output,
    process::{Launch, Process, pipe},
    sandbox::{self, Namespace, Sandbox, View},
    shim,
    variables::{Start, variables},
    workdir::TmpDir,
};
use kit::{Context, Fault, Timestamp, ports::TemporaryKey};
use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

/// How long extensions may take to register before the runtime starts without them, real.
const REGISTER_SECS: u64 = 10;
/// Programs started out of `/opt/extensions`; AWS takes no more extensions.
const MOST_PROGRAMS: usize = 10;

/// How the processes of an environment are started.
struct Ground<'a> {
    plan: &'a Plan,
    folders: &'a Folders,
    tmp: TmpDir,
    page: Option<PathBuf>,
    /// Layers lie over /opt, rather than where they were unpacked.
    over_opt: bool,
    cgroup: Option<Cgroup>,
}

impl Ground<'_> {
    /// All but the outputs, which whoever starts it gives.
    fn launch(&self, entry: &Entry, variables: Vec<(OsString, OsString)>) -> io::Result<impl FnOnce(fs::File) -> Launch + use<>> {
        let sandbox = match sandbox::works() {
            true => Some(self.sandbox()?),
            false => None,
        };
        let (mut entry, folder) = (entry.clone(), self.folders.code.path().to_owned());
        entry.program = self.view().seen(&entry.program);
        entry.arguments.iter_mut().for_each(|argument| *argument = self.view().seen(Path::new(argument)).into_os_string());
        let (cgroup, nice) = (self.cgroup.as_ref().map(Cgroup::door), limits::niceness(self.plan.memory_mb));
        Ok(move |output| Launch { program: entry.program, arguments: entry.arguments, variables, folder, output, sandbox, cgroup, nice })
    }

    fn sandbox(&self) -> io::Result<Sandbox> {
        Sandbox::new(&self.view())
    }

    fn view(&self) -> View<'_> {
        View {
            private: self.tmp.path(),
            code: self.folders.code.path(),
            page: self.page.as_deref(),
            opt: self.folders.opt.as_ref().filter(|_| self.over_opt).map(|opt| opt.path()),
            tmp_mb: self.plan.ephemeral_mb,
            whole: sandbox::whole(),
            joined: self.tmp.namespace.as_ref(),
        }
    }

    /// Remembers the namespace that a first process made, for those that follow.
    fn made_by(&mut self, process: &Process) {
        if sandbox::works() && self.tmp.namespace.is_none() {
            self.tmp.namespace = Namespace::of(process.id()).ok();
        }
    }
}

impl Environment {
    /// Starts the processes. The runtime may still fail; see [`Environment::ready`].
    pub async fn start(
        cx: &Context,
        plan: &Plan,
        folders: Folders,
        key: TemporaryKey,
        tmp: Option<TmpDir>,
    ) -> Result<Result<Environment, Unstarted>, Fault> {
        let broken = |e: io::Error| Fault::internal(format!("starting an environment of {}: {e}", plan.function));
        let clock = cx.cloud().clock();
        let session = Arc::new(key.session.clone());
        let log_stream = log_stream(cx, &plan.version);
        let unstarted = |sentence: String| Ok(Err(Unstarted { sentence, session: session.clone(), log_stream: log_stream.clone() }));
        let (runtime, handler, both) = (plan.runtime.clone(), plan.handler.clone(), folders.clone());
        // Looking for an interpreter may mean to run it.
        let look = move || entry::entry(&runtime, &handler, both.code.path(), both.opt.as_ref().map(|opt| opt.path()));
        let entry = tokio::task::spawn_blocking(look).await;
        let entry = match entry.map_err(|e| broken(io::Error::other(e)))? {
            Ok(entry) => entry,
            Err(sentence) => return unstarted(sentence),
        };
        let programs = folders.opt.as_ref().map(|opt| companions::programs(opt.path())).unwrap_or_default();
        let telemetry = telemetry(clock, plan);
        let (api, listener, ready) = {
            let about = About {
                function: plan.function.clone(),
                version: plan.version.clone(),
                handler: plan.handler.clone(),
                account: plan.account.clone(),
            };
            let ids = kit::Ids::new(cx.cloud().seed(), cx.ids().number());
            let names = programs.iter().take(MOST_PROGRAMS).map(|(name, _)| name.clone()).collect();
            Api::listen(Extensions::new(about, ids, names), telemetry.clone()).await.map_err(broken)?
        };
        let page = clock.page().ok();
        let linkage = shim::linkage(&entry.program);
        let preload = shim::library().zip(page.clone()).filter(|_| linkage == shim::Linkage::Dynamic);
        let over_opt = folders.opt.is_some() && !entry.program.starts_with("/opt") && sandbox::opt_works();
        let tmp = tmp.map_or_else(TmpDir::new, Ok).map_err(broken)?;
        let mut ground = Ground { plan, folders: &folders, tmp, page, over_opt, cgroup: Cgroup::new(plan.memory_mb) };
        let view = ground.view();
        let opt = match (&folders.opt, over_opt) {
            (Some(opt), false) => view.seen(opt.path()),
            _ => PathBuf::from("/opt"),
        };
        let seen = preload.as_ref().map(|(library, page)| (view.seen(library), view.seen(page)));
        let task_root = view.seen(folders.code.path());
        let start = Start {
            api_address: &listener.address,
            key: &key,
            log_stream: &log_stream,
            task_root: &task_root,
            opt: &opt,
            tmp: &if sandbox::works() { PathBuf::from("/tmp") } else { ground.tmp.path().to_owned() },
            shim: seen.as_ref().map(|(library, page)| (library.as_path(), page.as_path())),
        };
        let variables = variables(plan, &start);
        let companions = extensions(cx, &mut ground, &api, &programs, &opt, &variables).await;

        let (read, write) = pipe().map_err(broken)?;
        let told = telemetry.clone();
        let listen = Box::new(move |at: Timestamp, line: &str| told.tell(Category::Function, "function", at, || line.into()));
        let (output, reader) = Output::new(read, clock.clone(), listen).map_err(broken)?;
        let entry = wrapped(entry, plan, &ground);
        let process = match Process::start(ground.launch(&entry, variables).map_err(broken)?(write)).await {
            Ok(process) => process,
            Err(error) => {
                let sentence = |words: &str| format!("fork/exec /var/task/bootstrap: {words}");
                return match error.raw_os_error() {
                    Some(libc::ENOEXEC) => unstarted(sentence("exec format error")),
                    Some(libc::ENOENT) => unstarted(sentence("no such file or directory")),
                    Some(libc::EACCES) => unstarted(sentence("permission denied")),
                    _ => Err(broken(error)),
                };
            }
        };
        ground.made_by(&process);
        let mut notes = Vec::new();
        if linkage == shim::Linkage::Static {
            notes.push("[windtunnel] this program is linked statically: it sees real time, not the cloud's clock".to_owned());
        }
        let Ground { tmp, cgroup, .. } = ground;
        let body = Body {
            process,
            companions,
            api,
            _listener: listener,
            output,
            reader,
            ready: Some(ready),
            _folders: folders,
            tmp: Some(tmp),
            cgroup,
            seen: AtomicU64::new(0),
            over: false,
        };
        Ok(Ok(Environment {
            body: Some(body),
            clock: clock.clone(),
            memory_mb: plan.memory_mb,
            reason: Reason::SpinDown,
            log_stream,
            stream_made: false,
            session,
            expires: key.expires,
            shimmed: preload.is_some(),
            notes,
        }))
    }
}

/// AWS_LAMBDA_EXEC_WRAPPER: a program of the package or of a layer that is given the runtime's command line.
fn wrapped(entry: Entry, plan: &Plan, ground: &Ground<'_>) -> Entry {
    let Some(wrapper) = plan.variables.get("AWS_LAMBDA_EXEC_WRAPPER").filter(|_| !plan.runtime.starts_with("provided")) else {
        return entry;
    };
    let path = Path::new(wrapper);
    let program = match (path.strip_prefix("/var/task"), path.strip_prefix("/opt"), &ground.folders.opt) {
        (Ok(below), ..) => ground.folders.code.path().join(below),
        (_, Ok(below), Some(opt)) if !ground.over_opt => opt.path().join(below),
        _ => path.to_owned(),
    };
    // Through a shell, which says so and ends with 127 where there is no such program: recorded from AWS.
    let mut arguments: Vec<OsString> = vec!["-c".into(), "exec \"$0\" \"$@\"".into(), program.into(), entry.program.into()];
    arguments.extend(entry.arguments);
    Entry { program: "/bin/sh".into(), arguments }
}

/// Starts the programs of `/opt/extensions` and waits until all have registered, or one can't. Whoever fails to is noted at the endpoint and
/// makes the initialisation fail.
async fn extensions(
    cx: &Context,
    ground: &mut Ground<'_>,
    api: &Arc<Api>,
    programs: &[(String, PathBuf)],
    opt: &Path,
    variables: &[(OsString, OsString)],
) -> Vec<Companion> {
    let clock = cx.cloud().clock();
    let mut running = Vec::new();
    for (name, program) in programs.iter().take(MOST_PROGRAMS) {
        let program = if ground.over_opt { opt.join("extensions").join(name) } else { program.clone() };
        let entry = Entry { program, arguments: Vec::new() };
        let variables = companions::variables(variables);
        let started = match ground.launch(&entry, variables) {
            Ok(launch) => Companion::start(name.clone(), clock.clone(), api.telemetry.clone(), launch).await,
            Err(error) => Err(error),
        };
        match started {
            Ok(companion) => {
                ground.made_by(&companion.process);
                running.push(companion);
            }
            Err(error) => {
                api.extensions
                    .breaks(Broken { kind: "Extension.LaunchError", words: format!("extension {name} can't be started: {error}") });
                return running;
            }
        }
    }
    if running.is_empty() {
        return running;
    }
    let crashed = tokio::select! {
        biased;
        () = api.extensions.all_registered() => None,
        _ = api.extensions.broken() => None,
        broken = companions::ended(&mut running) => Some(broken),
        () = clock.real_sleep(Duration::from_secs(REGISTER_SECS)) => {
            Some(Broken { kind: "Extension.InitError", words: "not all extensions registered in time".into() })
        }
    };
    if let Some(broken) = crashed {
        api.extensions.breaks(broken);
    }
    running
}

/// `2024/01/31/[$LATEST]0123...`
pub(crate) fn log_stream(cx: &Context, version: &str) -> String {
    format!("{}/[{version}]{}", kit::time::date(cx.now()).replace('-', "/"), cx.ids().hex(32))
}
