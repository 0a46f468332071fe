//! What can reach what, in which state of the world? Knows no countries beyond the codes that client matches name, no place,
//! no policy, no law.
//!
//! 1. [`tokens`]: whose data of which class starts where.
//! 2. `filter`: which tokens pass which routes at all, by client, class and activity.
//! 3. `carry`: which routes carry whose traffic in a [`World`].
//! 4. [`Graph::spread`]: tokens move as bit sets over flat arrays until nothing new arrives anywhere.
//! 5. [`Graph::witness`]: the shortest way by which a token got somewhere.
//! 6. [`Graph::usable`], [`Graph::serves`]: what works after a loss, and whether people are still served.
//! 7. [`Graph::cut`]: the fewest routes without which nothing gets where it must not.
//! 8. [`Losses`]: one loss after the other, each at the cost of what it touches.
//!
//! Where something is not sure, spreading takes the wider answer and serving the narrower one.

mod bits;
mod carry;
mod cut;
mod filter;
mod losses;
mod lost;
mod serve;
mod spread;
mod token;
mod usable;
mod wiring;
mod witness;

pub use cut::{Cut, Offence};
pub use losses::{Losses, Touched};
pub use spread::Spread;
pub use token::{Token, TokenSource, tokens};
pub use usable::Usable;
pub use witness::{Paths, Step};

use std::sync::OnceLock;

use bits::Bits;
use carry::{Carry, Choice, Member};
use filter::{Filters, has_column};
use lost::{Lost, Shared};
use wiring::Wiring;

use crate::model::{EndpointId, LossDomain, RouteId, Snapshot};

/// A state of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum World {
    /// Of each pool the preferred members carry: those that are no standby before those that are, then the lowest priority
    /// number. A member for some clients only leaves the others to the next one.
    Normal,
    /// The preferred members are full, slow or failing their checks: every member that may spill under load carries too.
    Overload,
    /// Every route but those that never carry: contains what any loss can lead to, and what a person may switch on.
    Any,
    /// All of these are lost at once. Pools fall to their next priority that has a surely usable target; targets that are
    /// not dead carry up to there, so that partial and full failure are both covered.
    Loss(Vec<LossDomain>),
}

/// A snapshot's routes, ready for questions.
pub struct Graph<'a> {
    snapshot: &'a Snapshot,
    tokens: &'a [Token],
    wiring: Wiring,
    filters: Filters,
    members: Vec<Member>,
    normal: Carry,
    /// Per endpoint: of no use without a pool to hand on to.
    only_forwards: Bits,
    /// Per position: hands requests on.
    hands_on: Bits,
    shared: OnceLock<Shared>,
}

impl<'a> Graph<'a> {
    /// `tokens` are those of [`tokens`], or any others; every later token number is an index into them.
    pub fn new(snapshot: &'a Snapshot, tokens: &'a [Token]) -> Self {
        let wiring = Wiring::new(snapshot);
        let filters = Filters::new(snapshot, tokens, &wiring);
        let members = Member::all(snapshot, &wiring);
        let normal = Choice { wiring: &wiring, filters: &filters, members: &members }.normal();
        let (only_forwards, hands_on) = (Self::forwarders(snapshot), Self::handing_on(snapshot, &wiring));
        Self { snapshot, tokens, wiring, filters, members, normal, only_forwards, hands_on, shared: OnceLock::new() }
    }

    /// Whether a route lets a token through by client, class and activity, whatever the state of the world.
    pub fn passes(&self, route: RouteId, token: usize) -> bool {
        let index = self.filters.of[self.wiring.position(route)];
        has_column(&self.filters.masks, self.filters.words, index, self.filters.column[token])
    }

    /// The endpoints of which it cannot be told whether a loss takes them down; see [`Usable::uncertain`].
    pub fn uncertain(&self, world: &World) -> Vec<EndpointId> {
        self.lost(world).uncertain.iter().map(|i| EndpointId(wiring::number(i))).collect()
    }

    /// The endpoints that a loss takes down itself, not those that then lack something.
    pub fn down(&self, world: &World) -> Vec<EndpointId> {
        self.lost(world).down.iter().map(|i| EndpointId(wiring::number(i))).collect()
    }

    fn choice(&self) -> Choice<'_> {
        Choice { wiring: &self.wiring, filters: &self.filters, members: &self.members }
    }

    fn lost(&self, world: &World) -> Lost {
        match world {
            World::Loss(domains) => Lost::new(self.snapshot, self.shared.get_or_init(|| Shared::new(self.snapshot)), domains),
            World::Normal | World::Overload | World::Any => Lost::nothing(self.snapshot),
        }
    }
}
