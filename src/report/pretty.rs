//! The report for people at a terminal: every finding with its lines, the policy's line, the way the data takes, why and what
//! to do; then the rules, what could not be told, what was looked at, and the verdict.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::causes::grouped;
use super::gate::gravest;
use super::note::{Note, Window};
use super::{
    BOLD, DIM, RenderOptions, Reporter, condition, coverage, endpoint_of, gaps_by_code, known, limits, line, linked, pad,
    places_short, safe, safe_message, screen, severity_style, state_words, summary, table, transfer, tree, verdict_style,
};
use crate::finding::{Assessment, CutRoute, Finding};
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::source::{Location, Sources};

/// Gaps shown per code, files shown as not read; the others are counted here and listed in the other formats. At a terminal also the
/// members of a cause.
const SHOWN: usize = 3;
/// Lines shown at a terminal on what would make a rule hold.
const STEPS: usize = 8;

pub struct Pretty;

impl Reporter for Pretty {
    fn name(&self) -> &'static str {
        "pretty"
    }

    fn describe(&self) -> &'static str {
        "for people: excerpts, paths, places and how they are known"
    }

    fn write(&self, a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let p = Page { sources, options };
        p.findings(a, out)?;
        p.rules(a, out)?;
        p.transfers(a, out)?;
        p.gaps(a, out)?;
        p.examined(a, out)?;
        p.data_sets(a, out)?;
        p.who(a, out)?;
        if options.most_findings.is_some() {
            return screen::write(a, sources, options, out);
        }
        let lang = options.lang;
        writeln!(out, "{}", options.wrap("", "  ", &options.paint(verdict_style(a.verdict), &summary(a).tell(lang))))?;
        writeln!(out, "{}", options.wrap("", "  ", &options.paint(DIM, &limits().tell(lang))))
    }
}

struct Page<'a> {
    sources: &'a Sources,
    options: &'a RenderOptions,
}

