//! The hand that takes digests side by side: one thread of the process, begun with the first large piece, which fills the lanes with
//! whatever uploads wait.
//!
//! A thread of its own rather than the runtime's: runtimes come and go in tests, and a digest handed over must come back.

use super::Md5;
use bytes::{Buf, Bytes};
use lanes::{BLOCK, LANES};
use std::{
    collections::VecDeque,
    sync::{
        OnceLock,
        mpsc::{Receiver, Sender, channel},
    },
};
use tokio::sync::oneshot;

/// Pieces of fewer bytes are computed where they are.
const WORTH_A_HAND: usize = 24 << 10;
/// How far the lanes go before the hand looks whether somebody else has come.
const STRETCH: usize = 32 << 10;

/// A digest with what it is to take in.
struct Job {
    md5: Md5,
    pieces: VecDeque<Bytes>,
    done: oneshot::Sender<Md5>,
}

/// Takes the pieces into a digest.
pub(crate) async fn hash(mut md5: Md5, pieces: &[Bytes]) -> Md5 {
    if pieces.iter().map(Bytes::len).sum::<usize>() >= WORTH_A_HAND
        && let Some(hand) = hand()
    {
        let (done, back) = oneshot::channel();
        // The digest is copied so that it can be computed here should the hand be gone.
        let job = Job { md5: md5.clone(), pieces: pieces.iter().cloned().collect(), done };
        if hand.send(job).is_ok()
            && let Ok(md5) = back.await
        {
            return md5;
        }
    }
    pieces.iter().for_each(|piece| md5.update(piece));
    md5
}

/// The way to the hand; `None` where lanes would bring nothing, or no thread could be had.
fn hand() -> Option<&'static Sender<Job>> {
    static HAND: OnceLock<Option<Sender<Job>>> = OnceLock::new();
    let hand = HAND.get_or_init(|| {
        if !lanes::side_by_side() {
            return None;
        }
        let (sender, jobs) = channel();
        std::thread::Builder::new().name("md5".into()).spawn(move || work(&jobs)).ok().map(|_| sender)
    });
    hand.as_ref()
}

fn work(jobs: &Receiver<Job>) {
    let mut active: Vec<Job> = Vec::with_capacity(LANES);
    loop {
        if active.is_empty() {
            match jobs.recv() {
                Ok(job) => active.push(job),
                Err(_) => return,
            }
        }
        while active.len() < LANES
            && let Ok(job) = jobs.try_recv()
        {
            active.push(job);
        }
        stretch(&mut active);
    }
}

/// Goes a stretch with all jobs, and lets those go that are done.
fn stretch(active: &mut Vec<Job>) {
    let mut at = 0;
    while at < active.len() {
        match active[at].has_blocks() {
            true => at += 1,
            false => {
                let Job { md5, done, .. } = active.swap_remove(at);
                // Who doesn't wait any more has given the upload up.
                let _ = done.send(md5);
            }
        }
    }
    let mut streams: Vec<_> = active
        .iter_mut()
        .map(|job| {
            let piece = &job.pieces[0];
            (&mut job.md5.state, &piece[..piece.len().min(STRETCH)])
        })
        .collect();
    let taken = lanes::many(&mut streams);
    for job in active {
        job.md5.length += taken as u64;
        job.pieces[0].advance(taken);
    }
}

impl Job {
    /// Brings a whole block to the front, taking in what is less; whether there is one.
    fn has_blocks(&mut self) -> bool {
        while let Some(piece) = self.pieces.front_mut() {
            let left = self.md5.fill(piece).len();
            piece.advance(piece.len() - left);
            if piece.len() >= BLOCK {
                return true;
            }
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_uploads_at_once_get_their_own_sums() {
        let uploads = (0..20usize).map(|upload| async move {
            let body: Vec<u8> = (0..100_000 + upload * 997).map(|n| (n * 13 + upload) as u8).collect();
            let pieces: Vec<Bytes> = body.chunks(30_001 + upload).map(Bytes::copy_from_slice).collect();
            let mut md5 = Md5::new();
            for pair in pieces.chunks(2) {
                md5 = hash(md5, pair).await;
            }
            assert_eq!(md5.finish()[..], <md5::Md5 as md5::Digest>::digest(&body)[..], "upload {upload}");
        });
        futures_util::future::join_all(uploads).await;
    }
}
