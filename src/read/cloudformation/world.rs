//! All templates of a project and the stacks that they make: a template that nobody nests is a stack of its own, a nested one is
//! made once for each place that nests it. Holds the bounds that keep evaluation linear in what is written.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::stack::Stack;
use super::template::Template;
use crate::read::resource::Value;
use crate::read::template::Budget;
use crate::source::{Location, Sources};

/// Functions and values nested deeper than this are not followed.
const MAX_DEPTH: u32 = 160;
/// Stacks in all, nested ones counted for each place that nests them.
const MAX_STACKS: usize = 20_000;
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
    pub budget: Budget,
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
            budget: Budget::new(bytes, MAX_DEPTH),
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
