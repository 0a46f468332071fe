//! ARM templates.
