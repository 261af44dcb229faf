//! Which of the devices that are plugged in is meant, and which of its endpoints are the printer's.
//! Pure: what was seen comes in.

use nusb::{
    descriptors::{ConfigurationDescriptor, InterfaceDescriptor, TransferType},
    transfer::Direction,
};

use super::super::error::Fault;

/// The class of printers, and its one subclass (USB Device Class Definition for Printing Devices
/// 1.1, 4.3).
const PRINTER: (u8, u8) = (0x07, 0x01);
/// What makers define themselves: some printers are nothing else.
const OF_THE_MAKER: u8 = 0xff;

/// A device that is plugged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen<'a> {
    pub(super) vendor: u16,
    pub(super) product: u16,
    pub(super) serial: Option<&'a str>,
}

/// The place of the wanted device among those that were seen. Two of one model are told apart by
/// their serial numbers, never by chance: a receipt would come out at another desk.
pub(super) fn device(
    seen: &[Seen<'_>],
    vendor: u16,
    product: u16,
    serial: Option<&str>,
) -> Result<usize, Fault> {
    let model = |one: &Seen<'_>| (one.vendor, one.product) == (vendor, product);
    let wanted = |one: &Seen<'_>| model(one) && (serial.is_none() || one.serial == serial);
    let found: Vec<usize> = (0..seen.len())
        .filter(|at| seen.get(*at).is_some_and(wanted))
        .collect();
    match (found.as_slice(), serial) {
        ([one], _) => Ok(*one),
        ([], None) => Err(Fault::Missing),
        ([], Some(_)) if !seen.iter().any(model) => Err(Fault::Missing),
        ([], Some(_)) => Err(Fault::OtherSerial(serials(
            seen.iter().filter(|s| model(s)),
        ))),
        _ => Err(Fault::Several(serials(seen.iter().filter(|s| wanted(s))))),
    }
}

fn serials<'a>(seen: impl Iterator<Item = &'a Seen<'a>>) -> String {
    let all: Vec<&str> = seen.map(|one| one.serial.unwrap_or("none")).collect();
    all.join(", ")
}

/// An interface in one of its settings, and its endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ways {
    pub(super) interface: u8,
    pub(super) setting: u8,
    /// Where bytes go.
    pub(super) out: u8,
    /// Where answers come from; none where it only listens.
    pub(super) back: Option<u8>,
}

/// The interface that is the printer: of the printer's class before one of the maker's own, one that
/// answers before one that does not, and the earlier setting before the later. Nothing else is ever
/// taken: a keyboard or a memory stick in the same housing is not for receipts.
pub(super) fn ways(configuration: &ConfigurationDescriptor<'_>) -> Option<Ways> {
    configuration
        .interface_alt_settings()
        .filter_map(|setting| Some((rank(&setting)?, endpoints(&setting)?)))
        .min_by_key(|(rank, ways)| (*rank, ways.back.is_none(), ways.setting, ways.interface))
        .map(|(_, ways)| ways)
}

fn rank(setting: &InterfaceDescriptor<'_>) -> Option<u8> {
    if (setting.class(), setting.subclass()) == PRINTER {
        Some(0)
    } else {
        (setting.class() == OF_THE_MAKER).then_some(1)
    }
}

