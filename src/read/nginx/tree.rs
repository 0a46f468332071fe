//! One tree out of a main file and what it includes.
//!
//! `include file | mask` may stand in any block (ngx_core_module, "include"). A relative path is relative to the folder of the main
//! configuration file; here the including file's own folder is tried next, because repositories keep fragments that way. Only
//! texts that were loaded are taken in, never a path outside the project. What is missing, cyclic or too deep becomes a
//! [`Problem`] at the line of the `include`, in the block where it stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::lex::{self, Body, Directive, MAX_DEPTH, Problem, RENDER, Statement, shorten};
use crate::read::Input;
use crate::read::paths::{ancestors, folder, joined};
use crate::source::{Location, SourceId, glob};

/// Files included by files included by... more than this: not read.
const MAX_INCLUDE_DEPTH: usize = 32;

/// Files under these names hold only header, MIME or character tables in every distribution that ships them.
const INERT_FILES: [&str; 14] = [
    "mime.types",
    "fastcgi_params",
    "fastcgi.conf",
    "proxy_params",
    "uwsgi_params",
    "scgi_params",
    "koi-utf",
    "koi-win",
    "win-utf",
    "naxsi_core.rules",
    "fastcgi-php.conf",
    "options-ssl-nginx.conf",
    "snakeoil.conf",
    "naxsi.rules",
];

/// Where distributions install the main file; an absolute include below one of these is looked up beside the main file.
const PREFIXES: [&str; 7] = [
    "/etc/nginx/",
    "/usr/local/nginx/conf/",
    "/usr/local/etc/nginx/",
    "/usr/local/openresty/nginx/conf/",
    "/opt/nginx/conf/",
    "/opt/bitnami/nginx/conf/",
    "/etc/opt/nginx/",
];

/// A statement in its file, with includes expanded in place.
pub(super) struct Node<'a> {
    pub source: SourceId,
    pub item: Item<'a>,
}

pub(super) enum Item<'a> {
    Directive { directive: &'a Directive, children: Vec<Node<'a>> },
    Problem(Problem),
}

impl<'a> Node<'a> {
    /// The directive and what is in its block.
    pub fn directive(&self) -> Option<(&'a Directive, &[Node<'a>])> {
        match &self.item {
            Item::Directive { directive, children } => Some((directive, children)),
            Item::Problem(_) => None,
        }
    }

    /// Where its name stands, or what is wrong.
    pub fn location(&self) -> Location {
        let span = match &self.item {
            Item::Directive { directive, .. } => directive.name.span,
            Item::Problem(problem) => problem.span,
        };
        Location::new(self.source, span)
    }
}

/// Directives with a given name among the nodes of a block.
pub(super) fn named<'t, 'a>(nodes: &'t [Node<'a>], name: &'t str) -> impl Iterator<Item = (&'t Node<'a>, &'a Directive)> {
    nodes.iter().filter_map(move |n| match n.directive() {
        Some((d, _)) if d.name.text == name => Some((n, d)),
        _ => None,
    })
}

/// Every file of a tree, parsed once.
pub(super) struct Files {
    parsed: BTreeMap<SourceId, Vec<Statement>>,
    /// By the offset of the include's argument.
    includes: HashMap<(SourceId, u32), Rc<Found>>,
    main: SourceId,
    directives: usize,
}

/// What an include leads to.
enum Found {
    Files(Vec<SourceId>),
    Nothing(Problem),
}

impl Files {
    pub fn load(input: &Input<'_>) -> Self {
        let mut this = Self { parsed: BTreeMap::new(), includes: HashMap::new(), main: input.file, directives: 0 };
        let mut resolver = Resolver::new(input);
        let mut queue = vec![input.file];
        while let Some(file) = queue.pop() {
            if this.parsed.contains_key(&file) {
                continue;
            }
            let statements = lex::parse(&input.sources.get(file).text);
            let mut blocks = vec![statements.as_slice()];
            while let Some(block) = blocks.pop() {
                this.directives += block.len();
                for statement in block {
                    let Statement::Directive(directive) = statement else { continue };
                    if let Body::Block(inner) = &directive.body {
                        blocks.push(inner);
                    } else if let ("include", [path]) = (directive.name.text.as_str(), directive.args.as_slice()) {
                        let found = resolver.resolve(file, &path.text, path.is_template());
                        if let Found::Files(files) = &*found {
                            queue.extend(files.iter().filter(|f| !this.parsed.contains_key(f)));
                        }
                        this.includes.insert((file, path.span.start), found);
                    }
                }
            }
            this.parsed.insert(file, statements);
        }
        this
    }

