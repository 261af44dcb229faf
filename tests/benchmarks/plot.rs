//! The plots, as SVG.

use std::{fmt::Write as _, time::Duration};

use crate::{
    disk::{Disk, micros, percentile},
    drain::Looks,
    payment::Times,
    report::grouped,
};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const MARGIN: f64 = 16.0;
/// Room for the axes, and for what the curves are.
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 44.0;
const TOP: f64 = 84.0;
const RIGHT: f64 = 24.0;
/// Steps of the axes, at the least.
const STEPS_UP: f64 = 3.0;
const STEPS_ACROSS: f64 = 3.0;
const DARK: &str = "#24292f";
const LIGHT: &str = "#dddddd";
const GREY: &str = "#888888";
const BLUE: &str = "#1f6feb";

/// Curves over a common axis.
struct Chart<'a> {
    title: String,
    /// What the horizontal axis counts.
    unit: &'a str,
    curves: Vec<Curve<'a>>,
}

struct Curve<'a> {
    name: &'a str,
    colour: &'a str,
    points: Vec<(f64, f64)>,
}

/// How long a payment's overhead and its floor take, by the share of the payments that are as fast.
pub(crate) fn distribution(times: &Times, disk: Disk) -> String {
    let curve = |times: &[Duration]| {
        let mut times = times.to_vec();
        let point = |share: u8| {
            let time = percentile(&mut times, share.into());
            (f64::from(share), micros(time))
        };
        (0..=99).map(point).collect()
    };
    let chart = Chart {
        title: format!(
            "A card payment's own cost{}, in µs (ratio of the medians {:.2})",
            match disk {
                Disk::AsItIs => String::new(),
                Disk::Delayed(by) => format!(", each sync delayed by {by:?}"),
            },
            times.ratio
        ),
        unit: "% of the payments are as fast or faster",
        curves: vec![
            Curve {
                name: "the floor: two fdatasyncs",
                colour: GREY,
                points: curve(&times.floors),
            },
            Curve {
                name: "a card payment beyond the terminal's own time",
                colour: BLUE,
                points: curve(&times.overheads),
            },
        ],
    };
    chart.svg()
}

/// The daemon's memory while a backlog drains.
pub(crate) fn drain(looks: &Looks) -> String {
    let delivered = looks.last().map_or(0, |(_, delivered, _)| *delivered);
    let points = looks.iter().map(|(seconds, _, mb)| (*seconds, *mb));
    let chart = Chart {
        title: format!("Resident memory while {delivered} deliveries drain, in MB"),
        unit: "seconds",
        curves: vec![Curve {
            name: "tilld",
            colour: BLUE,
            points: points.collect(),
        }],
    };
    chart.svg()
}

impl Chart<'_> {
    fn svg(&self) -> String {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let across = Axis::to(
            points().fold(0.0, |most, (x, _)| most.max(*x)),
            STEPS_ACROSS,
        );
        let up = Axis::to(points().fold(0.0, |most, (_, y)| most.max(*y)), STEPS_UP).whole();
        let x = |value: f64| LEFT + value / across.end * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - value / up.end * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\" fill=\"{DARK}\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
             <text x=\"{MARGIN}\" y=\"22\" font-size=\"14\" font-weight=\"bold\">{}</text>\n",
            self.title
        );
        for value in up.ticks() {
            let at = y(value);
            writeln!(
                svg,
                "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"{LIGHT}\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                // The digits stand in the middle of their line.
                at + 4.0,
                grouped(&format!("{value}")),
            )
            .unwrap();
        }
        for value in across.ticks() {
            writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                x(value),
                HEIGHT - BOTTOM + 18.0,
                grouped(&format!("{value}")),
            )
            .unwrap();
        }
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            HEIGHT - 8.0,
            self.unit
        )
        .unwrap();
        for (n, curve) in (0..).zip(&self.curves) {
            let points: Vec<String> = curve
                .points
                .iter()
                .map(|(along, up)| format!("{:.1},{:.1}", x(*along), y(*up)))
                .collect();
            let Curve { name, colour, .. } = curve;
            let row = 42.0 + f64::from(n) * 18.0;
            writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>\n\
                 <path d=\"M{MARGIN} {:.1}h20\" stroke=\"{colour}\" stroke-width=\"3\"/>\n\
                 <text x=\"{:.1}\" y=\"{row:.1}\">{name}</text>",
                points.join(" "),
                row - 4.0,
                MARGIN + 28.0,
            )
            .unwrap();
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// An axis from zero whose ticks are round numbers.
struct Axis {
    end: f64,
    step: f64,
}

impl Axis {
    /// With so many steps, or somewhat more. It ends at the last value, or at a tick close to it.
    fn to(last: f64, steps: f64) -> Self {
        let last = last.max(f64::EPSILON);
        let tenth = 10.0_f64.powf((last / steps).log10().floor());
        let round = [5.0, 2.5, 2.0, 1.0].map(|round| round * tenth);
        let step = round.into_iter().find(|step| last / step >= steps);
        let step = step.unwrap_or(tenth);
        let next = (last / step).ceil() * step;
        let end = if next <= last * 1.05 { next } else { last };
        Self { end, step }
    }

    /// It ends at a tick.
    fn whole(mut self) -> Self {
        self.end = (self.end / self.step).ceil() * self.step;
        self
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let Self { end, step } = *self;
        let ticks = (0..).map(move |n| f64::from(n) * step);
        ticks.take_while(move |value| *value <= end * 1.000_001)
    }
}
