//! A glyph's outline, filled with dots.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "outlines are curves in floats, and none of them is money; sizes are checked before"
)]

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use harfrust::{
    GlyphId,
    font::glyph::outline::{DrawMemory, DrawOptions, PathElement},
};

use super::{font::Fonts, raster::Bitmap};

/// A glyph that was shaped, with its offset from the place where it stands, in 64ths of a dot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph {
    pub(super) font: usize,
    pub(super) id: u32,
    pub(super) right: i32,
    pub(super) up: i32,
}

/// How big glyphs are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// Dots of an em.
    pub(super) em: i32,
    /// Times as wide.
    pub(super) across: i32,
    /// Times as high.
    pub(super) down: i32,
    /// One dot more to the right.
    pub(super) bold: bool,
}

/// Glyphs that are larger are no letters.
const LARGEST: f32 = 400.0;
/// How much of a dot must be covered. Less than half, so that thin strokes do not break.
const COVERED: f32 = 0.4;

/// Draws a glyph at `x` (in 64ths of a dot) on a baseline.
pub(super) fn draw(
    fonts: &Fonts,
    glyph: Glyph,
    x: i32,
    baseline: usize,
    scale: Scale,
    bitmap: &mut Bitmap,
) {
    let Some(font) = fonts.get(glyph.font) else {
        return;
    };
    let Some(outline) = font.outline_glyphs().get(GlyphId::new(glyph.id)) else {
        return;
    };
    let mut path: Vec<PathElement> = Vec::new();
    let options = DrawOptions::new().with_ppem(Some(scale.em as f32));
    if outline
        .draw(&options, DrawMemory::Scratch, &mut path)
        .is_err()
    {
        return;
    }
    let origin = point(
        (x + glyph.right) as f32 / 64.0,
        baseline as f32 - (glyph.up * scale.down) as f32 / 64.0,
    );
    let place = |x: f32, y: f32| {
        point(
            origin.x + x * scale.across as f32,
            origin.y - y * scale.down as f32,
        )
    };
    let Some((low, width, height)) = bounds(&path, place) else {
        return;
    };
    let mut rasterizer = Rasterizer::new(width, height);
    fill(&path, |x, y| place(x, y) - low, &mut rasterizer);
    rasterizer.for_each_pixel_2d(|column, row, covered| {
        // Both are small, so that sums and signs are exact; what is left of the paper is lost.
        let (x, y) = (low.x + column as f32, low.y + row as f32);
        if covered >= COVERED && x >= 0.0 && y >= 0.0 {
            let (x, y) = (x as usize, y as usize);
            bitmap.set(x, y);
            if scale.bold {
                bitmap.set(x + 1, y);
            }
        }
    });
}

/// The top left corner of a path, on whole dots, with its width and height; `None` if there is
/// nothing to fill.
fn bounds(
    path: &[PathElement],
    place: impl Fn(f32, f32) -> Point,
) -> Option<(Point, usize, usize)> {
    let mut low = point(f32::MAX, f32::MAX);
    let mut high = point(f32::MIN, f32::MIN);
    let mut reach = |x: f32, y: f32| {
        let p = place(x, y);
        low = point(low.x.min(p.x), low.y.min(p.y));
        high = point(high.x.max(p.x), high.y.max(p.y));
    };
    for element in path {
        match *element {
            PathElement::MoveTo { x, y } | PathElement::LineTo { x, y } => reach(x, y),
            PathElement::QuadTo { cx0, cy0, x, y } => {
                reach(cx0, cy0);
                reach(x, y);
            }
            PathElement::CurveTo {
                cx0,
                cy0,
                cx1,
                cy1,
                x,
                y,
            } => {
                reach(cx0, cy0);
                reach(cx1, cy1);
                reach(x, y);
            }
            PathElement::Close => {}
        }
    }
    let low = point(low.x.floor(), low.y.floor());
    let (width, height) = (high.x.ceil() - low.x + 1.0, high.y.ceil() - low.y + 1.0);
    let usual = |length: f32| (1.0..LARGEST).contains(&length);
    let near = low.x.abs() < 10_000.0 && low.y.abs() < 10_000.0;
    (usual(width) && usual(height) && near).then_some((low, width as usize, height as usize))
}

fn fill(path: &[PathElement], place: impl Fn(f32, f32) -> Point, rasterizer: &mut Rasterizer) {
    let (mut first, mut last) = (point(0.0, 0.0), point(0.0, 0.0));
    for element in path {
        match *element {
            PathElement::MoveTo { x, y } => {
                rasterizer.draw_line(last, first);
                first = place(x, y);
                last = first;
            }
            PathElement::LineTo { x, y } => {
                let to = place(x, y);
                rasterizer.draw_line(last, to);
                last = to;
            }
            PathElement::QuadTo { cx0, cy0, x, y } => {
                let to = place(x, y);
                rasterizer.draw_quad(last, place(cx0, cy0), to);
                last = to;
            }
            PathElement::CurveTo {
                cx0,
                cy0,
                cx1,
                cy1,
                x,
                y,
            } => {
                let to = place(x, y);
                rasterizer.draw_cubic(last, place(cx0, cy0), place(cx1, cy1), to);
                last = to;
            }
            PathElement::Close => {
                rasterizer.draw_line(last, first);
                last = first;
            }
        }
    }
    rasterizer.draw_line(last, first);
}
