//! Modules in the form in which they are kept on disk: compiled already.
//!
//! ```text
//! magic            8 bytes
//! checksum         32 bytes: SHA-256 of everything behind it
//! header, module, code    each after its length in 8 bytes, little-endian
//! ```
//!
//! The header is text, a line `name=value` for each fact that the code depends on;
//! the module is in the binary format, and left out where whoever reads the file has
//! it; the code is an image as the tier wrote it, or nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::engine::Engine;
use crate::error::{Context as _, Error, Result};
use crate::module::Module;

const MAGIC: [u8; 8] = *b"\x7fbimetal";

/// Version and sources.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("BIMETAL_SOURCES"));

/// The fact that need not be equal: code may ask less of the processor than it has.
const CPU_FEATURES: &str = "CPU features";

/// What [`Engine::detect_precompiled`] found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Precompiled {
    /// A module: for [`Module::deserialize`].
    Module,
}

impl Precompiled {
    pub(crate) fn detect(bytes: &[u8]) -> Option<Precompiled> {
        bytes.starts_with(&MAGIC).then_some(Precompiled::Module)
    }

    /// How many bytes [`Precompiled::detect`] looks at.
    pub(crate) const DETECTED_BY: usize = MAGIC.len();
}

/// SHA-256 of a module in the binary format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct WasmHash([u8; 32]);

impl WasmHash {
    pub(crate) fn new(wasm: &[u8]) -> WasmHash {
        WasmHash(Sha256::digest(wasm).into())
    }
}

/// Everything that compiled code depends on beside the module: names and values.
pub(crate) type Facts = Vec<(&'static str, String)>;

/// The facts about an engine and its processor.
pub(crate) fn facts(engine: &Engine) -> Facts {
    let mut facts = vec![("engine version", VERSION.to_owned())];
    match engine.tier().target() {
        Some(target) => facts.extend([
            ("code", "machine code".to_owned()),
            ("target", target.triple),
            (CPU_FEATURES, target.features.join(" ")),
        ]),
        None => facts.push(("code", "none".to_owned())),
    }
    facts.push(("proposals", format!("{:?}", Module::features(engine))));
    facts.extend(engine.config().settings.of_code());
    facts
}

/// The name under which a cache keeps a module.
pub(crate) fn key(facts: &Facts, wasm: &WasmHash) -> String {
    let mut hasher = Sha256::new();
    hasher.update(header(facts, wasm));
    hex(&hasher.finalize())
}

/// A file's contents. Leaves the module out if `wasm` is empty.
pub(crate) fn write(facts: &Facts, hash: &WasmHash, wasm: &[u8], image: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend([0; 32]);
    for part in [header(facts, hash).as_bytes(), wasm, image] {
        out.extend((part.len() as u64).to_le_bytes());
        out.extend(part);
    }
    let (head, body) = out.split_at_mut(MAGIC.len() + 32);
    head[MAGIC.len()..].copy_from_slice(&Sha256::digest(body));
    out
}

/// What is in a file, and fits the engine.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    /// The module; empty if it was left out.
    pub(crate) wasm: &'a [u8],
    /// The code; empty if there is none.
    pub(crate) image: &'a [u8],
}

/// Reads a file for an engine of these facts. `hash` is that of the module that it
/// has to be of, if that is known.
///
/// # Errors
/// If it is not such a file, is damaged, or its code depends on something that is
/// otherwise here: the error says what.
pub(crate) fn read<'a>(
    facts: &Facts,
    hash: Option<&WasmHash>,
    bytes: &'a [u8],
) -> Result<Contents<'a>> {
    let body = bytes.strip_prefix(&MAGIC).ok_or_else(|| Error::msg("not a precompiled module"))?;
    let (checksum, mut rest) = body.split_at_checked(32).context("cut short")?;
    if *Sha256::digest(rest) != *checksum {
        return Err(Error::msg("damaged: the checksum does not match"));
    }
    let (header, wasm, image) = (part(&mut rest)?, part(&mut rest)?, part(&mut rest)?);
    let header = std::str::from_utf8(header).context("the header is not text")?;
    let found = header.lines().filter_map(|line| line.split_once('=')).collect();
    check(facts, &found)?;
    let hash = hash.map_or_else(|| Cow::Owned(WasmHash::new(wasm)), Cow::Borrowed);
    if found.get("module") != Some(&&*hex(&hash.0)) {
        return Err(Error::msg("made from another module"));
    }
    Ok(Contents { wasm, image })
}

