//! Which due rows are taken, and from where on to look for more. Rows that run stay in the store until they end; a look must not read them all
//! again. So everything up to a mark is known to be taken, or to wait for its lane, and only what a commit puts before the mark moves it back.

use crate::store::{Committed, Read, Store, TaskId, TaskRow};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use wire::Timestamp;

/// Rows read at a time.
const PAGE: usize = 256;

/// How far a look came. Rows that are due at once stand before all that have a time, however late they come, so there are two.
#[derive(Clone, Copy, Default)]
struct Marks {
    at_once: Option<TaskId>,
    timed: Option<TaskId>,
}

impl Marks {
    fn of(&mut self, id: &TaskId) -> &mut Option<TaskId> {
        if id.due == Timestamp::default() { &mut self.at_once } else { &mut self.timed }
    }
    /// The next look begins no later than at this row.
    fn back_to(&mut self, id: &TaskId) {
        let before = id.seq.checked_sub(1).map(|seq| TaskId { due: id.due, seq });
        let mark = self.of(id);
        *mark = (*mark).min(before);
    }
}

/// What was heard of commits since the last look.
#[derive(Default)]
struct News {
    earliest: Vec<TaskId>,
    replaced: bool,
}

#[derive(Default)]
struct State {
    taken: HashSet<TaskId>,
    /// Those of them that began in a state that was replaced: a row of the new one may have the same name.
    of_before: HashSet<TaskId>,
    lanes: HashSet<String>,
    /// The first row of a lane that was passed over because another of it runs.
    passed: HashMap<String, TaskId>,
    marks: Marks,
}

/// The rows that run.
#[derive(Default)]
pub(super) struct Due {
    state: Mutex<State>,
    /// Locked for a moment by writers: never held while the store is read.
    news: Mutex<News>,
}

impl Due {
    /// Hears of a commit.
    pub fn hear(&self, committed: &Committed) {
        let mut news = self.news.lock();
        news.replaced |= committed.replaced;
        for id in &committed.tasks {
            // One of each kind is enough, the earliest.
            let timed = |id: &TaskId| id.due != Timestamp::default();
            match news.earliest.iter_mut().find(|known| timed(known) == timed(id)) {
                Some(known) => *known = (*known).min(*id),
                None => news.earliest.push(*id),
            }
        }
    }

    /// Takes a page of rows that are due and run by nobody, of each lane the first; whether there may be more.
    pub fn take(&self, store: &Store, now: Timestamp) -> (Vec<TaskRow>, bool) {
        let mut state = self.state.lock();
        let news = std::mem::take(&mut *self.news.lock());
        if news.replaced {
            state.marks = Marks::default();
            state.passed.clear();
            state.of_before = state.taken.clone();
        }
        news.earliest.iter().for_each(|id| state.marks.back_to(id));
        let first_timed = TaskId { due: Timestamp::default(), seq: u64::MAX };
        let Marks { at_once, timed } = state.marks;
        let (mut rows, later) = store.read(|s| {
            let at_once = s.due_tasks_after(at_once.as_ref(), Timestamp::default(), PAGE);
            let timed = s.due_tasks_after(Some(&timed.unwrap_or(first_timed)), now, PAGE);
            (at_once, timed)
        });
        let more = rows.len() == PAGE || later.len() == PAGE;
        rows.extend(later);
        let mine = rows.into_iter().filter(|row| state.takes(row)).collect();
        (mine, more)
    }

    /// A row is done with. `left` says that it stands in the store as before, though it should not.
    pub fn end(&self, id: &TaskId, lane: Option<&str>, left: bool) {
        let mut state = self.state.lock();
        state.taken.remove(id);
        if state.of_before.remove(id) || left {
            state.marks.back_to(id);
        }
        let Some(lane) = lane else { return };
        state.lanes.remove(lane);
        if let Some(next) = state.passed.remove(lane) {
            state.marks.back_to(&next);
        }
    }
}

impl State {
    fn takes(&mut self, row: &TaskRow) -> bool {
        *self.marks.of(&row.id) = Some(row.id);
        if self.taken.contains(&row.id) {
            return false;
        }
        if let Some(lane) = lane(row) {
            if self.lanes.contains(&lane) {
                let first = self.passed.entry(lane).or_insert(row.id);
                *first = (*first).min(row.id);
                return false;
            }
            self.lanes.insert(lane);
        }
        self.taken.insert(row.id)
    }
}