    /// Every file but the main one.
    pub fn included(&self) -> Vec<SourceId> {
        self.parsed.keys().copied().filter(|f| *f != self.main).collect()
    }

    pub fn directives(&self) -> usize {
        self.directives
    }

    pub fn expand(&self) -> Vec<Node<'_>> {
        // A file may be taken in many times; the tree may still be only so much larger than the files.
        let mut expansion = Expansion { files: self, stack: vec![self.main], left: 50_000 + 20 * self.directives, full: false };
        let mut nodes = Vec::new();
        if let Some(statements) = self.parsed.get(&self.main) {
            expansion.block(self.main, statements, 0, &mut nodes);
        }
        nodes
    }
}

struct Expansion<'a> {
    files: &'a Files,
    stack: Vec<SourceId>,
    left: usize,
    full: bool,
}

impl<'a> Expansion<'a> {
    fn block(&mut self, source: SourceId, statements: &'a [Statement], depth: usize, out: &mut Vec<Node<'a>>) {
        for statement in statements {
            let problem = |p: Problem| Node { source, item: Item::Problem(p) };
            if self.left == 0 {
                if !std::mem::replace(&mut self.full, true) {
                    let span = match statement {
                        Statement::Directive(d) => d.name.span,
                        Statement::Problem(p) => p.span,
                    };
                    let message = "files include each other so often that the configuration is too large to follow".to_owned();
                    out.push(problem(Problem { code: "too-large", message, help: None, span, harmless: false, cut: false }));
                }
                return;
            }
            self.left -= 1;
            let directive = match statement {
                Statement::Directive(d) => d,
                Statement::Problem(p) => {
                    out.push(problem(p.clone()));
                    continue;
                }
            };
            let mut children = Vec::new();
            if let Body::Block(inner) = &directive.body {
                if depth < MAX_DEPTH {
                    self.block(source, inner, depth + 1, &mut children);
                } else {
                    let message = format!("blocks are nested more than {MAX_DEPTH} deep; what is inside is not read");
                    let span = directive.name.span;
                    out.push(problem(Problem { code: "too-deep", message, help: None, span, harmless: false, cut: false }));
                    continue;
                }
            } else if directive.name.text == "include" {
                self.include(source, directive, depth, out);
                continue;
            }
            out.push(Node { source, item: Item::Directive { directive, children } });
        }
    }

    fn include(&mut self, source: SourceId, directive: &'a Directive, depth: usize, out: &mut Vec<Node<'a>>) {
        let wrong = |code, message: String, help| Node {
            source,
            item: Item::Problem(Problem { code, message, help, span: directive.name.span, harmless: false, cut: false }),
        };
        let Some(path) = directive.args.first().filter(|_| directive.args.len() == 1) else {
            out.push(wrong("syntax", "`include` takes one path".to_owned(), None));
            return;
        };
        let found = self.files.includes.get(&(source, path.span.start)).cloned();
        let files = match found.as_deref() {
            Some(Found::Files(files)) => files,
            Some(Found::Nothing(problem)) => {
                out.push(Node { source, item: Item::Problem(Problem { span: path.span, ..problem.clone() }) });
                return;
            }
            None => return,
        };
        for file in files {
            let Some(statements) = self.files.parsed.get(file) else { continue };
            if self.stack.contains(file) {
                let message = format!("`include {}` includes a file that is being included: a cycle", shorten(&path.text));
                out.push(wrong("include-cycle", message, None));
            } else if self.stack.len() >= MAX_INCLUDE_DEPTH {
                let message =
                    format!("files include files more than {MAX_INCLUDE_DEPTH} deep; `{}` is not read", shorten(&path.text));
                out.push(wrong("too-deep", message, None));
            } else {
                self.stack.push(*file);
                self.block(*file, statements, depth, out);
                self.stack.pop();
            }
        }
    }
}

