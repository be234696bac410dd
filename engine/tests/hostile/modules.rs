//! Modules that cost a careless engine minutes or gigabytes.

use super::bytes::{Builder, END, F64, I32, V128, func_type, leb, signed, sized};

/// A module with its name.
pub(crate) type Hostile = (&'static str, fn() -> Vec<u8>);

/// What is to be a valid module, or refused for its size.
pub(crate) const ALL: &[Hostile] = &[
    ("blocks in blocks", || nested(&[0x02, 0x40], 100_000)),
    ("loops in loops", || nested(&[0x03, 0x40], 60_000)),
    ("conditions in conditions", || nested(&[0x41, 0, 0x04, 0x40], 40_000)),
    ("handlers in handlers", || nested(&[0x1f, 0x40, 1, 2, 0], 30_000)),
    ("a million locals", || Builder::one(&[(1_000_000, I32)], &[])),
    ("many locals", || Builder::one(&[(50_000, V128)], &[])),
    ("many functions with many locals", || many_locals(20_000)),
    ("a branch with a million targets", || branch(1_000_000)),
    ("a branch with as many targets as fit", || branch(190_000)),
    ("branches with many targets", || branches(900, 200)),
    ("a function of seven megabytes", || Builder::one(&[], &[0x01].repeat(7_600_000))),
    ("a function of eight megabytes", || Builder::one(&[], &[0x01].repeat(8_000_000))),
    ("a deep stack", || deep_stack(60_000)),
    ("results that stay alive", || alive(40_000)),
    ("small functions", || {
        Builder::new()
            .types(&[func_type(&[], &[])])
            .funcs(50_000, 0)
            .bodies(50_000, &[], &[])
            .finish()
    }),
    ("loops over many locals", || loops_over_locals(300)),
    ("conditions over many locals", || conditions_over_locals(1_000, 20_000)),
    ("vectors that are all different", vectors),
    ("conversions with branches", || chain(&[0x44, 0, 0, 0, 0, 0, 0, 0, 0], &[0xb1, 0xba], 90_000)),
    ("bytes copied", || memory_code(&[0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0a, 0, 0], 19_000)),
    ("memory read", || memory_code(&[0x41, 0, 0x28, 2, 0, 0x1a], 32_000)),
    ("calls through a table", || indirect_calls(40_000)),
    ("tail calls all around", || tail_calls(30_000, 30_000, 1)),
    ("tail calls among few", || tail_calls(24, 30_000, 1)),
    ("many tail calls among few", || tail_calls(24, 4_800, 6)),
    ("tail calls through a table", || tail_calls_by_table(24, 250, 5)),
    ("locals set and read", || Builder::one(&[(1, I32)], &[0x20, 0, 0x21, 0].repeat(48_000))),
];

/// Functions that go on to each other, in rings of so many: each `calls` times to the
/// next one.
fn tail_calls(ring: usize, count: usize, calls: usize) -> Vec<u8> {
    let body = |at: usize| {
        let next = leb(at / ring * ring + (at + 1) % ring);
        let one = [vec![0x20, 0, 0x04, 0x40, 0x20, 0, 0x12], next, vec![END]].concat();
        sized(&[vec![0], one.repeat(calls), vec![END]].concat())
    };
    let bodies: Vec<Vec<u8>> = (0..count).map(body).collect();
    Builder::new().types(&[func_type(&[I32], &[])]).funcs(count, 0).list(10, &bodies).finish()
}

/// Functions that go on to each other, `calls` times each, through a table of so many
/// elements.
fn tail_calls_by_table(count: usize, elements: usize, calls: usize) -> Vec<u8> {
    let one = [0x20, 0, 0x04, 0x40, 0x20, 0, 0x20, 0, 0x13, 0, 0, END];
    let table = [vec![1, 0x70, 0], leb(elements)].concat();
    let items: Vec<u8> = (0..elements).flat_map(|at| leb(at % count)).collect();
    let segment = [vec![1, 0, 0x41, 0, END], leb(elements), items].concat();
    Builder::new()
        .types(&[func_type(&[I32], &[])])
        .funcs(count, 0)
        .raw(4, &table)
        .raw(9, &segment)
        .bodies(count, &[], &one.repeat(calls))
        .finish()
}

fn nested(open: &[u8], depth: usize) -> Vec<u8> {
    Builder::one(&[], &[open.repeat(depth), [END].repeat(depth)].concat())
}

fn many_locals(count: usize) -> Vec<u8> {
    let builder = Builder::new().types(&[func_type(&[], &[])]).funcs(count, 0);
    builder.bodies(count, &[(50_000, I32)], &[]).finish()
}

fn table(targets: usize) -> Vec<u8> {
    // Every other target is another label.
    let labels: Vec<u8> = (0..=targets).map(|i| (i % 2) as u8).collect();
    [vec![0x41, 0, 0x0e], leb(targets), labels].concat()
}

fn branch(targets: usize) -> Vec<u8> {
    Builder::one(&[], &[vec![0x02, 0x40, 0x02, 0x40], table(targets), vec![END, END]].concat())
}

fn branches(count: usize, targets: usize) -> Vec<u8> {
    let one = [vec![0x02, 0x40, 0x02, 0x40], table(targets), vec![END, END]].concat();
    Builder::one(&[], &one.repeat(count))
}

fn deep_stack(count: usize) -> Vec<u8> {
    Builder::one(&[], &[[0x41, 1].repeat(count), [0x6a].repeat(count - 1), vec![0x1a]].concat())
}

/// Results of calls, all of them on the stack until the last is there.
fn alive(count: usize) -> Vec<u8> {
    let code = [[0x10, 0].repeat(count), [0x6a].repeat(count - 1)].concat();
    Builder::new().types(&[func_type(&[], &[I32])]).funcs(1, 0).body(&[], &code).finish()
}

/// Loops in loops, each of which changes locals.
fn loops_over_locals(count: usize) -> Vec<u8> {
    let mut code = Vec::new();
    for i in 0..count {
        code.extend([0x03, 0x40, 0x20]);
        code.extend([leb(i), vec![0x41, 1, 0x6a, 0x21], leb(i)].concat());
    }
    for i in 0..count {
        code.extend([vec![0x20], leb(i), vec![0x45, 0x0d, 0, END]].concat());
    }
    Builder::one(&[(count, I32)], &code)
}

fn conditions_over_locals(locals: usize, count: usize) -> Vec<u8> {
    let mut code = Vec::new();
    for i in 0..count {
        let (tested, set) = (leb(i * 7 % locals), leb(i % locals));
        code.extend([vec![0x20], tested, vec![0x04, 0x40, 0x41, 5, 0x21], set, vec![END]].concat());
    }
    Builder::one(&[(locals, I32)], &code)
}

fn vectors() -> Vec<u8> {
    let one = |i: u32| [vec![0xfd, 0x0c], i.to_le_bytes().repeat(4), vec![0x1a]].concat();
    Builder::one(&[], &(0..10_000).map(one).collect::<Vec<_>>().concat())
}

fn chain(start: &[u8], step: &[u8], times: usize) -> Vec<u8> {
    Builder::one(&[], &[start.to_vec(), step.repeat(times), vec![0x1a]].concat())
}

fn memory_code(code: &[u8], times: usize) -> Vec<u8> {
    Builder::new()
        .types(&[func_type(&[], &[])])
        .funcs(1, 0)
        .raw(5, &[1, 0, 1])
        .body(&[], &code.repeat(times))
        .finish()
}

fn indirect_calls(times: usize) -> Vec<u8> {
    Builder::new()
        .types(&[func_type(&[], &[])])
        .funcs(1, 0)
        .raw(4, &[1, 0x70, 0, 1])
        .body(&[], &[0x41, 0, 0x11, 0, 0].repeat(times))
        .finish()
}

/// Modules that pass thousands of operands in few bytes: refused, in time.
pub(crate) const OPERANDS: &[Hostile] = &[
    ("calls with a thousand results", || calls(0, 1_000, &[0x10, 0], 95_000)),
    ("calls from a thousand to a thousand", || calls(1_000, 1_000, &[0x10, 0], 95_000)),
    ("blocks with a thousand parameters", || calls(1_000, 1_000, &[0x02, 0, END], 60_000)),
    ("branches with a thousand operands", || calls(1_000, 1_000, &[0x41, 0, 0x0d, 0], 45_000)),
    ("a table of branches with a thousand operands", || {
        let table = [vec![0x41, 0, 0x0e], leb(190_000), [0].repeat(190_001)].concat();
        calls(1_000, 1_000, &table, 1)
    }),
    ("structures of unreachable fields", structures),
    ("arrays of unreachable elements", arrays),
    ("handlers with a thousand operands", handlers),
];

/// A function of so many parameters and results, with this code again and again
/// where its parameters are on the stack.
fn calls(params: usize, results: usize, code: &[u8], times: usize) -> Vec<u8> {
    let ty = func_type(&[I32].repeat(params), &[I32].repeat(results));
    let gets: Vec<u8> = (0..params).flat_map(|i| [vec![0x20], leb(i)].concat()).collect();
    let body = [gets, code.repeat(times), vec![0x00]].concat();
    Builder::new().types(&[ty]).funcs(1, 0).body(&[], &body).finish()
}

fn structures() -> Vec<u8> {
    let ty = [vec![0x5f], leb(10_000), [I32, 0].repeat(10_000)].concat();
    let body = [vec![0x00], [0xfb, 0x00, 0, 0x1a].repeat(45_000)].concat();
    let types = [ty, func_type(&[], &[])];
    Builder::new().types(&types).funcs(1, 1).body(&[], &body).finish()
}

fn arrays() -> Vec<u8> {
    let types = [vec![0x5e, I32, 0], func_type(&[], &[])];
    let one = [vec![0xfb, 0x08, 0], leb(10_000), vec![0x1a]].concat();
    let body = [vec![0x00], one.repeat(30_000)].concat();
    Builder::new().types(&types).funcs(1, 1).body(&[], &body).finish()
}

fn handlers() -> Vec<u8> {
    let types = [func_type(&[I32].repeat(1_000), &[]), func_type(&[], &[I32].repeat(1_000))];
    let catches = [vec![0x1f, 0x40], leb(9_000), [0, 0, 0].repeat(9_000), vec![END]].concat();
    let body = [vec![0x02, 1], catches.repeat(6), vec![0x00, END, 0x00]].concat();
    Builder::new().types(&types).funcs(1, 1).raw(13, &[1, 0, 0]).body(&[], &body).finish()
}

/// Modules with much else than code.
pub(crate) const SECTIONS: &[Hostile] = &[
    ("types", || Builder::new().same(1, 60_000, &func_type(&[], &[])).finish()),
    ("types with many parameters", || {
        Builder::new().same(1, 195, &func_type(&[F64].repeat(1_000), &[])).finish()
    }),
    ("a large group of types", || group(60_000)),
    ("a group of types that name each other", || entangled(20_000)),
    ("chains of types", || chains(600)),
    ("groups of equal types", || groups(200, 300)),
    ("functions whose results are many", many_results),
    ("empty functions with many results", || trapping(30_000)),
    ("globals", || Builder::new().same(6, 38_000, &[I32, 0, 0x41, 0, END]).finish()),
    ("globals that read each other", || globals(25_000)),
    ("a long constant expression", || {
        let sum = [vec![0x41, 0], [0x41, 1, 0x6a].repeat(60_000)].concat();
        Builder::new().raw(6, &[vec![1, I32, 0], sum, vec![END]].concat()).finish()
    }),
    ("a deep constant expression", || {
        let sum = [[0x41, 1].repeat(60_000), [0x6a].repeat(59_999)].concat();
        Builder::new().raw(6, &[vec![1, I32, 0], sum, vec![END]].concat()).finish()
    }),
    ("elements", || elements(190_000)),
    ("element segments", || {
        Builder::new().raw(4, &[1, 0x70, 0, 1]).same(9, 45_000, &[5, 0x70, 0]).finish()
    }),
    ("elements as expressions", || {
        let segment = [vec![5, 0x70], leb(60_000), [0xd0, 0x70, END].repeat(60_000)].concat();
        Builder::new().list(9, &[segment]).finish()
    }),
    ("data segments", || Builder::new().same(11, 90_000, &[1, 0]).finish()),
    ("imports", || {
        let types = [func_type(&[], &[])];
        Builder::new().types(&types).same(2, 38_000, &[0, 0, 0, 0]).finish()
    }),
    ("exports", exports),
    ("tables", || Builder::new().same(4, 50_000, &[0x70, 0, 0]).finish()),
    ("custom sections", || (0..60_000).fold(Builder::new(), |it, _| it.raw(0, &[0])).finish()),
    ("a long name", || Builder::new().raw(0, &sized(&[b'x'].repeat(95_000))).finish()),
    ("many names", names),
];

/// Structures in one group, each of which names the next.
fn group(count: usize) -> Vec<u8> {
    let group = [vec![0x4e], leb(count), [0x5f, 0].repeat(count)].concat();
    Builder::new().list(1, &[group]).finish()
}

fn entangled(count: usize) -> Vec<u8> {
    let member = |i: usize| [vec![0x5f, 1, 0x63], signed((i + 1) % count), vec![1]].concat();
    let members: Vec<u8> = (0..count).flat_map(member).collect();
    Builder::new().list(1, &[[vec![0x4e], leb(count), members].concat()]).finish()
}

/// Chains of subtypes as deep as may be, each in a group of its own.
fn chains(count: usize) -> Vec<u8> {
    let mut types = Vec::new();
    for _ in 0..count {
        for depth in 0..60 {
            let supers = match depth {
                0 => vec![0],
                _ => [vec![1], leb(types.len() - 1)].concat(),
            };
            types.push([vec![0x50], supers, vec![0x5f, 0]].concat());
        }
    }
    Builder::new().types(&types).finish()
}

fn groups(count: usize, size: usize) -> Vec<u8> {
    let group = [vec![0x4e], leb(size), [0x5f, 0].repeat(size)].concat();
    Builder::new().same(1, count, &group).finish()
}

/// Functions that each give the thousand results of another.
fn many_results() -> Vec<u8> {
    let types = [func_type(&[], &[I32].repeat(1_000))];
    Builder::new().types(&types).funcs(30_000, 0).bodies(30_000, &[], &[0x10, 0]).finish()
}

fn trapping(count: usize) -> Vec<u8> {
    let types = [func_type(&[I32].repeat(1_000), &[I32].repeat(1_000))];
    Builder::new().types(&types).funcs(count, 0).bodies(count, &[], &[0x00]).finish()
}

fn globals(count: usize) -> Vec<u8> {
    let global = |i: usize| match i {
        0 => vec![I32, 0, 0x41, 0, END],
        _ => [vec![I32, 0, 0x23], leb(i - 1), vec![END]].concat(),
    };
    Builder::new().list(6, &(0..count).map(global).collect::<Vec<_>>()).finish()
}

fn elements(count: usize) -> Vec<u8> {
    let segment = [vec![0, 0x41, 0, END], leb(count), [0].repeat(count)].concat();
    let table = [vec![0x70, 0], leb(count)].concat();
    Builder::new()
        .types(&[func_type(&[], &[])])
        .funcs(1, 0)
        .list(4, &[table])
        .list(9, &[segment])
        .body(&[], &[])
        .finish()
}

fn exports() -> Vec<u8> {
    let export = |i: usize| {
        let name = format!("{i:x}");
        [sized(name.as_bytes()), vec![0, 0]].concat()
    };
    Builder::new()
        .types(&[func_type(&[], &[])])
        .funcs(1, 0)
        .list(7, &(0..25_000).map(export).collect::<Vec<_>>())
        .body(&[], &[])
        .finish()
}

fn names() -> Vec<u8> {
    // Functions that are not there, without names, as many as fit.
    let functions = [leb(60_000), [0, 0].repeat(60_000)].concat();
    let section = [sized(b"name"), vec![1], sized(&functions)].concat();
    Builder::new().raw(0, &section).finish()
}

/// Modules whose code uses objects.
pub(crate) const OBJECTS: &[Hostile] = &[
    ("structures made", || objects(&[0xfb, 0x01, 0, 0x1a], 48_000)),
    ("arrays made", || objects(&[0x41, 1, 0xfb, 0x07, 1, 0x1a], 30_000)),
    ("casts", || objects(&[0xd0, 0x6e, 0xfb, 0x17, 0, 0x1a], 30_000)),
    ("casts with branches", || {
        objects(
            &[0x02, 0x63, 0, 0xd0, 0x6e, 0xfb, 0x18, 3, 0, 0x6e, 0, 0x1a, 0xd0, 0, END, 0x1a],
            11_000,
        )
    }),
    ("objects that stay alive", || {
        objects(&[[0xfb, 0x01, 0].repeat(9_000), [0x1a].repeat(9_000)].concat(), 5)
    }),
    ("fields read", || objects(&[0xd0, 0, 0xfb, 0x02, 0, 0, 0x1a], 27_000)),
];

fn objects(code: &[u8], times: usize) -> Vec<u8> {
    let types = [vec![0x50, 0, 0x5f, 1, I32, 1], vec![0x5e, I32, 1], func_type(&[], &[])];
    Builder::new().types(&types).funcs(1, 2).body(&[], &code.repeat(times)).finish()
}
