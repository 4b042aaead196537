//! The smallest zip that Lambda takes: one executable file named `bootstrap`, stored as it is.

const CRC_POLYNOMIAL: u32 = 0xEDB8_8320;
/// 1980-01-01, the first day that a zip can tell.
const DAY: u16 = 0x0021;
const NAME: &[u8] = b"bootstrap";

/// A zip of a binary.
pub fn bootstrap(binary: &[u8]) -> Vec<u8> {
    let size = binary.len() as u32;
    let common = |out: &mut Vec<u8>| {
        // Version 2.0, no flags, stored, midnight.
        [20_u16, 0, 0, 0, DAY].iter().for_each(|field| out.extend_from_slice(&field.to_le_bytes()));
        [crc32(binary), size, size].iter().for_each(|field| out.extend_from_slice(&field.to_le_bytes()));
        [NAME.len() as u16, 0].iter().for_each(|field| out.extend_from_slice(&field.to_le_bytes()));
    };
    let mut out = b"PK\x03\x04".to_vec();
    common(&mut out);
    out.extend_from_slice(NAME);
    out.extend_from_slice(binary);
    let directory = out.len();
    // Made on Unix, so that the mode in the upper half of the attributes counts.
    out.extend_from_slice(b"PK\x01\x02\x14\x03");
    common(&mut out);
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(&(0o100_755_u32 << 16).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(NAME);
    let length = out.len() - directory;
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(&(directory as u32).to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> =
        (0..256).map(|byte| (0..8).fold(byte, |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ CRC_POLYNOMIAL } else { crc >> 1 })).collect();
    !bytes.iter().fold(!0, |crc: u32, byte| crc >> 8 ^ table[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_every_zip() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(bootstrap(b"").len(), 30 + 9 + 46 + 9 + 22);
    }
}
