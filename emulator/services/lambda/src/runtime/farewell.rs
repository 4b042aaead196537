//! The end of an environment that has extensions: they are told why, have a moment to finish, and are killed after it. An environment
//! without extensions is killed at once, as on AWS.

use super::environment::Body;
use kit::Clock;
use std::time::Duration;

/// What AWS leaves to an environment with external extensions, and to one whose extensions live in the runtime.
const EXTERNAL: Duration = Duration::from_millis(2000);
const INTERNAL: Duration = Duration::from_millis(500);
/// What of it the runtime has before it is killed.
const RUNTIME: Duration = Duration::from_millis(300);

/// Why an environment ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reason {
    /// It isn't needed any more.
    SpinDown,
    /// Its event took too long.
    Timeout,
    /// Its runtime or an extension failed.
    Failure,
}

impl Reason {
    /// As extensions are told.
    pub fn name(self) -> &'static str {
        match self {
            Reason::SpinDown => "spindown",
            Reason::Timeout => "timeout",
            Reason::Failure => "failure",
        }
    }
}

/// Lets the processes end. Dropping the body at the end kills what is left.
pub(crate) async fn farewell(mut body: Body, clock: Clock, shimmed: bool, reason: Reason) {
    let external = !body.companions.is_empty();
    let limit = if external { EXTERNAL } else { INTERNAL };
    if reason == Reason::SpinDown {
        body.process.terminate();
        let time = if external { RUNTIME } else { INTERNAL };
        tokio::select! {
            _ = body.process.ended() => {}
            () = clock.real_sleep(time) => {}
        }
    }
    body.process.kill();
    let now = if shimmed { clock.now() } else { clock.real_now() };
    body.api.telemetry.finish();
    if external && body.api.extensions.tell_shutdown(reason.name(), now.millis() + limit.as_millis() as i64) {
        let all = async {
            for companion in &mut body.companions {
                companion.process.ended().await;
            }
        };
        tokio::select! {
            () = all => {}
            () = clock.real_sleep(limit) => {}
        }
    }
}
