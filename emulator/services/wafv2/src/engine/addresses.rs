//! Addresses: sets of CIDR blocks, what a user said of some (country, region, network, lists), and the address that a proxy forwards.

use ipnet::IpNet;
use std::{collections::BTreeMap, net::IpAddr};

/// What is known of an address.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// Two letters of ISO 3166 (`DE`).
    pub country: Option<String>,
    /// Subdivision of ISO 3166-2 without the country (`BE`).
    pub region: Option<String>,
    /// Number of the autonomous system.
    pub asn: Option<u32>,
    /// Names of the managed lists that it is on (`AWSManagedIPReputationList`, `AnonymousIPList`...).
    pub lists: Vec<String>,
}

/// Blocks with what is known of each; the longest that holds an address counts.
#[derive(Clone, Debug, Default)]
pub struct Places {
    blocks: Vec<(IpNet, Place)>,
}

impl Places {
    /// Reads `{"198.51.100.0/24": {"country": "DE"}}`.
    pub fn new(blocks: &BTreeMap<String, Place>) -> Result<Places, String> {
        let read = |(text, place): (&String, &Place)| {
            block(text).map(|net| (net, place.clone())).ok_or_else(|| format!("`{text}` is no address block like 198.51.100.0/24"))
        };
        let mut blocks = blocks.iter().map(read).collect::<Result<Vec<_>, String>>()?;
        blocks.sort_by_key(|(net, _)| std::cmp::Reverse(net.prefix_len()));
        Ok(Places { blocks })
    }
    /// What is known of an address.
    pub fn find(&self, ip: IpAddr) -> Option<Place> {
        self.blocks.iter().find(|(net, _)| net.contains(&ip)).map(|(_, place)| place.clone())
    }
}

/// A set of address blocks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IpSet {
    /// Sorted, without blocks that lie in others.
    blocks: Vec<IpNet>,
}

impl IpSet {
    /// A set; blocks that can't be read were refused when the set was made.
    pub fn new<'a>(blocks: impl IntoIterator<Item = &'a String>) -> IpSet {
        IpSet { blocks: IpNet::aggregate(&blocks.into_iter().filter_map(|text| block(text)).collect()) }
    }
    /// Whether an address is in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        // Aggregated blocks don't overlap: only the last that begins at or before the address can hold it.
        let at = self.blocks.partition_point(|net| net.network() <= ip);
        at > 0 && self.blocks[at - 1].contains(&ip)
    }
}

/// A block with its prefix; AWS takes no /0.
pub fn block(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().filter(|net| net.prefix_len() > 0).map(|net| net.trunc())
}

/// Addresses in a header such as X-Forwarded-For; a word that is none is an error.
pub fn forwarded(value: &str) -> Vec<Result<IpAddr, ()>> {
    // AWS looks at ten addresses at most.
    value.split(',').take(10).map(|word| word.trim().parse::<IpAddr>().map_err(drop)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_lies_in_their_blocks() {
        let set = IpSet::new(&["10.0.0.0/8".to_owned(), "10.1.0.0/16".to_owned(), "192.0.2.7/32".to_owned(), "2001:db8::/32".to_owned()]);
        for (ip, there) in [
            ("10.1.2.3", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("9.255.255.255", false),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
            ("::ffff:10.0.0.1", true),
        ] {
            assert_eq!(set.contains(ip.parse().unwrap()), there, "{ip}");
        }
        assert_eq!(block("0.0.0.0/0"), None);
        assert_eq!(block("10.0.0.0"), None);
    }

    #[test]
    fn the_longest_block_tells_the_place() {
        let place = |country: &str| Place { country: Some(country.into()), ..Place::default() };
        let blocks = BTreeMap::from([("198.51.100.0/24".to_owned(), place("DE")), ("198.51.100.128/25".to_owned(), place("FR"))]);
        let places = Places::new(&blocks).unwrap();
        assert_eq!(places.find("198.51.100.1".parse().unwrap()), Some(place("DE")));
        assert_eq!(places.find("198.51.100.200".parse().unwrap()), Some(place("FR")));
        assert_eq!(places.find("203.0.113.1".parse().unwrap()), None);
        assert!(Places::new(&BTreeMap::from([("x".to_owned(), place("DE"))])).unwrap_err().contains("`x`"));
    }
}
