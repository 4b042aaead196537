//! Pixels as the pipeline passes them on: 8 bits a channel, sRGB, with or without alpha.

/// Rows of RGB or RGBA bytes, top to bottom, without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether there is a fourth channel.
    pub alpha: bool,
    /// `width * height * channels` bytes.
    pub data: Vec<u8>,
}

impl Raster {
    /// Pixels of the given size. Panics if the bytes don't fit it: that is a mistake of ours.
    pub fn new(width: u32, height: u32, alpha: bool, data: Vec<u8>) -> Self {
        let raster = Self { width, height, alpha, data };
        assert_eq!(raster.data.len(), width as usize * height as usize * raster.channels(), "bytes of a raster");
        raster
    }

    /// Bytes in a pixel.
    pub fn channels(&self) -> usize {
        if self.alpha { 4 } else { 3 }
    }

    /// One pixel as RGBA.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        let at = (y as usize * self.width as usize + x as usize) * self.channels();
        let pixel = &self.data[at..at + self.channels()];
        [pixel[0], pixel[1], pixel[2], if self.alpha { pixel[3] } else { 255 }]
    }

    /// All pixels as RGBA.
    pub fn pixels(&self) -> impl Iterator<Item = [u8; 4]> + '_ {
        self.data.chunks_exact(self.channels()).map(|p| [p[0], p[1], p[2], p.get(3).copied().unwrap_or(255)])
    }

    /// The same without an alpha channel that says nothing.
    pub fn without_idle_alpha(self) -> Self {
        if !self.alpha || self.pixels().any(|pixel| pixel[3] != 255) {
            return self;
        }
        self.on_white()
    }

    /// The same laid on white paper: what formats without transparency show.
    pub fn on_white(&self) -> Self {
        if !self.alpha {
            return self.clone();
        }
        let mut data = Vec::with_capacity(self.data.len() / 4 * 3);
        for [r, g, b, a] in self.pixels() {
            let over = |c: u8| ((u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a)) + 127) / 255) as u8;
            data.extend([over(r), over(g), over(b)]);
        }
        Self::new(self.width, self.height, false, data)
    }
}
