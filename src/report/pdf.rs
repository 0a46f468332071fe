//! The report for paper and signatures as a PDF: the document of [`super::typst`], set by Typst itself. It comes in by the cargo feature
//! `pdf`. No file, no network and no clock is asked: fonts beside the embedded ones are handed in, the date is that of the assessment, so
//! the same report in the same fonts has the same bytes.
//!
//! A character that no font can set would be an empty box in a document that somebody signs: it is an error instead.

use std::collections::BTreeSet;
use std::io;

use ::typst::diag::{FileError, FileResult, SourceDiagnostic};
use ::typst::foundations::{Bytes, Datetime, Duration, Smart};
use ::typst::layout::{Frame, FrameItem};
use ::typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use ::typst::text::{Font, FontBook, is_default_ignorable};
use ::typst::utils::LazyHash;
use ::typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use super::RenderOptions;
use super::typst::{Sheets, document};
use crate::finding::Assessment;
use crate::source::Sources;

/// A document with the fonts that it is to be set in.
pub struct Pdf {
    text: String,
    characters: BTreeSet<char>,
    fonts: Vec<Font>,
}

impl Pdf {
    /// With the fonts that are embedded: Libertinus Serif, New Computer Modern and DejaVu Sans Mono, which have Latin, Greek and Cyrillic.
    pub fn new(a: &Assessment, sources: &Sources, options: &RenderOptions, sheets: &Sheets) -> io::Result<Self> {
        let mut text = Vec::new();
        document(a, sources, options, sheets, &mut text)?;
        let text = visible(&String::from_utf8(text).map_err(io::Error::other)?);
        let fonts = typst_assets::fonts().flat_map(|data| Font::iter(Bytes::new(data))).collect();
        let characters = text.chars().filter(|c| !c.is_whitespace() && !is_default_ignorable(*c)).collect();
        Ok(Self { text, characters, fonts })
    }

    /// What none of the fonts has.
    pub fn missing(&self) -> BTreeSet<char> {
        let set = |c: &char| self.fonts.iter().any(|font| font.info().coverage.contains(u32::from(*c)));
        self.characters.iter().copied().filter(|c| !set(c)).collect()
    }

    /// Takes a further font, the face of that number in a file. Nothing happens if it is none.
    pub fn add(&mut self, data: Vec<u8>, index: u32) {
        self.fonts.extend(Font::new(Bytes::new(data), index));
    }

    /// The bytes of the file, PDF/A-2b, tagged for screen readers.
    ///
    /// # Errors
    /// A character cannot be set; anything else is a mistake of onshore's.
    pub fn write(self) -> io::Result<Vec<u8>> {
        let path = VirtualPath::new("residency.typ").expect("it is a plain name");
        let main = FileId::new(RootedPath::new(VirtualRoot::Project, path));
        let page = Page {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_fonts(&self.fonts)),
            fonts: self.fonts,
            source: Source::new(main, self.text),
        };
        let document: PagedDocument = ::typst::compile(&page).output.map_err(|errors| told(&errors))?;
        if let Some(text) = document.pages().iter().find_map(|page| boxes(&page.frame)) {
            return Err(io::Error::other(format!("no font at hand can set `{}`", super::safe(&text))));
        }
        let standards = PdfStandards::new(&[PdfStandard::A_2b]).expect("it is one standard");
        let creator = Smart::Custom(Some(format!("onshore {}", env!("CARGO_PKG_VERSION"))));
        typst_pdf::pdf(&document, &PdfOptions { creator, standards, ..PdfOptions::default() }).map_err(|errors| told(&errors))
    }
}

/// Characters for private use mean nothing without the font of whoever put them there.
fn visible(text: &str) -> String {
    let private = |c: &char| matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    if !text.chars().any(|c| private(&c)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        match c {
            // All text stands in string literals, where a backslash is written twice.
            c if private(&c) => out.push_str(&format!("\\\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// The first text in which a glyph stands for what the font does not have.
fn boxes(frame: &Frame) -> Option<String> {
    frame.items().find_map(|(_, item)| match item {
        FrameItem::Group(group) => boxes(&group.frame),
        FrameItem::Text(text) if text.glyphs.iter().any(|glyph| glyph.id == 0) => Some(text.text.to_string()),
        _ => None,
    })
}

fn told(errors: &[SourceDiagnostic]) -> io::Error {
    let all: Vec<&str> = errors.iter().map(|e| e.message.as_str()).collect();
    io::Error::other(format!("the PDF could not be set: {}", all.join("; ")))
}

/// All that Typst gets to know: one text and some fonts.
struct Page {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    source: Source,
}

impl World for Page {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.source.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.source.id() { Ok(self.source.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
