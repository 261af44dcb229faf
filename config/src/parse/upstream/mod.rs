//! `[[upstream]]`, and the options of its kind: one file and one line each.

use std::time::Duration;

use super::{
    Names,
    report::Report,
    section::{Place, Section},
    unique_id,
};
use crate::{Secret, Upstream};

mod address;
mod per_device;

pub use per_device::MethodNames;

/// Longer than a server goes on with a request whose connection is gone.
const FENCE: Duration = Duration::from_mins(11);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// The options of one kind of upstream, beside the keys that all have.
trait Options: Sized {
    /// The keys of this kind.
    const KEYS: &'static [&'static str];

    /// Whether it is reached over a network, and so has a `url` and a `fence`.
    const REMOTE: bool = true;

    /// Reads them, with a default for each that has one.
    fn read(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> Option<Self>;

    /// The secrets among them: what must never be shown.
    fn secrets(&self) -> Vec<&Secret>;
}

macro_rules! kinds {
    ($($name:literal => $module:ident, $variant:ident($options:ident);)*) => {
        $(
            mod $module;
            pub use $module::*;
        )*

        /// An invoicing system with that system's options.
        #[derive(Debug, Clone)]
        pub enum UpstreamKind {
            $(
                #[doc = concat!("`kind = \"", $name, "\"`")]
                $variant(Box<$options>),
            )*
        }

        /// What can stand for `kind`.
        pub const UPSTREAM_KINDS: &[&str] = &[$($name,)*];

        impl UpstreamKind {
            /// The secrets of its options: what must never be shown.
            pub fn secrets(&self) -> Vec<&Secret> {
                match self {
                    $(Self::$variant(options) => options.secrets(),)*
                }
            }

            /// The keys of a kind; of all kinds if there is no such.
            fn keys(kind: &str) -> Vec<&'static str> {
                match kind {
                    $($name => $options::KEYS.to_vec(),)*
                    _ => [$($options::KEYS,)*].concat(),
                }
            }

            /// Whether a kind is reached over a network.
            fn is_remote(kind: &str) -> bool {
                match kind {
                    $($name => $options::REMOTE,)*
                    _ => true,
                }
            }

            /// Reads `kind` and what belongs to it.
            fn read(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> Option<Self> {
                match section.required_text("kind", "ivvy")? {
                    $($name => $options::read(section, names).map(Box::new).map(Self::$variant),)*
                    other => {
                        let known = UPSTREAM_KINDS.join(", ");
                        let text =
                            format!("“{other}” is not a kind of upstream; write one of {known}");
                        section.note("kind", text);
                        None
                    }
                }
            }
        }
    };
}

kinds! {
    "http" => http, Http(HttpOptions);
    "ivvy" => ivvy, Ivvy(IvvyOptions);
    "tryton" => tryton, Tryton(TrytonOptions);
    "worklist" => worklist, Worklist(WorklistOptions);
}

pub(super) fn read<'t>(
    place: Place<'_, 't>,
    names: &mut Names<'_>,
    report: &mut Report<'t>,
) -> Option<Upstream> {
    let kind = place.0.get("kind").and_then(|kind| kind.get_ref().as_str());
    let kind = kind.unwrap_or_default();
    let remote = UpstreamKind::is_remote(kind);
    let mut known = vec!["id", "kind"];
    known.extend(remote.then_some(["url", "fence"]).into_iter().flatten());
    known.extend(UpstreamKind::keys(kind));
    let mut section = Section::open("upstream", place, &known, report);
    let id = unique_id(&mut section, &mut names.upstreams, "ivvy");
    let (url, fence) = if remote {
        let url = address::read(&mut section);
        (url, section.duration("fence", FENCE, SECOND..=DAY))
    } else {
        (Some(String::new()), Some(FENCE))
    };
    let kind = UpstreamKind::read(&mut section, names);
    Some(Upstream {
        id: id?,
        url: url?,
        fence: fence?,
        kind: kind?,
    })
}
