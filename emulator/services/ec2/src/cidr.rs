//! Blocks of IPv4 addresses.

use std::fmt;

/// A block: its first address and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    pub address: u32,
    pub length: u8,
}

impl Cidr {
    /// Reads `10.0.0.0/16`. Bits behind the prefix are cut off, as AWS does.
    pub fn parse(text: &str) -> Option<Cidr> {
        let (address, length) = text.split_once('/')?;
        let address: std::net::Ipv4Addr = address.parse().ok()?;
        let length: u8 = length.parse().ok().filter(|n| *n <= 32)?;
        let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
        Some(Cidr { address: u32::from(address) & mask, length })
    }
    /// Addresses in it.
    pub fn size(self) -> u64 {
        1 << (32 - self.length)
    }
    /// Whether all of another block lies in it.
    pub fn contains(self, other: Cidr) -> bool {
        let (start, end) = (u64::from(self.address), u64::from(self.address) + self.size());
        let (first, last) = (u64::from(other.address), u64::from(other.address) + other.size());
        start <= first && last <= end
    }
    /// Whether blocks share an address.
    pub fn overlaps(self, other: Cidr) -> bool {
        self.contains(other) || other.contains(self)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", std::net::Ipv4Addr::from(self.address), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_and_overlap() {
        let cidr = |text: &str| Cidr::parse(text).unwrap();
        assert_eq!(cidr("10.0.1.7/24").to_string(), "10.0.1.0/24");
        assert!(cidr("10.0.0.0/16").contains(cidr("10.0.255.0/24")) && !cidr("10.0.0.0/16").contains(cidr("10.1.0.0/24")));
        assert!(cidr("10.0.1.0/24").overlaps(cidr("10.0.0.0/16")) && !cidr("10.0.1.0/24").overlaps(cidr("10.0.2.0/24")));
        assert_eq!((cidr("0.0.0.0/0").size(), cidr("1.2.3.4/32").size()), (1 << 32, 1));
        for none in ["10.0.0.0", "10.0.0.0/33", "ten/8", "/8"] {
            assert_eq!(Cidr::parse(none), None, "{none}");
        }
    }
}
