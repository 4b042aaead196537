//! `windtunnel sql`: Athena's SQL against a running cloud's catalog, one statement or a prompt.

use super::{Answer, Failure, remote::Reach, table};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Write};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  windtunnel sql \"SHOW DATABASES\" --output s3://results/\n  windtunnel sql --database photos --workgroup analysts \"SELECT count(*) FROM images\" --csv\n  windtunnel sql --database photos      a prompt; statements end with a semicolon\n\nExit codes: 0 done, 1 the query failed, 2 wrong usage, 3 no cloud answers"
)]
pub(crate) struct SqlArgs {
    /// The statement; without it a prompt reads statements from standard input
    statement: Option<String>,
    /// The database that names without one mean
    #[arg(long)]
    database: Option<String>,
    /// The work group
    #[arg(long)]
    workgroup: Option<String>,
    /// Where results are written, unless the work group says so
    #[arg(long, value_name = "S3 URL")]
    output: Option<String>,
    /// Answers with CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    pub reach: Reach,
}

pub(crate) async fn sql(args: SqlArgs) -> Result<Answer, Failure> {
    if let Some(statement) = &args.statement {
        let result = ask(&args, statement).await?;
        return Ok(Answer::new(shown(&args, &result), result));
    }
    let (input, terminal) = (std::io::stdin(), std::io::stdin().is_terminal());
    let prompt = |fresh: bool| {
        if terminal {
            print!("{}", if fresh { "sql> " } else { "  -> " });
            let _ = std::io::stdout().flush();
        }
    };
    let mut statement = String::new();
    prompt(true);
    for line in input.lock().lines() {
        let line = line.map_err(|e| Failure::environment(format!("standard input can't be read: {e}")))?;
        statement += &line;
        statement.push('\n');
        if line.trim_end().ends_with(';') {
            run(&args, &std::mem::take(&mut statement), terminal).await?;
        }
        prompt(statement.is_empty());
    }
    if !statement.trim().is_empty() {
        run(&args, &statement, terminal).await?;
    }
    Ok(Answer::new("", json!({})))
}

/// One statement of the prompt. At a terminal a failure is told and the prompt goes on; a script ends there.
async fn run(args: &SqlArgs, statement: &str, terminal: bool) -> Result<(), Failure> {
    match ask(args, statement).await {
        Ok(result) => println!("{}", if args.reach.json { result.to_string() } else { shown(args, &result).trim_end().to_owned() }),
        Err(failure) if terminal => eprintln!("{}", failure.message),
        Err(failure) => return Err(failure),
    }
    Ok(())
}

async fn ask(args: &SqlArgs, statement: &str) -> Result<Value, Failure> {
    let body = json!({ "sql": statement, "database": args.database, "workgroup": args.workgroup, "output": args.output });
    args.reach.post("sql", &body).await
}

fn shown(args: &SqlArgs, result: &Value) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let names: Vec<String> = list(&result["columns"]).iter().map(|c| c["name"].as_str().unwrap_or_default().to_owned()).collect();
    let rows: Vec<Vec<Option<String>>> =
        list(&result["rows"]).iter().map(|r| list(r).iter().map(|c| c.as_str().map(str::to_owned)).collect()).collect();
    if args.csv {
        return csv(&names, &rows);
    }
    // A statement of the catalog may answer fewer cells than it has columns.
    let cells: Vec<Vec<String>> =
        rows.iter().map(|r| (0..names.len()).map(|i| r.get(i).cloned().flatten().unwrap_or_default()).collect()).collect();
    let head: Vec<&str> = names.iter().map(String::as_str).collect();
    let scanned = result["statistics"]["DataScannedInBytes"].as_u64().unwrap_or(0);
    let count = if rows.len() == 1 { "1 row".to_owned() } else { format!("{} rows", rows.len()) };
    let body = if names.is_empty() { String::new() } else { table(&head, &cells) };
    format!("{body}({count}, {scanned} bytes scanned)\n")
}

fn csv(names: &[String], rows: &[Vec<Option<String>>]) -> String {
    let quoted = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) || text.is_empty() {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let line = |cells: Vec<String>| format!("{}\n", cells.join(","));
    let head = line(names.iter().map(|n| quoted(n)).collect());
    head + &rows.iter().map(|r| line(r.iter().map(|c| c.as_deref().map(quoted).unwrap_or_default()).collect())).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: SqlArgs,
    }

    #[test]
    fn results_read_as_a_table_and_as_csv() {
        let result = json!({ "columns": [{ "name": "a" }, { "name": "b" }], "rows": [["1", "x,y"], [null, ""]], "statistics": { "DataScannedInBytes": 7 } });
        let args = |more: &[&str]| Line::parse_from([&["sql", "SELECT 1"], more].concat()).args;
        assert_eq!(shown(&args(&[]), &result), "a  b\n1  x,y\n\n(2 rows, 7 bytes scanned)\n");
        assert_eq!(shown(&args(&["--csv"]), &result), "a,b\n1,\"x,y\"\n,\"\"\n");
    }
}
