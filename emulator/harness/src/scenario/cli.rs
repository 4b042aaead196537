//! `windtunnel run` and `windtunnel replay`.

use super::{Options, Report, Scenario, load, programs::ConsumerBinary, replay, report, report::text, run_one, schema};
use crate::package;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex},
};
use tokio::task::JoinSet;

/// Exit code: a scenario failed, or a replay differs.
const FAILED: u8 = 1;
/// Exit code: wrong usage, or a scenario that can't be read.
const USAGE: u8 = 2;
/// Exit code: the machine is not as needed (functions that don't build, files that can't be written).
const ENVIRONMENT: u8 = 3;

/// Runs scenarios, each in a cloud of its own.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  windtunnel run scenarios\n  windtunnel run scenarios/photo-journey.yaml --steps\n  windtunnel run scenarios --tag smoke --junit out.xml --jobs 8\n\nExit codes: 0 all passed, 1 a scenario failed, 2 wrong usage or a scenario that can't be read, 3 the machine is not as needed"
)]
pub struct RunArgs {
    /// Files, or folders with *.yaml in them.
    #[arg(default_value = "scenarios")]
    pub paths: Vec<PathBuf>,
    /// Only scenarios with this tag (again for more: any of them).
    #[arg(long)]
    pub tag: Vec<String>,
    /// Only part i of n, both from 1 (2/3).
    #[arg(long, value_parser = shard)]
    pub shard: Option<Shard>,
    /// Scenarios at a time; as many as there are processors unless told.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Another seed for all of them.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Shows every step as it is done; one scenario at a time.
    #[arg(long)]
    pub steps: bool,
    /// Writes JUnit's XML to this file.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Writes all results as JSON to this file; `-` or nothing for standard output.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub json: Option<PathBuf>,
    /// Writes a page to look at to this file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Where traces go, for `windtunnel replay`.
    #[arg(long, value_name = "DIR", default_value = "target/windtunnel/traces")]
    pub trace: PathBuf,
    /// Writes golden files instead of comparing with them.
    #[arg(long)]
    pub update_snapshots: bool,
    /// Folder with the functions' binaries, instead of building them.
    #[arg(long, value_name = "DIR")]
    pub functions: Option<PathBuf>,
    /// The consumer application, for scenarios that run it; the one beside the functions unless told. Without it they are skipped.
    #[arg(long, value_name = "FILE")]
    pub consumer: Option<PathBuf>,
    /// A template to deploy instead of the scenarios' own.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Where to run: local, or aws.
    #[arg(long, default_value = "local", value_parser = ["local", "aws"])]
    pub target: String,
    /// Lists what would run and ends.
    #[arg(long)]
    pub list: bool,
    /// Prints the format's JSON Schema and ends.
    #[arg(long)]
    pub print_schema: bool,
}

/// Runs the scenario of a trace again and names the first event that differs.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Example:\n  windtunnel replay target/windtunnel/traces/photo-journey-42.jsonl\n\nExit codes: 0 nothing differs, 1 something differs, 2 the trace can't be read, 3 the machine is not as needed"
)]
pub struct ReplayArgs {
    /// A trace that `windtunnel run` wrote.
    pub trace: PathBuf,
    /// The scenario's file, if it moved since.
    #[arg(long)]
    pub scenario: Option<PathBuf>,
    /// Folder with the functions' binaries, instead of building them.
    #[arg(long, value_name = "DIR")]
    pub functions: Option<PathBuf>,
    /// The consumer application, for a scenario that runs it; the one beside the functions unless told.
    #[arg(long, value_name = "FILE")]
    pub consumer: Option<PathBuf>,
    /// A template to deploy instead of the scenario's own.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Prints the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A part of all scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: usize,
    /// Of how many.
    pub of: usize,
}

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((index, of)) if (1..=of).contains(&index) => Ok(Shard { index, of }),
        _ => Err("a shard is i/n with i from 1 to n, as in 2/3".into()),
    }
}

