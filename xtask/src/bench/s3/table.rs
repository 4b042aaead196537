//! The cells as Markdown: a table for each method, a row for each server.

use super::load::Cell;
use crate::bench::report;

/// Where the tables stand in docs/measurements.md.
pub const HEADING: &str = "## S3 against others";

/// Both tables with what has to be known to read them.
pub fn text(cells: &[Cell], load: &str) -> String {
    let mut out = format!(
        "{}\n\nwrk -t1, presigned URLs, keep-alive; req/s, MB/s, p50 / p99 ms, CPU of the server a request. nginx: static files and dav PUT, unsigned, \
         `sendfile on`, no fsync. windtunnel is the example `s3_server`: S3 behind the gateway, `process` durability.\n",
        report::taken(load)
    );
    for method in ["PUT", "GET"] {
        out.push_str(&one(cells, method));
    }
    out
}

fn one(cells: &[Cell], method: &str) -> String {
    let cells: Vec<&Cell> = cells.iter().filter(|cell| cell.method == method).collect();
    let (mut sizes, mut servers): (Vec<usize>, Vec<&str>) = (Vec::new(), Vec::new());
    for cell in &cells {
        if !sizes.contains(&cell.size) {
            sizes.push(cell.size);
        }
        if !servers.contains(&cell.server) {
            servers.push(cell.server);
        }
    }
    if cells.is_empty() {
        return String::new();
    }
    let heads: Vec<String> = sizes.iter().map(|size| named(*size)).collect();
    let mut out = format!("\n| {method} | {} | resident |\n|---|{}---|\n", heads.join(" | "), "---|".repeat(sizes.len()));
    for server in servers {
        out.push_str(&format!("| {server} |"));
        for size in &sizes {
            let cell = cells.iter().find(|cell| cell.server == server && cell.size == *size);
            out.push_str(&cell.map_or(" |".to_owned(), |cell| format!(" {} |", figures(cell))));
        }
        let resident = cells.iter().filter(|cell| cell.server == server).map(|cell| cell.resident_mb).fold(0.0, f64::max);
        out.push_str(&format!(" {resident:.0} MB |\n"));
    }
    out
}

fn figures(cell: &Cell) -> String {
    let refused = if cell.refused > 0 { format!("; {} refused", cell.refused) } else { String::new() };
    format!("{:.0} / {:.0} MB/s; {:.1} / {:.1} ms; {:.0} µs{refused}", cell.rate, cell.mb_s, cell.p50_ms, cell.p99_ms, cell.cpu_us)
}

fn named(size: usize) -> String {
    if size >= 1 << 20 { format!("{} MiB", size >> 20) } else { format!("{} KiB", size >> 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_server_and_a_column_for_each_size() {
        let cell = |server, size, cpu_us| Cell {
            server,
            method: "PUT",
            size,
            rate: 10.0,
            mb_s: 1.0,
            p50_ms: 2.0,
            p99_ms: 3.0,
            cpu_us,
            resident_mb: 9.0,
            refused: 0,
        };
        let text = one(&[cell("a", 1024, 5.0), cell("b", 1024, 6.0), cell("a", 1 << 20, 7.0)], "PUT");
        assert_eq!(
            text,
            "\n| PUT | 1 KiB | 1 MiB | resident |\n|---|---|---|---|\n| a | 10 / 1 MB/s; 2.0 / 3.0 ms; 5 µs | 10 / 1 MB/s; 2.0 / 3.0 ms; 7 µs | 9 MB |\n\
             | b | 10 / 1 MB/s; 2.0 / 3.0 ms; 6 µs | | 9 MB |\n"
        );
    }
}
