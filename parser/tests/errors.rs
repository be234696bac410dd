//! What is wrong with a module is said clearly, with its place.
#![cfg(feature = "wat")]

use bimetal_parser::{Error, ErrorKind, Features, Module, ParseOptions};

const LAZY: ParseOptions = ParseOptions { lazy: true, features: Features::all_tiers() };

fn refused(bytes: impl AsRef<[u8]>) -> Error {
    match Module::new(bytes.as_ref(), &ParseOptions::default()) {
        Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(bytes.as_ref())),
        Err(error) => error,
    }
}

#[test]
fn an_invalid_body_is_reported_with_function_and_offset() {
    let text = r#"(module (import "" "" (func)) (func nop) (func (result i32) i64.const 1))"#;
    let error = refused(text);
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.func(), Some(2));
    assert!(error.message().contains("type mismatch"), "{error}");
    // The fault is found at the body's `end`, which wants an i32.
    let module = Module::new(text.as_bytes(), &LAZY).unwrap();
    let end = module.bodies[1].range.end - 1;
    assert_eq!(error.offset(), Some(end as u64));
    assert_eq!(module.bytes[end], 0x0b);
    assert!(error.to_string().contains(&format!("at byte offset {end:#x}")), "{error}");
}

#[test]
fn malformed_and_invalid_are_told_apart() {
    // An opcode that does not exist, and a call to a function that does not.
    let malformed =
        refused(b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x05\x01\x03\0\xff\x0b");
    assert_eq!(malformed.kind(), ErrorKind::Malformed, "{malformed}");
    assert_eq!(malformed.func(), Some(0));
    let invalid = refused("(module (func call 1))");
    assert_eq!(invalid.kind(), ErrorKind::Invalid, "{invalid}");
    let invalid = refused("(module (func (export \"a\")) (func (export \"a\")))");
    assert_eq!(invalid.kind(), ErrorKind::Invalid, "{invalid}");
    assert!(invalid.message().contains("duplicate export"), "{invalid}");
    let unknown_section = refused(b"\0asm\x01\0\0\0\x7f\x00");
    assert_eq!(unknown_section.kind(), ErrorKind::Malformed, "{unknown_section}");
    assert_eq!(unknown_section.offset(), Some(10));
}

#[test]
fn a_truncated_module_ends_unexpectedly() {
    for bytes in [&b""[..], b"\0as", b"\0asm\x01\0\0", b"\0asm\x01\0\0\0\x01\x04\x01\x60\0"] {
        let error = refused(bytes);
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.message().contains("unexpected end"), "{error}");
        assert!(error.offset().is_some());
    }
}

#[test]
fn a_component_is_not_a_module() {
    let cases = [
        // To a decoder of modules, as the specification says, a wrong version.
        (&b"\0asm\x0d\0\x01\0"[..], ErrorKind::Malformed),
        (b"(component)", ErrorKind::Unsupported),
        (b"(component (core module))", ErrorKind::Unsupported),
    ];
    for (bytes, kind) in cases {
        let error = refused(bytes);
        assert_eq!(error.kind(), kind);
        assert!(error.message().contains("expected a module, found a component"), "{error}");
        assert!(error.offset().is_some());
    }
}

#[test]
fn bytes_of_another_kind_have_no_magic_header() {
    let error = refused(b"\x7fELF\x02\x01\x01\0\0\0");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.message().contains("magic header not detected"), "{error}");
    assert_eq!(refused(b"(module \xff)").offset(), Some(8));
}

#[test]
fn a_fault_in_the_text_has_line_and_column() {
    let error = refused("(module\n  (func\n    no.such))");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.message().contains("line 3:5"), "{error}");
    assert!(error.message().contains("unknown operator"), "{error}");
}

#[test]
fn a_disabled_proposal_is_unsupported_and_named() {
    let cases = [
        ("(module (type $f (func)) (type (cont $f)))", "stack switching"),
        ("(module (type (shared (func))))", "shared"),
    ];
    for (text, name) in cases {
        let error = refused(text);
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{text}: {error}");
        assert!(error.message().contains(name), "{text}: {error}");
        assert!(error.offset().is_some(), "{text}: {error}");
    }
}

#[test]
fn legacy_exceptions_are_named_as_such() {
    let cases = [
        ("(module (func try catch_all end))", "try", 0),
        ("(module (func) (tag) (func try catch 0 end))", "try", 1),
        (r#"(module (import "" "" (func)) (func rethrow 0))"#, "rethrow", 1),
    ];
    for (text, instruction, func) in cases {
        let error = refused(text);
        assert_eq!(error.kind(), ErrorKind::Malformed, "{text}: {error}");
        assert!(error.message().contains("legacy exceptions"), "{text}: {error}");
        assert!(error.message().contains(&format!("`{instruction}`")), "{text}: {error}");
        assert_eq!(error.func(), Some(func), "{text}: {error}");
    }
}

#[test]
fn a_stray_legacy_instruction_is_named_and_located() {
    let opcodes: [(&str, &[u8]); 4] = [
        ("catch", b"\x07\0"),
        ("rethrow", b"\x09\0"),
        ("delegate", b"\x18\0"),
        ("catch_all", b"\x19"),
    ];
    for (name, code) in opcodes {
        let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a".to_vec();
        let size = code.len() as u8 + 2;
        bytes.extend([size + 2, 1, size, 0]);
        let at = bytes.len() as u64;
        bytes.extend(code);
        bytes.push(0x0b);
        let error = refused(&bytes);
        assert!(error.message().contains("legacy exceptions"), "{error}");
        assert!(error.message().contains(&format!("`{name}`")), "{error}");
        assert_eq!((error.func(), error.offset()), (Some(0), Some(at)), "{error}");
    }
}

#[test]
fn a_standard_exception_is_not_called_legacy() {
    let text = "(module (tag) (func throw 0) (func try_table end))";
    assert!(Module::new(text.as_bytes(), &ParseOptions::default()).is_ok());
    let error = refused("(module (tag) (func throw 1))");
    assert!(!error.message().contains("legacy"), "{error}");
}
