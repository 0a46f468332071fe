//! What a file's name says: whether it may well describe infrastructure, or surely does not. A judgement by name only, used
//! to say whether leaving a file out could change the answer.

/// Whether a file of this name may well describe infrastructure, so that a verdict without it could be wrong.
pub fn matters_by_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if TOOLING.contains(&name.as_str()) {
        return false;
    }
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    CONFIG_EXTENSIONS.contains(&extension)
        || CONFIG_NAMES.contains(&name.as_str())
        || name.starts_with("db.")
        || name.starts_with("caddyfile")
        // `inventory/production`, `zones/example`: no extension, but a folder that says what they are.
        || (!name.contains('.') && never_config(path).is_none() && path.split('/').rev().skip(1).any(|f| CONFIG_FOLDERS.contains(&f)))
}

const CONFIG_EXTENSIONS: &[&str] = &[
    "backend",
    "bicep",
    "bind",
    "cf",
    "cfg",
    "cnf",
    "conf",
    "config",
    "csv",
    "hcl",
    "hosts",
    "ini",
    "inventory",
    "j2",
    "jinja",
    "jinja2",
    "json",
    "jsonc",
    "json5",
    "jsonl",
    "ndjson",
    "nomad",
    "ods",
    "parquet",
    "properties",
    "tf",
    "tfplan",
    "tfstate",
    "tfvars",
    "toml",
    "tmpl",
    "tpl",
    "tsv",
    "vcl",
    "xls",
    "xlsx",
    "xml",
    "yaml",
    "yml",
    "zone",
];

const CONFIG_NAMES: &[&str] = &["caddyfile", "corefile", "hosts", "inventory", "nginx", "haproxy", "procfile"];

const CONFIG_FOLDERS: &[&str] = &[
    "bind",
    "conf.d",
    "dns",
    "envoy",
    "haproxy",
    "inventories",
    "inventory",
    "named",
    "nginx",
    "routing",
    "sites-available",
    "sites-enabled",
    "terraform",
    "zones",
];

/// Files with a config's extension that belong to developers' tools and place nothing.
const TOOLING: &[&str] = &[
    "bun.lock",
    "cargo.lock",
    "cargo.toml",
    "clippy.toml",
    "composer.json",
    "composer.lock",
    "deny.toml",
    "dist-workspace.toml",
    "jsconfig.json",
    "lerna.json",
    "mkdocs.yml",
    "package-lock.json",
    "package.json",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "poetry.lock",
    "pyproject.toml",
    "renovate.json",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "setup.cfg",
    "tox.ini",
    "tsconfig.json",
    "turbo.json",
    "typos.toml",
];

/// Extensions whose files say nothing about where things run: not read unless a pattern names them.
const NEVER_CONFIG: &[&str] = &[
    "7z", "a", "adoc", "avif", "bash", "bat", "bin", "bmp", "bz2", "c", "cc", "class", "cpp", "cs", "css", "dll", "dylib",
    "eot", "exe", "fish", "gif", "go", "gz", "h", "hpp", "htm", "html", "ico", "jar", "java", "jpeg", "jpg", "js", "jsx", "kt",
    "less", "lock", "map", "markdown", "md", "mdx", "mjs", "mp3", "mp4", "o", "otf", "pdf", "php", "pl", "png", "ps1", "psd",
    "py", "pyc", "rb", "rs", "rst", "scala", "scss", "sh", "snap", "so", "svg", "swift", "tar", "tgz", "tif", "tiff", "ts",
    "tsx", "ttf", "vue", "wasm", "wav", "webm", "webp", "woff", "woff2", "xz", "zip", "zsh", "zst",
];

const NEVER_CONFIG_NAMES: &[&str] = &[
    "authors",
    "changelog",
    "codeowners",
    "contributing",
    "contributors",
    "copying",
    "copyright",
    "dockerfile",
    "gemfile",
    "license",
    "makefile",
    "notice",
    "rakefile",
    "readme",
    "security",
];

/// Why a file of this name is not opened at all.
pub(super) fn never_config(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let stem = name.split(['.', '-']).next().unwrap_or("");
    let extension = name.rsplit_once('.').map(|(_, e)| e);
    if matches!(extension, None | Some("txt" | "apache" | "mit")) && NEVER_CONFIG_NAMES.contains(&stem) {
        return Some("documentation or a build file by its name");
    }
    extension.is_some_and(|e| NEVER_CONFIG.contains(&e)).then_some("not a config by its extension")
}