/// `windtunnel run`.
pub async fn run(args: RunArgs) -> ExitCode {
    if args.print_schema {
        println!("{}", serde_json::to_string_pretty(&schema::json_schema()).unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    if args.target == "aws" {
        eprintln!("windtunnel run --target aws is not built yet: deploy with `windtunnel deploy --target aws`, and run scenarios locally.");
        return ExitCode::from(USAGE);
    }
    let scenarios = match chosen(&args) {
        Ok(scenarios) => scenarios,
        Err(problems) => {
            problems.iter().for_each(|p| eprintln!("{p}"));
            return ExitCode::from(USAGE);
        }
    };
    if args.list {
        scenarios.iter().for_each(|s| println!("{}  {} [{}]", s.file.display(), s.name, s.tags.join(", ")));
        return ExitCode::SUCCESS;
    }
    let options = match options(&args, &scenarios) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(ENVIRONMENT);
        }
    };
    // JSON on standard output is alone there.
    let quiet = args.json.as_deref() == Some(Path::new("-"));
    let reports = run_all(scenarios, options, jobs(&args), quiet).await;
    finish(&args, &reports, quiet)
}

/// The scenarios that the arguments choose, or everything that is wrong with their files.
fn chosen(args: &RunArgs) -> Result<Vec<Scenario>, Vec<String>> {
    let mut files = Vec::new();
    for path in &args.paths {
        files.extend(files_of(path).map_err(|e| vec![e])?);
    }
    let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        match load(&file) {
            Ok(scenario) => scenarios.push(scenario),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    scenarios.retain(|s| args.tag.is_empty() || s.tags.iter().any(|t| args.tag.contains(t)));
    if let Some(shard) = args.shard {
        let mut position = 0;
        scenarios.retain(|_| {
            position += 1;
            (position - 1) % shard.of == shard.index - 1
        });
    }
    match scenarios.is_empty() && args.shard.is_none() {
        true => Err(vec!["no scenario is chosen by these paths and tags".into()]),
        false => Ok(scenarios),
    }
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let is_scenario = |p: &PathBuf| p.is_file() && p.extension().is_some_and(|e| e == "yaml" || e == "yml");
    let mut files: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).filter(is_scenario).collect();
    files.sort();
    match files.is_empty() {
        true => Err(format!("there is no scenario (*.yaml) in {}", path.display())),
        false => Ok(files),
    }
}

fn options(args: &RunArgs, scenarios: &[Scenario]) -> Result<Options, String> {
    let needs_functions = args.template.is_some() || scenarios.iter().any(|s| s.stack.is_some());
    let binaries = if needs_functions { Some(functions(args.functions.as_deref())?) } else { None };
    Ok(Options {
        consumer: consumer(args.consumer.as_deref(), binaries.as_ref())?,
        binaries,
        seed: args.seed,
        template: args.template.clone(),
        trace_dir: Some(args.trace.clone()),
        update_snapshots: args.update_snapshots,
        watch: args
            .steps
            .then(|| Arc::new(|event: &super::Event<'_>| text::line(event).into_iter().for_each(|l| eprintln!("{l}"))) as super::Watch),
    })
}

fn functions(folder: Option<&Path>) -> Result<package::PipelineBinaries, String> {
    match folder {
        Some(folder) => Ok(package::PipelineBinaries::in_folder(folder)),
        None => package::build_pipeline().map_err(|e| e.to_string()),
    }
}

/// The consumer application: as named, or beside the functions, or beside this program.
fn consumer(named: Option<&Path>, binaries: Option<&package::PipelineBinaries>) -> Result<Option<PathBuf>, String> {
    if let Some(file) = named {
        return ConsumerBinary::ask(file).map(|binary| Some(binary.path)).map_err(|why| format!("--consumer: {why}"));
    }
    let exe = std::env::current_exe().ok();
    let beside = [binaries.map(|b| b.process.as_path()), exe.as_deref()];
    let folders = beside.into_iter().flatten().filter_map(Path::parent);
    Ok(folders.map(|folder| folder.join("consumer")).find(|file| file.is_file()))
}

fn jobs(args: &RunArgs) -> usize {
    match (args.steps, args.jobs) {
        (true, _) => 1,
        (false, Some(jobs)) => jobs.into(),
        (false, None) => std::thread::available_parallelism().map_or(2, usize::from),
    }
}

/// Runs scenarios, so many at a time; reports in the order of the scenarios.
pub async fn run_all(scenarios: Vec<Scenario>, options: Options, jobs: usize, quiet: bool) -> Vec<Report> {
    let mut waiting = scenarios.into_iter().enumerate();
    let mut running = JoinSet::new();
    let done: Arc<Mutex<Vec<(usize, Report)>>> = Arc::default();
    loop {
        while running.len() < jobs.max(1) {
            let Some((index, scenario)) = waiting.next() else { break };
            let (options, done) = (options.clone(), done.clone());
            running.spawn(async move {
                let report = run_one(&scenario, &options).await;
                if !quiet {
                    eprintln!("{}", text::verdict(&report));
                    if !report.passed {
                        eprint!("{}", text::failure(&report));
                    }
                }
                done.lock().expect("no panics while holding it").push((index, report));
            });
        }
        match running.join_next().await {
            None => break,
            Some(Ok(())) => {}
            Some(Err(error)) => eprintln!("a scenario's run broke: {error}"),
        }
    }
    let mut done = std::mem::take(&mut *done.lock().expect("no panics while holding it"));
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, report)| report).collect()
}

