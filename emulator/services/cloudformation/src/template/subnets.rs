//! Fn::Cidr: cuts an address block into equal ones.

use ipnet::IpNet;

/// `count` blocks of `bits` host bits out of `block`; `None` when the block is no address block or has no room for them.
pub(crate) fn cut(block: &str, count: usize, bits: u8) -> Option<Vec<String>> {
    let block: IpNet = block.parse().ok()?;
    let length = block.max_prefix_len().checked_sub(bits)?;
    if !(1..=256).contains(&count) {
        return None;
    }
    let cut: Vec<String> = block.trunc().subnets(length).ok()?.take(count).map(|net| net.to_string()).collect();
    (cut.len() == count).then_some(cut)
}
