//! Blocks of IPv4 addresses, as EC2 reads them.

use ipnet::Ipv4Net;

/// Reads `10.0.0.0/16`. Bits behind the prefix are cut off, as AWS does.
pub(crate) fn parse(text: &str) -> Option<Ipv4Net> {
    text.parse().ok().map(|block: Ipv4Net| block.trunc())
}
/// Addresses in a block.
pub(crate) fn size(block: Ipv4Net) -> u64 {
    1 << (32 - block.prefix_len())
}
/// Whether blocks share an address.
pub(crate) fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_and_overlap() {
        let cidr = |text: &str| parse(text).unwrap();
        assert_eq!(cidr("10.0.1.7/24").to_string(), "10.0.1.0/24");
        assert!(cidr("10.0.0.0/16").contains(&cidr("10.0.255.0/24")) && !cidr("10.0.0.0/16").contains(&cidr("10.1.0.0/24")));
        assert!(overlap(cidr("10.0.1.0/24"), cidr("10.0.0.0/16")) && !overlap(cidr("10.0.1.0/24"), cidr("10.0.2.0/24")));
        assert_eq!((size(cidr("0.0.0.0/0")), size(cidr("1.2.3.4/32"))), (1 << 32, 1));
        for none in ["10.0.0.0", "10.0.0.0/33", "ten/8", "/8"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }
}
