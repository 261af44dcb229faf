//! Jobs in bytes, as a client would send them.

/// A receipt in code page 858, with amounts at the right edge of so many columns.
pub(crate) fn receipt(columns: u16) -> Vec<u8> {
    let mut job = b"\x1b@\x1c.\x1bt\x13\x1ba\x01\x1b!\x38Praxis am Park\n\x1b!\0".to_vec();
    job.extend(b"1 Park Lane, 10115 Berlin\n\n\x1ba\0");
    let amount = |job: &mut Vec<u8>, what: &[u8], amount: &[u8]| {
        let right = (columns - u16::try_from(amount.len()).unwrap()) * 12;
        job.extend(what);
        job.extend(b"\x1b$");
        job.extend(right.to_le_bytes());
        job.extend(amount);
        job.extend(b"\n");
    };
    amount(&mut job, b"Zahnreinigung f\x81r 1", b"80,10 \xd5");
    amount(&mut job, b"F\x81llung", b"120,00 \xd5");
    job.extend(vec![b'-'; columns.into()]);
    job.extend(b"\n\x1bE\x01");
    amount(&mut job, b"Summe", b"200,10 \xd5");
    job.extend(b"\x1bE\0\x1bM\x01Karte ****1111, Autorisierung 123456\n\x1bM\0\n\x1ba\x01");
    job.extend(qr(b"https://example.org/desk1-000001"));
    job.extend(b"\x1dh\x40\x1dw\x02\x1dk\x49\x0e{Bdesk1-000001\x1ba\0\x1dVA\x10");
    job
}

fn qr(data: &[u8]) -> Vec<u8> {
    let mut job = b"\x1d(k\x03\0\x31\x43\x04\x1d(k\x03\0\x31\x45\x31\x1d(k".to_vec();
    job.extend(u16::try_from(data.len() + 3).unwrap().to_le_bytes());
    job.extend(b"1P0");
    job.extend(data);
    job.extend(b"\x1d(k\x03\x001Q0");
    job
}

/// Sizes, emphasis, fonts, positions, tabs and spacing.
pub(crate) fn styles() -> Vec<u8> {
    let lines: [&[u8]; 14] = [
        b"\x1b@Font A \x1bM\x01Font B\x1bM\0 \x1bE\x01bold\x1bE\0 \x1b-\x01thin\x1b-\0 \x1b-\x02thick\x1b-\0 \x1dB\x01inverse\x1dB\0",
        b"\x1d!\x10wide\x1d!\x01high\x1d!\x11both\x1d!\0plain",
        b"\x1d!\x32\x1b-\x013x4\x1b-\0\x1dB\x013x4\x1dB\0\x1d!\0",
        b"\x1d!\x77Ag\x1d!\0",
        b"\x1ba\x01centre\n\x1ba\x02right",
        b"\x1ba\0left \x1ba\x02ignored in mid-line",
        b"\x1ba\0a\tb\tc\td",
        b"\x1bD\x05\x0a\x14\0a\tb\tc\td",
        b"\x1b$\x64\0at 100\x1b\\\x0c\0and 12\x1b\\\xe8\xffback 24",
        b"\x1b \x06gaps of 6\x1b \0",
        b"\x1b3\x40spacing of 64\n\x1b3\x18of 24\n\x1b3\x08of 8: the height counts\n\x1b2as before",
        b"\x1dL\x30\0\x1dW\x80\x01margins of 48 and 384 dots\x1dL\0\0",
        b"\x1dL\0\0\x1dW\x40\x02",
        b"\x1d(k\x02\0\x30\x51 unknown \x07\x01",
    ];
    let mut job = lines.join(&b'\n');
    job.extend(b"\n\x1dV\x01");
    job
}

/// A picture of 32 by 16 dots: a frame with a wedge in it, in rows.
fn rows() -> Vec<u8> {
    let row = |y: u32| match y {
        0 | 15 => u32::MAX,
        _ => 0x8000_0001 | u32::MAX << (30 - 2 * y),
    };
    (0..16).flat_map(|y| row(y).to_be_bytes()).collect()
}

