//! Fonts for a PDF that the embedded ones cannot set: found in what the user names, then in the folders of the system. Chinese needs one;
//! fonts that have it are too large to be embedded.

use std::collections::BTreeSet;
use std::path::Path;

use fontdb::{Database, FaceInfo, Source, Style, Weight};

use super::Failure;
use crate::report::pdf::Pdf;
use crate::source::load;

/// Families that set simplified Chinese as it is set in China, before any other that has the character. All are under the SIL Open Font
/// License, which lets documents embed them.
const FIRST: &[&str] =
    &["Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC"];
/// Characters named in an error.
const NAMED: usize = 8;

/// Adds to a document the fonts for what it cannot set. `given`: a file, or a folder and those in it.
///
/// # Errors
/// A character is left that no font at hand has, or `given` holds no font.
pub(super) fn complete(pdf: &mut Pdf, given: Option<&Path>) -> Result<(), Failure> {
    let mut named = Database::new();
    if let Some(path) = given {
        if path.is_dir() {
            named.load_fonts_dir(path);
        } else {
            // What cannot be read is no font, either.
            let _ = named.load_font_file(path);
        }
        if named.is_empty() {
            let help = "name a file (.ttf, .otf, .ttc) or a folder that holds some";
            return Err(Failure::with_help(format!("`{}` holds no font", path.display()), help));
        }
    }
    let mut missing = pdf.missing();
    take(&named, pdf, &mut missing);
    if !missing.is_empty() {
        let mut system = Database::new();
        system.load_system_fonts();
        take(&system, pdf, &mut missing);
    }
    if missing.is_empty() { Ok(()) } else { Err(without_font(&missing)) }
}

/// Takes those that have something of what is missing, in an order that does not depend on the file system's.
fn take(fonts: &Database, pdf: &mut Pdf, missing: &mut BTreeSet<char>) {
    let name = |face: &FaceInfo| face.families.first().map(|(name, _)| name.clone()).unwrap_or_default();
    let rank = |face: &FaceInfo| {
        let family = FIRST.iter().position(|first| face.families.iter().any(|(name, _)| name == first));
        let upright = face.style == Style::Normal && !face.monospaced;
        (family.unwrap_or(FIRST.len()), !upright, face.weight.0.abs_diff(Weight::NORMAL.0), name(face))
    };
    let mut faces: Vec<(&FaceInfo, &Path)> = fonts.faces().filter_map(|face| Some((face, file(face)?))).collect();
    faces.sort_by_cached_key(|(face, path)| (rank(face), path.to_path_buf(), face.index));
    for (face, path) in &faces {
        if missing.is_empty() {
            return;
        }
        if !fonts.with_face_data(face.id, |data, index| has_any(data, index, missing)).unwrap_or(false) {
            continue;
        }
        let before = missing.len();
        add(pdf, path, face.index);
        *missing = pdf.missing();
        if missing.len() < before {
            // Headings are bold.
            let bold = |(other, _): &&(&FaceInfo, &Path)| {
                name(other) == name(face) && other.weight == Weight::BOLD && other.style == Style::Normal && other.id != face.id
            };
            if let Some((bold, path)) = faces.iter().find(bold) {
                add(pdf, path, bold.index);
            }
        }
    }
}

fn file(face: &FaceInfo) -> Option<&Path> {
    match &face.source {
        Source::File(path) | Source::SharedFile(path, _) => Some(path),
        Source::Binary(_) => None,
    }
}

/// Whether a document may embed the face (OS/2 table, `fsType`), and it has any of the characters.
fn has_any(data: &[u8], index: u32, wanted: &BTreeSet<char>) -> bool {
    let Ok(face) = ttf_parser::Face::parse(data, index) else { return false };
    let may = face.permissions().is_none_or(|p| p != ttf_parser::Permissions::Restricted) && face.is_subsetting_allowed();
    may && wanted.iter().any(|c| face.glyph_index(*c).is_some())
}

fn add(pdf: &mut Pdf, path: &Path, index: u32) {
    // One that went since it was found leaves its characters missing, which is told.
    if let Ok(data) = load::read_one_bytes(path) {
        pdf.add(data, index);
    }
}

fn without_font(missing: &BTreeSet<char>) -> Failure {
    let named: Vec<String> = missing.iter().take(NAMED).map(|c| format!("`{c}` (U+{:04X})", u32::from(*c))).collect();
    let more = match missing.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more characters"),
    };
    Failure::with_help(
        format!("no font at hand can set {}{more}, so the PDF would not show what it says", named.join(", ")),
        "install one that can (on Debian and Ubuntu `fonts-noto-cjk` has Chinese, Japanese and Korean, `fonts-noto-core` most other \
         scripts)\nor name its file or folder by `--font-path` or in the environment variable ONSHORE_FONTS\nor write `-o residency.html`",
    )
}
