//! What a file holds: bytes in sectors that two images can share.

use std::sync::Arc;

/// Bytes in a sector: what a drive writes whole or not at all, most of the time.
pub const SECTOR: usize = 512;
/// The same as a distance in a file.
pub const SECTOR_BYTES: u64 = SECTOR as u64;

/// The content of one sector. It is what two images share, and what a write into a shared one has
/// to copy: little, for a log that grows by a few hundred bytes.
pub type Sector = [u8; SECTOR];

/// The bytes of a file. A sector that was never written is absent and reads as zeros; one that is
/// equal in two images is stored once.
#[derive(Clone, Debug, Default)]
pub struct Image {
    len: u64,
    sectors: Vec<Option<Arc<Sector>>>,
}

/// `offset` as the number of a sector and an offset in it.
fn locate(offset: u64) -> (usize, usize) {
    let sector = usize::try_from(offset / SECTOR_BYTES).expect("a simulated file fits into memory");
    let within = usize::try_from(offset % SECTOR_BYTES).expect("below a sector");
    (sector, within)
}

impl Image {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// It holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Fills `out` with the bytes from `offset` on; beyond the end there are zeros.
    pub fn read(&self, offset: u64, out: &mut [u8]) {
        let mut done = 0;
        while done < out.len() {
            let (sector, within) = locate(offset + done as u64);
            let count = (out.len() - done).min(SECTOR - within);
            match self.sectors.get(sector).and_then(Option::as_deref) {
                Some(bytes) => {
                    out[done..done + count].copy_from_slice(&bytes[within..within + count]);
                }
                None => out[done..done + count].fill(0),
            }
            done += count;
        }
    }

    /// Writes `data` at `offset`; the image grows to hold it.
    pub fn write(&mut self, offset: u64, data: &[u8]) {
        self.grow(offset + data.len() as u64);
        let mut done = 0;
        while done < data.len() {
            let (sector, within) = locate(offset + done as u64);
            let count = (data.len() - done).min(SECTOR - within);
            let new = &data[done..done + count];
            let place = &mut self.sectors[sector];
            if let Ok(whole) = Sector::try_from(new) {
                *place = Some(Arc::new(whole));
            } else {
                let bytes = place.get_or_insert_with(|| Arc::new([0; SECTOR]));
                Arc::make_mut(bytes)[within..within + count].copy_from_slice(new);
            }
            done += count;
        }
    }

    /// Sets the length: bytes beyond it are gone, new bytes are zeros.
    pub fn set_len(&mut self, len: u64) {
        if len >= self.len {
            self.grow(len);
            return;
        }
        self.len = len;
        let (sector, within) = locate(len);
        self.sectors.truncate(sector + usize::from(within > 0));
        if within > 0
            && let Some(Some(bytes)) = self.sectors.get_mut(sector)
        {
            Arc::make_mut(bytes)[within..].fill(0);
        }
    }

    /// All bytes in one piece.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0; usize::try_from(self.len).expect("it is in memory")];
        self.read(0, &mut out);
        out
    }

    fn grow(&mut self, len: u64) {
        if len > self.len {
            self.len = len;
            let sectors = usize::try_from(len.div_ceil(SECTOR_BYTES)).expect("it fits into memory");
            if self.sectors.len() < sectors {
                self.sectors.resize(sectors, None);
            }
        }
    }

    /// A sector as it is stored, to be put into another image.
    pub(super) fn sector(&self, number: u64) -> Option<Arc<Sector>> {
        let (sector, _) = locate(number * SECTOR_BYTES);
        self.sectors.get(sector).cloned().flatten()
    }

    /// Puts a sector of another image in; sectors beyond the end are not kept.
    pub(super) fn set_sector(&mut self, number: u64, content: Option<Arc<Sector>>) {
        let (sector, _) = locate(number * SECTOR_BYTES);
        if let Some(place) = self.sectors.get_mut(sector) {
            *place = content;
        }
    }
}
