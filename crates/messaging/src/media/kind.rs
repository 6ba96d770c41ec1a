//! What bytes are, by how they begin: what a server or a carrier says they are is not believed.
//!
//! The list is Twilio's ("Accepted content types for media"), as far as a type can be told by its beginning.

/// How many bytes from the start decide.
pub const LOOKED_AT: usize = 64;

/// The type of what comes in and is none of the list: a browser does nothing with it.
pub const UNKNOWN: &str = "application/octet-stream";

/// What starts with these bytes is of this type.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr"),
    (b".snd", "audio/basic"),
    (b"\x0b\x77", "audio/ac3"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"{\\rtf", "text/rtf"),
];

/// The brands of the ISO base media format (ISO/IEC 14496-12 §4.3), by how they begin.
const BRANDS: &[(&[u8], &str)] = &[
    (b"3gp", "video/3gpp"),
    (b"3g2", "video/3gpp2"),
    (b"qt  ", "video/quicktime"),
    (b"M4A ", "audio/mp4"),
    (b"M4B ", "audio/mp4"),
    (b"isom", "video/mp4"),
    (b"iso", "video/mp4"),
    (b"mp4", "video/mp4"),
    (b"avc1", "video/mp4"),
    (b"M4V", "video/mp4"),
    (b"MSNV", "video/mp4"),
    (b"dash", "video/mp4"),
];

/// Texts that begin with a line (RFC 6350 §6.1.1, RFC 5545 §3.4); letters of any case.
const LINES: &[(&str, &str)] = &[("BEGIN:VCARD", "text/vcard"), ("BEGIN:VCALENDAR", "text/calendar")];

/// The type of bytes that begin like this, if it is one that a message may bring.
pub fn sniff(start: &[u8]) -> Option<&'static str> {
    let named = BEGINNINGS.iter().find(|(mark, _)| start.starts_with(mark)).map(|(_, kind)| *kind);
    named
        .or_else(|| riff(start))
        .or_else(|| branded(start))
        .or_else(|| bmp(start))
        .or_else(|| frame(start))
        .or_else(|| line(start))
}

fn riff(start: &[u8]) -> Option<&'static str> {
    (start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WAVE")).then_some("audio/wav")
}

fn branded(start: &[u8]) -> Option<&'static str> {
    if start.get(4..8) != Some(b"ftyp") {
        return None;
    }
    let brand = start.get(8..12)?;
    BRANDS.iter().find(|(mark, _)| brand.starts_with(mark)).map(|(_, kind)| *kind)
}

/// `BM`, and the four reserved bytes that are zero: two letters alone begin many a text.
fn bmp(start: &[u8]) -> Option<&'static str> {
    (start.starts_with(b"BM") && start.get(6..10) == Some(&[0; 4])).then_some("image/bmp")
}

/// A frame of MPEG audio without a tag in front (ISO/IEC 11172-3 §2.4.1.3): layer III, a bit rate and a sampling rate.
fn frame(start: &[u8]) -> Option<&'static str> {
    let &[0xff, second, third, ..] = start else { return None };
    let is_layer_3 = second & 0xe6 == 0xe2 && second & 0x18 != 0x08;
    (is_layer_3 && third >> 4 != 0x0f && third >> 4 != 0 && third & 0x0c != 0x0c).then_some("audio/mpeg")
}

fn line(start: &[u8]) -> Option<&'static str> {
    let begins =
        |word: &str| start.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()));
    LINES.iter().find(|(word, _)| begins(word)).map(|(_, kind)| *kind)
}

/// A name's ending for a type, as carriers want one; `bin` for what has none.
pub fn extension(kind: &str) -> &'static str {
    match kind {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/tiff" => "tiff",
        "image/bmp" => "bmp",
        "application/pdf" => "pdf",
        "audio/mpeg" => "mp3",
        "audio/amr" => "amr",
        "audio/mp4" => "m4a",
        "audio/ogg" => "ogg",
        "audio/wav" => "wav",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        "video/webm" => "webm",
        "text/vcard" => "vcf",
        "text/calendar" => "ics",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_types_by_their_beginning() {
        for (start, kind) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
            (b"GIF89a\x01\0", "image/gif"),
            (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            (b"\0\0\0\x18ftypmp42", "video/mp4"),
            (b"\0\0\0\x14ftyp3gp5", "video/3gpp"),
            (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
            (b"BM\x46\0\0\0\0\0\0\0\x36", "image/bmp"),
            (b"\xff\xfb\x90\x64", "audio/mpeg"),
            (b"begin:vcard\r\nVERSION:4.0", "text/vcard"),
            (b"%PDF-1.7", "application/pdf"),
        ] {
            assert_eq!(sniff(start), Some(kind), "{start:?}");
        }
    }

    #[test]
    fn takes_nothing_that_a_browser_would_run_and_no_other_text() {
        for start in [
            &b""[..],
            b"<!DOCTYPE html>",
            b"<html><script>",
            b"<svg xmlns=",
            b"<?xml version=",
            b"BMW 3 series",
            b"MZ\x90",
            b"\x7fELF",
            b"PK\x03\x04",
            b"#!/bin/sh",
            b"\0\0\0\x18ftypheic",
            b"RIFF\x24\0\0\0WEBP",
            b"\xff\xff\xff\xff",
            b"GIF88a",
        ] {
            assert_eq!(sniff(start), None, "{start:?}");
        }
    }
}