fn finish(args: &RunArgs, reports: &[Report], quiet: bool) -> ExitCode {
    let json = || serde_json::to_string_pretty(&report::json(reports)).unwrap_or_default() + "\n";
    let files = [(&args.junit, report::junit::write as fn(&[Report]) -> String), (&args.html, report::html::write)];
    let mut written = true;
    for (file, write) in files {
        written &= file.as_ref().is_none_or(|file| write_file(file, &write(reports)));
    }
    match &args.json {
        Some(_) if quiet => print!("{}", json()),
        Some(file) => written &= write_file(file, &json()),
        None => {}
    }
    let (not_run, failed) = (report::not_run(reports), reports.iter().filter(|r| !r.passed).count());
    let passed = reports.len() - failed - not_run;
    let (steps, skipped) = (reports.iter().map(|r| r.steps.len()).sum::<usize>(), report::skipped(reports));
    let more = |count: usize| if count == 0 { String::new() } else { format!(", {count} skipped") };
    eprintln!(
        "{passed} of {} scenarios passed{} ({steps} steps{}); traces in {}",
        reports.len(),
        more(not_run),
        more(skipped),
        args.trace.display()
    );
    match (failed == 0, written) {
        (false, _) => ExitCode::from(FAILED),
        (true, false) => ExitCode::from(ENVIRONMENT),
        (true, true) => ExitCode::SUCCESS,
    }
}

fn write_file(file: &Path, text: &str) -> bool {
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).map_or(Ok(()), std::fs::create_dir_all);
    match folder.and_then(|()| std::fs::write(file, text)) {
        Ok(()) => true,
        Err(error) => {
            eprintln!("can't write {}: {error}", file.display());
            false
        }
    }
}

/// `windtunnel replay`.
pub async fn replay(args: ReplayArgs) -> ExitCode {
    let binaries = match functions(args.functions.as_deref()) {
        Ok(binaries) => Some(binaries),
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(ENVIRONMENT);
        }
    };
    let consumer = match consumer(args.consumer.as_deref(), binaries.as_ref()) {
        Ok(consumer) => consumer,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(ENVIRONMENT);
        }
    };
    let options = Options { binaries, consumer, template: args.template.clone(), ..Options::default() };
    let done = match replay::replay(&args.trace, args.scenario.as_deref(), options).await {
        Ok(done) => done,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(USAGE);
        }
    };
    if args.json {
        println!("{}", json!(done));
    } else {
        if done.text_changed {
            println!("{} has changed since the trace was written", done.file.display());
        }
        match &done.difference {
            None => println!("{}: nothing differs in {} events (seed {})", done.name, done.events, done.seed),
            Some(d) => println!("{}: the first difference is at {}\n  recorded: {}\n  now:      {}", done.name, d.step, d.recorded, d.now),
        }
    }
    if done.difference.is_some() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
}
