//! The name section: decoded on demand, never an error.
#![cfg(feature = "wat")]

use bimetal_core::index::{FuncIdx, LocalIdx};
use bimetal_parser::{Module, ParseOptions};

fn load(bytes: &[u8]) -> Module {
    Module::new(bytes, &ParseOptions::default()).unwrap()
}

/// An empty module with a name section of these contents.
fn with_name_section(contents: &[u8]) -> Module {
    let mut bytes = b"\0asm\x01\0\0\0\0".to_vec();
    bytes.push(contents.len() as u8 + 5);
    bytes.extend(b"\x04name");
    bytes.extend(contents);
    load(&bytes)
}

#[test]
fn module_function_and_local_names_are_found() {
    let module = load(
        br#"(module $m
            (import "" "" (func $imported (param $x i32)))
            (func $f (param $a i32) (param i32) (local $b i64))
            (func)
            (func $g (local $c i32)))"#,
    );
    let names = &module.names;
    assert_eq!(names.module(&module), Some("m"));
    assert_eq!(names.func(&module, FuncIdx(0)), Some("imported"));
    assert_eq!(names.func(&module, FuncIdx(1)), Some("f"));
    assert_eq!(names.func(&module, FuncIdx(2)), None);
    assert_eq!(names.func(&module, FuncIdx(3)), Some("g"));
    let local = |func, local| names.local(&module, FuncIdx(func), LocalIdx(local));
    assert_eq!(local(0, 0), Some("x"));
    assert_eq!(local(1, 0), Some("a"));
    assert_eq!(local(1, 1), None);
    assert_eq!(local(1, 2), Some("b"));
    assert_eq!(local(3, 0), Some("c"));
    assert_eq!(local(9, 0), None);
}

#[test]
fn a_function_without_name_is_called_by_its_export() {
    let module = load(br#"(module (func (export "e")) (func $n (export "x")) (func))"#);
    assert_eq!(module.func_name(FuncIdx(0)), Some("e"));
    assert_eq!(module.func_name(FuncIdx(1)), Some("n"));
    assert_eq!(module.func_name(FuncIdx(2)), None);
}

#[test]
fn without_a_name_section_there_are_no_names() {
    let module = load(b"(module (func))");
    assert_eq!(module.names.module(&module), None);
    assert_eq!(module.names.func(&module, FuncIdx(0)), None);
}

#[test]
fn what_stands_before_a_fault_in_the_name_section_is_kept() {
    // Module name "m", then two function names of which the second is cut short.
    let module = with_name_section(b"\x00\x02\x01m\x01\x06\x02\x00\x01f\x01\x05");
    assert_eq!(module.names.module(&module), Some("m"));
    assert_eq!(module.names.func(&module, FuncIdx(0)), Some("f"));
    assert_eq!(module.names.func(&module, FuncIdx(1)), None);
}

#[test]
fn a_malformed_name_section_is_ignored() {
    let sections: [&[u8]; 6] = [
        b"\xff",
        b"\x00\x02\x01\xff",
        b"\x01\x05\xff\xff\xff\xff\x0f",
        b"\x02\x05\xff\xff\xff\xff\x0f",
        // Indices out of order.
        b"\x01\x07\x02\x01\x01a\x00\x01b",
        b"\x02\x07\x01\x00\xff\xff\xff\xff\x0f",
    ];
    for contents in sections {
        let module = with_name_section(contents);
        assert_eq!(module.names.module(&module), None, "{contents:?}");
        assert_eq!(module.names.func(&module, FuncIdx(0)), None, "{contents:?}");
        assert_eq!(module.names.local(&module, FuncIdx(0), LocalIdx(0)), None, "{contents:?}");
    }
}
