//! Templates and the deployments that they make: a template of the top is one, a nested or linked one is made for each place that
//! nests it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::doc::Node;
use crate::read::resource::Value;
use crate::read::template::Budget;
use crate::source::{Location, SourceId, Sources};

/// Values nested deeper than this are not followed.
const MAX_DEPTH: u32 = 120;
/// Deployments in all.
const MAX_DEPLOYMENTS: usize = 20_000;

#[derive(Clone, Copy)]
pub(super) struct Template<'d> {
    pub source: SourceId,
    pub root: Node<'d>,
}

#[derive(Clone, Debug)]
pub(super) struct Found {
    pub unit: usize,
    pub code: &'static str,
    pub message: String,
    pub help: String,
    pub location: Location,
}

pub(super) struct World<'d> {
    pub sources: &'d Sources,
    pub templates: Vec<Template<'d>>,
    pub by_path: BTreeMap<&'d str, usize>,
    pub found: RefCell<Vec<Found>>,
    pub budget: Budget,
    deployments: Cell<usize>,
}

/// What a deployment is told from outside.
#[derive(Clone)]
pub(super) struct Told {
    /// Where its resource group (or the deployment) is.
    pub region: Value,
    pub subscription: Value,
    /// Values of parameters, by name in lower case.
    pub given: BTreeMap<String, Value>,
}

pub(super) struct Deployment<'d> {
    /// The deployment of the top in which it stands: an index among the templates.
    pub unit: usize,
    pub template: Template<'d>,
    /// Templates around it, to see a circle.
    pub lineage: Vec<usize>,
    pub prefix: String,
    pub told: Told,
    pub uncertain: Option<Value>,
    /// Expressions of an outer-scoped template are those of the deployment around it.
    pub outer: Option<Rc<Deployment<'d>>>,
    pub parameters: RefCell<BTreeMap<String, Option<Value>>>,
    pub variables: RefCell<BTreeMap<String, Option<Value>>>,
    /// Addresses by type and name, as far as both can be told.
    pub names: RefCell<BTreeMap<(String, String), Arc<str>>>,
    /// Nested deployments by name.
    pub children: RefCell<BTreeMap<String, Rc<Deployment<'d>>>>,
}

impl<'d> Deployment<'d> {
    pub fn new(unit: usize, template: Template<'d>, lineage: Vec<usize>, prefix: String, told: Told) -> Self {
        Self {
            unit,
            template,
            lineage,
            prefix,
            told,
            uncertain: None,
            outer: None,
            parameters: RefCell::default(),
            variables: RefCell::default(),
            names: RefCell::default(),
            children: RefCell::default(),
        }
    }
}

impl<'d> World<'d> {
    pub fn new(sources: &'d Sources, templates: Vec<Template<'d>>, by_path: BTreeMap<&'d str, usize>, bytes: usize) -> Self {
        Self {
            sources,
            templates,
            by_path,
            found: RefCell::default(),
            deployments: Cell::new(0),
            budget: Budget::new(bytes, MAX_DEPTH),
        }
    }

    /// Whether one deployment more may be made.
    pub fn deploys(&self) -> bool {
        self.deployments.set(self.deployments.get() + 1);
        self.deployments.get() <= MAX_DEPLOYMENTS
    }
}
