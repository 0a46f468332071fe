//! A column of texts, each of which is looked at once: rows have their numbers. A dictionary is read entry by entry, and the values of
//! a page without one stand behind it; what the `parquet` crate sees is a column of numbers.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;

use super::cells::Value;
use super::pages::{Pages, damaged};
use super::room::{lend, room};

type Result<T> = std::result::Result<T, ParquetError>;

/// What the texts of a column mean, by their numbers.
pub(super) struct Entries<V> {
    dictionary: Vec<V>,
    /// Of pages that spell their values out.
    spelt: Vec<V>,
    /// The number of the first one of these.
    first: usize,
    /// Where the values of the present page begin in `spelt`.
    page: usize,
    /// [`Entries::renew`] has not seen the dictionary.
    is_new: bool,
    /// Those in `spelt` that it has seen.
    seen: usize,
}

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self { dictionary: Vec::new(), spelt: Vec::new(), first: 0, page: 0, is_new: false, seen: 0 }
    }
}

impl<V: Value> Entries<V> {
    pub fn get(&self, number: i32) -> Option<&V> {
        let number = usize::try_from(number).ok()?;
        match self.dictionary.get(number) {
            Some(value) => Some(value),
            None => self.spelt.get(number.checked_sub(self.first)?),
        }
    }

    /// Before a batch: what came before the present page is not asked for again.
    pub fn forget(&mut self) {
        self.spelt.drain(..self.page);
        self.first += self.page;
        self.seen = self.seen.saturating_sub(self.page);
        self.page = 0;
    }

    /// Each that came since it was last asked.
    pub fn renew(&mut self, mut each: impl FnMut(&mut V)) {
        if std::mem::take(&mut self.is_new) {
            self.dictionary.iter_mut().for_each(&mut each);
        }
        self.spelt[self.seen..].iter_mut().for_each(each);
        self.seen = self.spelt.len();
    }
}

/// Shared between the column and the reader of its pages.
pub(super) type Shared<V> = Arc<Mutex<Entries<V>>>;

pub(super) fn lock<V>(entries: &Shared<V>) -> MutexGuard<'_, Entries<V>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pages of a column of texts as pages of numbers.
pub(super) struct Texts<V> {
    pages: Pages,
    /// The highest definition level of the column.
    full: i16,
    entries: Shared<V>,
}

impl<V: Value> Texts<V> {
    /// Whether a column with these encodings can be read so.
    pub fn fits(mut encodings: impl Iterator<Item = Encoding>) -> bool {
        encodings.all(|e| !matches!(e, Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY))
    }

    pub fn new(pages: Pages, full: i16) -> (Self, Shared<V>) {
        let entries = Shared::default();
        (Self { pages, full, entries: Arc::clone(&entries) }, entries)
    }

    fn numbered(&self, page: Page) -> Result<Page> {
        Ok(match page {
            Page::DictionaryPage { buf, num_values, encoding: _, is_sorted } => {
                let mut entries = lock(&self.entries);
                if !entries.spelt.is_empty() {
                    return Err(damaged("a dictionary after values without one"));
                }
                entries.dictionary.clear();
                each(&buf, num_values, |at| entries.dictionary.push(V::of_text(&buf, at)));
                entries.is_new = true;
                entries.first = entries.dictionary.len();
                let buf = numbers(&[], 0, entries.first)?;
                let num_values = u32::try_from(entries.first).unwrap_or(u32::MAX);
                Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted }
            }
            Page::DataPage { buf, num_values, encoding, def_level_encoding, rep_level_encoding, statistics } => {
                let levels = self.levels(&buf, num_values, def_level_encoding)?;
                let buf = self.page(buf, levels, num_values, encoding)?;
                Page::DataPage { buf, num_values, encoding, def_level_encoding, rep_level_encoding, statistics }
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed,
                statistics,
            } => {
                let levels = (def_levels_byte_len as usize).saturating_add(rep_levels_byte_len as usize);
                let buf = self.page(buf, levels, num_values, encoding)?;
                Page::DataPageV2 {
                    buf,
                    num_values,
                    encoding,
                    num_nulls,
                    num_rows,
                    def_levels_byte_len,
                    rep_levels_byte_len,
                    is_compressed,
                    statistics,
                }
            }
        })
    }

    /// Bytes of the levels before the values of a page of the first version.
    fn levels(&self, page: &[u8], values: u32, encoding: Encoding) -> Result<usize> {
        if self.full == 0 {
            return Ok(0);
        }
        if encoding == Encoding::RLE {
            let length = page.first_chunk().ok_or_else(|| damaged("a page without its levels"))?;
            return Ok((u32::from_le_bytes(*length) as usize).saturating_add(4));
        }
        // As the first writers did: so many bits for each.
        let bits = i16::BITS - self.full.leading_zeros();
        Ok((values as usize).saturating_mul(bits as usize).div_ceil(8))
    }

    /// The levels of a page, and numbers instead of its texts.
    fn page(&self, page: Bytes, levels: usize, values: u32, encoding: Encoding) -> Result<Bytes> {
        match encoding {
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => return Ok(page),
            Encoding::PLAIN => {}
            _ => return Err(damaged("a page is encoded otherwise than its column says")),
        }
        let (levels, texts) = page.split_at_checked(levels).ok_or_else(|| damaged("a page with more levels than bytes"))?;
        let mut entries = lock(&self.entries);
        let before = entries.spelt.len();
        each(texts, values, |at| entries.spelt.push(V::of_text(texts, at)));
        entries.page = before;
        numbers(levels, entries.first + before, entries.spelt.len() - before)
    }
}

/// Where the texts of a page are, each behind its length, as far as they are whole. A page that has fewer than it should is found out
/// by whoever asks for them.
fn each(page: &[u8], most: u32, mut each: impl FnMut(Range<usize>)) {
    let mut at = 0;
    for _ in 0..most {
        let Some(length) = page[at..].first_chunk() else { return };
        let (start, length) = (at + length.len(), u32::from_le_bytes(*length) as usize);
        if length > page.len() - start {
            return;
        }
        at = start + length;
        each(start..at);
    }
}

/// Numbers from `first` on, behind the levels of a page.
fn numbers(levels: &[u8], first: usize, count: usize) -> Result<Bytes> {
    let too_many = |_| damaged("a column with too many texts");
    let (first, end) = (i32::try_from(first).map_err(too_many)?, i32::try_from(first + count).map_err(too_many)?);
    let length = levels.len() + 4 * count;
    let mut page = room(length);
    let (before, behind) = page[..length].split_at_mut(levels.len());
    before.copy_from_slice(levels);
    behind.as_chunks_mut::<4>().0.iter_mut().zip(first..end).for_each(|(bytes, n)| *bytes = n.to_le_bytes());
    Ok(lend(page, length))
}

impl<V: Value> PageReader for Texts<V> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.pages.get_next_page()?.map(|page| self.numbered(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}

impl<V: Value> Iterator for Texts<V> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
