//! A PDF of a wanted size: one page that looks like a scan, with a few lines of text on it.
//!
//! Source: ISO 32000-1, sections 7.5 (file structure), 8.9 (images) and 9.4 (text).

use super::{PROJECT, noise};
use oncebus_gateway::MaterialType;

/// Width of the scanned page's picture, in pixels of one byte.
const WIDTH: usize = 400;
/// What a file has beside its picture; a bit more than the largest.
const FRAME_BYTES: usize = 3 * 1024;

/// A file while its objects are added; they are numbered from 1.
#[derive(Debug, Default)]
struct Pdf {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

/// Returns a PDF of at most `size` bytes, and at most 4 KiB below it.
pub(super) fn document(row: &MaterialType, number: &str, size: usize) -> Vec<u8> {
    let height = size.saturating_sub(FRAME_BYTES) / WIDTH;
    let mut pdf = Pdf::new();
    pdf.object("<< /Type /Catalog /Pages 2 0 R >>");
    pdf.object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
    pdf.object(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << \
         /Font << /F1 5 0 R >> /XObject << /Scan 6 0 R >> >> >>",
    );
    pdf.stream("", text(row, number).as_bytes());
    pdf.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    // Light greys: the text stays readable on such paper.
    let picture = format!(
        "/Type /XObject /Subtype /Image /Width {WIDTH} /Height {height} /ColorSpace /DeviceGray \
         /BitsPerComponent 8 /Decode [0.85 1]"
    );
    pdf.stream(&picture, &noise(number, WIDTH * height));
    pdf.object(&format!("<< /Title <{}> /Producer (oncebus) >>", utf16(&row.name_zh)));
    pdf.finish()
}

// === impl Pdf ===

impl Pdf {
    fn new() -> Self {
        // Four bytes above 127 tell programs that the file is binary.
        Self { bytes: b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec(), offsets: Vec::new() }
    }

    fn object(&mut self, content: &str) {
        self.begin();
        self.bytes.extend_from_slice(content.as_bytes());
        self.bytes.extend_from_slice(b"\nendobj\n");
    }

    fn stream(&mut self, entries: &str, content: &[u8]) {
        self.begin();
        let head = format!("<< {entries} /Length {} >>\nstream\n", content.len());
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.extend_from_slice(b"\nendstream\nendobj\n");
    }

    fn begin(&mut self) {
        self.offsets.push(self.bytes.len());
        self.bytes.extend_from_slice(format!("{} 0 obj\n", self.offsets.len()).as_bytes());
    }

    /// Adds the cross-reference table; the first object is the root, the last the information.
    fn finish(mut self) -> Vec<u8> {
        let start = self.bytes.len();
        let (last, count) = (self.offsets.len(), self.offsets.len() + 1);
        let mut table = format!("xref\n0 {count}\n0000000000 65535 f \n");
        for offset in &self.offsets {
            table.push_str(&format!("{offset:010} 00000 n \n"));
        }
        table.push_str(&format!(
            "trailer\n<< /Size {count} /Root 1 0 R /Info {last} 0 R >>\nstartxref\n{start}\n%%EOF\n"
        ));
        self.bytes.extend_from_slice(table.as_bytes());
        self.bytes
    }
}

/// Returns what is drawn: the picture over the whole page, then the lines.
fn text(row: &MaterialType, number: &str) -> String {
    let lines = [
        (24, row.name_en.as_str()),
        (14, row.code.as_str()),
        (14, number),
        (14, PROJECT),
        (10, "Sample document of oncebus; it certifies nothing."),
    ];
    let mut text = String::from("q 595 0 0 842 0 0 cm /Scan Do Q\nBT 60 760 Td 0 g\n");
    for (points, line) in lines {
        text.push_str(&format!("/F1 {points} Tf ({}) Tj 0 -40 Td\n", escaped(line)));
    }
    text.push_str("ET");
    text
}

/// Keeps what the font has: other characters become a question mark.
fn escaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for character in line.chars().take(80) {
        match character {
            '(' | ')' | '\\' => text.extend(['\\', character]),
            ' '..='~' => text.push(character),
            _ => text.push('?'),
        }
    }
    text
}

/// Hexadecimal UTF-16, big-endian with its mark, as document information is spelt.
fn utf16(text: &str) -> String {
    let units = text.encode_utf16().map(|unit| format!("{unit:04X}"));
    std::iter::once("FEFF".to_owned()).chain(units).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_of_the_table_is_that_of_its_object() {
        let mut pdf = Pdf::new();
        pdf.object("<< /One 1 >>");
        pdf.stream("/Two 2", b"stream of bytes");

        let bytes = pdf.finish();

        let text = String::from_utf8_lossy(&bytes[15..]);
        let table = text.split("xref\n0 3\n").nth(1).unwrap();
        for (number, line) in table.lines().skip(1).take(2).enumerate() {
            let offset: usize = line[..10].parse().unwrap();
            let object = format!("{} 0 obj\n", number + 1);
            assert!(bytes[offset..].starts_with(object.as_bytes()), "{line}");
        }
        let start = text.split("startxref\n").nth(1).unwrap().lines().next().unwrap();
        assert!(bytes[start.parse::<usize>().unwrap()..].starts_with(b"xref\n0 3\n"));
    }

    #[test]
    fn text_of_the_catalogue_cannot_leave_its_string() {
        assert_eq!(escaped("a) Tj (b\\ 营"), "a\\) Tj \\(b\\\\ ?");
        assert_eq!(utf16("营A"), "FEFF84250041");
    }
}
