//! Pages of a column, unpacked: like the `parquet` crate's own reader of them, but with a bound. A page says how large it is when it
//! is unpacked; that crate believes it, and for some codecs unpacks to the end before it compares. Here a page that is too large, or
//! larger than it says, is damage.
//! (github.com/apache/parquet-format: `parquet.thrift`, `Compression.md`.)

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use libdeflater::Decompressor;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::room::{fill, lend, room};
use crate::traffic::open::Anywhere;

/// Bytes of a page, unpacked. Writers make pages of about one megabyte, and dictionaries not much larger.
pub(super) const MAX_PAGE: usize = 1 << 26;
/// Bytes of a page's header: with the smallest and largest value, which may be long texts.
const MAX_HEADER: usize = 1 << 20;
/// Bytes read at once.
const WINDOW: usize = 1 << 19;

type Result<T> = std::result::Result<T, ParquetError>;

pub(super) fn damaged(what: impl Into<String>) -> ParquetError {
    ParquetError::General(what.into())
}

/// The pages of a column in one row group.
pub(super) struct Pages {
    file: Arc<Anywhere>,
    /// What is read of the file and not yet used; `at..end` is not yet read.
    held: Bytes,
    at: u64,
    end: u64,
    /// Values that are still to come: what follows them is no page.
    left: u64,
    header: Option<Header>,
    unpacker: Unpacker,
}

impl Pages {
    pub fn new(file: Arc<Anywhere>, column: &ColumnChunkMetaData) -> Result<Self> {
        let number = |n: i64| u64::try_from(n).map_err(|_| damaged("a column begins before the file"));
        let first = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        // Some writers say 0 where there is no dictionary.
        let start = number(if first > 0 { first } else { column.data_page_offset() })?;
        let end = start.saturating_add(number(column.compressed_size())?).min(file.len());
        let left = number(column.num_values())?;
        let unpacker = Unpacker { codec: column.compression(), gzip: None };
        Ok(Self { file, held: Bytes::new(), at: start, end, left, header: None, unpacker })
    }

