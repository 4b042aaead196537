//! Listens until killed: the smallest program on the library.
#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).and_then(|p| p.parse().ok()).unwrap_or(0);
    let cloud = windtunnel::Emulator::builder().port(port).start().await.expect("it starts");
    println!("{}", cloud.endpoint());
    std::future::pending::<()>().await
}
