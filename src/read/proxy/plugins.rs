//! Plugins of API gateways: which of their settings lead elsewhere.

use super::output::{Output, Touch};
use super::part::Part;
use super::shorten;
use super::turn::Turn;
use crate::model::Activity;
use crate::read::words::{Effect, Vocabulary};
use crate::source::Location;

/// A plugin that opens connections of its own.
pub struct Plugin {
    pub name: &'static str,
    pub activity: Activity,
    /// Settings that hold URLs or hosts.
    pub targets: &'static [&'static str],
    /// The setting that holds the port of a host, and the port if there is none.
    pub port: (&'static str, u16),
    /// What goes there, in words.
    pub what: &'static str,
}

/// What one plugin of an entry does. `part` is the name of plugins in the reader's table.
pub fn routes(
    out: &mut Output,
    from: usize,
    (table, vocabulary, part): (&[Plugin], &Vocabulary, &'static str),
    (name, at, settings): (&str, Location, Option<Part<'_>>),
    base: &Turn,
) {
    let touch = Touch::Endpoint(from);
    if vocabulary.effect(part, name) != Some(Effect::Followed) {
        out.knows(vocabulary, part, name, at, touch);
        return;
    }
    let mut any = false;
    for plugin in table.iter().filter(|p| p.name == name) {
        let port = settings.and_then(|s| s.number(plugin.port.0, out, touch)).unwrap_or(plugin.port.1);
        let targets = plugin
            .targets
            .iter()
            .flat_map(|field| settings.map(|s| s.list(field)).unwrap_or_default().into_iter().map(move |t| (field, t)));
        for (field, target) in targets {
            any = true;
            let own = target.number("port", out, touch).unwrap_or(port);
            // A map without either names no place, which is told.
            let host = target.get("host").or_else(|| target.get("uri")).unwrap_or(target);
            let text = host.node.text().unwrap_or("");
            let Some(peer) = out.target(&format!("`{field}` of {name}"), text, Some(own), host.at(), touch) else { continue };
            if plugin.activity == Activity::Log {
                out.log_to(from, &peer, host.at(), name);
            } else {
                let pool = out.pool(from, name);
                let turn = Turn { pool: Some(pool), ..base.clone() }.of(plugin.activity).under(plugin.what);
                out.send(from, &peer, host.at(), &turn);
            }
        }
    }
    if !any {
        let message = format!("where the plugin `{}` sends data is not in this file", shorten(name));
        let help = "declare where it leads in an inventory".to_owned();
        out.gap("dynamic-upstream", message, Some(help), at, touch);
    }
}
