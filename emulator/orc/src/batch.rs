//! The values of a column as they come out of a stripe.

/// The slots of a column in a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Slots {
    /// Which are not NULL; `None` where all are. What stands in the slot of a NULL means nothing.
    pub valid: Option<Vec<bool>>,
    /// One for each slot.
    pub data: Data,
}

/// Values, one for each slot.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Booleans(Vec<bool>),
    /// All whole numbers, and dates as days since 1970.
    Integers(Vec<i64>),
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
    /// Microseconds since 1970: of the writer's wall clock, or of UTC where the type is an instant.
    Times(Vec<i64>),
    /// Unscaled, at the scale of the type.
    Decimals(Vec<i128>),
    /// Texts and binaries: slot `n` is `bytes[ends[n]..ends[n + 1]]`.
    Bytes {
        ends: Vec<i32>,
        bytes: Vec<u8>,
    },
    /// Slot `n` holds the items from `ends[n]` to `ends[n + 1]`.
    Lists {
        ends: Vec<i32>,
        items: Box<Slots>,
    },
    /// As lists.
    Maps {
        ends: Vec<i32>,
        keys: Box<Slots>,
        values: Box<Slots>,
    },
    /// One column for each field, of as many slots.
    Structs(Vec<Slots>),
}