    /// So many bytes more, as far as the column has them.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        if self.held.len() >= wanted {
            return Ok(());
        }
        let missing = (wanted - self.held.len()).max(WINDOW) as u64;
        let more = missing.min(self.end.saturating_sub(self.at));
        let read = self.file.get_bytes(self.at, usize::try_from(more).unwrap_or(usize::MAX))?;
        self.at += more;
        self.held = if self.held.is_empty() { read } else { joined(&self.held, &read) };
        Ok(())
    }

    /// The header of the next page, which stays to be asked for. `None`: there is no page more.
    fn header(&mut self) -> Result<Option<&Header>> {
        if self.header.is_none() && self.left > 0 {
            let mut wanted = 512;
            let header = loop {
                self.fill(wanted)?;
                let mut thrift = Thrift { bytes: &self.held, at: 0 };
                match Header::read(&mut thrift) {
                    Ok(header) => {
                        let length = thrift.at;
                        self.held = self.held.slice(length..);
                        break header;
                    }
                    Err(e) if self.held.len() >= MAX_HEADER || self.at >= self.end => return Err(e),
                    Err(_) => wanted = (self.held.len() * 4).max(WINDOW),
                }
            };
            self.header = Some(header);
        }
        Ok(self.header.as_ref())
    }

    fn body(&mut self, length: usize) -> Result<Bytes> {
        self.fill(length)?;
        if self.held.len() < length {
            return Err(ParquetError::EOF("a page is longer than its column".to_owned()));
        }
        Ok(self.held.split_to(length))
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        loop {
            if self.header()?.is_none() {
                return Ok(None);
            }
            let Some(header) = self.header.take() else { return Ok(None) };
            if header.packed > MAX_PAGE || header.unpacked > MAX_PAGE {
                return Err(damaged(format!("a page of more than {} MiB", MAX_PAGE >> 20)));
            }
            let body = self.body(header.packed)?;
            let page = match header.kind {
                Kind::Index | Kind::Other => continue,
                Kind::Dictionary { values, encoding } => Page::DictionaryPage {
                    buf: self.unpacker.unpack(body, header.unpacked)?,
                    num_values: values,
                    encoding,
                    is_sorted: false,
                },
                Kind::Data { values, encoding, levels, repeats } => {
                    self.left = self.left.saturating_sub(u64::from(values).max(1));
                    Page::DataPage {
                        buf: self.unpacker.unpack(body, header.unpacked)?,
                        num_values: values,
                        encoding,
                        def_level_encoding: levels,
                        rep_level_encoding: repeats,
                        statistics: None,
                    }
                }
                Kind::DataV2 { values, nulls, rows, encoding, levels, repeats, is_packed } => {
                    self.left = self.left.saturating_sub(u64::from(values).max(1));
                    // The levels come first, and are never packed.
                    let plain = (levels as usize).saturating_add(repeats as usize);
                    if plain > body.len() || plain > header.unpacked {
                        return Err(damaged("a page with more levels than bytes"));
                    }
                    let buf = if is_packed && self.unpacker.codec != Compression::UNCOMPRESSED {
                        let values = self.unpacker.unpack(body.slice(plain..), header.unpacked - plain)?;
                        joined(&body[..plain], &values)
                    } else {
                        body
                    };
                    Page::DataPageV2 {
                        buf,
                        num_values: values,
                        encoding,
                        num_nulls: nulls,
                        num_rows: rows,
                        def_levels_byte_len: levels,
                        rep_levels_byte_len: repeats,
                        is_compressed: false,
                        statistics: None,
                    }
                }
            };
            return Ok(Some(page));
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        loop {
            let Some(header) = self.header()? else { return Ok(None) };
            let (num_rows, num_levels, is_dict) = match header.kind {
                Kind::Index | Kind::Other => {
                    self.skip_next_page()?;
                    continue;
                }
                Kind::Dictionary { .. } => (None, None, true),
                Kind::Data { values, .. } => (None, Some(values as usize), false),
                Kind::DataV2 { values, rows, .. } => (Some(rows as usize), Some(values as usize), false),
            };
            return Ok(Some(PageMetadata { num_rows, num_levels, is_dict }));
        }
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.header()?;
        let Some(header) = self.header.take() else { return Ok(()) };
        if let Kind::Data { values, .. } | Kind::DataV2 { values, .. } = header.kind {
            self.left = self.left.saturating_sub(u64::from(values).max(1));
        }
        self.body(header.packed).map(|_| ())
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

fn joined(first: &[u8], then: &[u8]) -> Bytes {
    let length = first.len() + then.len();
    let mut both = room(length);
    both[..first.len()].copy_from_slice(first);
    both[first.len()..length].copy_from_slice(then);
    lend(both, length)
}

/// Pages as they were before they were packed.
struct Unpacker {
    codec: Compression,
    /// Made when it is needed.
    gzip: Option<Decompressor>,
}

impl Unpacker {
    /// `unpacked` bytes, or the page is damaged.
    fn unpack(&mut self, packed: Bytes, unpacked: usize) -> Result<Bytes> {
        if unpacked == 0 {
            return Ok(Bytes::new());
        }
        match self.codec {
            Compression::UNCOMPRESSED => return Ok(packed),
            Compression::LZO => return Err(damaged("its pages are packed with LZO, which is not read here")),
            _ => {}
        }
        let mut into = room(unpacked);
        let length = self.unpack_into(&packed, &mut into[..unpacked]);
        match length.map_err(|e| damaged(format!("a page cannot be unpacked: {e}")))? {
            length if length == unpacked => Ok(lend(into, unpacked)),
            _ => Err(damaged("a page is not as large as it says")),
        }
    }

    /// How many bytes there are; more than there is room for are not counted to the end.
    fn unpack_into(&mut self, packed: &[u8], into: &mut [u8]) -> std::result::Result<usize, String> {
        match self.codec {
            // Nobody asks this of them.
            Compression::UNCOMPRESSED | Compression::LZO => Ok(0),
            Compression::GZIP(_) => self.gunzip(packed, into),
            Compression::BROTLI(_) => stream(&mut brotli_decompressor::Decompressor::new(packed, 1 << 16), into),
            Compression::SNAPPY => snap::raw::Decoder::new().decompress(packed, into).map_err(|e| e.to_string()),
            Compression::ZSTD(_) => ruzstd::decoding::FrameDecoder::new().decode_all(packed, into).map_err(|e| e.to_string()),
            Compression::LZ4_RAW => lz4(packed, into),
            // Hadoop's blocks, else LZ4's own frames, else one bare block: writers of all three have called it this.
            Compression::LZ4 => match hadoop(packed, into) {
                Some(length) => Ok(length),
                None => stream(&mut lz4_flex::frame::FrameDecoder::new(packed), into).or_else(|_| lz4(packed, into)),
            },
        }
    }

    /// One member that is as large as it should be at once; anything else (several members, damage) as a stream of all of them.
    fn gunzip(&mut self, packed: &[u8], into: &mut [u8]) -> std::result::Result<usize, String> {
        // What a gzip file ends with: the size of its last member.
        let says = packed.last_chunk().map(|size| u32::from_le_bytes(*size) as usize);
        let gzip = self.gzip.get_or_insert_with(Decompressor::new);
        match gzip.gzip_decompress(packed, into) {
            Ok(length) if says == Some(into.len()) && length == into.len() => Ok(length),
            _ => stream(&mut MultiGzDecoder::new(packed), into),
        }
    }
}

/// With one byte more than there is room for, so that it shows.
fn stream(from: &mut dyn Read, into: &mut [u8]) -> std::result::Result<usize, String> {
    let length = fill(from, into).map_err(|e| e.to_string())?;
    let more = if length == into.len() { fill(from, &mut [0]).map_err(|e| e.to_string())? } else { 0 };
    Ok(length + more)
}

fn lz4(packed: &[u8], into: &mut [u8]) -> std::result::Result<usize, String> {
    lz4_flex::block::decompress_into(packed, into).map_err(|e| e.to_string())
}

/// Blocks of LZ4, each behind its size before and after packing, big-endian.
fn hadoop(packed: &[u8], into: &mut [u8]) -> Option<usize> {
    let (unpacked, mut room, mut rest) = (into.len(), into, packed);
    while !rest.is_empty() {
        let (sizes, behind) = rest.split_at_checked(8)?;
        let size = |bytes: &[u8]| -> Option<usize> { Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize) };
        let (after, before) = (size(&sizes[..4])?, size(&sizes[4..])?);
        let (block, behind) = behind.split_at_checked(before)?;
        let (own, left) = room.split_at_mut_checked(after)?;
        lz4(block, own).ok().filter(|length| *length == after)?;
        (room, rest) = (left, behind);
    }
    room.is_empty().then_some(unpacked)
}

/// What a page says of itself.
#[derive(Debug, PartialEq)]
struct Header {
    kind: Kind,
    packed: usize,
    unpacked: usize,
}

#[derive(Debug, PartialEq)]
enum Kind {
    Data { values: u32, encoding: Encoding, levels: Encoding, repeats: Encoding },
    DataV2 { values: u32, nulls: u32, rows: u32, encoding: Encoding, levels: u32, repeats: u32, is_packed: bool },
    Dictionary { values: u32, encoding: Encoding },
    Index,
    Other,
}

impl Header {
    fn read(thrift: &mut Thrift<'_>) -> Result<Self> {
        let fields = thrift.fields(0)?;
        let own = |field: usize| fields[0][field];
        let inner = |header: usize, field: usize| fields[header][field];
        let missing = || damaged("a page header is not whole");
        let size = |n: Option<i64>| n.and_then(|n| usize::try_from(n).ok()).ok_or_else(missing);
        let count = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok()).ok_or_else(missing);
        let encoding = |n: Option<i64>| -> Result<Encoding> {
            #[expect(deprecated, reason = "what old writers wrote")]
            Ok(match n.ok_or_else(missing)? {
                0 => Encoding::PLAIN,
                2 => Encoding::PLAIN_DICTIONARY,
                3 => Encoding::RLE,
                4 => Encoding::BIT_PACKED,
                5 => Encoding::DELTA_BINARY_PACKED,
                6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
                7 => Encoding::DELTA_BYTE_ARRAY,
                8 => Encoding::RLE_DICTIONARY,
                9 => Encoding::BYTE_STREAM_SPLIT,
                other => return Err(damaged(format!("a page is encoded in a way ({other}) that is not known here"))),
            })
        };
        let kind = match own(1).ok_or_else(missing)? {
            0 => Kind::Data {
                values: count(inner(5, 1))?,
                encoding: encoding(inner(5, 2))?,
                levels: encoding(inner(5, 3))?,
                repeats: encoding(inner(5, 4))?,
            },
            1 => Kind::Index,
            2 => Kind::Dictionary { values: count(inner(7, 1))?, encoding: encoding(inner(7, 2))? },
            3 => Kind::DataV2 {
                values: count(inner(8, 1))?,
                nulls: count(inner(8, 2))?,
                rows: count(inner(8, 3))?,
                encoding: encoding(inner(8, 4))?,
                levels: count(inner(8, 5))?,
                repeats: count(inner(8, 6))?,
                is_packed: inner(8, 7) != Some(0),
            },
            _ => Kind::Other,
        };
        Ok(Self { kind, unpacked: size(own(2))?, packed: size(own(3))? })
    }
}

