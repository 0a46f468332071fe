//! Terraform and OpenTofu: what a configuration says, what a plan would do, and what a state holds.

pub mod json;