/// Finds files among those that were loaded.
struct Resolver<'a> {
    paths: BTreeMap<&'a str, SourceId>,
    main: &'a str,
    input: &'a Input<'a>,
    /// By folder of the including file and pattern.
    known: HashMap<(&'a str, String), Rc<Found>>,
}

impl<'a> Resolver<'a> {
    fn new(input: &'a Input<'a>) -> Self {
        let paths = input.sources.iter().map(|(id, s)| (s.path.as_str(), id)).collect();
        Self { paths, main: folder(input.path()), input, known: HashMap::new() }
    }

    fn resolve(&mut self, file: SourceId, pattern: &str, template: bool) -> Rc<Found> {
        let here = folder(&self.input.sources.get(file).path);
        if let Some(found) = self.known.get(&(here, pattern.to_owned())) {
            return Rc::clone(found);
        }
        let found = Rc::new(self.find(here, pattern, template));
        self.known.insert((here, pattern.to_owned()), Rc::clone(&found));
        found
    }

    fn find(&self, here: &str, pattern: &str, template: bool) -> Found {
        let nothing = |code, message, help| {
            Found::Nothing(Problem { code, message, help, span: crate::source::Span::default(), harmless: false, cut: false })
        };
        let shown = shorten(pattern);
        if template || pattern.contains('$') {
            let message = format!("`include {shown}` depends on template code, so what it takes in is not known");
            return nothing("template-not-rendered", message, Some(RENDER));
        }
        let mut candidates = Vec::new();
        let mut outside = false;
        let mut candidate = |base: &str, rest: &str| match joined(base, rest) {
            Some(path) if !candidates.contains(&path) => candidates.push(path),
            Some(_) => {}
            None => outside = true,
        };
        if let Some(rooted) = pattern.strip_prefix('/') {
            for prefix in PREFIXES {
                if let Some(rest) = pattern.strip_prefix(prefix) {
                    ancestors(self.main).for_each(|base| candidate(base, rest));
                }
            }
            // A folder of the project may be the root of a file system image.
            let image = PREFIXES.iter().filter_map(|p| self.main.find(p.trim_matches('/')).map(|i| &self.main[..i])).next();
            candidate(image.unwrap_or("").trim_end_matches('/'), rooted);
        } else {
            candidate(self.main, pattern);
            candidate(here, pattern);
            // A fragment is read on its own: the folder that nginx would start from lies above it.
            ancestors(self.main).for_each(|base| candidate(base, pattern));
        }
        for path in &candidates {
            let files = self.matching(path);
            if !files.is_empty() {
                return Found::Files(files);
            }
        }
        if candidates.is_empty() && outside {
            let message = format!("`include {shown}` points outside the project and is not followed");
            return nothing("include-outside-project", message, Some("copy the file into the project"));
        }
        let name = pattern.rsplit('/').next().unwrap_or(pattern);
        let modules = ["modules-enabled/", "nginx/modules/"].iter().any(|folder| pattern.contains(folder));
        if INERT_FILES.contains(&name) || modules {
            return Found::Files(Vec::new());
        }
        let message = format!("`include {shown}` matches none of the files that were read, so what it adds is not known");
        nothing("missing-include", message, Some("add the included files to the project, beside the main configuration file"))
    }

    /// Files that a path or mask names, in order of path as glob(3) gives them.
    fn matching(&self, path: &str) -> Vec<SourceId> {
        if !path.contains(['*', '?', '[']) {
            return self.paths.get(path).copied().into_iter().collect();
        }
        let Ok(matcher) = glob::compile(path, true) else { return Vec::new() };
        let fixed = &path[..path.find(['*', '?', '[']).unwrap_or(0)];
        let files: BTreeSet<(&str, SourceId)> = self
            .paths
            .range(fixed..)
            .take_while(|(p, _)| p.starts_with(fixed))
            .filter(|(p, _)| matcher.is_match(p) && !p.rsplit('/').next().unwrap_or("").starts_with('.'))
            .map(|(p, id)| (*p, *id))
            .collect();
        files.into_iter().map(|(_, id)| id).collect()
    }
}