impl Page<'_> {
    fn findings(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        let mut cuts: BTreeMap<&str, Vec<&CutRoute>> = BTreeMap::new();
        for cut in a.remedies.iter().flat_map(|r| &r.cut) {
            for fingerprint in &cut.findings {
                cuts.entry(fingerprint).or_default().push(cut);
            }
        }
        let all: Vec<&Finding> = match o.most_findings {
            Some(most) if most < a.findings.len() => gravest(a),
            _ => a.findings.iter().collect(),
        };
        let groups = grouped(&all);
        let most = o.most_findings.unwrap_or(usize::MAX);
        for (f, alike) in groups.iter().take(most) {
            self.finding(f, cuts.get(f.fingerprint.as_str()).map_or(&[], Vec::as_slice), out)?;
            self.alike(alike, out)?;
            writeln!(out)?;
        }
        let left_out: usize = groups.iter().skip(most).map(|(_, alike)| 1 + alike.len()).sum();
        if left_out > 0 {
            let more = tell!(
                o.lang,
                "and {findings}, less grave: --max-findings 0 shows all, --format concise each on a line",
                findings = lang::count(left_out, "finding more", "findings more")
            );
            writeln!(out, "{}\n", o.wrap("", "  ", &o.paint(BOLD, &more)))?;
        }
        Ok(())
    }

    /// The others of the same cause, a line each.
    fn alike(&self, others: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        if others.is_empty() {
            return Ok(());
        }
        let title = tell!(o.lang, "{others} of the same cause:", others = lang::count(others.len(), "other", "others"));
        writeln!(out, "  {}", o.paint(DIM, &title))?;
        let shown = o.most_findings.map_or(usize::MAX, |_| SHOWN);
        for f in others.iter().take(shown) {
            let at = f.location.map_or_else(String::new, |at| format!(" - {}", self.at(at)));
            let text = format!("{}{at} [{}]", safe(&endpoint_of(f, o.lang)), safe(&f.fingerprint));
            writeln!(out, "{}", o.wrap("    - ", "      ", &text))?;
        }
        if others.len() > shown {
            let more = tell!(o.lang, "and {n} more; --max-findings 0 or --format concise lists all", n = others.len() - shown);
            writeln!(out, "{}", o.wrap("    - ", "      ", &more))?;
        }
        Ok(())
    }

    /// `routing/media.conf:6`, and it leads there.
    fn at(&self, at: Location) -> String {
        linked(&line(self.sources, at), self.sources, at, self.options)
    }

    fn finding(&self, f: &Finding, cuts: &[&CutRoute], out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        let mut heading = format!(
            "{} {} {}",
            o.paint(verdict_style(f.verdict), o.lang.word(f.verdict.as_str())),
            o.paint(severity_style(f.severity), o.lang.word(f.severity.as_str())),
            o.paint(BOLD, f.code)
        );
        let level = f.severity.level();
        if let Some(rule) = &f.rule {
            heading.push_str(&format!(" [{}]", safe(rule)));
        }
        writeln!(out, "{}", o.wrap("", "  ", &heading))?;

        let label = places_short(&f.places, o.lang);
        let mut related: Vec<Note> = f
            .labels
            .iter()
            .map(|l| Note::advice(safe(&l.text.tell(o.lang)).into_owned(), Window::new(self.sources, l.location, None, o)))
            .collect();
        if let Some(at) = f.policy_location {
            let asked = match &f.rule {
                Some(rule) => say!("asked for by {rule}", rule = safe(rule)),
                None => say!("asked for here"),
            };
            let asked = match &f.why {
                Some(why) => tell!(o.lang, "{asked}: {why}", asked, why = safe_message(why)),
                None => asked.tell(o.lang),
            };
            related.push(Note::advice(asked, Window::new(self.sources, at, None, o)));
        }
        let message = safe(&f.message.tell(o.lang)).into_owned();
        let window = f.location.map(|at| Window::new(self.sources, at, Some(label), o));
        Note::new(f.severity, message, window, related).write(self.sources, o, out)?;

        if f.policy_location.is_none()
            && let Some(why) = &f.why
        {
            self.item(tell!(o.lang, "why"), &safe(&why.tell(o.lang)), out)?;
        }
        let whose = [
            (say!("people of"), &f.origin),
            (say!("data"), &f.data),
            (say!("population"), &f.populations),
            (say!("together with"), &f.with_rules),
        ];
        for (title, values) in whose {
            if !values.is_empty() {
                self.item(title.tell(o.lang), &safe(&values.join(", ")), out)?;
            }
        }
        self.item(tell!(o.lang, "incident level"), &level.tell(o.lang, o.unicode), out)?;
        if let Some(when) = when(f, o.lang) {
            self.item(tell!(o.lang, "when"), &when, out)?;
        }
        if f.path.is_empty() {
            for place in &f.places {
                self.item(tell!(o.lang, "where"), &known(place, o.lang), out)?;
            }
        } else {
            writeln!(out, "  {}", o.paint(DIM, &tell!(o.lang, "path:")))?;
            let path = tree::Tree::merge([f.path.as_slice()]);
            write!(out, "{}", path.render("    ", &|at| self.at(at), o))?;
            // The last hop has said it already, unless the finding is about another endpoint.
            if f.path.last().is_none_or(|h| h.places != f.places) {
                for place in &f.places {
                    let (name, place) = (endpoint_of(f, o.lang), known(place, o.lang));
                    let text = tell!(o.lang, "{name}: {place}", name = safe(&name), place);
                    self.item(tell!(o.lang, "where"), &text, out)?;
                }
            }
        }
        if let Some(help) = &f.help {
            self.item(tell!(o.lang, "help"), &safe(&help.tell(o.lang)), out)?;
        }
        if let Some(waived) = &f.waiver {
            self.item(tell!(o.lang, "waived"), &super::waived(waived, self.sources, o.lang), out)?;
        }
        for cut in cuts {
            self.item(tell!(o.lang, "change"), &super::cut(cut, self.sources).tell(o.lang), out)?;
        }
        self.item(tell!(o.lang, "fingerprint"), &safe(&f.fingerprint), out)
    }

    /// `  title: text`, wrapped behind the title.
    fn item(&self, title: String, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let title = tell!(self.options.lang, "{title}:", title);
        let first = format!("  {}{}", self.options.paint(DIM, &title), self.options.lang.space());
        writeln!(out, "{}", self.options.wrap(&first, "      ", text))
    }

    fn rules(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        if a.rules.is_empty() {
            return Ok(());
        }
        let o = self.options;
        self.title(&tell!(o.lang, "Rules"), out)?;
        for r in &a.rules {
            let verdict = o.paint(verdict_style(r.verdict), &pad(o.lang.word(r.verdict.as_str()), 14));
            let severity = o.paint(severity_style(r.severity), &pad(o.lang.word(r.severity.as_str()), 8));
            writeln!(out, "{}", o.wrap("  ", "    ", &format!("{verdict} {severity} {}", safe(&r.rule))))?;
            writeln!(out, "{}", o.wrap("    ", "    ", &o.paint(DIM, &safe(&r.title.tell(o.lang)))))?;
            writeln!(out, "{}", o.wrap("    ", "    ", &safe(&r.why.tell(o.lang))))?;
            for remedy in a.remedies.iter().filter(|remedy| remedy.rule == r.rule) {
                let steps = super::remedy(remedy, self.sources);
                let shown = o.most_findings.map_or(usize::MAX, |_| STEPS);
                for step in steps.iter().take(shown) {
                    writeln!(out, "{}", o.wrap("    ", "      ", &step.tell(o.lang)))?;
                }
                if steps.len() > shown {
                    let more =
                        tell!(o.lang, "and {n} more; --max-findings 0 or --format json lists all", n = steps.len() - shown);
                    writeln!(out, "{}", o.wrap("    ", "      ", &more))?;
                }
            }
        }
        writeln!(out)
    }

    /// What holds by the word of the register only.
    fn transfers(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        if a.allowed.is_empty() {
            return Ok(());
        }
        let lang = self.options.lang;
        self.title(&tell!(lang, "Allowed by the transfer register"), out)?;
        for t in &a.allowed {
            let what = format!("{} - {}", transfer(t, lang), self.at(t.location));
            writeln!(out, "{}", self.options.wrap("  - ", "    ", &what))?;
            writeln!(
                out,
                "{}",
                self.options.wrap(&format!("    {}{}", tell!(lang, "for"), lang.space()), "    ", &safe(&t.rule))
            )?;
        }
        writeln!(out)
    }

    fn gaps(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        if a.gaps.is_empty() {
            return Ok(());
        }
        let o = self.options;
        self.title(&tell!(o.lang, "What could not be told"), out)?;
        for (code, gaps) in gaps_by_code(&a.gaps) {
            writeln!(out, "  {} ({})", o.paint(BOLD, code), gaps.len())?;
            for gap in gaps.iter().take(SHOWN) {
                let text = format!("{} - {}", safe(&gap.message.tell(o.lang)), self.at(gap.location));
                writeln!(out, "{}", o.wrap("    - ", "      ", &text))?;
                if let Some(help) = &gap.help {
                    writeln!(
                        out,
                        "{}",
                        o.wrap(
                            &format!("      {}{}", tell!(o.lang, "help:"), o.lang.space()),
                            "        ",
                            &safe(&help.tell(o.lang))
                        )
                    )?;
                }
                if !gap.touches.is_empty() {
                    let rules = safe(&gap.touches.join(", ")).into_owned();
                    writeln!(
                        out,
                        "{}",
                        o.wrap(&format!("      {}{}", tell!(o.lang, "leaves open:"), o.lang.space()), "        ", &rules)
                    )?;
                }
            }
            if gaps.len() > SHOWN {
                let more = tell!(o.lang, "and {n} more; --format concise or json lists all", n = gaps.len() - SHOWN);
                writeln!(out, "{}", o.wrap("    - ", "      ", &more))?;
            }
        }
        writeln!(out)
    }

    fn examined(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        self.title(&tell!(o.lang, "Examined"), out)?;
        for text in coverage(&a.coverage) {
            writeln!(out, "{}", o.wrap("  ", "    ", &text.tell(o.lang)))?;
        }
        let skipped = &a.coverage.files_skipped;
        if !skipped.is_empty() {
            writeln!(out, "  {}", tell!(o.lang, "{files} not read", files = lang::count(skipped.len(), "file", "files")))?;
        }
        for (file, why) in skipped.iter().take(SHOWN) {
            writeln!(out, "{}", o.wrap("    - ", "      ", &format!("{}: {}", safe(file), safe(&o.lang.read(why)))))?;
        }
        if skipped.len() > SHOWN {
            let more = tell!(o.lang, "and {n} more; --format json lists all", n = skipped.len() - SHOWN);
            writeln!(out, "{}", o.wrap("    - ", "      ", &more))?;
        }
        if a.rules.is_empty() && !a.coverage.by_country.is_empty() {
            writeln!(out)?;
            write!(out, "{}", countries(a, o))?;
        }
        writeln!(out)
    }

    /// Who answers for the project, and who is told of incidents.
    fn who(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        let project =
            || a.name(self.options.lang).map_or_else(|| say!("this project"), |name| Message::Plain(safe(name).into_owned()));
        let owner = a.owner.iter().map(|owner| say!("{owner} answers for {project}", owner = safe(owner), project = project()));
        let notify = a.notify.iter().map(|(contact, hours)| {
            let hours = Message::Count(*hours, "hour", "hours");
            say!("incidents are told to {contact} within {hours}", contact = safe(contact), hours)
        });
        let told: Vec<Message> = owner.chain(notify).collect();
        if told.is_empty() {
            return Ok(());
        }
        let told = lang::series(told, Joint::Semicolon).tell(self.options.lang);
        writeln!(out, "{}\n", self.options.wrap("", "  ", &told))
    }

    fn data_sets(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        let used: Vec<_> = a.data_sets.iter().filter(|d| d.used).collect();
        if used.is_empty() {
            return Ok(());
        }
        self.title(&tell!(o.lang, "Places rest on"), out)?;
        for d in used {
            let date = match &d.date {
                Some(date) => say!("of {day}", day = lang::day(&safe(date))),
                None => say!("date unknown"),
            };
            let mut text = tell!(
                o.lang,
                "{name} ({kind}), {date}",
                name = safe(&o.lang.read(&d.name)),
                kind = safe(&o.lang.read(&d.kind)),
                date
            );
            if let Some(licence) = &d.licence {
                text = lang::series([text, safe(licence).into_owned()], Joint::Clause).tell(o.lang);
            }
            if let Some(attribution) = &d.attribution {
                text.push_str(&format!(" - {}", safe(attribution)));
            }
            writeln!(out, "{}", o.wrap("  ", "    ", &text))?;
            if let Some(age) = &d.age {
                let warning =
                    tell!(o.lang, "old: {age}; a newer one may tell some places differently", age = safe_message(age));
                writeln!(out, "{}", o.wrap("    ", "    ", &warning))?;
            }
        }
        writeln!(out)
    }

    fn title(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.options.paint(BOLD, text))
    }
}

