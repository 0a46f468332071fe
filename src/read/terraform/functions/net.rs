//! Networks: `cidrsubnet` and its like.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use super::{Answer, Arguments, Given, No, made};
use crate::read::resource::{Is, Value};
use crate::read::terraform::value::list;

pub fn call(a: &Arguments<'_>) -> Option<Given> {
    Some(made(match a.name {
        "cidrsubnet" => subnet(a),
        "cidrsubnets" => subnets(a),
        "cidrhost" => host(a),
        "cidrnetmask" => network(a).and_then(|n| match n.mask() {
            IpAddr::V4(mask) => Ok(Is::Text(mask.to_string().into())),
            IpAddr::V6(_) => Err(No::Wrong("an IPv6 network has no mask".to_owned())),
        }),
        _ => return None,
    }))
}

fn network(a: &Arguments<'_>) -> Result<IpNetwork, No> {
    let text = a.text(0)?;
    text.parse().map_err(|_| No::Wrong(format!("`{text}` is no network")))
}

/// The address as a number, and the bits of its kind.
fn bits(network: IpNetwork) -> (u128, u32) {
    match network.network() {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    }
}

fn address(n: u128, width: u32) -> IpAddr {
    if width == 32 {
        Ipv4Addr::from(u32::try_from(n & u128::from(u32::MAX)).unwrap_or(0)).into()
    } else {
        Ipv6Addr::from(n).into()
    }
}

fn subnet(a: &Arguments<'_>) -> Answer {
    let network = network(a)?;
    let (more, number) = (a.index(1)?, a.index(2)?);
    let (base, width) = bits(network);
    let prefix = u32::from(network.prefix()) + u32::try_from(more).unwrap_or(u32::MAX / 2);
    if prefix > width || (more < 64 && number >> more != 0) {
        return Err(No::Wrong(format!("{network} has no subnet number {number} with {more} more bits")));
    }
    let shift = width - prefix;
    let offset = (number as u128).checked_shl(shift).unwrap_or(0);
    Ok(Is::Text(format!("{}/{prefix}", address(base | offset, width)).into()))
}

fn subnets(a: &Arguments<'_>) -> Answer {
    let network = network(a)?;
    let (base, width) = bits(network);
    let mut next = base;
    let mut made = Vec::new();
    for i in 1..a.all.len() {
        let prefix = u32::from(network.prefix()) + u32::try_from(a.index(i)?).unwrap_or(u32::MAX / 2);
        if prefix > width {
            return Err(No::Wrong(format!("{network} has no subnets of {prefix} bits")));
        }
        let size = 1_u128.checked_shl(width - prefix).unwrap_or(0);
        // Each begins at a multiple of its size.
        if size > 0 && next % size != 0 {
            next = (next / size + 1).saturating_mul(size);
        }
        made.push(Value::text(format!("{}/{prefix}", address(next, width)), a.at));
        next = next.wrapping_add(size);
    }
    Ok(list(made))
}

fn host(a: &Arguments<'_>) -> Answer {
    let network = network(a)?;
    let number = a.number(1)?;
    let (base, width) = bits(network);
    let size = 1_u128.checked_shl(width - u32::from(network.prefix())).unwrap_or(u128::MAX);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared with the size of the network")]
    let offset = if number < 0.0 { size.checked_sub((-number) as u128) } else { Some(number as u128) };
    match offset.filter(|o| *o < size) {
        Some(offset) => Ok(Is::Text(address(base | offset, width).to_string().into())),
        None => Err(No::Wrong(format!("{network} has no host number {number}"))),
    }
}
