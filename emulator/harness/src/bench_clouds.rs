//! Starts 200 clouds in one process and prints what they took and hold, for `cargo xtask bench`.

// Measuring is what this program is for: its clock is the machine's.
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant};
use windtunnel::Emulator;

const CLOUDS: usize = 200;

#[tokio::main]
async fn main() {
    let mut clouds = Vec::new();
    let mut starts = Vec::new();
    let mut one_resident_mb = 0.0;
    let began = Instant::now();
    for number in 0..CLOUDS {
        let started = Instant::now();
        clouds.push(Emulator::builder().start().await.expect("a cloud starts"));
        starts.push(started.elapsed());
        if number == 0 {
            one_resident_mb = resident_mb();
        }
    }
    let clouds_ms = ms(began.elapsed());
    let clouds_resident_mb = resident_mb();
    let first = starts.remove(0);
    starts.sort();
    println!("first_start_ms {:.3}", ms(first));
    println!("median_start_ms {:.3}", ms(starts[starts.len() / 2]));
    println!("clouds_ms {clouds_ms:.1}");
    println!("one_resident_mb {one_resident_mb:.1}");
    println!("clouds_resident_mb {clouds_resident_mb:.1}");
    for cloud in clouds {
        cloud.stop().await;
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn resident_mb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let kb = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kb.expect("the kernel tells resident memory") / 1024.0
}
