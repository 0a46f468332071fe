//! All templates of a project and the stacks that they make: a template that nobody nests is a stack of its own, a nested one is
//! made once for each place that nests it. Holds the bounds that keep evaluation linear in what is written.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::stack::Stack;
use super::template::Template;
use crate::read::resource::Value;
use crate::source::{Location, Sources};

/// Functions and values nested deeper than this are not followed.
const MAX_DEPTH: u32 = 160;
/// Stacks in all, nested ones counted for each place that nests them.
const MAX_STACKS: usize = 20_000;
/// Values (and 64-byte pieces of texts) made in all, beyond 40 for each byte of the templates.
const FREE_VALUES: u64 = 200_000;
/// A text made of pieces may grow to this many bytes.
pub(super) const MAX_TEXT: usize = 1 << 20;
/// ... and have this many pieces.
pub(super) const MAX_PIECES: usize = 1 << 10;

/// What a gap may change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Touch {
    Everything,
    /// Resources, by their addresses.
    Resources(Vec<Arc<str>>),
}

#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The stack of the top by which it was found.
    pub unit: usize,
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
    pub location: Location,
    pub touch: Touch,
}

/// An output of a stack that others may import by its name.
pub(super) struct Export<'d> {
    pub name: Value,
    pub stack: Rc<Stack<'d>>,
    pub output: &'d str,
}

pub(super) struct World<'d> {
    pub sources: &'d Sources,
    pub templates: Vec<Template<'d>>,
    /// By path, to find nested templates.
    pub by_path: BTreeMap<&'d str, usize>,
    stacks: RefCell<Vec<Rc<Stack<'d>>>>,
    exports: OnceCell<Vec<Export<'d>>>,
    /// Stacks of the top that import from each other.
    pub imports: RefCell<BTreeSet<(usize, usize)>>,
    pub found: RefCell<Vec<Found>>,
    depth: Cell<u32>,
    spent: Cell<u64>,
    limit: u64,
}

impl<'d> World<'d> {
    pub fn new(sources: &'d Sources, templates: Vec<Template<'d>>, by_path: BTreeMap<&'d str, usize>, bytes: usize) -> Self {
        Self {
            sources,
            templates,
            by_path,
            stacks: RefCell::default(),
            exports: OnceCell::new(),
            imports: RefCell::default(),
            found: RefCell::default(),
            depth: Cell::new(0),
            spent: Cell::new(0),
            limit: FREE_VALUES + 40 * bytes as u64,
        }
    }

    pub fn add(&self, stack: Stack<'d>) -> Option<Rc<Stack<'d>>> {
        let mut stacks = self.stacks.borrow_mut();
        if stacks.len() >= MAX_STACKS {
            return None;
        }
        let stack = Rc::new(stack);
        stacks.push(Rc::clone(&stack));
        Some(stack)
    }

    /// Whether so much more may be made. Once it is not, it never is again, and the templates are a gap.
    pub fn spend(&self, values: usize) -> bool {
        let spent = self.spent.get().saturating_add(values as u64);
        self.spent.set(spent);
        spent <= self.limit
    }

    pub fn is_spent(&self) -> bool {
        self.spent.get() > self.limit
    }

    /// One level deeper, unless that is too deep. The level ends when the guard is dropped.
    pub fn deeper(&self) -> Option<Deeper<'_>> {
        if self.depth.get() >= MAX_DEPTH {
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        Some(Deeper(&self.depth))
    }

    pub fn gap(&self, found: Found) {
        self.found.borrow_mut().push(found);
    }

    /// What stacks of the top export; `None` while the names of exports themselves are being told.
    pub fn exports(&self) -> Option<&[Export<'d>]> {
        self.exports.get().map(Vec::as_slice)
    }

    pub fn set_exports(&self, exports: Vec<Export<'d>>) {
        // Set once, by the reader, when all stacks of the top are there.
        let _ = self.exports.set(exports);
    }
}

pub(super) struct Deeper<'w>(&'w Cell<u32>);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
