//! The plots, as SVG.

use std::{fmt::Write as _, time::Duration};

use crate::{
    disk::{micros, percentile},
    drain::Looks,
    payment::Times,
};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
/// Room for the axes.
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 40.0;
const TOP: f64 = 50.0;
const RIGHT: f64 = 20.0;
/// Lines across a chart.
const STEPS: u8 = 4;
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
pub(crate) fn distribution(times: &Times) -> String {
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
            "A card payment's own cost, in µs; ratio of the medians {:.2}",
            times.ratio
        ),
        unit: "% of the payments are as fast",
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
        let right = points().fold(1.0_f64, |most, (x, _)| most.max(*x));
        let top = points().fold(1.0_f64, |most, (_, y)| most.max(*y)) * 1.1;
        let x = |value: f64| LEFT + value / right * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
             <text x=\"{LEFT}\" y=\"18\" font-size=\"14\">{}</text>\n",
            self.title
        );
        for step in 0..=STEPS {
            let share = f64::from(step) / f64::from(STEPS);
            writeln!(
                svg,
                "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{end}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>\n\
                 <text x=\"{label:.1}\" y=\"{at:.1}\" text-anchor=\"end\">{up:.0}</text>\n\
                 <text x=\"{across:.1}\" y=\"{below:.1}\" text-anchor=\"middle\">{along:.0}</text>",
                at = y(top * share),
                end = WIDTH - RIGHT,
                label = LEFT - 6.0,
                up = top * share,
                across = x(right * share),
                below = HEIGHT - BOTTOM + 16.0,
                along = right * share,
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
            writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
                points.join(" "),
                LEFT + 12.0,
                TOP + f64::from(n) * 16.0
            )
            .unwrap();
        }
        svg.push_str("</svg>\n");
        svg
    }
}
