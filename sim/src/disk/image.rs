//! What a file holds: bytes in pages that two images can share.

use std::sync::Arc;

/// Bytes in a sector: what a drive writes whole or not at all, most of the time.
pub const SECTOR_BYTES: u64 = 512;
/// Bytes in a page of an image. A page is what two images share, and what a write into a shared
/// one has to copy; a sector is small enough for a log that grows by a few hundred bytes.
pub const PAGE_BYTES: u64 = SECTOR_BYTES;

/// The content of one page.
type Page = [u8; PAGE_BYTES as usize];

/// The bytes of a file. A page that was never written is absent and reads as zeros; a page that
/// is equal in two images is stored once.
#[derive(Clone, Debug, Default)]
pub struct Image {
    len: u64,
    pages: Vec<Option<Arc<Page>>>,
}

/// `offset` as a page number and an offset in that page.
fn locate(offset: u64) -> (usize, usize) {
    let page = usize::try_from(offset / PAGE_BYTES).expect("a simulated file fits into memory");
    let within = usize::try_from(offset % PAGE_BYTES).expect("below a page");
    (page, within)
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
            let (page, within) = locate(offset + done as u64);
            let count = (out.len() - done).min(PAGE_BYTES as usize - within);
            match self.pages.get(page).and_then(Option::as_deref) {
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
            let (page, within) = locate(offset + done as u64);
            let count = (data.len() - done).min(PAGE_BYTES as usize - within);
            let new = &data[done..done + count];
            let place = &mut self.pages[page];
            if let Ok(whole) = Page::try_from(new) {
                *place = Some(Arc::new(whole));
            } else {
                let bytes = place.get_or_insert_with(|| Arc::new([0; PAGE_BYTES as usize]));
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
        let (page, within) = locate(len);
        self.pages.truncate(page + usize::from(within > 0));
        if within > 0
            && let Some(Some(bytes)) = self.pages.get_mut(page)
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
            let pages = usize::try_from(len.div_ceil(PAGE_BYTES)).expect("it fits into memory");
            if self.pages.len() < pages {
                self.pages.resize(pages, None);
            }
        }
    }

    /// A page as it is stored, to be put into another image.
    pub(super) fn page(&self, number: u64) -> Option<Arc<Page>> {
        let (page, _) = locate(number * PAGE_BYTES);
        self.pages.get(page).cloned().flatten()
    }

    /// Puts a page of another image in; pages beyond the end are not kept.
    pub(super) fn set_page(&mut self, number: u64, content: Option<Arc<Page>>) {
        let (page, _) = locate(number * PAGE_BYTES);
        if let Some(place) = self.pages.get_mut(page) {
            *place = content;
        }
    }
}