/// The same in columns, so many bytes deep.
fn columns(deep: usize) -> Vec<u8> {
    let rows = rows();
    let bit = |x: usize, y: usize| {
        rows.get(y * 4 + x / 8)
            .is_some_and(|b| b & (0x80 >> (x % 8)) != 0)
    };
    let byte =
        |x: usize, at: usize| (0..8).fold(0, |byte, y| byte << 1 | u8::from(bit(x, at * 8 + y)));
    (0..32)
        .flat_map(|x| (0..deep).map(move |at| (x, at)))
        .map(|(x, at)| byte(x, at))
        .collect()
}

/// The same picture by each command that brings one, with its name before it.
pub(crate) fn images() -> Vec<u8> {
    let mut job = b"\x1b@".to_vec();
    for mode in 0..4 {
        let name = format!("GS v 0, mode {mode}\n");
        job.extend(name.as_bytes());
        job.extend([b"\x1dv0", &[mode][..], b"\x04\0\x10\0", &rows()].concat());
    }
    let stored = b"\x30\x01\x01\x31\x20\0\x10\0";
    let defined = b"\x30AB\x01\x20\0\x10\0\x31";
    let parts: &[&[u8]] = &[
        b"GS ( L 112\n\x1d(L\x4a\0\x30\x70",
        stored,
        &rows(),
        b"\x1d(L\x02\0\x30\x32GS 8 L 112\n\x1d8L\x4a\0\0\0\x30\x70",
        stored,
        &rows(),
        b"\x1d(L\x02\0\x30\x02GS ( L 113\n\x1d(L\x4a\0\x30\x71",
        stored,
        &columns(2),
        b"\x1d(L\x02\0\x30\x32GS ( L 67, 69\n\x1d(L\x4b\0\x30\x43",
        defined,
        &rows(),
        b"\x1d(L\x06\0\x30\x45AB\x02\x01GS ( L 84, 85\n\x1d(L\x4b\0\x30\x54",
        defined,
        &columns(2),
        b"\x1d(L\x06\0\x30\x55AB\x02\x01GS ( L 69, key unknown\n\x1d(L\x06\0\x30\x45XX\x01\x01",
        b"FS q, FS p\n\x1cq\x01\x04\0\x02\0",
        &columns(2),
        b"\x1cp\x01\0GS *, GS /\n\x1d*\x04\x02",
        &columns(2),
        b"\x1d/\x03ESC *, 8 dots, two densities\n\x1b*\0\x20\0",
        &columns(1),
        b" \x1b*\x01\x20\0",
        &columns(1),
        b"\nESC *, 24 dots, two densities\n\x1b*\x20\x20\0",
        &columns(3),
        b" \x1b*\x21\x20\0",
        &columns(3),
        b"\ncentred\n\x1ba\x01\x1dv0\0\x04\0\x10\0",
        &rows(),
        b"\x1ba\0\x1dVB\0",
    ];
    job.extend(parts.concat());
    job
}

/// Words in code pages by Epson's numbers.
pub(crate) fn code_pages() -> Vec<u8> {
    let lines: [(u8, &[u8]); 12] = [
        (0, b"437 \x84\x94\x81\xe1 \xc9\xcd\xbb"),
        (13, b"857 \x98stanbul \x9f"),
        (14, b"737 \x80\x82\x83 \x98\x99"),
        (16, b"1252 \x80 \xfc \xe9"),
        (17, b"866 \x8f\xe0\xa8\xa2\xa5\xe2"),
        (18, b"852 \x9d\xa2d\xab"),
        (19, b"858 \xd5 \x9c"),
        (36, b"862 \x99\x8c\x85\x8d"),
        (46, b"1251 \xcf\xf0\xe8\xe2\xe5\xf2"),
        (50, b"1256 \xe3\xd1\xcd\xc8\xc7"),
        (21, b"874 \xa1\xd8\xe9\xa7"),
        (99, b"unknown \x80\x81\x82"),
    ];
    let mut job = b"\x1b@".to_vec();
    for (page, line) in lines {
        job.extend([0x1b, b't', page]);
        job.extend(line);
        job.push(b'\n');
    }
    job.extend(b"\x1dV\0");
    job
}

/// Accents in code page 1252, after a command to leave Kanji mode or without.
pub(crate) fn accents(leave: &[u8]) -> Vec<u8> {
    let mut job = b"\x1b@".to_vec();
    job.extend(leave);
    job.extend(b"\x1bt\x10Zahn\xe4rzte f\xfcr K\xf6ln\nSumme 10,00 \x80\n\x1dV\0");
    job
}
