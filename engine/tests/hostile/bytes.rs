//! Modules byte by byte: no other tool makes what these tests need.

/// Types, as the binary format has them.
pub(crate) const I32: u8 = 0x7f;
pub(crate) const F64: u8 = 0x7c;
pub(crate) const V128: u8 = 0x7b;

/// The end of a body or a block.
pub(crate) const END: u8 = 0x0b;

/// An unsigned LEB128 number.
pub(crate) fn leb(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A signed LEB128 number, which is not negative.
pub(crate) fn signed(value: usize) -> Vec<u8> {
    let mut out = leb(value);
    if let Some(last) = out.last_mut()
        && *last & 0x40 != 0
    {
        *last |= 0x80;
        out.push(0);
    }
    out
}

/// A number of bytes before them.
pub(crate) fn sized(contents: &[u8]) -> Vec<u8> {
    [leb(contents.len()), contents.to_vec()].concat()
}

/// A function type.
pub(crate) fn func_type(params: &[u8], results: &[u8]) -> Vec<u8> {
    [vec![0x60], sized(params), sized(results)].concat()
}

/// A module, section by section.
#[derive(Clone)]
pub(crate) struct Builder {
    bytes: Vec<u8>,
    last: u8,
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder { bytes: b"\0asm\x01\0\0\0".to_vec(), last: 0 }
    }

    /// A section of this id and these contents.
    pub(crate) fn raw(mut self, id: u8, contents: &[u8]) -> Builder {
        self.bytes.push(id);
        self.bytes.extend(sized(contents));
        self.last = id;
        self
    }

    /// A section that is a list.
    pub(crate) fn list(self, id: u8, items: &[Vec<u8>]) -> Builder {
        self.raw(id, &[leb(items.len()), items.concat()].concat())
    }

    /// A section that is a list of so many equal items.
    pub(crate) fn same(self, id: u8, count: usize, item: &[u8]) -> Builder {
        self.raw(id, &[leb(count), item.repeat(count)].concat())
    }

    pub(crate) fn types(self, types: &[Vec<u8>]) -> Builder {
        self.list(1, types)
    }

    /// So many functions of the type with this index.
    pub(crate) fn funcs(self, count: usize, ty: usize) -> Builder {
        self.same(3, count, &leb(ty))
    }

    /// One body with these declarations of locals, a count and a type each.
    pub(crate) fn body(self, locals: &[(usize, u8)], code: &[u8]) -> Builder {
        self.bodies(1, locals, code)
    }

    /// So many equal bodies. The first function is exported where there is place for it.
    pub(crate) fn bodies(self, count: usize, locals: &[(usize, u8)], code: &[u8]) -> Builder {
        let builder = if self.last < 7 { self.raw(7, b"\x01\x01f\0\0") } else { self };
        let mut body = leb(locals.len());
        for &(count, ty) in locals {
            body.extend(leb(count));
            body.push(ty);
        }
        body.extend(code);
        body.push(END);
        builder.same(10, count, &sized(&body))
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// A module with one function `[] -> []`.
    pub(crate) fn one(locals: &[(usize, u8)], code: &[u8]) -> Vec<u8> {
        Builder::new().types(&[func_type(&[], &[])]).funcs(1, 0).body(locals, code).finish()
    }
}
