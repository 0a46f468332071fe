//! From resources to endpoints, routes and gaps.

use super::Resource;
use crate::model::Facts;

/// Adds what resources say to the facts.
pub fn translate(_resources: Vec<Resource>, _facts: &mut Facts) {}