fn endpoints(setting: &InterfaceDescriptor<'_>) -> Option<Ways> {
    let bulk = |direction| {
        let mut all = setting.endpoints();
        all.find(|one| one.direction() == direction && one.transfer_type() == TransferType::Bulk)
            .map(|one| one.address())
    };
    Some(Ways {
        interface: setting.interface_number(),
        setting: setting.alternate_setting(),
        out: bulk(Direction::Out)?,
        back: bulk(Direction::In),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A configuration of these descriptors.
    fn configuration(descriptors: &[&[u8]]) -> Vec<u8> {
        let body = descriptors.concat();
        let total = u16::try_from(9 + body.len()).unwrap().to_le_bytes();
        let head = [9, 2, total[0], total[1], 1, 1, 0, 0xc0, 1];
        [head.as_slice(), &body].concat()
    }

    /// Number, setting, class, subclass, protocol, endpoints.
    fn interface(number: u8, setting: u8, class: [u8; 3], ends: &[&[u8]]) -> Vec<u8> {
        let count = u8::try_from(ends.len()).unwrap();
        let [class, subclass, protocol] = class;
        let head = [9, 4, number, setting, count, class, subclass, protocol, 0];
        [head.as_slice(), &ends.concat()].concat()
    }

    const OUT: &[u8] = &[7, 5, 0x01, 2, 0x40, 0, 0];
    const OUT_3: &[u8] = &[7, 5, 0x03, 2, 0x00, 2, 0];
    const IN: &[u8] = &[7, 5, 0x82, 2, 0x40, 0, 0];
    const IN_INTERRUPT: &[u8] = &[7, 5, 0x83, 3, 0x08, 0, 10];
    /// Protocols 1, 2 and 3: one way, both ways, and IEEE 1284.4.
    const ONE_WAY: [u8; 3] = [7, 1, 1];
    const BOTH_WAYS: [u8; 3] = [7, 1, 2];
    const MAKERS: [u8; 3] = [0xff, 0, 0];
    const KEYBOARD: [u8; 3] = [3, 1, 1];
    const MEMORY: [u8; 3] = [8, 6, 0x50];

    #[test]
    fn the_printers_interface_and_its_endpoints_are_found() {
        let of = |interface, setting, out, back| {
            Some(Ways {
                interface,
                setting,
                out,
                back,
            })
        };
        let both = [OUT, IN];
        for (name, interfaces, expected) in [
            ("nothing", vec![], None),
            (
                "a receipt printer",
                vec![interface(0, 0, BOTH_WAYS, &both)],
                of(0, 0, 1, Some(0x82)),
            ),
            (
                "one that only listens",
                vec![interface(0, 0, ONE_WAY, &[OUT])],
                of(0, 0, 1, None),
            ),
            (
                "endpoints in the other order, and one for interrupts",
                vec![interface(0, 0, BOTH_WAYS, &[IN_INTERRUPT, IN, OUT_3])],
                of(0, 0, 3, Some(0x82)),
            ),
            (
                "both ways is a later setting",
                vec![
                    interface(0, 0, ONE_WAY, &[OUT]),
                    interface(0, 1, BOTH_WAYS, &both),
                ],
                of(0, 1, 1, Some(0x82)),
            ),
            (
                "two settings that are alike",
                vec![
                    interface(0, 1, BOTH_WAYS, &both),
                    interface(0, 0, BOTH_WAYS, &both),
                ],
                of(0, 0, 1, Some(0x82)),
            ),
            (
                "a keyboard beside it",
                vec![
                    interface(0, 0, KEYBOARD, &[IN_INTERRUPT]),
                    interface(1, 0, BOTH_WAYS, &both),
                ],
                of(1, 0, 1, Some(0x82)),
            ),
            (
                "the maker's interface answers, the printer's does not",
                vec![
                    interface(0, 0, MAKERS, &both),
                    interface(1, 0, ONE_WAY, &[OUT_3]),
                ],
                of(1, 0, 3, None),
            ),
            (
                "nothing but the maker's",
                vec![interface(0, 0, MAKERS, &both)],
                of(0, 0, 1, Some(0x82)),
            ),
            ("a memory stick", vec![interface(0, 0, MEMORY, &both)], None),
            (
                "a printer without a way to it",
                vec![interface(0, 0, BOTH_WAYS, &[IN])],
                None,
            ),
        ] {
            let interfaces: Vec<&[u8]> = interfaces.iter().map(Vec::as_slice).collect();
            let bytes = configuration(&interfaces);
            let found = ways(&ConfigurationDescriptor::new(&bytes).unwrap());
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn one_device_is_found_and_two_are_not_guessed() {
        let seen = |product, serial| Seen {
            vendor: 0x04b8,
            product,
            serial,
        };
        let (one, two) = (seen(0x0e15, Some("A1")), seen(0x0e15, Some("B2")));
        let (mute, other) = (seen(0x0e15, None), seen(0x0202, Some("A1")));
        for (all, serial, expected) in [
            (vec![], None, "nothing is there"),
            (vec![other], None, "nothing is there"),
            (vec![other], Some("A1"), "nothing is there"),
            (vec![other, one], None, "1"),
            (vec![one, two], Some("B2"), "1"),
            (vec![one, mute], Some("A1"), "0"),
            (vec![one, two], None, "they have: A1, B2"),
            (vec![mute, mute], None, "they have: none, none"),
            (vec![one, one], Some("A1"), "they have: A1, A1"),
            (vec![one, mute], Some("C3"), "plugged in are: A1, none"),
        ] {
            let found = match device(&all, 0x04b8, 0x0e15, serial) {
                Ok(at) => at.to_string(),
                Err(fault) => fault.to_string(),
            };
            assert!(found.contains(expected), "{all:?} {serial:?}: {found}");
        }
    }
}
