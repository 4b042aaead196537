//! The `windtunnel` command: everything it does is in the library.

fn main() -> std::process::ExitCode {
    windtunnel::cli::main()
}
