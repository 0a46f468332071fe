//! What the readers of proxies share: facts as they are made, the places they connect to, and for which clients something holds.
//! It knows no format.

pub mod block;
pub mod fronts;
pub mod output;
pub mod part;
pub mod peer;
pub mod plugins;
pub mod turn;
pub mod when;

/// What the lines of an access log tell about the client.
pub const LOGGED: [&str; 4] = ["logs", "telemetry", "user.device", "user.location"];

/// The remedy for a file that some tool is yet to fill in.
pub const RENDER: &str = "render the template first and give onshore the result";

/// At most 60 characters of the first line, for messages.
pub fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    let cut: String = line.chars().take(60).collect();
    if cut.len() < text.len() { format!("{}...", cut.trim_end()) } else { cut }
}
