//! Random operations against a map that can't be wrong.

use super::*;
use std::collections::BTreeMap;

type Pair = (String, u32);
const ROWS: Table<Pair, String> =
    Table::new("t.model", TableScope::Account).indexes(&[Index { name: "value", keys: |value| vec![key_bytes(&value.as_str())] }]);

/// xorshift: the tests need variety, not secrets, and the same one each time.
struct Random(u64);
impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
    fn key(&mut self) -> Pair {
        let texts = ["", "\0", "a", "a\0", "a\0b", "aa", "ab", "b", "\u{ff}", "z"];
        (s(texts[self.below(10) as usize]), self.below(12) as u32)
    }
}

#[test]
fn random_operations_match_a_map() {
    every_engine(|subject| async move {
        let rounds = if subject.kind == Kind::Power { 60 } else { 300 };
        let (mut random, mut model, mut subject) = (Random(0x5EED), BTreeMap::<Pair, String>::new(), subject);
        for round in 0..rounds {
            let (mut next, fails) = (model.clone(), random.below(5) == 0);
            let wrote = subject.store.write(|tx| {
                for _ in 0..random.below(8) {
                    let key = random.key();
                    if random.below(3) == 0 {
                        assert_eq!(tx.delete(&ROWS, &here(), &key)?, next.remove(&key));
                    } else {
                        let value = format!("v{}", random.below(6));
                        tx.put(&ROWS, &here(), &key, &value)?;
                        next.insert(key, value);
                    }
                    compare(tx, &next, &mut random);
                }
                if fails { refuse() } else { Ok(()) }
            });
            match wrote.await {
                Ok(()) => model = next,
                Err(fault) => assert!(fails, "{fault}"),
            }
            if round % 50 == 49 {
                subject = subject.reopen();
            }
            subject.store.read(|snap| (0..5).for_each(|_| compare(snap, &model, &mut random)));
        }
    });
}

fn compare(read: &impl Read, model: &BTreeMap<Pair, String>, random: &mut Random) {
    let (from, to, limit, reverse) = (random.key(), random.key(), random.below(6) as usize, random.below(2) == 0);
    let scan = read.scan(&ROWS, &here()).from(&from).until(&to).limit(limit);
    let found: Vec<_> = if reverse { scan.reverse() } else { scan }.map(Result::unwrap).collect();
    let inside = model.iter().filter(|(key, _)| **key >= from && **key < to).map(|(k, v)| (k.clone(), v.clone()));
    let mut wanted: Vec<_> = inside.collect();
    if reverse {
        wanted.reverse();
    }
    wanted.truncate(limit);
    assert_eq!(found, wanted);
    let key = random.key();
    assert_eq!(read.get(&ROWS, &here(), &key).unwrap().as_ref(), model.get(&key));
    let prefix: Vec<_> = read.scan(&ROWS, &here()).prefix(&(key.0.clone(),)).keys().map(Result::unwrap).collect();
    assert_eq!(prefix, model.keys().filter(|k| k.0 == key.0).cloned().collect::<Vec<_>>());
    let text: Vec<_> = read.scan(&ROWS, &here()).text_prefix(&key.0).keys().map(Result::unwrap).collect();
    assert_eq!(text, model.keys().filter(|k| k.0.starts_with(&key.0)).cloned().collect::<Vec<_>>());
    let value = format!("v{}", random.below(6));
    let indexed: Vec<_> = read.by_index(&ROWS, &here(), "value", &value).keys().map(Result::unwrap).collect();
    assert_eq!(indexed, model.iter().filter(|(_, v)| **v == value).map(|(k, _)| k.clone()).collect::<Vec<_>>());
}
