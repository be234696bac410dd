//! Branch hints: found where they are right, and without effect where they are not.

use bimetal_parser::{Module, ParseOptions};

const BRANCHES: &str = r#"(module
  (import "" "" (func))
  (func (param i32)
    local.get 0 (@metadata.code.branch_hint "\00") if nop end)
  (func (param i32) (local i64 i64)
    block
      local.get 0 (@metadata.code.branch_hint "\01") br_if 0
      local.get 0 br_if 0
    end))"#;

fn load(bytes: &[u8]) -> Module {
    Module::new(bytes, &ParseOptions::default()).unwrap()
}

fn binary() -> Vec<u8> {
    load(BRANCHES.as_bytes()).bytes.to_vec()
}

/// The hints at all offsets of a module.
fn hints(module: &Module) -> Vec<(u32, bool)> {
    let offsets = 0..module.bytes.len() as u32;
    offsets.filter_map(|at| Some((at, module.branch_hints.at(module, at)?))).collect()
}

/// The hints of a module with these contents in place of the section's, if they
/// are without fault.
fn with_section(contents: &[u8]) -> Option<Vec<(u32, bool)>> {
    let mut bytes = binary();
    let name = b"metadata.code.branch_hint";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    let (size_at, contents_at) = (at - 2, at + name.len());
    let end = size_at + 1 + usize::from(bytes[size_at]);
    bytes[size_at] = (contents_at - size_at - 1 + contents.len()) as u8;
    bytes.splice(contents_at..end, contents.iter().copied());
    let module = load(&bytes);
    assert_eq!(module.branch_hints.check(&module).is_ok(), !hints(&module).is_empty());
    Some(hints(&module)).filter(|hints| !hints.is_empty())
}

#[test]
fn hints_are_found_at_their_instructions() {
    let module = load(BRANCHES.as_bytes());
    assert!(module.branch_hints.check(&module).is_ok());
    let hints = hints(&module);
    let hinted: Vec<_> =
        hints.iter().map(|&(at, taken)| (module.bytes[at as usize], taken)).collect();
    assert_eq!(hinted, [(0x04, false), (0x0d, true)]);
}

#[test]
fn a_malformed_section_counts_as_absent() {
    assert_eq!(with_section(b"\x01\x01\x01\x03\x01\0").unwrap().len(), 1);
    let malformed: [&[u8]; 9] = [
        b"",
        b"\x02\x01\x01\x03\x01\0",
        b"\x01\0\x01\x03\x01\0",
        b"\x01\x03\x01\x03\x01\0",
        b"\x01\xff\xff\xff\xff\x0f\x01\x03\x01\0",
        b"\x01\x01\x01\x03\x02\0\0",
        b"\x01\x01\x01\x03\x01\x02",
        b"\x02\x02\x01\x05\x01\0\x01\x01\x03\x01\0",
        b"\x01\x01\x02\x03\x01\0\x03\x01\0",
    ];
    for contents in malformed {
        assert_eq!(with_section(contents), None, "{contents:x?}");
    }
}

#[test]
fn hints_behind_the_code_count_as_absent() {
    let mut bytes = load(b"(module (func (param i32) local.get 0 if end))").bytes.to_vec();
    bytes.extend(b"\0\x20\x19metadata.code.branch_hint\x01\0\x01\x03\x01\0");
    let module = load(&bytes);
    assert!(module.branch_hints.check(&module).is_err());
    assert_eq!(hints(&module), []);
}

#[test]
fn a_hint_elsewhere_is_a_fault_of_the_section_alone() {
    let text = r#"(module (func (result i32) (@metadata.code.branch_hint "\00") i32.const 1))"#;
    let module = load(text.as_bytes());
    let error = module.branch_hints.check(&module).unwrap_err();
    assert!(error.message().contains("no conditional branch"), "{error}");
}
