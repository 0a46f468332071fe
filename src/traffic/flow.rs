//! One row of a log in the words that all formats share.

use std::net::IpAddr;

/// What a row says of one direction: bytes that went from one address to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    pub from: IpAddr,
    pub to: IpAddr,
    /// 0: the row has none.
    pub from_port: u16,
    pub to_port: u16,
    /// IANA protocol number; 0: not told.
    pub protocol: u8,
    pub packets: Option<u64>,
    /// `None`: the log did not measure it, which is not the same as nothing.
    pub bytes: Option<u64>,
    /// Seconds since 1970, UTC.
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub opened: Opened,
    /// The log says that the sender is on the side that keeps it.
    pub ours: Option<bool>,
    /// A firewall refused it: nothing went through.
    pub refused: bool,
    /// Packets and bytes are what a sample stands for.
    pub estimated: bool,
}

/// Who opened the connection of which this is one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opened {
    Sender,
    Receiver,
    /// The log does not say; ports may.
    #[default]
    Unsaid,
}

impl Flow {
    pub fn between(from: IpAddr, to: IpAddr) -> Self {
        Self {
            from,
            to,
            from_port: 0,
            to_port: 0,
            protocol: 0,
            packets: None,
            bytes: None,
            first: None,
            last: None,
            opened: Opened::Unsaid,
            ours: None,
            refused: false,
            estimated: false,
        }
    }

    /// What it stands for if one packet in so many was looked at.
    pub fn sampled(self, one_in: Option<u64>) -> Self {
        let Some(one_in) = one_in.filter(|n| *n > 1) else { return self };
        let times = |n: Option<u64>| n.map(|n| n.saturating_mul(one_in));
        Self { packets: times(self.packets), bytes: times(self.bytes), estimated: true, ..self }
    }

    /// The other direction of the same connection, with nothing measured yet.
    pub fn back(&self) -> Self {
        Self {
            from: self.to,
            to: self.from,
            from_port: self.to_port,
            to_port: self.from_port,
            packets: None,
            bytes: None,
            opened: match self.opened {
                Opened::Sender => Opened::Receiver,
                Opened::Receiver => Opened::Sender,
                Opened::Unsaid => Opened::Unsaid,
            },
            ours: self.ours.map(|ours| !ours),
            ..*self
        }
    }

    /// Whether this answers a connection that the receiver opened. Where the log is silent ports tell: services listen below 1024
    /// or at least below the ephemeral range (from 32768: RFC 6056 leaves it to systems, this is Linux's), and what is left
    /// open counts as sent.
    pub fn answers(&self) -> bool {
        const EPHEMERAL: u16 = 32_768;
        match self.opened {
            Opened::Sender => false,
            Opened::Receiver => true,
            Opened::Unsaid => {
                let (from, to) = (self.from_port, self.to_port);
                // Every part is worked out: which of them decides cannot be guessed.
                (from != 0) & (((from < 1024) & (to >= 1024)) | ((from < EPHEMERAL) & (to >= EPHEMERAL)))
            }
        }
    }

    /// Nothing at all went this way.
    pub fn is_empty(&self) -> bool {
        self.bytes == Some(0) || self.packets == Some(0)
    }

    /// TCP headers and nothing more: no payload went. A header is 40 bytes with IPv4 and at most 60 with the options of a
    /// handshake; of a few packets of that size no more than a few bytes can be payload.
    pub fn is_attempt(&self) -> bool {
        const TCP: u8 = 6;
        let (Some(packets), Some(bytes)) = (self.packets, self.bytes) else { return false };
        let v6 = if self.from.is_ipv6() { 20 } else { 0 };
        let of = |header: u64| bytes <= packets.saturating_mul(header + v6);
        self.protocol == TCP && packets > 0 && (of(40) || (packets <= 3 && of(60)))
    }
}

/// A row that is no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// It says that there was no traffic.
    NoData,
    /// The log says that it left rows out here.
    Skipped,
    /// It could not be read.
    Unparsable,
}

/// An end of a flow as a log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End<'l> {
    /// By the flow's own address.
    Address,
    /// By a name, and one for a group that it is of (or nothing), which the inventory may know.
    Named(&'l str, &'l str),
    /// It is the machine that keeps the log, with the name that its configuration has for what listened (or nothing).
    Here(&'l str),
    /// Not at all.
    Untold,
}

/// What a sink makes of an address, whatever that is: a reader that meets an address once for many flows asks once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known(pub u32);

impl Known {
    /// It was not asked.
    pub const NOT: Self = Self(u32::MAX);
}

/// Takes what a reader finds. `row` is the line from 1 in texts, else the record from 1.
pub trait Sink {
    fn flow(&mut self, row: u64, flow: Flow);

    /// To be handed back with the flows that have the address.
    fn know(&self, _: IpAddr) -> Known {
        Known::NOT
    }

    /// A flow, with what the sink knows of its ends.
    fn known_flow(&mut self, row: u64, flow: Flow, _: [Known; 2]) {
        self.flow(row, flow);
    }

    /// A flow of which an end is told by something else than an address, which then means nothing in the flow.
    fn between(&mut self, row: u64, flow: Flow, from: End<'_>, to: End<'_>);
    fn odd(&mut self, row: u64, odd: Odd);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(from_port: u16, to_port: u16) -> Flow {
        let address = IpAddr::from([10, 0, 0, 1]);
        Flow { from_port, to_port, ..Flow::between(address, address) }
    }

    #[test]
    fn ports_tell_who_answers() {
        let cases = [
            ((443, 51_000), true),
            ((51_000, 443), false),
            ((8080, 51_000), true),
            ((22, 2000), true),
            ((0, 51_000), false),
            ((51_000, 52_000), false),
            ((443, 0), false),
        ];
        for ((from, to), answers) in cases {
            assert_eq!(flow(from, to).answers(), answers, "{from} -> {to}");
        }
        assert!(!Flow { opened: Opened::Sender, ..flow(443, 51_000) }.answers());
        assert!(flow(1, 2).back().back() == flow(1, 2));
    }

    #[test]
    fn headers_are_no_payload() {
        let of =
            |packets, bytes, protocol| Flow { packets: Some(packets), bytes: Some(bytes), protocol, ..flow(1, 2) }.is_attempt();
        assert!(of(1, 44, 6) && of(1, 60, 6) && of(500, 20_000, 6));
        assert!(!of(1, 61, 6) && !of(4, 200, 6) && !of(1, 44, 17) && !of(0, 0, 6));
        assert!(!Flow { bytes: None, packets: Some(1), protocol: 6, ..flow(1, 2) }.is_attempt());
    }
}
