//! A logo: a PNG file as a picture in shades of grey.

use std::io::Cursor;

use payment::receipt::Picture;
use png::{ColorType, Decoder, DecodingError, Limits, Transformations};

/// Longest file, in bytes.
pub(crate) const FILE_BYTES: u64 = 1 << 20;
/// Most dots in each direction: more than four times what any receipt printer has.
const DOTS: u32 = 2500;
/// What the decoder may use.
const MEMORY: usize = 64 << 20;
const WHITE: u32 = 255;

/// Why a file is no logo.
#[derive(Debug, thiserror::Error)]
pub enum LogoError {
    /// It cannot be decoded.
    #[error("is no PNG picture ({0}); save the logo as PNG")]
    Png(#[from] DecodingError),
    /// It has too many dots.
    #[error(
        "is {width} by {height} dots; make it at most {DOTS} by {DOTS}, a printer has some 576 on a line"
    )]
    TooLarge {
        /// How wide it is.
        width: u32,
        /// How high it is.
        height: u32,
    },
    /// There are no dots in it, or not as many as it says.
    #[error("is an empty picture; save the logo as PNG")]
    Empty,
}

/// Reads a PNG file. What is transparent is white, as the paper.
pub(crate) fn read(file: &[u8]) -> Result<Picture, LogoError> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes: MEMORY });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width > DOTS || height > DOTS {
        return Err(LogoError::TooLarge { width, height });
    }
    let mut bytes = vec![0; reader.output_buffer_size().ok_or(LogoError::Empty)?];
    let frame = reader.next_frame(&mut bytes)?;
    bytes.truncate(frame.buffer_size());
    let shades = match frame.color_type {
        ColorType::Grayscale | ColorType::Indexed => bytes,
        ColorType::GrayscaleAlpha => shades(&bytes, 2, |dot| match dot {
            [grey, alpha] => on_paper((*grey).into(), *alpha),
            _ => u8::MAX,
        }),
        ColorType::Rgb => shades(&bytes, 3, |dot| on_paper(grey(dot), u8::MAX)),
        ColorType::Rgba => shades(&bytes, 4, |dot| {
            on_paper(grey(dot), dot.last().copied().unwrap_or(u8::MAX))
        }),
    };
    let width = usize::try_from(frame.width).map_err(|_| LogoError::Empty)?;
    Picture::new(width, shades).ok_or(LogoError::Empty)
}

fn shades(bytes: &[u8], size: usize, shade: impl Fn(&[u8]) -> u8) -> Vec<u8> {
    bytes.chunks_exact(size).map(shade).collect()
}

/// How bright a colour is (ITU-R BT.601, in thousandths).
fn grey(dot: &[u8]) -> u32 {
    let parts = dot.iter().zip([299, 587, 114]);
    parts
        .map(|(part, weight)| u32::from(*part) * weight)
        .sum::<u32>()
        / 1000
}

/// A shade that lies on white paper, and covers it as much as its alpha says.
fn on_paper(grey: u32, alpha: u8) -> u8 {
    let alpha = u32::from(alpha);
    let shade = (grey * alpha + WHITE * (WHITE - alpha)) / WHITE;
    u8::try_from(shade).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(size: (u32, u32), color: ColorType, dots: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, size.0, size.1);
        encoder.set_color(color);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![0, 0, 0, 255, 255, 255]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(dots).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn every_kind_of_png_becomes_grey() {
        for (color, dots, expected) in [
            (ColorType::Grayscale, &[0, 100][..], [0, 100]),
            (ColorType::GrayscaleAlpha, &[0, 255, 0, 0], [0, 255]),
            (ColorType::Rgb, &[255, 0, 0, 0, 0, 255], [76, 29]),
            (ColorType::Rgba, &[0, 0, 0, 128, 9, 9, 9, 0], [127, 255]),
            (ColorType::Indexed, &[0, 1], [0, 255]),
        ] {
            let picture = read(&png((2, 1), color, dots)).unwrap();
            let shades = [picture.shade(0, 0), picture.shade(1, 0)];
            assert_eq!(shades, expected, "{color:?}");
            assert_eq!((picture.width(), picture.height()), (2, 1));
        }
    }

    #[test]
    fn what_is_no_logo_is_told() {
        let good = png((2, 1), ColorType::Grayscale, &[0, 100]);
        let wide = png((2501, 1), ColorType::Grayscale, &[0; 2501]);
        for (file, expected) in [
            (&b""[..], "is no PNG picture"),
            (b"\xff\xd8\xff\xe0 JFIF", "is no PNG picture"),
            (&good[..good.len() - 20], "is no PNG picture"),
            (&wide, "is 2501 by 1 dots; make it"),
        ] {
            let error = read(file).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
