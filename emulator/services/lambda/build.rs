//! Compiles the clock shim with the machine's C compiler. Without one the crate is built without the shim, and says so: functions then
//! see real time.

use std::{env, fs, path::PathBuf, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=src/runtime/clock_shim.c");
    println!("cargo::rerun-if-env-changed=CC");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("clock_shim.so");
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
    let linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    let native = env::var("HOST") == env::var("TARGET");
    let built = linux
        && native
        && Command::new(&compiler)
            .args(["-O2", "-shared", "-fPIC", "-Wall", "-o"])
            .arg(&out)
            .arg("src/runtime/clock_shim.c")
            .arg("-ldl")
            .status()
            .is_ok_and(|status| status.success());
    if !built {
        println!(
            "cargo::warning=the clock shim was not compiled (no working `{compiler}`, or not native Linux): functions will see real time, not the cloud's"
        );
        fs::write(&out, b"").expect("the output folder can be written");
    }
}