fn header(facts: &Facts, hash: &WasmHash) -> String {
    let mut text = String::new();
    for (name, value) in facts {
        text.extend([name, "=", value, "\n"]);
    }
    text.extend(["module=", &hex(&hash.0), "\n"]);
    text
}

fn part<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let (len, behind) = rest.split_first_chunk().context("cut short")?;
    let len = usize::try_from(u64::from_le_bytes(*len))?;
    let (part, behind) = behind.split_at_checked(len).context("cut short")?;
    *rest = behind;
    Ok(part)
}

/// Compares what code depends on with what there is.
fn check(facts: &Facts, found: &BTreeMap<&str, &str>) -> Result<()> {
    for (name, ours) in facts {
        let theirs = *found.get(name).with_context(|| format!("it does not say its {name}"))?;
        if *name == CPU_FEATURES {
            let lacks = |feature: &&str| !ours.split(' ').any(|ours| ours == *feature);
            if let Some(feature) = theirs.split(' ').find(lacks) {
                let message = format!("its code needs a processor with `{feature}`");
                return Err(Error::msg(message));
            }
        } else if theirs != ours {
            let message = format!("its {name} is `{theirs}`, that of this engine is `{ours}`");
            return Err(Error::msg(message));
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_facts() -> Facts {
        let fact = |name, value: &str| (name, value.to_owned());
        vec![fact("engine version", "1"), fact(CPU_FEATURES, "avx sse"), fact("guard", "true")]
    }

    fn file(facts: &Facts) -> Vec<u8> {
        write(facts, &WasmHash::new(b"wasm"), b"wasm", b"code")
    }

    fn error(facts: &Facts, bytes: &[u8]) -> String {
        read(facts, None, bytes).unwrap_err().to_string()
    }

    #[test]
    fn a_file_gives_back_what_was_written() {
        let (facts, bytes) = (some_facts(), file(&some_facts()));
        let contents = read(&facts, None, &bytes).unwrap();
        assert_eq!((contents.wasm, contents.image), (&b"wasm"[..], &b"code"[..]));
        assert_eq!(Precompiled::detect(&bytes), Some(Precompiled::Module));
        assert_eq!(Precompiled::detect(b"\0asm\x01\0\0\0"), None);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let (facts, bytes) = (some_facts(), file(&some_facts()));
        for at in 0..bytes.len() {
            assert!(read(&facts, None, &bytes[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                assert!(read(&facts, None, &bytes).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn an_engine_with_another_setting_says_which() {
        for at in [0, 2] {
            let mut ours = some_facts();
            ours[at].1.push('2');
            let error = error(&ours, &file(&some_facts()));
            assert!(error.contains(ours[at].0), "{error}");
        }
        let error = error(&some_facts(), &file(&some_facts()[..2].to_vec()));
        assert_eq!(error, "it does not say its guard");
    }

    #[test]
    fn code_may_ask_less_of_the_processor_than_it_has() {
        let (mut more, mut less) = (some_facts(), some_facts());
        more[1].1 = "avx avx512 sse".to_owned();
        less[1].1 = "sse".to_owned();
        assert!(read(&some_facts(), None, &file(&less)).is_ok());
        let error = error(&some_facts(), &file(&more));
        assert_eq!(error, "its code needs a processor with `avx512`");
    }

    #[test]
    fn a_file_of_another_module_is_refused() {
        let (facts, wanted) = (some_facts(), WasmHash::new(b"other"));
        assert!(read(&facts, Some(&wanted), &file(&facts)).is_err());
        assert_ne!(key(&facts, &wanted), key(&facts, &WasmHash::new(b"wasm")));
    }
}