/// Tasks of one lane run one after the other.
pub(super) fn lane(row: &TaskRow) -> Option<String> {
    row.key.as_ref().map(|key| format!("{}/{}/{key}", row.service, row.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scope, store::NewTask};

    struct Desk {
        store: Store,
        due: std::sync::Arc<Due>,
        now: Timestamp,
    }

    impl Desk {
        fn new() -> Desk {
            let (store, due) = (Store::memory(), std::sync::Arc::new(Due::default()));
            let hears = due.clone();
            store.on_commit(move |committed| hears.hear(committed));
            Desk { store, due, now: Timestamp::from_secs(1000) }
        }
        async fn put(&self, what: &str, due_secs: Option<i64>, key: Option<&str>) -> TaskId {
            let mut task = NewTask::new(&Scope::new("000000000000", "us-east-1"), "s", "k", &what);
            task.due = due_secs.map(Timestamp::from_secs);
            task.key = key.map(str::to_owned);
            self.store.write(|tx| Ok(tx.task(task))).await.unwrap()
        }
        fn taken(&self) -> Vec<TaskRow> {
            self.due.take(&self.store, self.now).0
        }
        fn names(&self) -> Vec<String> {
            self.taken().iter().map(|row| row.payload::<String>().unwrap()).collect()
        }
    }

    #[tokio::test]
    async fn what_comes_before_the_mark_is_found() {
        let desk = Desk::new();
        desk.put("timed", Some(900), None).await;
        desk.put("later", Some(2000), None).await;
        assert_eq!(desk.names(), ["timed"]);
        desk.put("at once", None, None).await;
        desk.put("earlier", Some(100), None).await;
        assert_eq!(desk.names(), ["at once", "earlier"]);
        assert_eq!(desk.names(), [""; 0]);
        let desk = Desk { now: Timestamp::from_secs(2000), ..desk };
        assert_eq!(desk.names(), ["later"]);
    }

    #[tokio::test]
    async fn a_lane_goes_on_where_it_was_passed_over() {
        let desk = Desk::new();
        for (what, key) in [("a1", Some("a")), ("a2", Some("a")), ("b1", Some("b")), ("free", None), ("a3", Some("a"))] {
            desk.put(what, None, key).await;
        }
        let mut rows = desk.taken();
        let names = |rows: &[TaskRow]| rows.iter().map(|row| row.payload::<String>().unwrap()).collect::<Vec<_>>();
        assert_eq!(names(&rows), ["a1", "b1", "free"]);
        for next in ["a2", "a3"] {
            let done = rows.remove(0);
            desk.store.write(|tx| Ok(tx.cancel(&done.id))).await.unwrap();
            desk.due.end(&done.id, lane(&done).as_deref(), false);
            rows = desk.taken();
            assert_eq!(names(&rows), [next]);
        }
    }

    #[tokio::test]
    async fn a_row_that_was_left_is_taken_again_and_a_new_state_is_read_anew() {
        let desk = Desk::new();
        let id = desk.put("stays", None, None).await;
        assert_eq!(desk.names(), ["stays"]);
        desk.due.end(&id, None, true);
        assert_eq!(desk.names(), ["stays"]);
        desk.due.end(&id, None, false);
        assert_eq!(desk.names(), [""; 0]);
        desk.store.reset().await.unwrap();
        desk.put("anew", None, None).await;
        assert_eq!(desk.names(), ["anew"]);
    }

    /// A backlog is read once, not once for each of its ends.
    #[tokio::test]
    async fn a_backlog_is_read_once() {
        let desk = Desk::new();
        for n in 0..PAGE + 10 {
            desk.put(&n.to_string(), None, None).await;
        }
        let (rows, more) = desk.due.take(&desk.store, desk.now);
        assert_eq!((rows.len(), more), (PAGE, true));
        let (rest, more) = desk.due.take(&desk.store, desk.now);
        assert_eq!((rest.len(), more), (10, false));
        assert_eq!(desk.due.state.lock().marks.at_once, rest.last().map(|row| row.id));
    }
}
