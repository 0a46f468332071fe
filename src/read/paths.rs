//! Paths of the project's files as other files write them: parted by `/`, from the project's root, which is the empty path.
//! Nothing is looked up here, and what is no path of the project (a URL, a module of a registry) is for the reader to tell.

/// The folder of a path; empty for the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path as written in a file of `folder`, from the project's root; `None` if it leads elsewhere.
pub fn joined(folder: &str, path: &str) -> Option<String> {
    if path.contains("://") || path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What the paths of all files in a folder and below begin with.
pub fn prefix(folder: &str) -> String {
    if folder.is_empty() { String::new() } else { format!("{folder}/") }
}

/// A folder and those above it, up to the project's root.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |f| (!f.is_empty()).then(|| folder(f)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_paths_stay_inside() {
        for (folder, path, expected) in [
            ("a/b", "../c.conf", Some("a/c.conf")),
            ("a", "./x.yaml", Some("a/x.yaml")),
            ("", "./x//y", Some("x/y")),
            ("", ".", Some("")),
            ("env/prod", "../../modules/eu", Some("modules/eu")),
            ("", "../m", None),
            ("a", "../../etc/passwd", None),
            ("a", "/etc/passwd", None),
            ("a", "https://example.com/x.yaml", None),
        ] {
            assert_eq!(joined(folder, path).as_deref(), expected, "{path} from {folder:?}");
        }
    }

    #[test]
    fn folders_end_at_the_root() {
        assert_eq!((folder("a/b/c"), folder("c")), ("a/b", ""));
        assert_eq!((prefix("a/b"), prefix("")), ("a/b/".to_owned(), String::new()));
        assert_eq!(ancestors("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
    }
}