/// Endpoints per country.
pub fn countries(a: &Assessment, options: &RenderOptions) -> String {
    let rows: Vec<Vec<String>> = a.coverage.by_country.iter().map(|(c, n)| vec![c.clone(), n.to_string()]).collect();
    let lang = options.lang;
    table::render(&[&tell!(lang, "country"), &tell!(lang, "endpoints")], &rows, options)
}

/// `transit by failover under overload, if all primaries are down or full`.
fn when(f: &Finding, lang: Lang) -> Option<String> {
    if let Some(lost) = &f.lost {
        let lost = lang::series(lost.split(',').map(safe), Joint::EachAnd);
        return Some(tell!(lang, "after the loss of {lost}", lost));
    }
    let mut parts: Vec<Message> = Vec::new();
    parts.extend(f.activity.map(Message::Word));
    parts.extend(f.role.map(|r| say!("by {role}", role = Message::Word(r.as_str()))));
    parts.extend(f.state.map(state_words));
    let told = lang::series(parts, Joint::Words);
    let condition = f.condition.as_ref().map(|c| Message::Plain(condition(c, lang)));
    let all: Vec<Message> = Some(told).filter(|t| !t.is_empty()).into_iter().chain(condition).collect();
    (!all.is_empty()).then(|| lang::series(all, Joint::Clause).tell(lang))
}
