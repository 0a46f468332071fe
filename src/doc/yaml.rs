//! YAML 1.2 into the tree: several documents, aliases as edges, plain words without a type. A broken document costs itself and
//! not the file.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Options, Parser, ScalarStyle};

use super::build::{Anchored, Builder};
use super::toml::on_boundaries;
use super::{Document, MAX_DEPTH, Problem, Style};
use crate::source::Span;

/// Documents with syntax errors are reported one by one up to this many.
const MAX_BROKEN_DOCUMENTS: usize = 100;

pub fn parse(text: &str) -> Document<'_> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { text, builder: Builder::new(text), anchors: HashMap::new(), open: Vec::new() };
    let mut broken = 0;
    loop {
        match parser.next_event() {
            Some(Ok((event, span))) => {
                let span = span.byte_range().map_or(Span::new(0, 0), |range| on_boundaries(text, range));
                let tag = tag_of(&event);
                if let Err(problem) = reader.event(event, span, tag) {
                    reader.fail(problem);
                    broken += 1;
                    if broken >= MAX_BROKEN_DOCUMENTS || !matches!(parser.proceed_next_document(), Ok(true)) {
                        break;
                    }
                }
            }
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or(0);
                let message = match error.info() {
                    deep if deep.contains("recursion") => format!("values nest deeper than {MAX_DEPTH} levels"),
                    why => format!("this is not YAML: {why}"),
                };
                reader.fail(Problem::new(on_boundaries(text, at..at + 1), message));
                broken += 1;
                if broken >= MAX_BROKEN_DOCUMENTS || !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
            None => break,
        }
    }
    reader.builder.finish()
}

struct Reader<'t> {
    text: &'t str,
    builder: Builder<'t>,
    /// Finished nodes by anchor id; ids are unique within the stream.
    anchors: HashMap<usize, Anchored>,
    /// Anchor ids of the open containers, 0 for none.
    open: Vec<usize>,
}

impl<'t> Reader<'t> {
    fn fail(&mut self, problem: Problem) {
        self.builder.problem(problem);
        self.builder.abandon();
        self.open.clear();
    }

    fn event(&mut self, event: Event<'t>, span: Span, tag: Option<String>) -> Result<(), Problem> {
        match event {
            Event::Scalar(value, style, anchor, _) => {
                let is_text = tag.as_deref() == Some("!!str") || style != ScalarStyle::Plain;
                let style = if is_text { Style::Quoted } else { Style::Plain };
                let node = self.builder.scalar(self.borrowed(value, span), style, span);
                self.anchor(anchor, node);
                self.tag(node.id, tag);
            }
            Event::SequenceStart(_, anchor, _) => self.begin(false, anchor, span, tag)?,
            Event::MappingStart(_, anchor, _) => self.begin(true, anchor, span, tag)?,
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(target) => self.builder.alias(*target, span),
                None => self.builder.unusable_alias(span, "this alias stands for something that contains it"),
            },
            _ => {}
        }
        Ok(())
    }

    /// The parser owns some texts that stand in the source just as they are.
    fn borrowed(&self, value: Cow<'t, str>, span: Span) -> Cow<'t, str> {
        match self.text.get(span.range()) {
            Some(written) if written == value => Cow::Borrowed(written),
            _ => value,
        }
    }

    fn begin(&mut self, is_map: bool, anchor: usize, span: Span, tag: Option<String>) -> Result<(), Problem> {
        let opened = self.builder.open(is_map, Span { start: span.start, end: span.start });
        let id = opened.map_err(|_| Problem::new(span, "values nest deeper than 128 levels"))?;
        self.open.push(anchor);
        self.tag(id, tag);
        Ok(())
    }

    fn end(&mut self, span: Span) {
        let anchor = self.open.pop().unwrap_or(0);
        // A block collection "ends" where the next token begins.
        let end = self.text.get(..span.end as usize).unwrap_or("").trim_end().len();
        if let Some(node) = self.builder.close(Some(Span::new(end, end).end)) {
            self.builder.check_duplicates(node.id);
            self.anchor(anchor, node);
        }
    }

    fn anchor(&mut self, anchor: usize, node: Anchored) {
        if anchor != 0 {
            self.anchors.insert(anchor, node);
        }
    }

    fn tag(&mut self, node: u32, tag: Option<String>) {
        if let Some(tag) = tag {
            self.builder.tag(node, tag);
        }
    }
}

/// `!Ref`, `!!str`.
fn tag_of(event: &Event<'_>) -> Option<String> {
    let tag = event.tag()?;
    Some(tag.core_suffix().map_or_else(|| tag.original(), |core| format!("!!{core}")))
}