/// Thrift's compact protocol, as far as page headers need it.
struct Thrift<'t> {
    bytes: &'t [u8],
    at: usize,
}

/// Numbers of a page header by field, and (from 5 on, by the field that holds them) of what is in it.
type Fields = [[Option<i64>; 10]; 10];

impl Thrift<'_> {
    /// Structures within structures: statistics within the header of a kind of page.
    const DEPTH: usize = 8;

    fn byte(&mut self) -> Result<u8> {
        let byte = self.bytes.get(self.at).ok_or_else(|| ParquetError::EOF("a page header breaks off".to_owned()))?;
        self.at += 1;
        Ok(*byte)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(damaged("a page header has a number without an end"))
    }

    fn number(&mut self) -> Result<i64> {
        let n = self.varint()?;
        Ok((n >> 1).cast_signed() ^ -((n & 1).cast_signed()))
    }

    fn skip(&mut self, bytes: u64) -> Result<()> {
        let end = usize::try_from(bytes).ok().and_then(|n| self.at.checked_add(n)).filter(|end| *end <= self.bytes.len());
        self.at = end.ok_or_else(|| ParquetError::EOF("a page header breaks off".to_owned()))?;
        Ok(())
    }

    /// The fields of a structure; what is deeper than one structure is passed over.
    fn fields(&mut self, depth: usize) -> Result<Fields> {
        let mut fields: Fields = Default::default();
        let mut last = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(fields);
            }
            let id = if head >> 4 == 0 { self.number()? } else { last.saturating_add(i64::from(head >> 4)) };
            last = id;
            let slot = usize::try_from(id).ok().filter(|id| *id < 10);
            if head & 0xf == 12 {
                let inner = self.inner(depth)?;
                if let Some(slot) = slot {
                    fields[slot] = inner[0];
                }
                continue;
            }
            let value = self.value(head & 0xf, depth)?;
            if let Some(slot) = slot {
                fields[0][slot] = value;
            }
        }
    }

    fn inner(&mut self, depth: usize) -> Result<Fields> {
        if depth >= Self::DEPTH {
            return Err(damaged("a page header is too deep"));
        }
        self.fields(depth + 1)
    }

    /// A value that is no structure: its number, if it is one.
    fn value(&mut self, kind: u8, depth: usize) -> Result<Option<i64>> {
        Ok(match kind {
            1 => Some(1),
            2 => Some(0),
            3 => Some(i64::from(self.byte()?)),
            4..=6 => Some(self.number()?),
            7 => {
                self.skip(8)?;
                None
            }
            8 => {
                let length = self.varint()?;
                self.skip(length)?;
                None
            }
            9 | 10 => {
                if depth >= Self::DEPTH {
                    return Err(damaged("a page header is too deep"));
                }
                let head = self.byte()?;
                let length = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                for _ in 0..length {
                    match head & 0xf {
                        12 => {
                            self.inner(depth)?;
                        }
                        // In lists a truth value is a byte.
                        1 | 2 => self.skip(1)?,
                        kind => {
                            self.value(kind, depth + 1)?;
                        }
                    }
                }
                None
            }
            _ => return Err(damaged("a page header has a value of no known kind")),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A hundred megabytes of zeros that say that they are a thousand: no more than that is unpacked.
    #[test]
    fn a_page_that_unpacks_to_more_than_it_says_is_damaged() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(9));
        for _ in 0..100 {
            encoder.write_all(&[0; 1 << 20]).unwrap();
        }
        let bomb: Bytes = encoder.finish().unwrap().into();
        let unpack = |codec, packed, size| Unpacker { codec, gzip: None }.unpack(packed, size);
        let gzip = Compression::GZIP(Default::default());
        let error = unpack(gzip, bomb.clone(), 1_000).unwrap_err().to_string();
        assert!(error.contains("not as large as it says"), "{error}");
        assert_eq!(unpack(gzip, bomb, 100 << 20).unwrap().len(), 100 << 20, "the whole of it is there");
        let block: Bytes = lz4_flex::block::compress(&[7; 1 << 16]).into();
        for (codec, said) in [(Compression::LZ4_RAW, 10), (Compression::LZ4, 10), (Compression::LZ4_RAW, 1 << 17)] {
            assert!(unpack(codec, block.clone(), said).is_err(), "{codec} {said}");
        }
        assert_eq!(unpack(Compression::LZ4, block, 1 << 16).unwrap().len(), 1 << 16);
        for codec in [Compression::SNAPPY, Compression::ZSTD(Default::default()), Compression::BROTLI(Default::default())] {
            assert!(unpack(codec, vec![0xff; 100].into(), 1_000).is_err(), "{codec}");
        }
    }

    #[test]
    fn headers_that_are_forged_are_damaged() {
        // A data page of 3 values in PLAIN, 20 bytes that become 40.
        let whole = [0x15, 0, 0x15, 80, 0x15, 40, 0x2c, 0x15, 6, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0];
        let read = |bytes: &[u8]| Header::read(&mut Thrift { bytes, at: 0 });
        let values = Kind::Data { values: 3, encoding: Encoding::PLAIN, levels: Encoding::RLE, repeats: Encoding::RLE };
        assert_eq!(read(&whole).unwrap(), Header { kind: values, packed: 20, unpacked: 40 });
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
        assert!(read(&[0x1c; 1 << 16]).is_err(), "structures without an end");
        assert!(read(&[0x19; 1 << 16]).is_err(), "lists without an end");
        assert!(read(&[0x15, 0, 0x15, 1, 0x15, 40, 0]).is_err(), "a size below zero");
    }
}
