//! Data classes: a dotted tree (Fides names where it has them, and our own), with aliases and flags.

/// Whether a class named in one place (a rule, a route) and a class named in another (a population) share data: one is the
/// other or lies below it. A population that declares `user` may send `user.contact.email`.
pub fn overlap(a: &str, b: &str) -> bool {
    covers(a, b) || covers(b, a)
}

/// Whether `branch` is `class` or lies above it.
pub fn covers(branch: &str, class: &str) -> bool {
    class.strip_prefix(branch).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Key material: moves along `keys` routes, names for the same endpoint, and routes that name it, not with the content.
pub fn is_key_material(class: &str) -> bool {
    covers("communications.keys", class)
}
