//! `windtunnel-image BINARY [TAG]`: makes the image that the module starts, out of a binary of this machine.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(binary), tag) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: windtunnel-image BINARY [TAG]   (TAG is windtunnel:local unless told)");
        return ExitCode::from(2);
    };
    let tag = tag.unwrap_or_else(|| format!("{}:{}", windtunnel_testcontainers::IMAGE, windtunnel_testcontainers::TAG));
    match windtunnel_testcontainers::image::build(Path::new(&binary), &tag) {
        Ok(()) => {
            println!("{tag}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
