//! Which loops are found, and what is put in front of them.

use bimetal_core::ops::run::MemoryRun;
use bimetal_core::ops::slow::SlowImm;

use super::super::tests::trace::Trace;
use super::super::walk;
use crate::load::ParseOptions;
use crate::module::Module;

/// The verbs of a function with a body.
fn verbs(memories: &str, body: &str) -> Vec<String> {
    let wat = format!(
        "(module {memories} (func (param $d i32) (param $s i32) (param $n i32) (param $v i32)
            (local $i i32) (local $t i32) (local $w i64) {body}))"
    );
    let module = Module::new(wat.as_bytes(), &ParseOptions::default()).unwrap();
    let text = walk(&module, 0, Trace::with_runs()).unwrap();
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The runs in a function: copy or not, and what they do.
fn runs(memories: &str, body: &str) -> Vec<(bool, MemoryRun)> {
    let found = verbs(memories, body).into_iter().filter_map(|verb| {
        let at = verb.find("run) ")?;
        let mut numbers = verb[at + 5..].split_whitespace().map(str::parse);
        let mut number = || numbers.next().unwrap().unwrap();
        let imm = SlowImm { a: number(), b: number() };
        Some((verb.contains("copy"), MemoryRun::from_imm(imm)))
    });
    found.collect()
}

const MEMORY: &str = "(memory 1)";

const NEXT: &str = "(local.set $d (i32.add (local.get $d) (i32.const 1)))
    (local.set $s (i32.add (local.get $s) (i32.const 1)))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))";

/// A copy of bytes with something else in it.
fn copy_with(other: &str) -> String {
    format!("(loop $l (i32.store8 (local.get $d) (i32.load8_u (local.get $s))) {other} {NEXT}")
}

const PLAIN: MemoryRun = MemoryRun {
    memory: 0,
    width_log2: 0,
    accesses: 1,
    backward: false,
    signed: false,
    indices: false,
    store_offset: 0,
    load_offset: 0,
};

#[test]
fn what_is_in_front_of_a_copy_ends_where_the_loop_begins() {
    let verbs = verbs(MEMORY, &copy_with(""));
    let start = verbs.iter().position(|verb| verb.contains("loop")).unwrap();
    let texts: Vec<&str> =
        verbs[1..start].iter().map(|verb| verb.split_once(' ').unwrap().1).collect();
    assert_eq!(
        texts,
        [
            "block @7",
            "local.get 2 @7",
            "const 18 @8",
            "i32.lt_u 2@7 3@8 @7",
            "br_if Block [] 4@7 @7",
            "local.get 0 @7",
            "local.get 1 @8",
            "local.get 2 @9",
            "const 4294967294 @10",
            "i32.add 8@9 9@10 @9",
            "(memory.copy run) 2048 0 6@7 7@8 10@9 @7",
            "i32.eqz 11@7 @7",
            "br_if Block [] 12@7 @7",
            "local.get 0 @7",
            "local.get 2 @8",
            "i32.add 14@7 15@8 @7",
            "const 4294967294 @8",
            "i32.add 16@7 17@8 @7",
            "local.set 0 18@7 @7",
            "local.get 1 @7",
            "local.get 2 @8",
            "i32.add 20@7 21@8 @7",
            "const 4294967294 @8",
            "i32.add 22@7 23@8 @7",
            "local.set 1 24@7 @7",
            "const 2 @7",
            "local.set 2 26@7 @7",
            "end of 1 true @7",
        ]
    );
}

#[test]
fn steps_and_directions_are_found() {
    let words = "(loop $l
        (i64.store offset=8 (local.get $d) (i64.load offset=8 (local.get $s)))
        (i64.store (local.get $d) (i64.load (local.get $s)))
        (local.set $d (i32.sub (local.get $d) (i32.const 16)))
        (local.set $s (i32.sub (local.get $s) (i32.const 16)))
        (br_if $l (i32.gt_u (local.get $d) (local.get $n))))";
    let expected = MemoryRun { width_log2: 3, accesses: 2, backward: true, ..PLAIN };
    assert_eq!(runs(MEMORY, words), [(true, expected)]);
    let stepping = "(loop $l (if (i32.ne (local.get $i) (local.get $n)) (then
        (i32.store8 (i32.add (local.get $d) (local.get $i))
            (i32.load8_u (i32.add (local.get $s) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (local.get $v)))
        (br $l))))";
    assert_eq!(runs(MEMORY, stepping), [(true, MemoryRun { signed: true, ..PLAIN })]);
    let fill = "(block $out (loop $l (br_if $out (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (i32.store8 offset=6 (i32.add (local.get $d) (local.get $n)) (local.get $v))
        (br $l)))";
    let expected = MemoryRun { backward: true, store_offset: 6, ..PLAIN };
    assert_eq!(runs(MEMORY, fill), [(false, expected)]);
    let unrolled = "(loop $l (i32.store8 (local.get $d) (i32.const 0))
        (i32.store8 (i32.add (local.get $d) (i32.const 1)) (i32.const 0))
        (local.set $d (i32.add (local.get $d) (i32.const 2)))
        (br_if $l (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))";
    let expected = MemoryRun { accesses: 2, ..PLAIN };
    assert_eq!(runs(MEMORY, unrolled), [(false, expected)]);
    let mixed = unrolled.replace(
        "store8 (i32.add (local.get $d) (i32.const 1))",
        "store8 offset=2 (i32.sub (local.get $d) (i32.const 1))",
    );
    let expected = MemoryRun { accesses: 2, indices: true, ..PLAIN };
    assert_eq!(runs(MEMORY, &mixed), [(false, expected)]);
}

#[test]
fn loops_that_do_more_than_copy_are_left_alone() {
    let harmless = copy_with("(local.set $t (local.get $d))");
    assert_eq!(runs(MEMORY, &harmless), [(true, PLAIN)]);
    for other in [
        "(local.set $v (local.get $t)) (local.set $t (local.get $d))",
        "(local.set $i (i32.add (local.get $i) (local.get $d)))",
        "(i32.store8 (local.get $v) (i32.const 1))",
        "(i32.store8 offset=70000 (local.get $d) (i32.load8_u (local.get $s)))",
        "(drop (i32.load8_u (local.get $v)))",
        "(br_if $l (local.get $v))",
        "(local.set $n (i32.load8_u (local.get $s)))",
        "(local.set $w (i64.add (local.get $w) (i64.const 1)))",
        "(local.set $d (i32.add (local.get $d) (i32.const 1)))",
        "(local.set $n (i32.sub (local.get $n) (i32.const 2)))",
        "(loop)",
        "(call 0 (local.get 0) (local.get 0) (local.get 0) (local.get 0))",
    ] {
        assert_eq!(runs(MEMORY, &copy_with(other)), [], "{other}");
    }
}

#[test]
fn memories_of_other_kinds_are_left_alone() {
    assert_eq!(runs("(memory 1 1 shared)", &copy_with("")), []);
    let two = "(loop $l (i32.store8 1 (local.get $d) (i32.load8_u 1 (local.get $s)))";
    let expected = [(true, MemoryRun { memory: 1, ..PLAIN })];
    assert_eq!(runs("(memory 1) (memory 1)", &format!("{two} {NEXT}")), expected);
    let between = "(loop $l (i32.store8 1 (local.get $d) (i32.load8_u (local.get $s)))";
    assert_eq!(runs("(memory 1) (memory 1)", &format!("{between} {NEXT}")), []);
}
