//! ORC files, written: stripes of columns as the reader gives them, then what a file says of itself.
//!
//! Whole numbers are written in the first version of their runs and texts without dictionaries, which every reader takes; the compression does the rest.
//! There are no row indexes: readers choose among stripes by their statistics.

mod columns;
mod messages;
mod runs;
mod streams;

use crate::{Kind, Result, Slots, Type};
use columns::Column;
use messages::Message;
pub use streams::Packing;

const MAGIC: &[u8] = b"ORC";
/// What a chunk holds at most before it is compressed.
const BLOCK: usize = 256 << 10;
/// The format's version, 0.12.
const VERSION: [u8; 2] = [0, 12];

/// A file that grows stripe by stripe. What has been written is held until it is taken, or until [`Writer::finish`].
pub struct Writer {
    types: Vec<Type>,
    packing: Packing,
    out: Vec<u8>,
    /// Bytes of the file that have been taken already.
    taken: usize,
    rows: u64,
    /// Messages of the footer about the stripes.
    stripes: Vec<Message>,
    /// Of each stripe, of each type.
    statistics: Vec<Vec<columns::Seen>>,
}

impl Writer {
    /// A file of these types: the root first, a structure of the columns; each type stands behind the one that it is inside of.
    pub fn new(types: Vec<Type>, packing: Packing) -> Writer {
        Writer { types, packing, out: MAGIC.to_vec(), taken: 0, rows: 0, stripes: Vec::new(), statistics: Vec::new() }
    }

    /// Writes a stripe: its rows, with the slots of each column. An error where values don't fit the types.
    pub fn stripe(&mut self, rows: usize, columns: &[Slots]) -> Result<()> {
        let mut written: Vec<Column> = self.types.iter().map(|ty| Column::new(ty.kind)).collect();
        written[0].rows(rows);
        for (id, slots) in self.types[0].inside.clone().into_iter().zip(columns) {
            columns::write(&self.types, id, slots, None, rows, &mut written)?;
        }
        let offset = self.out.len();
        let mut footer = Message::default();
        let mut seen = Vec::with_capacity(written.len());
        for (id, column) in written.into_iter().enumerate() {
            let (streams, of_it) = column.finish();
            for (kind, bytes) in streams {
                let from = self.out.len();
                self.packing.write(&bytes, BLOCK, &mut self.out);
                let length = self.out.len() - from;
                footer.message(1, Message::default().number(1, kind).number(2, id as u64).number(3, length as u64));
            }
            seen.push(of_it);
        }
        let data = self.out.len() - offset;
        // Each column is written directly, which is encoding 0; times are those of UTC.
        for _ in &self.types {
            footer.message(2, Message::default().number(1, 0));
        }
        footer.bytes(3, b"UTC");
        let from = self.out.len();
        self.packing.write(footer.written(), BLOCK, &mut self.out);
        let mut stripe = Message::default();
        stripe.number(1, (self.taken + offset) as u64).number(2, 0).number(3, data as u64);
        stripe.number(4, (self.out.len() - from) as u64).number(5, rows as u64);
        self.stripes.push(stripe);
        self.statistics.push(seen);
        self.rows += rows as u64;
        Ok(())
    }

    /// What has been written of the file since it was last asked for.
    pub fn take(&mut self) -> Vec<u8> {
        self.taken += self.out.len();
        std::mem::take(&mut self.out)
    }

    /// The file from where it was last taken to its end; the whole file, where it never was.
    pub fn finish(mut self) -> Vec<u8> {
        let content = self.taken + self.out.len() - MAGIC.len();
        let mut metadata = Message::default();
        for stripe in &self.statistics {
            let mut all = Message::default();
            for seen in stripe {
                all.message(1, &seen.message());
            }
            metadata.message(1, &all);
        }
        let mut footer = Message::default();
        footer.number(1, MAGIC.len() as u64).number(2, content as u64);
        for stripe in &self.stripes {
            footer.message(3, stripe);
        }
        for ty in &self.types {
            footer.message(4, &described(ty));
        }
        footer.number(6, self.rows);
        for id in 0..self.types.len() {
            let mut of_file = columns::Seen::default();
            self.statistics.iter().for_each(|stripe| of_file.add(&stripe[id]));
            footer.message(7, &of_file.message());
        }
        footer.number(8, 0);
        let mut put = |message: &Message| {
            let from = self.out.len();
            self.packing.write(message.written(), BLOCK, &mut self.out);
            (self.out.len() - from) as u64
        };
        let (metadata, footer) = (put(&metadata), put(&footer));
        let mut script = Message::default();
        script.number(1, footer).number(2, self.packing.kind()).number(3, BLOCK as u64).bytes(4, &VERSION);
        script.number(5, metadata).bytes(8000, MAGIC);
        self.out.extend_from_slice(script.written());
        self.out.push(script.written().len() as u8);
        self.out
    }
}

fn described(ty: &Type) -> Message {
    let mut made = Message::default();
    made.number(1, ty.kind as u64);
    for id in &ty.inside {
        made.number(2, *id as u64);
    }
    for name in &ty.names {
        made.bytes(3, name.as_bytes());
    }
    if ty.kind == Kind::Decimal {
        made.number(5, ty.precision).number(6, ty.scale);
    }
    made
}
